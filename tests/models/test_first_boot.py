"""The first-boot scorer: quiet unless something is far outside of what machines do."""

from __future__ import annotations

import numpy as np
import pytest

from models.linear import FirstBoot, z_score

QUANTITIES = ("temperature", "power", "fan_speed")
CALM = (45.0, 250.0, 5000.0)
Judged = tuple[float, float, np.ndarray]


def judge(scorer: FirstBoot, *values: float, usable: tuple[bool, ...] = ()) -> Judged:
    there = np.array(usable or (True,) * len(values))
    return scorer.judge(np.array(values), there, QUANTITIES[: len(values)])


def after_calm(ticks: int) -> FirstBoot:
    """After that many ticks of light noise."""
    scorer, rng = FirstBoot(), np.random.default_rng(0)
    for _ in range(ticks):
        judge(scorer, *(np.array(CALM) + rng.normal(0, (1.0, 5.0, 60.0))))
    return scorer


def test_the_first_30_ticks_are_not_scored() -> None:
    scorer = FirstBoot()
    scores = [judge(scorer, *CALM)[0] for _ in range(31)]
    assert scores[:30] == [-1.0] * 30
    assert scores[30] == 0.0  # exactly what it always was


def test_the_threshold_is_six_and_a_half_spreads() -> None:
    _, threshold, _ = judge(FirstBoot(), *CALM)
    assert threshold == pytest.approx(6.5**2 / (2 * 2.302585 * 12))  # 0.7645
    assert z_score(100.0) == 1.0


def test_load_that_surges_for_hours_raises_nothing() -> None:
    scorer, rng = after_calm(60), np.random.default_rng(1)
    for tick in range(600):
        load = 1.0 if tick // 20 % 2 else 0.0
        score, threshold, _ = judge(
            scorer, 45 + 30 * load + rng.normal(), 250 + 350 * load + rng.normal(0, 5), 5000 + 5000 * load
        )
        assert score < threshold


@pytest.mark.parametrize(
    ("values", "place"), [((110.0, 250.0, 5000.0), 0), ((45.0, 250.0, 0.0), 2), ((45.0, 8000.0, 5000.0), 1)]
)
def test_what_is_far_outside_of_everything_passes_and_is_named(
    values: tuple[float, float, float], place: int
) -> None:
    scorer = after_calm(120)
    judged = [judge(scorer, *values) for _ in range(12)]
    assert max(score - threshold for score, threshold, _ in judged) > 0
    assert judged[-1][2].argmax() == place
    assert judged[-1][2].sum() == pytest.approx(1.0)


def test_a_single_odd_tick_passes_nothing() -> None:
    scorer = after_calm(120)
    score, threshold, _ = judge(scorer, 110.0, 250.0, 5000.0)
    assert score < threshold


def test_a_missing_sensor_has_no_share_and_a_new_one_may_come_later() -> None:
    scorer = after_calm(60)
    score, _, share = judge(scorer, 110.0, 250.0, 0.0, usable=(False, True, False))
    assert share[[0, 2]].tolist() == [0.0, 0.0]
    assert score >= 0
    narrow = FirstBoot()
    judge(narrow, 45.0)
    assert judge(narrow, *CALM)[2].shape == (3,)
    assert narrow.count.tolist() == [2.0, 1.0, 1.0]


def test_a_scorer_read_from_its_arrays_goes_on_the_same() -> None:
    scorer = after_calm(40)
    again = FirstBoot.from_arrays({k: v.copy() for k, v in scorer.to_arrays().items()})
    for values in ((50.0, 300.0, 5200.0), (90.0, 250.0, 0.0)):
        have, want = judge(again, *values), judge(scorer, *values)
        assert have[:2] == want[:2]
        np.testing.assert_array_equal(have[2], want[2])
