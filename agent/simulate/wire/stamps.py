"""Times as messages spell them."""

from __future__ import annotations

from datetime import UTC, datetime


def rfc3339(stamp_s: float) -> str:
    """`2026-01-01T00:00:00Z`; whole seconds."""
    return datetime.fromtimestamp(int(stamp_s), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
