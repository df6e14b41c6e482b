"""Small fleets, what they read, and what the agent understands of what was written of it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent.simulate.arrivals import arrivals
from agent.simulate.plan import Layout, lay_out, read_dialects, writers_of
from agent.simulate.stream import Sent, stream
from agent.telemetry.decoder import Decoder
from agent.telemetry.readings import Message
from models.twin.episodes import Episode
from models.twin.fleet_run import FleetRun
from models.twin.plans import FleetPlan

START_S = 1_772_517_600.0
Read = dict[tuple[str, str, int], float]  # (host, sensor, Unix time) → value


def plan_of(layout: Layout, minutes: float = 3.0, episodes: Sequence[Episode] = ()) -> FleetPlan:
    return FleetPlan(
        layout.hosts, START_S, 60.0 * minutes, seed=3, episodes=tuple(episodes), site=layout.site
    )


def sent_by(plan: FleetPlan, *dialects: str) -> list[Sent]:
    """All messages of a plan."""
    run = FleetRun(plan)
    return list(stream(run, writers_of(run, read_dialects(dialects)), plan.seed))


def read_by(plan: FleetPlan) -> Read:
    """What the twin's polls read, at the times that they were stamped with."""
    run = FleetRun(plan)
    names = [channel.name for channel in run.sensors]
    return {
        (run.hosts[arrival.host], name, arrival.stamp_s): round(float(value), 4)
        for arrival in arrivals(run.polls(), plan.seed)
        for name, value in zip(names, arrival.values, strict=True)
        if value == value
    }


def of_servers(read: Read) -> Read:
    """Without the site's own units."""
    return {key: value for key, value in read.items() if re.fullmatch(r"r\d+-n\d+", key[0])}


def understood(sent: Sequence[Sent]) -> Read:
    """What the agent decodes of the messages; limits and states left out."""
    decoder = Decoder()
    messages = [Message(one.value, one.key.encode(), one.stamp_s * 1000) for one in sent]
    decoded = decoder.decode(messages)
    assert decoded.dead_letters == ()
    found = decoded.readings
    return {
        (decoder.series[n].host, decoder.series[n].sensor, time_ns // 1_000_000_000): value
        for n, time_ns, value in zip(
            found.series.tolist(), found.time_ns.tolist(), found.value.tolist(), strict=True
        )
        if decoder.series[n].quantity not in ("limit", "state")
    }


def fleet(hosts: int = 2, *kinds: str) -> Layout:
    return lay_out(hosts, kinds or ("2u", "1u"))
