"""What is known of an incident, the same whether it is being made or was read back from its points.

Incident (live) ───────► facts_of ────┐
IncidentEpisode (points) ► facts_read ┴─► Facts ─► english.py, chinese.py
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from agent.faults import FAULTS
from agent.narrative.effects import BY_TIME_EN, Effect, effects_of, rule_out_shared
from agent.narrative.measures import NOT_KNOWN, Observed, is_known
from agent.narrative.ruled_out import RuledOut, rule_out
from agent.report.episodes import SHARED_SCOPES, IncidentEpisode

MOST_HOSTS = 5
WIDE_SCOPES = ("row", "zone", "pdu", "fleet")  # of nothing but causes that hosts share
MOST_CHARS = 600  # of a summary: what a phone shows at once
MOST_DIAGNOSIS = 300
# Sure at least this much → in words; below the last it is a guess.
CONFIDENCE_WORDS: tuple[tuple[float, str, str], ...] = (
    (0.9, "almost certain", "几乎确定"),
    (0.75, "very likely", "很可能"),
    (0.55, "likely", "较可能"),
    (0.3, "possible", "有可能"),
    (0.0, "hardly more than a guess", "仅为猜测"),
)


class Told(Protocol):
    """An alert, live or read back."""

    @property
    def host(self) -> str: ...
    @property
    def rack(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def fault(self) -> str: ...
    @property
    def also(self) -> Sequence[str]: ...
    @property
    def severity(self) -> str: ...
    @property
    def confidence(self) -> float: ...
    @property
    def diagnosis(self) -> str: ...
    @property
    def evidence(self) -> Sequence[Observed]: ...
    @property
    def actions(self) -> Sequence[str]: ...
    @property
    def onset_ns(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Facts:
    """All that may be said of an incident. Times in ns UTC; `ended_ns` is 0 while it is open."""

    fault: str
    scope: str
    place: str
    rack: str  # of a host's incident, else ""
    lead_host: str
    rack_of_all: str  # that the telling alert names, whatever the scope
    hosts: tuple[str, ...]
    silent: tuple[str, ...]  # a collector's hosts that are not back
    severity: str
    confidence: float
    onset_ns: int
    ended_ns: int
    diagnosis: str
    evidence: tuple[Observed, ...]
    actions: tuple[str, ...]
    also: tuple[str, ...]  # faults that follow, and those of the incident's other alerts
    time_to_limit_s: float
    ruled_out: tuple[RuledOut, ...]
    effects: tuple[Effect, ...] = ()  # of a cause that hosts share, what it does to them; else none
    expected: int = 0  # hosts that it should reach; 0 where that is not known
    shown: int = 0  # of these, those that show it
    is_by_time: bool = False  # nothing but time tells that the hosts belong together
    limit_within_s: tuple[float, float] = (NOT_KNOWN, NOT_KNOWN)  # of the time to the limit: soonest, latest

    @property
    def speaks_for(self) -> tuple[Observed, ...]:
        """The evidence for the fault, strongest first as its rule told it."""
        return tuple(row for row in self.evidence if row.says == "for")

    @property
    def speaks_against(self) -> tuple[Observed, ...]:
        """The evidence against it. What only shows that another cause is none speaks against that one."""
        used = [row for ruled in self.ruled_out for row in ruled.rows]
        return tuple(row for row in self.evidence if row.says == "against" and row not in used)

    @property
    def is_of_several(self) -> bool:
        return len(self.hosts) > 1


def facts_of(
    fault: str,
    scope: str,
    place: str,
    severity: str,
    hosts: Sequence[str],
    lead: Told,
    members: Sequence[Told],
    ended_ns: int,
    silent: Sequence[str] = (),
    time_to_limit_s: float = NOT_KNOWN,
    confidence: float | None = None,
    expected: int = 0,
    shown: int = 0,
    is_by_time: bool = False,
    beside: Sequence[Observed] = (),
    limit_within_s: tuple[float, float] = (NOT_KNOWN, NOT_KNOWN),
) -> Facts:
    """The facts of an incident that `lead`, one of its alerts `members`, tells; `beside` is evidence of the
    site's own. Where its fault is none of
    that alert's own, it is what hosts share: `confidence` is how sure that is, and actions are its own."""
    is_lifted = lead.fault != fault and scope in SHARED_SCOPES and fault in FAULTS
    others = [member.fault for member in members if member.fault != fault]
    also = dict.fromkeys([*lead.also, *others, *(word for member in members for word in member.also)])
    return Facts(
        fault=fault,
        scope=scope,
        place=place,
        rack=lead.rack if scope == "host" and lead.rack != place else "",
        lead_host=lead.host,
        rack_of_all=lead.rack,
        hosts=tuple(hosts),
        silent=tuple(silent),
        severity=severity,
        confidence=lead.confidence if confidence is None else confidence,
        onset_ns=min(
            [lead.onset_ns, *(m.onset_ns for m in members if m.fault == fault or scope in WIDE_SCOPES)]
        ),
        ended_ns=ended_ns,
        diagnosis=lead.diagnosis,
        evidence=(*beside, *lead.evidence),
        actions=FAULTS[fault].actions if is_lifted else tuple(lead.actions),
        also=tuple(word for word in also if word not in (fault, "unknown")),
        time_to_limit_s=time_to_limit_s,
        ruled_out=(
            *rule_out_shared(fault, scope, place, members),
            *rule_out(fault, () if is_lifted else lead.evidence),
        ),
        effects=effects_of(fault, lead, members, hosts) if scope in SHARED_SCOPES else (),
        expected=expected,
        shown=shown,
        is_by_time=is_by_time,
        limit_within_s=limit_within_s,
    )


def facts_read(incident: IncidentEpisode) -> Facts:
    """The facts of an incident read back. One without alerts, as of a storm, has what its own point says."""
    lead = incident.lead
    if lead is None:
        return Facts(
            fault=incident.fault,
            scope=incident.scope,
            place=incident.place,
            rack="",
            lead_host="",
            rack_of_all="",
            hosts=incident.hosts,
            silent=(),
            severity=incident.severity,
            confidence=incident.confidence,
            onset_ns=incident.onset_ns,
            ended_ns=incident.ended_ns or 0,
            diagnosis="",
            evidence=(),
            actions=FAULTS[incident.fault].actions if incident.fault in FAULTS else (),
            also=(),
            time_to_limit_s=incident.time_to_limit_s,
            ruled_out=(),
        )
    return facts_of(
        incident.fault,
        incident.scope,
        incident.place,
        incident.severity,
        incident.hosts,
        lead,
        incident.alerts,
        incident.ended_ns or 0,
        time_to_limit_s=incident.time_to_limit_s,
        confidence=incident.confidence if incident.scope in SHARED_SCOPES else None,
        is_by_time=BY_TIME_EN in incident.summary_en,
    )


def say_confidence(confidence: float, chinese: bool = False) -> str:
    """`very likely (85 %)`; "" where it is not known."""
    if not is_known(confidence):
        return ""
    words = next(row for row in CONFIDENCE_WORDS if confidence >= row[0] or row[0] == 0)
    percent = f"{100 * confidence:.0f} %"
    return f"{words[2]}（{percent}）" if chinese else f"{words[1]} ({percent})"


def list_names(names: Sequence[str], joint: str = ", ", most: int = MOST_HOSTS) -> str:
    """The first names, and how many more there are: `a, b, +3`."""
    more = f"{joint}+{len(names) - most:,}" if len(names) > most else ""
    return joint.join(names[:most]) + more


def as_sentence(text: str, end: str = ".") -> str:
    """The text with a full stop, unless it has its own end."""
    return text if text.endswith((".", "!", "?", "。", "！", "？", "…")) else f"{text}{end}"


def shorten(text: str, most: int) -> str:
    """The text, or its beginning up to the end of a word."""
    if len(text) <= most:
        return text
    cut = text[: most - 1]
    return f"{cut[: cut.rfind(' ')] if ' ' in cut[most // 2 :] else cut}…"


def fit(parts: Sequence[tuple[int, str]], joint: str, most: int = MOST_CHARS) -> str:
    """The parts in their order; while they are too long together, one of the highest rank is left out."""
    kept = [(rank, text) for rank, text in parts if text]
    while len(joint.join(text for _, text in kept)) > most:
        least = max(rank for rank, _ in kept)
        if least == 0:
            break
        last = max(place for place, (rank, _) in enumerate(kept) if rank == least)
        del kept[last]
    return joint.join(text for _, text in kept)
