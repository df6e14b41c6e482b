"""Sensors and their values in words, in English and in Chinese.

fan3_rpm, 0 rpm, expected 5040 ──► "fan 3 0 rpm (expected 5,040 rpm)"    "风扇 3：0 rpm（正常值 5,040 rpm）"
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from typing import Protocol

from agent.report.words import say_number, say_unit

NOT_KNOWN = -1.0


class Observed(Protocol):
    """One observation for or against a diagnosis, as an alert or its point holds it; −1 = not known."""

    @property
    def sensor(self) -> str: ...
    @property
    def quantity(self) -> str: ...
    @property
    def unit(self) -> str: ...
    @property
    def seen(self) -> float: ...
    @property
    def expected(self) -> float: ...
    @property
    def says(self) -> str: ...


# A canonical sensor's name → English, Chinese; {} takes what the brackets matched.
_NAMES: tuple[tuple[str, str, str], ...] = (
    (r"fan_?(\w+?)_(?:rpm|pct)", "fan {}", "风扇 {}"),
    (r"cpu(\d+)_temp_c", "CPU {} temperature", "CPU {} 温度"),
    (r"cpu(\d+)_margin_c", "CPU {} margin", "CPU {} 温度裕量"),
    (r"cpu(\d+)_power_w", "CPU {} power", "CPU {} 功率"),
    (r"cpu(\d+)_mhz", "CPU {} clock", "CPU {} 频率"),
    (r"gpu(\d+)_temp_c", "GPU {} temperature", "GPU {} 温度"),
    (r"gpu(\d+)_mem_temp_c", "GPU {} memory temperature", "GPU {} 显存温度"),
    (r"gpu(\d+)_power_w", "GPU {} power", "GPU {} 功率"),
    (r"gpu(\d+)_util", "GPU {} utilisation", "GPU {} 利用率"),
    (r"psu(\w+?)_in_w", "PSU {} input power", "电源 {} 输入功率"),
    (r"psu(\w+?)_out_w", "PSU {} output power", "电源 {} 输出功率"),
    (r"psu(\w+?)_vin", "PSU {} input voltage", "电源 {} 输入电压"),
    (r"psu(\w+?)_in_a", "PSU {} input current", "电源 {} 输入电流"),
    (r"psu(\w+?)_efficiency", "PSU {} efficiency", "电源 {} 效率"),
    (r"psu(\w+?)_temp_c", "PSU {} temperature", "电源 {} 温度"),
    (r"dimm_temp_c", "DIMM temperature", "内存温度"),
    (r"dimm_(\w+)_temp_c", "DIMM {} temperature", "内存 {} 温度"),
    (r"vrm_temp_c", "VRM temperature", "VRM 温度"),
    (r"inlet_temp_c", "inlet temperature", "进风温度"),
    (r"exhaust_temp_c", "exhaust temperature", "出风温度"),
    (r"supply_temp_c", "supply air temperature", "送风温度"),
    (r"return_temp_c", "return air temperature", "回风温度"),
    (r"chw_supply_c", "chilled water temperature", "冷冻水供水温度"),
    (r"dew_point_c", "dew point", "露点"),
    (r"rh_pct|inlet_rh_pct", "relative humidity", "相对湿度"),
    (r"battery_pct", "battery charge", "电池电量"),
    (r"phase(\d+)_a", "phase {} current", "第 {} 相电流"),
    (r"phase(\d+)_v", "phase {} voltage", "第 {} 相电压"),
    (r"input(\d*)_v", "input {} voltage", "输入 {} 电压"),
    (r"power_w", "host power", "整机功率"),
    (r"cpu_util", "CPU utilisation", "CPU 利用率"),
    (r"power_cv", "variation of power within an hour", "小时内功率波动"),
    (r"power_floor_w", "power beside its lowest known", "与已知最低功率相比的功率"),
    (r"recirculation_by_map", "recirculation, by the map of inlet air,", "进风温度图判断的热风回流概率"),
    (r"cooling_loss_by_map", "lost cooling, by the map of inlet air,", "进风温度图判断的制冷失效概率"),
    (r"classifier_probability", "this fault, by the classifier,", "分类器对此故障的概率"),
    (r"(\w+)_probability", "{}, by the classifier,", "分类器对 {} 的概率"),
    (r"airflow_per_fan_speed", "air flow per fan speed", "单位转速风量"),
    (r"clock_offset_s", "clock offset", "时钟偏差"),
    (r"clock_offset_limit_s", "limit of the offset", "偏差上限"),
    (r"clock_offset_messages", "messages that show it", "显示偏差的消息数"),
    (r"clock_offset_held_s", "offset held for", "偏差持续时间"),
)
# Ratios read as percent; all else of unit 1 is a state or a count.
_IS_RATIO = re.compile(
    r"_util$|_cv$|_ratio$|_efficiency$|^airflow_per_fan_speed$|_share$|_by_map$|_probability$"
)
_IS_CHANCE = re.compile(r"_by_map$|_probability$")  # what stands beside these is asked for, not expected


def say_sensor(sensor: str) -> str:
    """The sensor in English words; one that has none keeps its name."""
    return _say(sensor, 0)


def say_sensor_zh(sensor: str) -> str:
    """The sensor in Chinese words; one that has none keeps its name."""
    return _say(sensor, 1)


@lru_cache(maxsize=8_192)  # the same sensors come again with every incident
def _say(sensor: str, language: int) -> str:
    own, of, host = sensor.partition(" of ")
    if of:  # of a rack's evidence: the sensor of one of its hosts
        return f"{host} 的{_say(own, language)}" if language else f"{_say(own, language)} of {host}"
    for pattern, *words in _NAMES:
        if match := re.fullmatch(pattern, sensor):
            told = words[language].format(*(_part(part) for part in match.groups()))
            return " ".join(told.split())
    return sensor


def _part(name: str) -> str:
    """`fan a` is fan A; words of several stay words."""
    return name.replace("_", " ") if "_" in name else name.upper()


def is_known(value: float) -> bool:
    """Whether a number of a point is one: −1 stands for none."""
    return math.isfinite(value) and value != NOT_KNOWN


def say_value(row: Observed, value: float) -> str:
    """A value of the row's sensor with its unit: `5,040 rpm`, `23.5 °C`; a ratio in percent."""
    if row.unit == "1" and (row.quantity == "utilization" or _IS_RATIO.search(row.sensor)):
        return f"{say_number(round(100 * value, 1))} %"
    return f"{say_number(value)} {say_unit(row.unit)}".rstrip()


def say_row(row: Observed, brackets: bool = True) -> str:
    """`fan 3 0 rpm (expected 5,040 rpm)`; what is not known is left out."""
    seen = say_value(row, row.seen) if is_known(row.seen) else "missing"
    word = "needed" if _IS_CHANCE.search(row.sensor) else "expected"
    usual = f"{word} {say_value(row, row.expected)}" if is_known(row.expected) else ""
    return f"{say_sensor(row.sensor)} {seen}{_beside(usual, brackets, ' (', ')', ', ')}"


def say_row_zh(row: Observed, brackets: bool = True) -> str:
    """The same in Chinese: `风扇 3：0 rpm（正常值 5,040 rpm）`."""
    seen = say_value(row, row.seen) if is_known(row.seen) else "无数据"
    word = "阈值" if _IS_CHANCE.search(row.sensor) else "正常值"
    usual = f"{word} {say_value(row, row.expected)}" if is_known(row.expected) else ""
    joint = "：" if brackets else " "
    return f"{say_sensor_zh(row.sensor)}{joint}{seen}{_beside(usual, brackets, '（', '）', '，')}"


def _beside(text: str, brackets: bool, opens: str, closes: str, joint: str) -> str:
    if not text:
        return ""
    return f"{opens}{text}{closes}" if brackets else f"{joint}{text}"
