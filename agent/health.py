"""The agent's own health: counters, readiness, liveness, and the watchdog over the main loop.

Counters become the point `agent_health` once a minute, and `/metrics` at any time.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from agent.accounting import Counts
from agent.errors import SinkBusyError
from agent.host import Host
from agent.logs import log_event
from agent.points import Point
from agent.sink import RefusedPoint, Sink

WRITE_EVERY_S = 60.0
FIRST_WRITE_S = 5.0  # after the start
STUCK_AFTER_S = 300.0  # longer than any poll, write or transaction may take: the client has hung
WATCH_EVERY_S = 5.0
MINUTE_NS = 60_000_000_000

_log = logging.getLogger(__name__)


class Health(Collector):
    """What an instance tells of itself. The main loop writes, the status server's threads read."""

    def __init__(self, instance: str) -> None:
        self.instance = instance
        self.counts = Counts()
        self.refused_points = 0
        self.lag = 0
        self.hosts = 0
        self.alerts_open = 0
        self.topology_fault = ""  # why the inventory's present content is not used
        self._waits_for = "kafka"  # "" when all is well
        self._sink_reason = ""
        self._beat_s = time.monotonic()
        self._next_write_s = time.monotonic() + FIRST_WRITE_S

    # -- the main loop tells ------------------------------------------------------------------------------

    def beat(self) -> None:
        """The main loop is alive."""
        self._beat_s = time.monotonic()

    def ready(self, holds_partitions: bool) -> None:
        self._waits_for = "" if holds_partitions else "partitions"

    def sink_busy(self, reason: str) -> None:
        if not self._sink_reason:
            log_event(_log, logging.WARNING, "influxdb does not accept, waiting", reason=reason)
        self._sink_reason = reason

    def sink_accepts(self, refused: Sequence[RefusedPoint]) -> None:
        if self._sink_reason:
            log_event(_log, logging.INFO, "influxdb accepts again")
        self._sink_reason = ""
        self.refused_points += len(refused)
        for point in refused[:3]:
            measurement = point.point.measurement
            log_event(_log, logging.ERROR, "point refused", measurement=measurement, reason=point.reason)

    def write_if_due(self, sink: Sink, lag: int, hosts: Mapping[str, Host]) -> None:
        """The minute's point, when it is time; a sink that is busy gets it later."""
        if time.monotonic() < self._next_write_s:
            return
        self.lag, self.hosts = lag, len(hosts)
        self.alerts_open = sum(host.alerts.open_count for host in hosts.values())
        self.write(sink)

    def write(self, sink: Sink) -> None:
        """The point of this minute, as things stand now."""
        self._next_write_s = time.monotonic() + WRITE_EVERY_S
        minute_ns = time.time_ns() // MINUTE_NS * MINUTE_NS
        try:
            point = Point("agent_health", {"instance": self.instance}, self._fields(), minute_ns)
            self.sink_accepts(sink.write([point]))
        except SinkBusyError as busy:
            self.sink_busy(str(busy))

    def _fields(self) -> dict[str, float]:
        gauges = {
            "refused_points": self.refused_points,
            "lag": self.lag,
            "hosts": self.hosts,
            "alerts_open": self.alerts_open,
            "topology_broken": bool(self.topology_fault),
        }
        return self.counts.as_fields() | {name: float(value) for name, value in gauges.items()}

    # -- others ask ---------------------------------------------------------------------------------------

    def alive(self) -> str:
        """ "" while the main loop goes round, else why not."""
        silent_s = time.monotonic() - self._beat_s
        return f"main loop silent for {silent_s:.0f} s" if silent_s > STUCK_AFTER_S else ""

    def is_ready(self) -> str:
        """ "" when partitions are held and InfluxDB accepts, else what is waited for."""
        if self._waits_for:
            return f"waiting for {self._waits_for}"
        return f"waiting for influxdb: {self._sink_reason}" if self._sink_reason else ""

    def collect(self) -> Iterator[Metric]:
        """For Prometheus: the counters and gauges, no host in any label."""
        for each in fields(Counts):
            name = f"coldaisle_{each.name}"
            yield CounterMetricFamily(
                name, f"{each.name} since the start", value=getattr(self.counts, each.name)
            )
        yield CounterMetricFamily(
            "coldaisle_refused_points", "points InfluxDB refused", value=self.refused_points
        )
        for name, text, value in self._gauges():
            yield GaugeMetricFamily(f"coldaisle_{name}", text, value=value)

    def _gauges(self) -> Iterable[tuple[str, str, float]]:
        return (
            ("lag_messages", "messages that wait in the held partitions", self.lag),
            ("hosts", "hosts known in the held partitions", self.hosts),
            ("alerts_open", "alerts that are open", self.alerts_open),
            ("topology_broken", "1 while the inventory file is wrong", float(bool(self.topology_fault))),
            ("ready", "1 when partitions are held and InfluxDB accepts", float(not self.is_ready())),
        )


def watch(health: Health) -> threading.Thread:
    """End the process when its main loop hangs: kafka-python can spin or stall without an error, and a
    service manager's restart loses nothing."""

    def look() -> None:
        while not health.alive():
            time.sleep(WATCH_EVERY_S)
        log_event(_log, logging.CRITICAL, "watchdog: the main loop hangs, ending", reason=health.alive())
        os._exit(1)

    thread = threading.Thread(target=look, name="watchdog", daemon=True)
    thread.start()
    return thread
