"""Times in every unit and spelling that telemetry has."""

from __future__ import annotations

import pytest

from agent.errors import DecodeError
from agent.telemetry.readings import Message
from agent.telemetry.times import time_from

T_NS = 1_767_225_600_000_000_000  # 2026-01-01T00:00:00Z
BARE, RECORDED = Message(b""), Message(b"", timestamp_ms=1_767_225_600_500)


@pytest.mark.parametrize(
    ("stamp", "time_ns"),
    [
        (1_767_225_600, T_NS),
        (1_767_225_600_000, T_NS),
        (1_767_225_600_000_000, T_NS),
        (T_NS, T_NS),
        (1_767_225_600.25, T_NS + 250_000_000),
        ("1767225600", T_NS),
        ("1767225600.5", T_NS + 500_000_000),
        ("2026-01-01T00:00:00Z", T_NS),
        ("2026-01-01T00:00:00.000Z", T_NS),
        ("2026-01-01T00:00:00.123456789Z", T_NS + 123_456_789),
        ("2026-01-01T08:00:00+08:00", T_NS),
        ("2026-01-01T08:00:00+0800", T_NS),
        ("2025-12-31T18:00:00-0600", T_NS),
        ("2026-01-01 00:00:00", T_NS),
        (" 2026-01-01T00:00:00z ", T_NS),
        ("2025-12-31T23:59:60Z", T_NS),
        (1, 1_000_000_000),
    ],
)
def test_a_time_is_read(stamp: object, time_ns: int) -> None:
    assert time_from(stamp, BARE) == time_ns


@pytest.mark.parametrize(
    "stamp",
    [0, -1, True, [], {}, "soon", "2026-13-01T00:00:00Z", "2026-01-01T00:00:61Z", "2026-01-01", 2**63, "0",
     float("nan"), float("inf"), 1e300, 10**400, "9" * 30, "1969-12-31T23:59:59Z", "٢٠٢٦-01-01T00:00:00Z"],
)  # fmt: skip
def test_a_time_that_is_none_is_refused_even_where_the_record_has_one(stamp: object) -> None:
    with pytest.raises(DecodeError, match=r"^bad timestamp$"):
        time_from(stamp, RECORDED)


def test_no_time_is_the_records_or_none() -> None:
    for stamp in (None, ""):
        assert time_from(stamp, RECORDED) == T_NS + 500_000_000
        with pytest.raises(DecodeError, match=r"^no timestamp$"):
            time_from(stamp, BARE)
