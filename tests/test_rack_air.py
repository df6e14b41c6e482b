"""Warm air that comes round to the top of a rack: told of the rack, and of nothing that looks like it."""

from __future__ import annotations

from agent.alert import Alert
from agent.incidents import Site
from agent.rack_air import CONFIRMS, LOSS, RackAir
from agent.rack_map.maps import Layout
from agent.site_events import HostSummary
from agent.state import decode_site, encode_site
from agent.topology import Place, Topology
from models.rack_map import load_rack_map

MINUTE_NS = 60_000_000_000
START_NS = 1_767_225_600_000_000_000
BREACH = (0.0, 0.1, 0.5, 1.2, 2.5, 4.0)  # K, from the bottom of the rack to its top


def summary(minute: int, seat: int, over_k: float, u: float | None = None) -> HostSummary:
    """What the host in a seat tells in a minute."""
    return HostSummary(
        f"n{seat + 1}", "t/0", START_NS + minute * MINUTE_NS, MINUTE_NS, 0.1, 23.0 + over_k, "r4",
        over_k, 1.0 + 2 * seat if u is None else u,
    )  # fmt: skip


def watch(
    over_k: tuple[float, ...], minutes: int = 10, air: RackAir | None = None, at: int = 0
) -> list[Alert]:
    air = air or RackAir()
    told: list[Alert] = []
    for minute in range(at, at + minutes):
        for seat, k in enumerate(over_k):
            told += air.hear(summary(minute, seat, k))
    return told


def test_hosts_that_breathe_the_warmer_air_the_higher_they_stand_are_told_as_their_rack() -> None:
    (alert,) = watch(BREACH)
    assert (alert.host, alert.kind, alert.fault) == ("r4", "condition", "recirculation")
    assert [evidence.seen for evidence in alert.evidence] == [27.0, 25.5, 24.2]
    assert 3 * MINUTE_NS <= alert.raised_ns - alert.onset_ns < 4 * MINUTE_NS
    assert "n6 4 K, n5 2.5 K" in alert.diagnosis


def test_it_ends_ten_minutes_after_the_air_is_as_it_was() -> None:
    air = RackAir()
    watch(BREACH, air=air)
    (ended,) = watch((0.0,) * 6, minutes=20, air=air, at=10)
    assert ended.state == "resolved"
    assert ended.ended_ns == START_NS + 20 * MINUTE_NS


def test_a_room_or_a_rack_that_is_warmer_as_a_whole_has_no_breach() -> None:
    assert watch((4.0,) * 6) == []


def test_one_warm_host_at_the_top_is_its_own_matter() -> None:
    assert watch((0.0, 0.0, 0.1, 0.0, 0.2, 6.0)) == []


def test_warm_hosts_at_the_bottom_are_no_air_from_above() -> None:
    assert watch(BREACH[::-1]) == []


def test_a_moment_is_not_enough() -> None:
    assert watch(BREACH, minutes=3) == []


def test_without_heights_or_with_three_hosts_nothing_is_told() -> None:
    air = RackAir()
    assert not any(air.hear(summary(m, seat, k, u=5.0)) for m in range(9) for seat, k in enumerate(BREACH))
    assert watch(BREACH[3:]) == []


def test_the_site_makes_an_incident_of_it_and_goes_on_from_its_record_exactly() -> None:
    events = [summary(m, seat, k) for m in range(10) for seat, k in enumerate(BREACH)]
    straight, points = Site(), []
    for event in events:
        points += straight.observe(event)
    restored = Site()
    again = []
    for event in events[:20]:
        again += restored.observe(event)
    restored = Site.restore(decode_site(encode_site(restored.state(), 20, 0)).state)
    for event in events[20:]:
        again += restored.observe(event)
    assert again == points
    incident = next(point for point in points if point.measurement == "incident")
    assert (incident.fields["scope"], incident.fields["place"]) == ("rack", "r4")
    assert incident.fields["fault"] == "recirculation"


LAYOUT = Layout(
    Topology({
        f"{rack}-{seat}": Place("server", rack, 1.0 + 2 * seat, "A", "z1", x=0.6 * at)
        for at, rack in enumerate(("r3", "r4", "r5")) for seat in range(8)
    })
)  # fmt: skip
FAINT = (0.0, 0.0, 0.2, 0.3, 0.5, 0.7, 0.9, 1.3)  # too little for the rule by itself
PLAIN = (0.0, 0.0, 0.4, 1.0, 1.7, 2.5, 3.3, 4.3)


def watch_zone(
    over_k: dict[str, tuple[float, ...]], minutes: int = 25, layout: Layout = LAYOUT
) -> tuple[RackAir, list[Alert]]:
    """A zone of three racks; those not named breathe as ever. It begins after a quarter of an hour."""
    air, told = RackAir(), list[Alert]()
    for minute in range(minutes):
        for rack in ("r3", "r4", "r5"):
            for seat in range(8):
                k = over_k[rack][seat] if rack in over_k and minute >= 15 else 0.0
                told += air.hear(
                    HostSummary(f"{rack}-{seat}", "t/0", START_NS + minute * MINUTE_NS, MINUTE_NS, 0.1,
                                23.0 + k, rack, k, 1.0 + 2 * seat), layout,
                )  # fmt: skip
    return air, told


def test_the_map_speaks_for_a_breach_and_is_evidence_of_it() -> None:
    _, (alert,) = watch_zone({"r4": PLAIN})
    assert (alert.host, alert.fault) == ("r4", "recirculation")
    said = alert.evidence[-1]
    assert (said.sensor, said.quantity, said.says) == ("recirculation_by_map", "other", "for")
    assert said.seen >= said.expected == CONFIRMS
    _, (alone,) = watch_zone({"r4": PLAIN}, layout=Layout())
    assert alert.confidence > alone.confidence
    assert all(evidence.sensor.startswith("inlet_temp_c") for evidence in alone.evidence)


def test_warmer_air_in_the_upper_half_of_all_racks_is_no_breach_of_each() -> None:
    """Servers that lack air take it from behind them, the higher the more: that is the zone's cooling."""
    everywhere = tuple(2.0 + 0.5 * k for k in PLAIN)
    air, told = watch_zone(dict.fromkeys(("r3", "r4", "r5"), everywhere))
    assert told == []
    assert watch_zone(dict.fromkeys(("r3", "r4", "r5"), everywhere), layout=Layout())[1] != []
    loss = air.cooling_loss("r3-0", LAYOUT)
    assert loss is not None
    assert loss.says == "for"


def test_the_map_is_no_evidence_where_nothing_was_asked() -> None:
    air, _ = watch_zone({})
    assert air.cooling_loss("r3-0", LAYOUT) is None
    assert air.cooling_loss("r3-0", Layout()) is None


def test_a_set_point_change_is_neither_a_breach_nor_lost_cooling() -> None:
    air, told = watch_zone(dict.fromkeys(("r3", "r4", "r5"), (2.0,) * 8), minutes=40)
    assert told == []
    loss = air.cooling_loss("r3-0", LAYOUT)
    assert loss is not None
    assert loss.says == "against"


def test_probabilities_that_count_are_those_chosen_in_training() -> None:
    chosen = load_rack_map().about["thresholds"]
    assert chosen["breach_confirmed_from"] == CONFIRMS
    assert chosen["loss_confirmed_from"] == LOSS
