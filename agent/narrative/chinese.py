"""The same in Chinese; names of hosts, units and numbers stay as they are."""

from __future__ import annotations

from collections.abc import Sequence

from agent.fault_words import ACTIONS_ZH, words_of
from agent.narrative.effects import BY_TIME_ZH, say_effects_zh, say_reach_zh
from agent.narrative.facts import Facts, as_sentence, fit, list_names, say_confidence
from agent.narrative.measures import Observed, is_known, say_row_zh
from agent.narrative.ranking import Confirmed, rank_actions
from agent.narrative.ruled_out import RuledOut, by_reason, say_reason_zh
from agent.narrative.spans import say_span_zh as say_span_zh
from agent.report.words import say_time

MOST_EVIDENCE = 3
MOST_ROWS = 2
MOST_ALSO = 3
SECOND_NS = 1_000_000_000
_SCOPES = {
    "rack": "机柜",
    "row": "机列",
    "zone": "区域",
    "pdu": "PDU",
    "collector": "采集源",
    "stream": "数据流",
}
# What silence says, which has no evidence in numbers.
_SILENT = {
    "host_silent": "其来源仍在上报，应为该主机、其 BMC 或网络中断。",
    "stream_silent": "该来源没有任何消息，应为生产者、主题或 broker 中断。",
    "collector_silent": "这些主机同时失去数据，应为其共用的采集器、网络或供电中断。",
}


def summarize_chinese(facts: Facts, confirmed: Confirmed | None = None) -> str:
    """As `summarize_english`; what the alert's sentence tells there, its evidence tells here."""
    words = words_of(facts.fault)
    parts = [
        (0, say_headline_zh(facts)),
        (0, _SILENT.get(facts.fault, "") + _say_back(facts)),
        (0, BY_TIME_ZH if facts.is_by_time else ""),
        (2, say_reach_zh(facts.shown, facts.expected)),
        (0, _rows(_why(facts), facts.speaks_for, MOST_EVIDENCE)),
        (4, _rows("不支持的证据", facts.speaks_against, MOST_ROWS)),
        (
            1 if facts.effects else 5,
            say_ruled_zh([ruled for ruled in facts.ruled_out if ruled.is_seen], MOST_ROWS),
        ),
        (2, "" if facts.ended_ns else say_limit_zh(facts)),
        (2, say_effects_zh(facts.fault, facts.effects) if facts.effects else say_also_zh(facts)),
    ]
    if facts.ended_ns:
        parts.append((0, f"已于 {say_time(facts.ended_ns)}（UTC）结束。"))
        return fit(parts, "")
    actions = rank_actions(facts.fault, facts.actions, confirmed)
    parts.append(
        (0, f"首先：{as_sentence(say_action_zh(actions[0], words.actions_zh[0]), '。')}" if actions else "")
    )
    parts.append((1, as_sentence(words.avoid_zh, "。")))
    return fit(parts, "")


def say_headline_zh(facts: Facts) -> str:
    """`n07（机柜 r3）自 2026-01-01 00:00:00（UTC）起出现风扇停转，级别 P2，几乎确定（90 %）。`"""
    where = _say_where(facts)
    where += " " if where[-1:].isascii() else ""
    text = f"{where}自 {say_time(facts.onset_ns)}（UTC）起出现{words_of(facts.fault).name_zh}"
    sure = say_confidence(facts.confidence, chinese=True)
    grade = f"级别 {facts.severity}" if facts.severity else ""
    return "，".join(part for part in (text, grade, sure) if part) + "。"


def _say_where(facts: Facts) -> str:
    hosts, many = list_names(facts.hosts, "、"), f"{len(facts.hosts):,} 台主机"
    if facts.scope == "host":
        rack = f"（机柜 {facts.rack}）" if facts.rack else ""
        return f"{hosts} 共 {many}" if facts.is_of_several else f"{facts.place}{rack}"
    if facts.scope == "fleet":
        return f"全部机群中的 {many}（{hosts}）" if facts.is_of_several else "全部机群"
    is_rack = facts.scope == "collector" and facts.rack_of_all == facts.place
    scope = _SCOPES["rack"] if is_rack else _SCOPES.get(facts.scope, "")
    place = f"{scope} {facts.place}".strip()
    return f"{place} 的 {many}（{hosts}）" if facts.is_of_several else place


def _why(facts: Facts) -> str:
    return f"依据（{facts.lead_host}）" if facts.is_of_several else "依据"


def _say_back(facts: Facts) -> str:
    if not facts.silent or len(facts.silent) == len(facts.hosts):
        return ""
    back = len(facts.hosts) - len(facts.silent)
    return (
        f"其中 {back:,} 台已恢复，仍有 {len(facts.silent):,} 台无数据（{list_names(facts.silent, '、')}）。"
    )


def say_ruled_zh(ruled_out: Sequence[RuledOut], most: int | None = None) -> str:
    """What it is not, with the row that says so; "" where nothing is ruled out."""
    ruled = by_reason(ruled_out, say_reason_zh)[:most]
    told = [f"{_names(causes)}（{reason}）" for reason, causes in ruled]
    return f"已排除：{'；'.join(told)}。" if told else ""


def say_limit_zh(facts: Facts) -> str:
    """How long until a limit is met; "" where nobody has told."""
    if not is_known(facts.time_to_limit_s):
        return ""
    if facts.time_to_limit_s <= 0:
        return "已达到上限。"
    soonest_s, latest_s = facts.limit_within_s
    within = f"{_span(soonest_s)}至 {_span(latest_s)}" if latest_s > 0 else f"至少 {_span(soonest_s)}"
    return f"预计约 {_span(facts.time_to_limit_s)}后达到上限{f'（{within}）' if soonest_s > 0 else ''}。"


def _span(seconds: float) -> str:
    return say_span_zh(int(seconds * SECOND_NS))


def say_also_zh(facts: Facts) -> str:
    """What comes along with it; "" where nothing does."""
    return f"同时出现：{_names(facts.also[:MOST_ALSO])}。" if facts.also else ""


def say_action_zh(action: str, otherwise: str = "") -> str:
    """An action of the catalogue in Chinese; for one that is of none `otherwise`, else its own words."""
    return ACTIONS_ZH.get(action, otherwise or action)


def _names(faults: Sequence[str]) -> str:
    return "、".join(words_of(fault).name_zh for fault in faults)


def _rows(what: str, rows: Sequence[Observed], most: int) -> str:
    return f"{what}：{'；'.join(say_row_zh(row) for row in rows[:most])}。" if rows else ""
