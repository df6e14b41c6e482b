"""The catalogue's rules: which vendors' names mean which canonical sensor. `catalogue` applies them.

How to add a sensor:
  1. Write its name in lower_snake_case, without the place on the board that HPE puts first ("01-"). For a
     temperature leave out the words of NOISE too: "Temp_CPU0" is `cpu0`, "P1_TEMP_SENS" is `p1`.
  2. Add a row to RULES among those of its quantity: a regular expression for the whole of that name, the
     canonical name and a rank. `<board>`, `<cpu>`, `<psu>` … stand for the expressions of WORDS; `{n}` is
     the part's number as `<cpu>`, `<psu>` or `<fan>` found it. Rows are tried from the top.
  3. Several sensors of a machine may fit one canonical name: the lowest rank has it, the others keep theirs.
  4. Add the message and what it says to tests/telemetry/field_messages/, and run
     `python tests/telemetry/test_field_messages.py` to see that no other machine is read differently.
A part of which a machine has many (memory, regulators) is told by a word anywhere in its name: PARTS.
"""

from __future__ import annotations

from typing import NamedTuple

# Expressions that the patterns below name.
WORDS: dict[str, str] = {
    "<board>": r"(?:(?:system_board(?:_\d)?|system|sys|chassis|baseboard|bb|mb|board|node|server)_)",
    "<cpu>": r"(?:(?:cpu|proc|processor|socket|pkg|package|p)_?(?P<n>\d+)|s(?P<m>\d+)_soc)",
    "<gpu>": r"(?:hgx_)?gpu_?(?:sxm_)?(?P<n>\d+)",
    "<psu>": r"(?:psu|ps|p_s|power_supply|pwr_supply|powersupply)_?(?:bay_?|slot_?)?(?P<n>\d+)",
    "<fan>": r"(?:sys)?fan_?(?:(?:mod|module|tray|block|bay|tach|sys)_?)?"
    r"(?P<n>\d+_?(?:[a-z](?![a-z]))?(?:_\d+)?(?:_(?:front|rear|inlet|outlet))?|[a-z])",
    "<turns>": r"(?:_(?:tach|rpm|speed|fan|sys|duty_?cycle|duty|pwm|percent|pct))*",
    "<front>": r"(?:front_panel|front_?pnl|fr?nt_?pnl|fp|front)(?:_board)?(?:_\d+)?",
    "<ambient>": r"(?:t_)?amb(?:ient)?(?:_\d+)?",
    "<watts>": r"(?:power|pwr|watts)",
    # Not the air that a machine takes in: air inside of it, or no air.
    "<inside>": r"(?!(?:.*_)?(?:water|coolant|liquid|oil|psu|ps|p_s|io|pcie?|gpu|hdd|ssd|nvme|hd|bp|riser"
    r"|slot|mezz|ocp|nic|lom|pdb|hsc|dimms?|ddr\d?|mem|cpu|proc|hgx|m2|module\w*|processormodule)\d*(?:_|$))",
}

# What says only that a temperature is one.
NOISE = r"(?:temp|temperature|tmp|therm|thermal|sens|sensor|sensors)"


class Rule(NamedTuple):
    """Sensors of a quantity whose whole name fits the pattern are called `name`."""

    quantity: str
    pattern: str
    name: str
    rank: int = 0


RULES: tuple[Rule, ...] = (
    Rule(
        "margin",
        "<cpu>(?:_(?:dts|therm|thrm|thermal|temp|core|die|peci))*_?(?:margin|mgn|mrgn|dts|t_?limit)"
        "(?:_temp)?",
        "cpu{n}_margin_c",
    ),
    Rule("margin", "<gpu>_(?:margin|t_?limit|temp_1)(?:_temp)?", "gpu{n}_margin_c"),
    # The air in front of a machine: its own sensor for that, then what comes close.
    Rule("temperature", "inlet(?:_(?:air|ambient))?(?:_\\d)?|inlet\\d", "inlet_temp_c"),
    Rule("temperature", "<ambient>|intake|air_inlet|<board>inlet(?:_air)?", "inlet_temp_c", 1),
    Rule("temperature", "<board>(?:<ambient>(?:_front)?|intake|air_inlet)", "inlet_temp_c", 2),
    Rule("temperature", "(?:<ambient>_)?<front>(?:_<ambient>)?|<board>in", "inlet_temp_c", 3),
    Rule("temperature", "<inside>.*(?:inlet|intake).*", "inlet_temp_c", 4),
    Rule("temperature", "<board>?(?:exhaust|outlet)(?:_air)?_?\\d?", "exhaust_temp_c"),
    Rule("temperature", "<board>?(?:exit|exit_air|air_outlet|t_amb_rear)", "exhaust_temp_c", 1),
    Rule("temperature", "<inside>.*(?:exhaust|outlet).*", "exhaust_temp_c", 4),
    Rule("temperature", "<board>?<cpu>(?:_(?:package|pkg|pkgtmp|die|tctl|t|core|rem))*", "cpu{n}_temp_c"),
    Rule("temperature", "(?:soc_)?(?:cpu|proc|processor)(?:_(?:package|pkg|die))*", "cpu0_temp_c", 1),
    Rule("temperature", "<board>?<gpu>(?:_(?:die|core|proc|asic|0))*", "gpu{n}_temp_c"),
    Rule("temperature", "<gpu>_(?:mem|memory|hbm|vram|dram)(?:_0)*", "gpu{n}_mem_temp_c"),
    Rule("temperature", "<psu>", "psu{n}_temp_c"),
    Rule("temperature", "chw_supply", "chw_supply_c"),
    Rule("temperature", "supply(?:_(?:air|ambient))?", "supply_temp_c"),
    Rule("temperature", "return(?:_(?:air|ambient))?", "return_temp_c"),
    Rule("fan_speed", "<board>?<fan><turns>", "fan{n}_{unit}"),
    Rule("fan_speed", "<psu>_fan(?P<m>_?[a-z0-9])?<turns>", "psu{n}_fan{m}_{unit}"),
    Rule("fan_speed", "fan_?<psu>", "psu{n}_fan_{unit}"),
    # The power of the whole machine: DCMI before any sensor, at the plug before what is left behind supplies.
    Rule("power", "instantaneous_power_reading", "power_w"),
    Rule("power", "(?:current_)?(?:pwr|power|pw)_consumption", "power_w", 1),
    Rule("power", "<board>?total_<watts>", "power_w", 2),
    Rule("power", "<watts>|<watts>_(?:usage|meter|node|control)|system_level", "power_w", 3),
    Rule("power", "<board><watts>(?:_(?:usage|meter|consumption|control))?", "power_w", 3),
    Rule("power", "(?:avg|average)_<watts>|(?:sys_)?vps", "power_w", 4),
    Rule("power", "<board>?(?:hsc|totalhsc)_?(?:(?:in|input)_)?<watts>", "power_w", 5),
    Rule(
        "power",
        "<psu>(?=.*_(?:pout|poutput|output|out|dc)(?:_|$))(?:_(?:pout|poutput|output|out|dc|<watts>))*",
        "psu{n}_out_w",
    ),
    Rule("power", "<psu>(?:_(?:pin|pinput|input|in|ac|total|status|<watts>))*", "psu{n}_in_w"),
    Rule("power", "(?:power_?|pmb_?power_?)(?P<n>\\d)", "psu{n}_in_w", 1),
    Rule("power", "<cpu>(?:_(?:package|pkg))?_<watts>", "cpu{n}_power_w"),
    Rule("power", "<gpu>_<watts>(?:_0)?", "gpu{n}_power_w"),
    Rule("voltage", "voltage_(?P<n>\\d+)|ps_volt_in_0?(?P<m>\\d+)", "psu{n}_vin"),
    Rule("voltage", "ps_volt_out_0?(?P<n>\\d+)", "psu{n}_vout"),
    Rule(
        "voltage",
        "<psu>_(?:vin|vinput|input_volt\\w*|volt_in|input|volt(?:age)?(?:_\\d)?|ac|ac_in\\w*|in)",
        "psu{n}_vin",
    ),
    Rule("voltage", "<psu>_(?:vout|voutput|output_volt\\w*|volt_out|output|out)", "psu{n}_vout"),
    Rule("current", "current_(?P<n>\\d+)|ps_curr_in_0?(?P<m>\\d+)", "psu{n}_in_a"),
    Rule("current", "ps_curr_out_0?(?P<n>\\d+)", "psu{n}_out_a"),
    Rule(
        "current", "<psu>_(?:iin|cin|iinput|input_curr\\w*|input|current(?:_in)?|curr_in|in)", "psu{n}_in_a"
    ),
    Rule(
        "current", "<psu>_(?:iout|cout|ioutput|output_curr\\w*|output|curr(?:ent)?_out|out)", "psu{n}_out_a"
    ),
    Rule("current", "phase_?(?P<n>\\d+)(?:_current)?", "phase{n}_a"),
    Rule("utilization", "cpu_(?:usage|util|utilization|utilisation)", "cpu_util"),
    Rule("utilization", "<gpu>_(?:usage|util|utilization)", "gpu{n}_util"),
    Rule("humidity", "(?:rh|humidity|relative_humidity|rel_humidity)(?:_sensor)?", "rh_pct"),
)


class Part(NamedTuple):
    """A kind of part whose thermometers are called `{name}_{what is left of the vendor's name}_temp_c`."""

    name: str
    words: tuple[str, ...]  # each fits one word of a name, of which the group in brackets is kept
    unless: str  # a word that says it is something else


PARTS: tuple[Part, ...] = (
    Part(
        "vrm",
        (
            r"vr(\d*)",
            r"vrd()",
            r"vreg(\d*)",
            r"vrms()",
            r"vrm(\w*)",
            r"v((?:cpu|mem|soc)\w*?)vrm(?:temp)?",
            r"(cpu\d+)vr",
        ),
        r"gpu\d*",
    ),
    Part(
        "dimm",
        (r"dimms?([a-z]{0,4}\d*)", r"ddr\d?()", r"mem([a-h]|\d*)", r"memory()"),
        r"gpu\d*|xlr8r|npu\d*|hbm|inlet|outlet|ambient|amb",
    ),
)

# What a thermometer called just "Temp" belongs to, by the entity that IPMI v2.0 (table 43-13) gives; N is its
# instance. What belongs to a power supply is never the air in front of the machine.
ENTITIES: dict[str, str] = {
    "3": "cpu{n}_temp_c",
    "65": "cpu{n}_temp_c",
    "8": "dimm_{n}_temp_c",
    "32": "dimm_{n}_temp_c",
    "10": "psu{n}_temp_c",
    "55": "inlet_temp_c",
    "64": "inlet_temp_c",
}
POWER_SUPPLY = "10"

# Words that say what a value is, whatever its unit.
MARGINS = r"(?:^|_)(?:margin|mgn|mrgn|mrg|headroom|dts|t_?limit)(?:_|\d|$)|^hgx_gpu\w*_temp_1$"
POWER_GOODS = r"(?:^|_)(?:pg|pgood|power_?good|pwr_?gd|pwrgood|pwrok|pfault)(?:_|$)"
LIMITS = r"(?:^|_)(tj_?max|tcontrol|tthrottle)(?:_|$)"  # of a processor, sent as if they were temperatures
BUDGETS = r"(?:^|_)(?:limit|cap|tdp|rated|rating|capacity|budget)(?:_|$)"  # watts that nobody draws
DUTIES = r"(?:^|_)(?:fan|fans|pwm|duty|duty_?cycle)(?:_|\d|$)|^fan"
SHARES = r"(?:^|_)(?:usage|util|utilization|utilisation|cups)(?:_|$)|^cpu\d*_load$"
HUMIDITIES = r"(?:^|_)(?:rh|humidity)(?:_|\d|$)"
OPEN_AIR = r"(?:^|_)(?:inlet|intake|ambient|amb|air|front|exhaust|outlet|exit|supply|return|room|water|chw)"
