"""Why it is not another fault: what was ruled out, what the evidence shows of that part, or nothing.

Each answer is a pair of sentences, English and Chinese, and the rows of evidence that it quotes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from agent.ask.evidence import Case
from agent.fault_words import words_of
from agent.narrative.english import say_name
from agent.narrative.facts import as_sentence
from agent.narrative.measures import Observed, say_row, say_row_zh
from agent.narrative.ruled_out import RuledOut, is_as_expected, say_reason, say_reason_zh
from agent.report.words import say_time

MOST_ROWS = 4
# The sensors that would show a fault: what they read is told where no rule has ruled on it.
SHOWN_BY: dict[str, str] = {
    "fan_failure": r"fan\w*_(rpm|pct)",
    "fan_degradation": r"fan\w*_(rpm|pct)",
    "airflow_blockage": r"exhaust_temp_c|airflow_per_fan_speed|cpu\d+_temp_c",
    "heatsink_degradation": r"cpu\d+_(temp|margin)_c",
    "cpu_throttling": r"cpu\d+_(temp_c|margin_c|mhz)|cpu_util",
    "power_cap": r"power_w|cpu_util",
    "psu_failure": r"psu\w+",
    "psu_efficiency": r"psu\w+",
    "psu_imbalance": r"psu\w+_w",
    "vrm_overheating": r"vrm?\w*_temp_c",
    "dimm_overheating": r"dimm\w*_temp_c",
    "gpu_overheating": r"gpu\d+_\w*temp_c",
    "gpu_lost": r"gpu\d+_\w+",
    "cooling_unit_failure": r"inlet_temp_c|supply_temp_c|return_temp_c",
    "chilled_water_loss": r"chw\w*|supply_temp_c",
    "recirculation": r"inlet_temp_c",
    "overcooling": r"inlet_temp_c|supply_temp_c",
    "humidity": r"\w*rh_pct|dew_point_c",
    "feed_loss": r"psu\w+_vin|phase\d_[av]|input\d*_v",
    "phase_imbalance": r"phase\d_a",
    "ups_on_battery": r"input\d*_v|battery_pct",
    "abnormal_load": r"power_w|cpu_util|gpu\d+_util",
    "idle_server": r"power_w|cpu_util",
}


class Said(NamedTuple):
    """An answer in both languages. `known` is False where the evidence does not say."""

    english: str
    chinese: str
    rows: tuple[Observed, ...] = ()
    known: bool = True


def why_not(case: Case, faults: Sequence[str]) -> Said:
    """Why it is none of these faults, as far as the evidence says; the first that it speaks of is told."""
    told = [_of_one(case, fault) for fault in faults if fault != case.incident.fault]
    told = [said for said in told if said.known] or told
    return told[0] if told else Said("", "", known=False)


def _of_one(case: Case, fault: str) -> Said:
    ruled = [one for one in case.facts.ruled_out if one.cause == fault]
    if ruled:
        return _ruled_out(fault, ruled[0])
    if fault in case.other_faults:
        return _beside(case, fault)
    rows = _rows_of(case, fault)
    name, name_zh = say_name(fault), words_of(fault).name_zh
    seen, seen_zh = "; ".join(map(say_row, rows)), "；".join(map(say_row_zh, rows))
    if rows and all(is_as_expected(row) for row in rows):
        return Said(
            f"Nothing shows {name}: its sensors read as expected: {seen}.",
            f"没有{name_zh}的迹象，相关传感器读数正常：{seen_zh}。",
            rows,
        )
    if rows:
        return Said(
            f"No rule named {name}, and the evidence does not rule it out. Of that part it has: {seen}.",
            f"没有规则判定为{name_zh}，但证据也没有排除它。相关读数：{seen_zh}。",
            rows,
        )
    return Said(
        f"The evidence does not say: it has no sensor that would show {name}, and no rule named it.",
        f"证据没有说明：其中没有能反映{name_zh}的传感器，也没有规则判定为该故障。",
        known=False,
    )


def _ruled_out(fault: str, ruled: RuledOut) -> Said:
    name, name_zh = say_name(fault), words_of(fault).name_zh
    return Said(
        f"Not {name}: {as_sentence(say_reason(ruled))}",
        f"不是{name_zh}：{as_sentence(say_reason_zh(ruled), '。')}",
        ruled.rows,
    )


def _beside(case: Case, fault: str) -> Said:
    """It is one of the incident's faults, with an alert of its own or as what follows."""
    name, name_zh = say_name(fault), words_of(fault).name_zh
    alert = next((alert for alert in case.alerts if alert.fault == fault), None)
    if alert is None:
        return Said(
            f"It may well come too: {name} follows from this fault.", f"可能随之出现：{name_zh}是其后果。"
        )
    since = say_time(alert.onset_ns)
    return Said(
        f"That is there as well: {name} on {alert.host} since {since} UTC. {as_sentence(alert.diagnosis)}",
        f"它也同时存在：{alert.host} 自 {since}（UTC）起出现{name_zh}。",
        alert.evidence[:MOST_ROWS],
    )


def _rows_of(case: Case, fault: str) -> tuple[Observed, ...]:
    pattern = SHOWN_BY.get(fault)
    if pattern is None:
        return ()
    return tuple(row for row in case.facts.evidence if re.fullmatch(pattern, row.sensor))[:MOST_ROWS]
