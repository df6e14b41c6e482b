"""A simulated fleet through the agent's own stages, without the wire between them.

FleetRun ─► arrivals (late, twice, jittered) ─► Readings ─► Pipeline after decoding ─► Site ─► Raised
                                                        └─► training set ─► detectors

Only the writing and reading of messages is left out: names, quantities and units are those that the decoder
gives for the native form, and values are rounded as they would be sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from agent.incidents import Site
from agent.pipeline import Output, Pipeline
from agent.progress import Quiet
from agent.quality.twin_incidents import IncidentWatch
from agent.quality.twin_places import places_of
from agent.quality.twin_places import topology_of as topology_of
from agent.scoring import Scorer
from agent.sensors import SECOND_NS
from agent.simulate.arrivals import Arrival, arrivals
from agent.simulate.stream import DIGITS
from agent.simulate.wire.ipmi import LOWEST_RPM
from agent.simulate.wire.redfish import LIMITS_C
from agent.site_events import AlertChanged
from agent.telemetry.decoder import Decoder
from agent.telemetry.readings import Message, Readings, Series
from agent.topology import Topology
from agent.training_set import Cohort, TrainingSet, sort_readings
from models.detector import Detector
from models.training import TrainingOptions, fit_cohort
from models.twin.fleet_run import FleetRun
from models.twin.sensors import Channel

LOG = "twin"
BATCH_POLLS = 256  # of hosts, taken together: less than a period of a fleet
LIMITS_EVERY = 2  # every so many hosts send limits with their readings, as Redfish does
SCORE_FIELDS = ("score", "threshold", "lstm_ae", "gan", "linear")
_NUMBER = re.compile(r"\d+")


@dataclass(slots=True)
class Raised:
    """One raising of an alert. Times are Unix seconds; `fault` is what it said in the end."""

    host: str
    kind: str
    first_fault: str
    fault: str
    severity: str
    raised_s: float
    ended_s: float  # 0: still open
    score: float
    diagnosis: str
    sensors: list[str] = field(default_factory=list)
    again: bool = False  # an alert that came back


class Fed(Pipeline):
    """The pipeline from the point where messages have been decoded."""

    def series_of(self, series: Series) -> int:
        """The number of a series."""
        return self._decoder.series.intern(series)

    def take(self, messages: Sequence[Message], readings: Readings) -> Output:
        """Take the readings of the next messages of one log, in its order."""
        stream, _ = self._intake.take(messages, readings)
        return self._judge(stream)


class Names:
    """Numbers of a fleet's series: `of` a host is (F,), −1 where it has no such sensor."""

    def __init__(self, run: FleetRun, prefix: str, intern: Fed | Decoder) -> None:
        self._run, self._prefix, self._intern = run, prefix, intern
        self._known: dict[int, NDArray[np.int32]] = {}
        self._limits: set[int] = set()

    def of(self, host: int, seen: NDArray[np.intp]) -> NDArray[np.int32]:
        """The numbers of those columns of the fleet's sensors, in their order."""
        known = self._known.get(host)
        if known is None:
            known = self._known[host] = np.full(len(self._run.sensors), -1, np.int32)
        for column in seen[known[seen] < 0].tolist():
            known[column] = self._number(host, self._run.sensors[column])
        return known[seen]

    def limits(self, host: int, seen: NDArray[np.intp]) -> list[tuple[int, float]]:
        """What a host's readings carry beside their values: once, since a limit stays what it is."""
        if host in self._limits or host % LIMITS_EVERY or host >= len(self._run.plan.hosts):
            return []
        self._limits.add(host)
        found = []
        for column in seen.tolist():
            channel = self._run.sensors[column]
            for bound, value in _limits_of(channel):
                found.append((self._number(host, channel, bound), value))
        return found

    def _number(self, host: int, channel: Channel, bound: str = "") -> int:
        name = self._prefix + self._run.hosts[host]
        if bound:
            series = Series(name, f"{channel.name}_{bound}", "limit", channel.unit, channel.name, bound)
        else:
            series = Series(name, channel.name, channel.quantity, channel.unit)
        into = self._intern
        return into.series_of(series) if isinstance(into, Fed) else into.series.intern(series)


def _limits_of(channel: Channel) -> list[tuple[str, float]]:
    if channel.quantity == "fan_speed" and channel.unit == "rpm":
        return [("lower_critical", float(LOWEST_RPM))]
    limits = LIMITS_C.get(_NUMBER.sub("{n}", channel.name, count=1))
    if limits is None:
        return []
    return [("upper_critical", float(limits[0])), ("upper_fatal", float(limits[1]))]


def batches(run: FleetRun, names: Names, seed: int) -> Iterator[tuple[list[Message], Readings]]:
    """A run's readings in the order of their arrival, some polls of hosts at a time."""
    count, coming = 0, arrivals(run.polls(), seed)
    while polls := list(islice(coming, BATCH_POLLS)):
        sent = [poll for poll in polls for _ in range(1 + poll.twice)]
        yield (
            [Message(None, topic=LOG, offset=count + at) for at in range(len(sent))],
            _readings(sent, names),
        )
        count += len(sent)


def _readings(polls: Sequence[Arrival], names: Names) -> Readings:
    series, values, times, message = [], [], [], []
    for at, poll in enumerate(polls):
        seen = np.flatnonzero(np.isfinite(poll.values))
        limits = names.limits(poll.host, seen)
        series += [names.of(poll.host, seen), np.array([number for number, _ in limits], np.int32)]
        values += [np.round(poll.values[seen].astype(np.float64), DIGITS), np.array([v for _, v in limits])]
        times.append(np.full(len(seen) + len(limits), poll.stamp_s * SECOND_NS, np.int64))
        message.append(np.full(len(seen) + len(limits), at, np.int32))
    return Readings(*(np.concatenate(each) for each in (series, times, values, message)))


def training_set(runs: Mapping[str, FleetRun], seed: int) -> TrainingSet:
    """What `coldaisle train` would make of recordings of these fleets, by prefix."""
    decoder, read, messages, places = Decoder(), [], 0, {}
    for prefix, run in runs.items():
        names = Names(run, prefix, decoder)
        places.update(places_of(run, prefix))
        for sent, readings in batches(run, names, seed):
            read.append(
                Readings(readings.series, readings.time_ns, readings.value, readings.message + messages)
            )
            messages += len(sent)
    return sort_readings(decoder, read, Topology(places), Quiet())


def fit(cohorts: Sequence[Cohort], options: TrainingOptions) -> dict[str, Detector]:
    """A detector for each cohort, as `coldaisle train` fits it."""
    fitted = {}
    for cohort in cohorts:
        with Quiet().stage(cohort.id) as stage:
            fitted[cohort.id] = fit_cohort(
                cohort.id, cohort.sensors, cohort.quantities, cohort.units, cohort.hosts, options, stage.reach
            )
    return fitted


@dataclass(slots=True)
class Watched:
    """What the agent made of a run."""

    raised: list[Raised]
    ticks: int
    scored: int
    hosts: int
    days: float
    cohorts: dict[str, str]  # host → its cohort, "" for none
    start_s: float
    scores: dict[str, NDArray[np.float32]]  # host → (n, 6): s since the start, score, threshold, three parts
    incidents: IncidentWatch = field(default_factory=lambda: IncidentWatch(""))

    @property
    def host_days(self) -> float:
        return self.hosts * self.days


class Watch:
    """Follows alerts as the pipeline changes them; one record for each raising."""

    def __init__(self) -> None:
        self._open: dict[str, Raised] = {}  # by alert id
        self.raised: list[Raised] = []

    def see(self, output: Output, pipeline: Pipeline) -> None:
        """Take a batch's events in their order."""
        for event in output.events:
            if isinstance(event, AlertChanged):
                alert = event.alert
                now_s = pipeline.hosts[alert.host].alerts.now_ns / SECOND_NS
                known = self._open.get(alert.id)
                if known is None or (known.ended_s and not alert.ended_ns):
                    again = known is not None
                    known = self._open[alert.id] = Raised(
                        alert.host, alert.kind, alert.fault, alert.fault, alert.severity,
                        now_s if again else alert.raised_ns / SECOND_NS, 0.0, alert.score, alert.diagnosis,
                        again=again,
                    )  # fmt: skip
                    self.raised.append(known)
                known.fault, known.severity, known.score = alert.fault, alert.severity, alert.score
                known.ended_s, known.diagnosis = alert.ended_ns / SECOND_NS, alert.diagnosis
                known.sensors = [evidence.sensor for evidence in alert.evidence]


def watch(
    run: FleetRun, detectors: Mapping[str, Detector], prefix: str, seed: int, keep_scores: bool = False
) -> Watched:
    """The whole agent over a run: clocks, trust, scores, diagnosis, alerts, incidents, silence."""
    topology = topology_of(run, prefix)
    pipeline = Fed(Scorer(detectors), topology, mark_event_minutes=True)
    pipeline.begin_recording(LOG)
    site, seen = Site(topology=topology), _Seen(prefix, run.plan.start_s, keep_scores)
    names = Names(run, prefix, pipeline)
    for messages, readings in batches(run, names, seed):
        seen.take(pipeline.take(messages, readings), pipeline, site)
    seen.take(pipeline.end(), pipeline, site)
    cohorts = {name.removeprefix(prefix): host.cohort for name, host in pipeline.hosts.items()}
    days = run.plan.duration_s / 86_400.0
    told = (seen.raised(), seen.ticks, seen.scored, len(run.hosts), days, cohorts, run.plan.start_s)
    return Watched(*told, seen.scores(), seen.incidents)


class _Seen:
    """Gathers what a run leads to."""

    def __init__(self, prefix: str, start_s: float, keep_scores: bool) -> None:
        self._prefix, self._start_s, self._keep = prefix, start_s, keep_scores
        self._watch = Watch()
        self._of_site: dict[str, Raised] = {}
        self._scores: dict[str, list[tuple[float, ...]]] = {}
        self.ticks = self.scored = 0
        self.incidents = IncidentWatch(prefix)

    def take(self, output: Output, pipeline: Pipeline, site: Site) -> None:
        self.ticks += output.counts.scored + output.counts.unscored
        self.scored += output.counts.scored
        self._watch.see(output, pipeline)
        if self._keep:
            for point in output.points:
                if point.measurement == "anomaly_score":
                    at_s = point.time_ns / SECOND_NS - self._start_s
                    told = (at_s, *(float(point.fields[name]) for name in SCORE_FIELDS))
                    self._scores.setdefault(point.tags["host"].removeprefix(self._prefix), []).append(told)
        for event in output.events:
            self.incidents.hear(event)
            points = site.observe(event)
            self.incidents.take(points)
            for point in points:
                if point.measurement == "alert" and "fault" in point.fields:
                    self._hear_site(dict(point.fields), point.tags["host"], point.tags["kind"])

    def _hear_site(self, fields: Mapping[str, object], host: str, kind: str) -> None:
        """An alert of the site's own: of silence, or of a rack."""
        raised_s, ended_s = (_seconds(str(fields[name])) for name in ("raised", "ended"))
        key = f"{fields['id']}|{raised_s}"
        one = self._of_site.get(key)
        if one is None:
            fault = str(fields["fault"])
            one = self._of_site[key] = Raised(
                host, kind, fault, fault, str(fields["severity"]), raised_s, 0.0, -1.0,
                str(fields["diagnosis"]),
            )  # fmt: skip
        one.fault, one.ended_s = str(fields["fault"]), ended_s

    def raised(self) -> list[Raised]:
        """In the order of time, hosts without their prefix."""
        found = [*self._watch.raised, *self._of_site.values()]
        for one in found:
            one.host = one.host.removeprefix(self._prefix)
        return sorted(found, key=lambda one: (one.raised_s, one.host, one.kind))

    def scores(self) -> dict[str, NDArray[np.float32]]:
        return {host: np.array(rows, np.float32) for host, rows in self._scores.items()}


def _seconds(text: str) -> float:
    return np.datetime64(text.removesuffix("Z"), "ms").astype(np.int64) / 1e3 if text else 0.0
