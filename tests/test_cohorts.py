"""Which hosts are trained together, and which cohort a host joins."""

from __future__ import annotations

import pytest

from agent.cohorts import CohortChoice, cohort_id, home_of, likeness

PLAIN = ("cpu1_temp_c", "cpu2_temp_c", "fan1_rpm", "fan2_rpm", "inlet_temp_c", "power_w")
WITH_CARDS = (*PLAIN, "cpu_freq_hz", "gpu1_power_w", "gpu1_temp_c")
RICH = tuple(f"temp{at}_c" for at in range(20))


def choice(**hosts: set[str]) -> CohortChoice:
    sensors = {cohort_id("", PLAIN): PLAIN, cohort_id("", WITH_CARDS): WITH_CARDS}
    return CohortChoice(sensors, {cohort_id("", sets): hosts.get(name, set()) for name, sets in
                                  (("plain", PLAIN), ("cards", WITH_CARDS))})  # fmt: skip


def test_a_server_with_cards_joins_those_with_cards_though_it_has_all_that_plain_ones_have() -> None:
    assert choice().best(WITH_CARDS) == cohort_id("", WITH_CARDS)
    assert choice().best([*WITH_CARDS, "vrm_temp_c"]) == cohort_id("", WITH_CARDS)
    assert choice().best(PLAIN) == cohort_id("", PLAIN)


def test_a_host_that_lost_its_card_stays_where_it_was_trained() -> None:
    bare = PLAIN[:-1] + WITH_CARDS[6:7]
    assert choice().best(bare, host="n07") == cohort_id("", PLAIN)
    assert choice(cards={"n07"}).best(bare, host="n07") == cohort_id("", WITH_CARDS)


def test_a_cohort_of_the_hosts_kind_goes_before_one_that_is_more_like_it() -> None:
    of_kind = cohort_id("gpu", PLAIN)
    choices = CohortChoice({of_kind: PLAIN, cohort_id("", WITH_CARDS): WITH_CARDS})
    assert choices.best(WITH_CARDS, "gpu") == of_kind


def test_a_host_with_too_little_of_every_cohort_joins_none() -> None:
    assert choice().best(PLAIN[:3]) == ""
    assert choice(cards={"n07"}).best(PLAIN[:3], host="n07") == ""
    assert CohortChoice({}).best(PLAIN) == ""


@pytest.mark.parametrize(
    ("hosts", "missing", "home"),
    [(3, 6, None), (2, 6, RICH), (2, 9, None), (50, 1, RICH), (50, 2, None)],
    ids=["many of another model", "a few", "a few of another make", "one is flaky", "two are not there"],
)
def test_hosts_are_trained_with_their_like(hosts: int, missing: int, home: tuple[str, ...] | None) -> None:
    assert home_of(set(RICH[missing:]), hosts, [PLAIN, RICH]) == home


def test_a_host_of_its_own_is_trained_with_those_that_are_most_like_it() -> None:
    assert home_of({*RICH[:19]}, 1, [RICH[:13], RICH, RICH[:15]]) == RICH


def test_sets_with_nothing_in_common_are_not_alike() -> None:
    assert likeness(set(PLAIN), set(RICH)) == likeness(set(), set()) == 0.0
    assert likeness(set(PLAIN), set(PLAIN)) == 1.0
