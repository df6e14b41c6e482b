"""What goes missing at once: a GPU off the bus, the mains of a UPS, the phases of a PDU."""

from __future__ import annotations

import numpy as np
from builders import build_tick

from agent.diagnosis import diagnose
from agent.gpus import Gpus
from agent.rules.layout import layout_of

MACHINE = {
    "power_w": ("power", "W", 1_500.0),
    "fan1_rpm": ("fan_speed", "rpm", 5_000.0),
    "cpu1_temp_c": ("temperature", "Cel", 60.0),
    **{f"gpu{n}_temp_c": ("temperature", "Cel", 60.0) for n in (1, 2)},
    **{f"gpu{n}_power_w": ("power", "W", 400.0) for n in (1, 2)},
}
ONE_GPU = {name: told for name, told in MACHINE.items() if not name.startswith("gpu2")}
LOST = ("gpu1_temp_c", "gpu1_power_w")
UPS = {
    "input_v": ("voltage", "V", 230.0),
    "output_v": ("voltage", "V", 230.0),
    "battery_pct": ("other", "1", 100.0),
}
PDU = {
    **{f"phase{n}_v": ("voltage", "V", 230.0) for n in (1, 2, 3)},
    **{f"phase{n}_a": ("current", "A", 5.0) for n in (1, 2, 3)},
}


def lost_after(minutes: int, sensors: dict = MACHINE, power_w: float = 1_500.0) -> list[str]:  # type: ignore[type-arg]
    """What is told of a machine whose first GPU has been gone for so many ticks, a minute each."""
    gpus, told = Gpus(), []
    for at in range(5 + minutes):
        gone = max(at - 4, 0)
        tick = build_tick(
            at, seen={"power_w": power_w if gone else 1_500.0}, sensors=sensors, missing=LOST if gone else (),
            silent_min=dict.fromkeys(LOST, gone),
        )  # fmt: skip
        told = [f.fault for f in diagnose(tick, lost_gpus=gpus.update(tick, layout_of(tick)))]
    return told


def test_a_gpu_of_two_that_sends_nothing_is_lost_at_its_first_missing_reading() -> None:
    assert lost_after(0) == []
    assert lost_after(1) == ["gpu_lost"]


def test_a_lost_gpu_is_no_dropout_of_its_sensors() -> None:
    assert lost_after(30) == ["gpu_lost"]


def test_the_only_gpu_is_lost_where_the_power_it_drew_is_gone_too_else_its_collector_may_be() -> None:
    assert lost_after(1, ONE_GPU, power_w=1_150.0) == ["gpu_lost"]
    assert lost_after(1, ONE_GPU) == []
    assert lost_after(30, ONE_GPU) == ["sensor_dropout"]


def test_one_sensor_of_a_gpu_that_is_silent_is_no_lost_gpu() -> None:
    gpus = Gpus()
    tick = build_tick(1, sensors=MACHINE, missing=LOST[:1], silent_min={LOST[0]: 1})
    assert gpus.update(tick, layout_of(tick)) == ()


def test_gpus_of_a_machine_that_is_off_are_not_lost() -> None:
    gpus = Gpus()
    seen = {"power_w": 8.0, "fan1_rpm": 0.0}
    tick = build_tick(2, seen=seen, sensors=MACHINE, missing=LOST, silent_min=dict.fromkeys(LOST, 2))
    assert gpus.update(tick, layout_of(tick)) == ()


def test_a_ups_without_mains_is_told_and_a_low_input_only_while_the_battery_gives() -> None:
    def told(input_v: float, battery_pct: float) -> list[str]:
        tick = build_tick(seen={"input_v": input_v, "battery_pct": battery_pct}, sensors=UPS)
        return [f.fault for f in diagnose(tick)]

    assert told(0.0, 100.0) == ["ups_on_battery"]
    assert told(195.0, 90.0) == ["ups_on_battery"]
    assert told(195.0, 100.0) == []
    assert told(225.0, 90.0) == []


def test_a_dark_phase_of_a_pdu_is_a_lost_feed_with_the_others_against_it() -> None:
    (finding,) = diagnose(build_tick(seen={"phase2_v": 0.0, "phase2_a": 0.0}, sensors=PDU))
    assert finding.fault == "feed_loss"
    assert [(e.sensor, e.says) for e in finding.evidence] == [
        ("phase2_v", "for"), ("phase1_v", "against"), ("phase3_v", "against"),
    ]  # fmt: skip


def test_a_phase_that_never_had_voltage_is_no_lost_feed() -> None:
    unused = {"phase3_v": 0.0}
    tick = build_tick(seen=unused, usual={"phase3_v": np.nan}, peak=unused, sensors=PDU)
    assert diagnose(tick) == []
