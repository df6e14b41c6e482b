"""How large the record is that the state topic keeps of one host."""

from __future__ import annotations

from agent.bench.dialects import Size, native
from agent.host import HISTORY_TICKS
from agent.pipeline import Pipeline
from agent.scoring import Scorer
from agent.state import encode_host


def bytes_per_host(sensors: int = 40, ticks: int = HISTORY_TICKS + 1) -> int:
    """The bytes of a healthy host's record with so many sensors, its whole short past included.

    Without a model: one adds the levels of its parts, and nothing that grows with the sensors.

    Raises:
        ValueError: there are too few ticks for a record.
    """
    pipeline = Pipeline(Scorer.of(None))
    messages = native(Size(hosts=1, sensors=sensors, rounds=ticks + 1))
    for message in messages:
        pipeline.process([message])
    if len(pipeline.hosts) != 1:
        raise ValueError(f"{len(pipeline.hosts)} hosts; expected 1")
    (host,) = pipeline.hosts.values()
    return len(encode_host(host, len(messages), host.clock.last_ns if hasattr(host.clock, "last_ns") else 0))
