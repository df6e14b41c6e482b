"""Load that moves between the phases of a PDU is told; work that comes and goes is not."""

from __future__ import annotations

from builders import build_tick

from agent.diagnosis import diagnose
from agent.phases import Phases
from agent.rules.layout import layout_of

PDU = {
    **{f"phase{n}_v": ("voltage", "V", 230.0) for n in (1, 2, 3)},
    **{f"phase{n}_a": ("current", "A", 8.0) for n in (1, 2, 3)},
}


def told(*course: tuple[float, float, float]) -> list[list[str]]:
    """What is told at each of these currents, a minute apart."""
    phases, found = Phases(), []
    for at, amps in enumerate(course):
        seen = {f"phase{n + 1}_a": a for n, a in enumerate(amps)}
        tick = build_tick(at, seen=seen, sensors=PDU)
        moved = phases.update(tick, layout_of(tick))
        found.append([f.fault for f in diagnose(tick, moved_from=moved)])
    return found


MOVED = ["phase_imbalance"]


def test_what_one_phase_gains_from_both_others_is_told_until_it_moves_back() -> None:
    course = [(8.0, 8.0, 8.0), (4.0, 16.0, 4.0), (4.1, 16.3, 4.0), (8.0, 8.1, 8.0), (8.0, 8.0, 8.0)]
    assert told(*course) == [[], MOVED, MOVED, [], []]


def test_a_job_that_ends_on_one_phase_while_another_begins_elsewhere_is_no_moved_load() -> None:
    assert told((5.2, 11.4, 11.0), (3.4, 13.1, 11.1))[-1] == []


def test_work_that_begins_on_one_phase_or_on_all_is_no_moved_load() -> None:
    assert told((8.0, 8.0, 8.0), (8.0, 14.0, 8.0), (12.0, 18.0, 12.0)) == [[], [], []]


def test_load_that_moves_to_where_all_are_nearly_equal_is_no_trouble() -> None:
    assert told((5.0, 11.0, 8.0), (8.0, 8.0, 8.0))[-1] == []


def test_a_few_tenths_of_an_ampere_are_no_news() -> None:
    assert told((0.6, 0.9, 0.7), (0.8, 0.6, 0.7))[-1] == []


def test_load_that_moved_to_a_phase_which_had_too_little_is_no_trouble() -> None:
    assert told((12.0, 2.0, 6.0), (10.5, 4.3, 5.2))[-1] == []
