"""Explanations: an alert's score made again from what was kept of it, and why there was no alert."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from agent.alert_window import MEASUREMENT, AlertWindow
from agent.cli import app
from agent.errors import ConfigError
from agent.explain.quiet import explain_quiet
from agent.explain.rescore import explain_window
from agent.points import Point, encode_line
from agent.telemetry.line_protocol import parse_line
from models.registry import Registry
from tests.demo_run import Demo

MINUTE_NS = 60_000_000_000
NOON_NS = 1_767_225_600_000_000_000 + 720 * MINUTE_NS


def windows_of(demo: Demo) -> list[AlertWindow]:
    points = [point for point in demo.replayed.points if point.measurement == MEASUREMENT]
    return [AlertWindow.from_point(point) for point in points]


def explain(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["explain", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_every_alert_but_silence_keeps_its_window(demo: Demo) -> None:
    alerts = {p.fields["id"] for p in demo.alerts if p.tags["kind"] != "silence"}
    assert {window.id for window in windows_of(demo)} == alerts


def test_a_window_scores_again_to_the_score_of_the_tick_that_raised_the_alert(demo: Demo) -> None:
    registry = Registry(demo.out / "registry")
    scores = {
        (p.tags["host"], p.time_ns): p.fields["score"]
        for p in demo.replayed.points
        if p.measurement == "anomaly_score"
    }
    windows = [window for window in windows_of(demo) if window.cohort]
    assert len(windows) >= 5
    for window in windows:
        found = explain_window(window, registry.load(window.model).detectors[window.cohort])
        assert found.scores["fused"] == pytest.approx(scores[window.host, window.raised_ns], rel=1e-5)
        assert found.is_same
        assert sum(part.share for part in found.sensors) == pytest.approx(1.0)


def test_another_window_scores_otherwise(demo: Demo) -> None:
    window = next(w for w in windows_of(demo) if w.host == "r1-n01")
    detector = Registry(demo.out / "registry").load(window.model).detectors[window.cohort]
    calm = replace(window, rows=np.tile(window.rows[:1], (len(window.rows), 1)))
    assert not explain_window(calm, detector).is_same
    with pytest.raises(ValueError, match="holds nothing"):
        explain_window(replace(window, rows=window.rows[:0]), detector)


def test_a_window_comes_back_from_its_point_bit_by_bit(demo: Demo) -> None:
    for window in windows_of(demo):
        line = parse_line(encode_line(window.to_point()))
        assert line is not None
        again = AlertWindow.from_point(Point(line.measurement, line.tags, dict(line.fields), line.time or 0))
        np.testing.assert_array_equal(again.rows, window.rows)
        np.testing.assert_array_equal(again.level, window.level)
        assert again.to_point() == window.to_point()


def test_a_window_too_long_for_a_field_loses_its_oldest_rows(demo: Demo) -> None:
    window = windows_of(demo)[0]
    wide = np.random.default_rng(0).normal(size=(126, 400)).astype(np.float32)
    point = replace(window, rows=wide, sensors=tuple(f"s{n}" for n in range(400))).to_point()
    assert len(str(point.fields["window"])) <= 60_000
    kept = AlertWindow.from_point(point).rows
    assert 0 < len(kept) < len(wide)
    np.testing.assert_array_equal(kept, wide[-len(kept) :])


def test_explain_says_what_the_score_is_made_of(demo: Demo) -> None:
    alert = next(p for p in demo.alerts if p.tags["host"] == "r1-n01")
    said = explain(str(alert.fields["incident"]), "--out", str(demo.out))
    assert "Fan failure" in said
    assert "the same as then" in said
    assert "fan3_rpm" in said
    told = json.loads(explain(str(alert.fields["id"]), "--out", str(demo.out), "--json"))
    assert told["is_same"]
    assert told["sensors"][0]["sensor"] == "fan3_rpm"


def test_explain_says_why_silence_has_no_score(demo: Demo) -> None:
    alert = next(p for p in demo.alerts if p.tags["kind"] == "silence")
    assert "cannot be made again" in explain(str(alert.fields["id"]), "--out", str(demo.out))


def test_explain_says_that_the_model_is_gone(demo: Demo, tmp_path: object) -> None:
    alert = next(p for p in demo.alerts if p.tags["host"] == "r1-n01")
    said = explain(str(alert.fields["id"]), "--out", str(demo.out), "--registry", str(tmp_path))
    assert "is not there" in said


@pytest.mark.parametrize(
    ("time", "said"),
    [
        ("2026-03-04T06:45:00Z", "no alert"),
        ("2026-03-04T06:55:00Z", "there was an alert: fan_failure"),
        ("2026-01-01T00:00:00Z", "nothing of the host was scored"),
    ],
)
def test_explain_says_why_a_host_had_no_alert_at_a_time(demo: Demo, time: str, said: str) -> None:
    assert said in " ".join(explain("r1-n01", time, "--out", str(demo.out)).split())


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [
        (("r1-n01",), "is no id"),
        (("ffffffffffff",), "is not known"),
        (("r1-n01", "yesterday"), "TIME"),
    ],
)
def test_explain_refuses_what_it_cannot_mean(demo: Demo, arguments: tuple[str, ...], wrong: str) -> None:
    result = CliRunner().invoke(app, ["explain", *arguments, "--out", str(demo.out)])
    assert isinstance(result.exception, ConfigError)  # exit code 2
    assert wrong in str(result.exception)


def test_explain_needs_a_place_to_read_from() -> None:
    assert isinstance(CliRunner().invoke(app, ["explain", "abcd"]).exception, ConfigError)


def scored(minute: float, score: float, missing: float = 0.0, model: str = "r1") -> Point:
    fields: dict[str, float | str] = {
        "score": score,
        "threshold": 0.4,
        "top_sensor": "cpu1_temp_c",
        "top_sensor_share": 0.5,
        "missing_share": missing,
        "model": model,
    }
    return Point("anomaly_score", {"host": "n1"}, fields, NOON_NS + int(minute * MINUTE_NS))


def test_one_tick_above_the_threshold_is_not_enough_and_the_answer_says_so() -> None:
    quiet = explain_quiet("n1", NOON_NS, [scored(-2, 0.1), scored(-1, 0.2), scored(0, 0.5)], [])
    assert quiet.above == 1
    assert any("in 1 of the last 3 ticks" in reason for reason in quiet.reasons)


def test_two_ticks_above_without_an_alert_were_held_back() -> None:
    quiet = explain_quiet("n1", NOON_NS, [scored(-1, 0.5), scored(0, 0.5)], [])
    assert any("held back" in reason for reason in quiet.reasons)


def test_what_was_missing_and_what_came_near_is_told() -> None:
    scores = [scored(-1, 0.1, 0.5, "linear"), scored(0, 0.1, 0.5, "linear"), scored(30, 0.6)]
    said = " ".join(explain_quiet("n1", NOON_NS, scores, []).reasons)
    assert "25% of the threshold" in said
    assert "50% of the window was missing" in said
    assert "no model fits the host" in said
    assert "1.50 thresholds" in said


def test_a_time_between_ticks_far_apart_names_both() -> None:
    quiet = explain_quiet("n1", NOON_NS, [scored(-40, 0.1), scored(-39, 0.1), scored(20, 0.1)], [])
    assert quiet.tick_ns == 0
    assert "39 min earlier" in quiet.reasons[0]
    assert "20 min later" in quiet.reasons[0]


def test_the_report_shows_what_each_score_is_made_of(demo: Demo) -> None:
    page = (demo.out / "report.html").read_text(encoding="utf-8")
    assert page.count("What the score is made of") >= 5
