from __future__ import annotations

from builders import START_NS, build_tick

from agent.points import encode_line
from agent.tick_points import reading_point, score_point, six_digits


def test_numbers_have_six_significant_digits() -> None:
    assert six_digits(0.123456789) == 0.123457
    assert six_digits(1234567.0) == 1234570.0
    assert six_digits(0.0) == 0.0


def test_what_is_not_finite_is_not_known() -> None:
    assert six_digits(float("nan")) == six_digits(float("inf")) == -1.0


def test_a_scores_point_has_every_field_of_the_contract() -> None:
    tick = build_tick(score=0.123456789, share={"cpu1_temp_c": 0.7, "power_w": 0.3})
    point = score_point(tick, "r3")
    assert (point.measurement, point.tags, point.time_ns) == ("anomaly_score", {"host": "n07"}, START_NS)
    assert point.fields == {
        "score": 0.123457,
        "threshold": 0.5,
        "lstm_ae": 0.123457,
        "gan": 0.123457,
        "linear": 0.123457,
        "top_sensor": "cpu1_temp_c",
        "top_sensor_share": 0.7,
        "missing_share": 0.0,
        "cohort": "c0ffee00",
        "rack": "r3",
        "model": "r1",
    }


def test_without_shares_no_sensor_is_named_and_parts_that_are_absent_are_not_known() -> None:
    fields = score_point(build_tick(scored=False), "").fields
    assert (fields["top_sensor"], fields["top_sensor_share"]) == ("", -1.0)
    assert (fields["lstm_ae"], fields["gan"], fields["linear"]) == (-1.0, -1.0, -1.0)


def test_a_reading_holds_only_what_arrived_at_full_precision() -> None:
    tick = build_tick(seen={"power_w": 400.123456789012})
    tick.arrived[:] = False
    tick.arrived[tick.sensors.index("power_w")] = True
    point = reading_point("n07", START_NS, tick.sensors, tick.seen, tick.arrived)
    assert encode_line(point) == f"reading,host=n07 power_w=400.123456789012 {START_NS}"
