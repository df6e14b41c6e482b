"""A cause that hosts share: what it does to each of them, and what it therefore is not.

feed_loss on pdu-3a, [psu_failure of n01 … n11] ──► effects: PSU failure on 11 hosts
                                                 └► psu_failure is out: 11 hosts lost a supply within 20 s
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

from agent.fault_words import words_of
from agent.narrative.measures import Observed
from agent.narrative.ruled_out import RuledOut, is_warmer
from agent.report.episodes import SHARED_SCOPES

BY_TIME_EN = "Grouped by time alone: no inventory tells where these hosts stand."
BY_TIME_ZH = "仅按时间归并：没有资产清单说明这些主机的位置。"
MOST_EFFECTS = 3
GANG = "abnormal_load"
FEEDS = frozenset(("feed_loss", "ups_on_battery"))
AIR = frozenset(("cooling_unit_failure", "chilled_water_loss"))
_OF_SERVERS = ("airflow_blockage", "fan_failure")  # what would warm one machine alone


class Effect(NamedTuple):
    """A fault that the cause brings about, and on how many hosts."""

    fault: str
    hosts: int


class Beneath(Protocol):
    """An alert of the incident."""

    @property
    def host(self) -> str: ...
    @property
    def fault(self) -> str: ...
    @property
    def onset_ns(self) -> int: ...
    @property
    def evidence(self) -> Sequence[Observed]: ...


def effects_of(
    fault: str, lead: Beneath, members: Sequence[Beneath], hosts: Sequence[str]
) -> tuple[Effect, ...]:
    """What `fault` does, most hosts first. The alert that tells the cause itself is no effect of it, nor is
    one of a UPS above. `hosts` are all that the incident has: one alert may tell of the silence of many."""
    found: dict[str, set[str]] = {}
    for member in members:
        is_cause = member.fault == fault and (member.host, member.onset_ns) == (lead.host, lead.onset_ns)
        if is_cause or member.fault in FEEDS - {"feed_loss"}:
            continue
        if member.fault == "collector_silent":
            own = {other.host for other in members if other is not member}
            found.setdefault("host_silent", set()).update({member.host, *hosts} - own)
        else:
            found.setdefault(member.fault, set()).add(member.host)
    effects = [Effect(word, len(names)) for word, names in found.items() if names]
    return tuple(sorted(effects, key=lambda one: (one.fault == "unknown", -one.hosts, one.fault)))


def rule_out_shared(fault: str, scope: str, place: str, members: Sequence[Beneath]) -> Iterator[RuledOut]:
    """What a cause is not since several hosts show it at once; nothing where one host tells it alone."""
    if scope not in SHARED_SCOPES:
        return
    if fault in FEEDS:
        lost = [member for member in members if member.fault == "psu_failure"]
        count = _count(lost)
        if count > 1:
            onsets = [member.onset_ns for member in lost]
            reason = "same feed" if scope == "pdu" else "same time"
            yield RuledOut("psu_failure", (), reason, (str(count), place), max(onsets) - min(onsets))
    elif fault in AIR:
        count = _count(member for member in members if _breathes_warm(member))
        if count > 1:
            for own in _OF_SERVERS:
                yield RuledOut(own, (), "same air", (str(count),))


def say_effects(fault: str, effects: Sequence[Effect]) -> str:
    """`Beneath it: PSU failure on 11 hosts, no data from 1 host.`; "" where nothing is."""
    if fault == GANG and effects:
        more = f"{effects[0].hosts:,} other host{'s' * (effects[0].hosts != 1)}"
        return (
            f"The same began on {more} within an hour, as a job that many hosts run does: ask who runs one."
        )
    told = [_say_effect(fault, one) for one in effects[:MOST_EFFECTS]]
    return f"Beneath it: {', '.join(told)}{', …' if len(effects) > MOST_EFFECTS else ''}." if told else ""


def _say_effect(fault: str, effect: Effect) -> str:
    hosts = f"{effect.hosts:,} host{'s' * (effect.hosts != 1)}"
    if effect.fault == "host_silent":
        return f"no data from {hosts}"
    return f"{'the same' if effect.fault == fault else _say_name(effect.fault)} on {hosts}"


def say_effects_zh(fault: str, effects: Sequence[Effect]) -> str:
    """The same in Chinese."""
    if fault == GANG and effects:
        return f"一小时内另有 {effects[0].hosts:,} 台主机出现同样负载，多机作业也会如此：先询问是否有人运行。"
    told = [
        f"{'同样现象' if one.fault == fault else words_of(one.fault).name_zh}（{one.hosts:,} 台）"
        for one in effects[:MOST_EFFECTS]
    ]
    return f"由此引起：{'、'.join(told)}{'等' if len(effects) > MOST_EFFECTS else ''}。" if told else ""


def say_reach(shown: int, expected: int) -> str:
    """`9 of the 12 hosts there show it.`; "" where nobody knows how many there are."""
    if not (expected and shown):
        return ""
    return f"{shown:,} of the {expected:,} hosts there {'show' if shown != 1 else 'shows'} it."


def say_reach_zh(shown: int, expected: int) -> str:
    """The same in Chinese."""
    return f"该处 {expected:,} 台主机中有 {shown:,} 台出现此现象。" if expected and shown else ""


def _breathes_warm(member: Beneath) -> bool:
    if member.fault == "recirculation":
        return False  # a rack's, told by its hosts together
    return member.fault in AIR or any(
        row.sensor.startswith("inlet_temp_c") and is_warmer(row) for row in member.evidence
    )


def _count(members: Iterable[Beneath]) -> int:
    return len({member.host for member in members})


def _say_name(fault: str) -> str:
    name = words_of(fault).name_en
    return name if name[1:2].isupper() else name[:1].lower() + name[1:]
