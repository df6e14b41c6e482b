"""What the agent says on standard error: an event and its values, a line each.

text   2026-11-24T21:04:05Z WARNING silence host=n07 topic="dc telemetry"
json   {"time": "2026-11-24T21:04:05Z", "level": "warning", "event": "silence", "host": "n07"}

Written with the standard library: `log_event(log, logging.WARNING, "silence", host=host)`. A control
character in a value, which may come from anyone who can write to a topic, is escaped; long values are cut.
Numbers that change all the time are metrics (`agent.status`), not lines.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import TextIO

from agent.config import LogConfig

_VALUES = "coldaisle_values"
_MAX_VALUE_CHARS = 2000
_LIBRARIES = ("kafka", "urllib3", "influxdb_client", "reactivex")


def log_event(logger: logging.Logger, level: int, event: str, /, **values: object) -> None:
    """One event with its values; `exc_info=error` adds an exception's type, message and traceback."""
    exc_info = values.pop("exc_info", None)
    error = exc_info if isinstance(exc_info, BaseException) else None
    logger.log(level, event, exc_info=error, extra={_VALUES: values})


def set_up_logs(config: LogConfig, stream: TextIO | None = None) -> None:
    """Send all logs to `stream` (standard error) in the configured form; libraries only when debugging."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter() if config.format == "json" else TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(config.level.upper())
    for name in _LIBRARIES:
        # While a broker is away its client says so ten times a second; the daemon says it once.
        logging.getLogger(name).setLevel(logging.WARNING if config.level == "debug" else logging.CRITICAL)


class TextFormatter(logging.Formatter):
    """Time, level, event, key=value."""

    def format(self, record: logging.LogRecord) -> str:
        parts = [_time(record), record.levelname, _plain(_event(record))]
        parts += [f"{key}={_quoted(str(value))}" for key, value in _values(self, record).items()]
        return " ".join(parts)


class JsonFormatter(logging.Formatter):
    """One JSON object a line, ASCII only."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "event": _event(record),
        }
        for key, value in _values(self, record).items():
            # An event's own values never hide what the line is about.
            line[f"{key}_" if key in line else key] = (
                value if isinstance(value, bool | int | float) else str(value)[:_MAX_VALUE_CHARS]
            )
        return json.dumps(line)


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _event(record: logging.LogRecord) -> str:
    return record.getMessage()[:_MAX_VALUE_CHARS]


def _values(formatter: logging.Formatter, record: logging.LogRecord) -> dict[str, object]:
    values = dict(getattr(record, _VALUES, {}))
    if not record.name.startswith(("agent", "models")):
        values["logger"] = record.name
    if record.exc_info and record.exc_info[1] is not None:
        values["error"] = f"{type(record.exc_info[1]).__name__}: {record.exc_info[1]}"
        if record.levelno >= logging.ERROR:
            values["traceback"] = formatter.formatException(record.exc_info)
    return values


def _plain(text: str) -> str:
    """`text` with everything escaped that could move a terminal's cursor or begin a new line."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def _quoted(text: str) -> str:
    shown = _plain(text[:_MAX_VALUE_CHARS])
    if shown and not any(c in shown for c in ' ="'):
        return shown
    escaped = shown.replace('"', '\\"')
    return f'"{escaped}"'
