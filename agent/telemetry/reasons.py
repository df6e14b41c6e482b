"""Why a message is set aside: short and stable, since people count dead letters by their reason."""

from __future__ import annotations

TOMBSTONE = "tombstone"
EMPTY = "empty value"
TOO_LARGE = "too large"
NOT_UTF8 = "not utf-8"
NOT_JSON = "not json"
NOT_LINE_PROTOCOL = "not json or line protocol"
NOTHING_USABLE = "nothing usable"
TOO_MANY_HOSTS = "too many hosts"
TOO_MANY_SENSORS = "too many sensors"


def unsupported(name: str) -> str:
    """The reason for a format that is recognised but not read."""
    return f"unsupported format: {name}"
