"""Waits double up to the longest, and begin anew after a success."""

from __future__ import annotations

from agent.backoff import Backoff


def test_waits_double_up_to_the_longest() -> None:
    backoff = Backoff(0.5, 3.0, jitter=lambda: 1.0)
    assert [backoff.next_s() for _ in range(5)] == [0.5, 1.0, 2.0, 3.0, 3.0]


def test_chance_takes_a_share_of_the_wait() -> None:
    assert Backoff(0.5, 3.0, jitter=lambda: 0.2).next_s() == 0.1


def test_a_success_begins_anew() -> None:
    backoff = Backoff(0.5, 3.0, jitter=lambda: 1.0)
    backoff.next_s()
    backoff.reset()
    assert backoff.next_s() == 0.5


def test_failures_without_end_overflow_nothing() -> None:
    backoff = Backoff(0.5, 30.0, jitter=lambda: 1.0)
    assert [backoff.next_s() for _ in range(3_000)][-1] == 30.0
