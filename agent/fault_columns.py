"""Which columns the fault classifier's channels are made of: found once for each set of sensors."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_PARTS = {
    "cpu": r"cpu\d+_(?:temp_c|margin_c)", "gpu": r"gpu\d+_temp_c", "dimm": r"dimm\w*_temp_c",
    "vrm": r"(?:vrm|vr_)\w*_temp_c|vrm_temp_c", "exhaust": r"exhaust_temp_c",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Columns:
    """A host's columns by their part in the machine."""

    fans: list[int]
    power: list[int]  # whose sum is the machine's
    supplies: list[int]  # power of each, in or else out
    pairs: list[tuple[int, int]]  # power in and out
    volts: list[int]  # at the supplies' inputs
    parts: dict[str, list[int]]  # temperatures, or margins, by part
    margins: list[int]
    gpu_power: list[int]
    gpus: list[list[int]]  # all columns of each
    own_power: dict[int, int]  # temperature → the same part's power
    inlet: int
    utilization: int
    frequency: int

    @property
    def is_server(self) -> bool:
        """Whether a machine's faults can show here at all."""
        return bool(self.parts["cpu"] or self.parts["gpu"] or self.supplies) and bool(
            self.fans or self.power or self.parts["cpu"]
        )


@lru_cache(maxsize=1024)
def columns_of(sensors: tuple[str, ...], quantities: tuple[str, ...]) -> Columns:
    """The columns of a host's sensors, (F,) each."""
    column = {name: at for at, name in enumerate(sensors)}

    def of(quantities_: tuple[str, ...], pattern: str) -> list[int]:
        return [
            i for i, name in enumerate(sensors)
            if quantities[i] in quantities_ and re.fullmatch(pattern, name)
        ]  # fmt: skip

    taken, given = of(("power",), r"psu\w+_in_w"), of(("power",), r"psu\w+_out_w")
    pairs = [(i, column[o]) for i in taken if (o := sensors[i].replace("_in_w", "_out_w")) in column]
    parts = {part: of(("temperature", "margin"), pattern) for part, pattern in _PARTS.items()}
    own = {
        i: column[power]
        for part in ("cpu", "gpu")
        for i in parts[part]
        if (power := re.sub(r"_(?:temp|margin)_c", "_power_w", sensors[i])) in column
    }
    gpus: dict[str, list[int]] = {}
    for i, name in enumerate(sensors):
        if (match := re.match(r"gpu\d+(?=_)", name)) and quantities[i] not in ("limit", "state", "other"):
            gpus.setdefault(match[0], []).append(i)
    return Columns(
        fans=[i for i in of(("fan_speed",), r".*") if not re.match(r"psu|gpu", sensors[i])],
        power=[column["power_w"]] if "power_w" in column else taken or given,
        supplies=taken or given,
        pairs=pairs,
        volts=of(("voltage",), r"psu\w+_vin"),
        parts=parts,
        margins=[i for i, quantity in enumerate(quantities) if quantity == "margin"],
        gpu_power=of(("power",), r"gpu\d+_power_w"),
        gpus=list(gpus.values()),
        own_power=own,
        inlet=column.get("inlet_temp_c", -1),
        utilization=column.get("cpu_util", -1),
        frequency=column.get("cpu_freq_hz", -1),
    )
