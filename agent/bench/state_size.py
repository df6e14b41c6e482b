"""How large the record is that the state topic keeps of one host."""

from __future__ import annotations

from agent.bench.dialects import Size, native
from agent.host import HISTORY_TICKS
from agent.pipeline import Pipeline
from agent.scoring import Scorer
from agent.state import encode_host


def bytes_per_host(sensors: int = 40, ticks: int = HISTORY_TICKS) -> int:
    """Bytes of a healthy host's record with so many sensors after so many ticks, compressed as it is stored.

    Without a model: one adds hourly levels, which do not grow with the sensors.
    """
    pipeline = Pipeline(Scorer.of(None))
    messages = native(Size(hosts=1, sensors=sensors, rounds=ticks + 1))
    for message in messages:
        pipeline.process([message])
    (host,) = pipeline.hosts.values()
    return len(encode_host(host, len(messages), host.clock.newest_ns))
