"""Which hosts need a new record at a commit, and how far back a restart reads."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.delivery.checkpoints import Checkpoints

S = 1_000_000_000
REWIND_S = 900


def checkpoints() -> Checkpoints:
    return Checkpoints(REWIND_S * S)


def commit(kept: Checkpoints, offset: int, event_s: float) -> tuple[list[str], int]:
    """What a commit does: new records of whoever is due, then the rewind offset."""
    due = kept.due(round(event_s * S))
    kept.stamp(due, offset, round(event_s * S))
    return due, kept.rewind_to(offset)


def test_with_nothing_changed_a_restart_reads_from_the_committed_offset() -> None:
    assert commit(checkpoints(), offset=500, event_s=0) == ([], 500)


def test_a_host_without_a_record_gets_one_at_the_next_commit() -> None:
    kept = checkpoints()
    kept.touch(["h1"])
    assert commit(kept, offset=500, event_s=0) == (["h1"], 500)


def test_a_changed_host_holds_the_rewind_offset_at_its_record() -> None:
    kept = checkpoints()
    kept.touch(["h1"])
    commit(kept, offset=500, event_s=0)
    kept.touch(["h1"])
    assert commit(kept, offset=600, event_s=60) == ([], 500)


def test_a_host_that_is_quiet_since_its_record_holds_nothing_back() -> None:
    kept = checkpoints()
    kept.touch(["h1"])
    commit(kept, offset=500, event_s=0)
    assert commit(kept, offset=600, event_s=60) == ([], 600)


def test_the_oldest_record_of_a_changed_host_counts() -> None:
    kept = checkpoints()
    kept.restore("h1", 300, 0)
    kept.restore("h2", 200, 0)
    kept.restore("h3", 100, 0)
    kept.touch(["h1", "h2"])  # h3 has said nothing since its record: that still is the host
    assert commit(kept, offset=900, event_s=10) == ([], 200)


def test_a_new_record_moves_the_rewind_offset_on() -> None:
    kept = checkpoints()
    kept.restore("h1", 100, 0)
    kept.restore("h2", 400, 700 * S)
    kept.touch(["h1", "h2"])
    assert commit(kept, offset=900, event_s=730) == (["h1"], 400)  # 730 s is over 0.8 × 900 for anyone


def test_a_record_is_no_sooner_renewed_than_at_two_fifths_of_the_rewind_time() -> None:
    kept = checkpoints()
    for number in range(500):
        kept.restore(f"h{number}", 100, 0)
    kept.touch(kept.stamps)
    assert kept.due(360 * S) == []
    assert kept.due(721 * S) == sorted(kept.stamps)


def test_records_are_renewed_evenly_over_time_and_not_all_at_once() -> None:
    kept = checkpoints()
    for number in range(500):
        kept.restore(f"h{number}", 100, 0)
    counts = []
    for event_s in (450, 540, 630, 721):  # quarters of the time between 360 and 720 s
        kept.touch(kept.stamps)
        due, _ = commit(kept, offset=1_000, event_s=event_s)
        counts.append(len(due))
    assert sum(counts) == 500
    assert min(counts) > 80  # 125 each, had chance no part in it


def test_a_host_that_says_nothing_is_never_due() -> None:
    kept = checkpoints()
    kept.restore("h1", 100, 0)
    assert kept.due(10**6 * S) == []
    assert kept.rewind_to(10**6) == 10**6


def test_a_host_that_wakes_up_after_hours_is_due_at_once() -> None:
    kept = checkpoints()
    kept.restore("h1", 100, 0)
    kept.touch(["h1"])
    assert commit(kept, offset=70_000, event_s=7_200) == (["h1"], 70_000)


def test_due_hosts_come_in_a_fixed_order() -> None:
    kept = checkpoints()
    kept.touch(["h2", "h10", "h1"])
    assert kept.due(0) == ["h1", "h10", "h2"]


def test_sharing_is_the_same_in_every_process() -> None:
    kept = checkpoints()
    kept.restore(
        "123456789", 100, 0
    )  # its crc32 is the well-known cbf43926, 3 421 780 262: share 0.4 + 0.4 × 0.262
    kept.touch(["123456789"])
    assert kept.due(454 * S) == []
    assert kept.due(455 * S) == ["123456789"]  # 0.5048 × 900 = 454.32


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 120), st.sets(st.sampled_from(["h1", "h2", "h3", "h4", "h5", "h6"]))),
        max_size=60,
    )
)
def test_a_restart_reads_every_change_since_its_hosts_record_and_never_further_back_than_the_rewind_time(
    polls: list[tuple[int, set[str]]],
) -> None:
    kept, event_s = checkpoints(), 0
    unrecorded: dict[str, int] = {}  # host → offset of its first message that is in no record
    event_at: dict[int, int] = {}
    for offset, (passed_s, hosts) in enumerate(polls, start=1):  # a message a host and poll; then a commit
        event_s += passed_s
        for host in hosts:
            unrecorded.setdefault(host, offset)
        kept.touch(hosts)
        event_at[offset + 1] = event_s
        due, rewind_to = commit(kept, offset + 1, event_s)
        for host in due:
            unrecorded.pop(host, None)
        assert all(rewind_to <= first for first in unrecorded.values())
        assert rewind_to <= offset + 1
        assert event_s - event_at[rewind_to] <= REWIND_S
