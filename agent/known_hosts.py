"""What the agent knows of each host, from the records that its group has committed.

records of the state topic ─► hosts, the site, commands ─► one KnownHost each
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from agent.alert import Alert, rfc3339
from agent.controls import Controls, is_control
from agent.delivery.partitions import SITE_KEY
from agent.errors import StateError
from agent.sensors import LONG_AGO_NS, SECOND_NS
from agent.silence import Silence
from agent.silence_sources import HostSeen
from agent.state import HostRecord, decode_record, decode_site, unpack_array
from agent.topology import Topology
from agent.trust.doubts import Doubt


@dataclass(frozen=True, slots=True)
class KnownSensor:
    """One sensor of a host. Times are RFC 3339, "" for never."""

    sensor: str
    quantity: str
    unit: str
    period_s: float  # 0: not known yet
    last: str
    last_value: float | None
    trust: str  # "ok", or why it is not believed: stuck, drift, …
    doubted_since: str


@dataclass(frozen=True, slots=True)
class KnownAlert:
    """An alert that has not ended."""

    kind: str
    fault: str
    severity: str
    state: str
    onset: str


@dataclass(frozen=True, slots=True)
class KnownHost:
    """One host as of its last record. Times are RFC 3339, "" where there is none."""

    host: str
    state: str  # forgetting, muted, silent, alert or ok: the first that holds
    source: str
    kind: str
    rack: str
    row: str
    cohort: str  # "" without one
    model: str  # the release that scores it, "linear" without a cohort
    period_s: float  # 0: not known yet
    last_seen: str
    as_of: str  # where its log stood when the record was written; what is newer is not shown
    sensors: tuple[KnownSensor, ...]
    alerts: tuple[KnownAlert, ...]
    muted_until: str
    mute_reason: str

    @property
    def doubted(self) -> int:
        """How many of its sensors are not believed."""
        return sum(sensor.trust != "ok" for sensor in self.sensors)


def list_hosts(
    records: Mapping[bytes, bytes], releases: Mapping[str, str], topology: Topology, now_ns: int
) -> list[KnownHost]:
    """All hosts with a record, by name. One that cannot be read is left out: the daemon begins it anew."""
    controls, silence = Controls.from_records(records), site_silence(records)
    hosts = []
    for key, data in records.items():
        if key == SITE_KEY or is_control(key):
            continue
        try:
            record = decode_record(data)
        except StateError:
            continue
        hosts.append(_known(record, controls, silence, releases, topology, now_ns))
    return sorted(hosts, key=lambda host: host.host)


def site_silence(records: Mapping[bytes, bytes]) -> Silence:
    """Who is silent, by the site's record; nobody where there is none."""
    try:
        return decode_site(records[SITE_KEY]).state.silence if SITE_KEY in records else Silence()
    except StateError:
        return Silence()


def _known(
    record: HostRecord,
    controls: Controls,
    silence: Silence,
    releases: Mapping[str, str],
    topology: Topology,
    now_ns: int,
) -> KnownHost:
    alerts, place = record.alerts, topology.place(record.name)
    seen = _seen(silence, record.name)
    silent = _silences(silence, record.name, seen)
    own = [track.alert for track in alerts.tracks.values() if track.alert is not None]
    is_open = tuple(_alert(alert) for alert in [*own, *silent] if alert.is_open)
    muted = controls.mutes.get(record.name)
    is_muted = muted is not None and muted.since_ns <= now_ns < muted.until_ns
    is_going = controls.forgotten_ns(record.name) > record.forgotten_ns
    model = releases.get(record.source, "") if record.cohort else "linear"
    return KnownHost(
        host=record.name,
        state=_state(is_going, is_muted, is_open),
        source=record.source,
        kind=place.kind or record.kind,
        rack=place.rack or record.told_place.rack or alerts.rack,
        row=place.row or record.told_place.row,
        cohort=record.cohort,
        model=model,
        period_s=record.clock.period_ns / SECOND_NS,
        last_seen=_moment(max(record.clock.newest_ns, seen.time_ns if seen is not None else 0)),
        as_of=_moment(record.event_ns),
        sensors=tuple(_sensors(record)),
        alerts=is_open,
        muted_until=rfc3339(muted.until_ns) if muted is not None and is_muted else "",
        mute_reason=muted.reason if muted is not None and is_muted else "",
    )


def _state(is_going: bool, is_muted: bool, alerts: Iterable[KnownAlert]) -> str:
    kinds = {alert.kind for alert in alerts}
    for holds, state in ((is_going, "forgetting"), (is_muted, "muted"), ("silence" in kinds, "silent")):
        if holds:
            return state
    return "alert" if kinds else "ok"


def _seen(silence: Silence, host: str) -> HostSeen | None:
    source = silence.sources.get(silence.homes.get(host, ""))
    return source.hosts.get(host) if source is not None else None


def _silences(silence: Silence, host: str, seen: HostSeen | None) -> list[Alert]:
    """The alerts that tell of the host's silence: its own, and those of groups that it is silent in."""
    own = [seen.alert] if seen is not None and seen.alert is not None else []
    return own + [group.alert for group in silence.groups.values() if group.back_ns.get(host) == 0]


def _alert(alert: Alert) -> KnownAlert:
    return KnownAlert(alert.kind, alert.fault, alert.severity, alert.state, rfc3339(alert.onset_ns))


def _sensors(record: HostRecord) -> Iterable[KnownSensor]:
    doubts, since_ns = (
        unpack_array(record.trust[name]) if name in record.trust else np.zeros(0)
        for name in ("doubt", "since_ns")
    )
    for column, sensor in enumerate(record.clock.sensors):
        doubt = Doubt(int(doubts[column])) if column < len(doubts) else Doubt.NONE
        is_doubted = doubt != Doubt.NONE
        yield KnownSensor(
            sensor=sensor.name,
            quantity=sensor.quantity,
            unit=sensor.unit,
            period_s=(sensor.period_ns or sensor.spacing_ns) / SECOND_NS,
            last=_moment(sensor.last_ns),
            last_value=sensor.carry_value if sensor.carry_ns != LONG_AGO_NS else None,
            trust=doubt.name.lower() if is_doubted else "ok",
            doubted_since=_moment(int(since_ns[column])) if is_doubted else "",
        )


def _moment(time_ns: int) -> str:
    return rfc3339(time_ns) if time_ns > 0 else ""
