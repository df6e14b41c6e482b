"""Health, readiness and metrics, asked over real sockets."""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Iterator
from io import StringIO
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from prometheus_client import CollectorRegistry, Counter

from agent.config import LogConfig, StatusConfig
from agent.errors import ConfigError
from agent.logs import log_event, set_up_logs
from agent.status import StatusServer


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level


def ask(port: int, path: str) -> tuple[int, str]:
    try:
        with urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


def start(port: int = 0, alive: str = "", ready: str = "") -> StatusServer:
    return StatusServer(StatusConfig(port=port), lambda: alive, lambda: ready, CollectorRegistry())


def test_a_healthy_agent_answers_ok() -> None:
    with start() as server:
        assert ask(server.port, "/healthz") == (200, "ok\n")
        assert ask(server.port, "/readyz") == (200, "ok\n")


def test_an_agent_that_is_not_ready_says_why_and_is_still_alive() -> None:
    with start(ready="InfluxDB refuses: 401") as server:
        assert ask(server.port, "/readyz") == (503, "InfluxDB refuses: 401\n")
        assert ask(server.port, "/healthz")[0] == 200


def test_metrics_are_those_of_the_registry() -> None:
    registry = CollectorRegistry()
    Counter("coldaisle_messages_in", "Messages read", registry=registry).inc(3)
    with StatusServer(StatusConfig(port=0), lambda: "", lambda: "", registry) as server:
        status, text = ask(server.port, "/metrics")
    assert status == 200
    assert "coldaisle_messages_in_total 3.0" in text


def test_any_other_page_is_not_found() -> None:
    with start() as server:
        assert ask(server.port, "/config")[0] == 404


def test_a_second_instance_takes_the_next_free_port_and_says_so() -> None:
    said = StringIO()
    set_up_logs(LogConfig(), said)
    with start() as first, start(port=first.port) as second:
        assert second.port != first.port
        assert ask(second.port, "/healthz")[0] == 200
        assert f"status port taken wanted={first.port} port={second.port}" in said.getvalue()


def test_only_this_machine_can_ask() -> None:
    with start() as server:
        other = socket.gethostbyname_ex(socket.gethostname())[2]
        for address in (a for a in other if not a.startswith("127.")):
            with pytest.raises(OSError):
                socket.create_connection((address, server.port), timeout=1).close()


def test_an_address_of_another_machine_is_a_config_error() -> None:
    with pytest.raises(ConfigError, match=r"status\.host is 192\.0\.2\.1"):
        StatusServer(StatusConfig(host="192.0.2.1"), lambda: "", lambda: "", CollectorRegistry())


def test_a_failing_probe_does_not_stop_the_server() -> None:
    def broken() -> str:
        raise RuntimeError("probe")

    with StatusServer(StatusConfig(port=0), broken, lambda: "", CollectorRegistry()) as server:
        with pytest.raises(OSError):
            ask(server.port, "/healthz")
        assert ask(server.port, "/readyz")[0] == 200


# -- logs --------------------------------------------------------------------------------------------------


def line_of(form: str, level: int, event: str, /, **values: object) -> str:
    said = StringIO()
    set_up_logs(LogConfig(format=form), said)  # type: ignore[arg-type]
    log_event(logging.getLogger("agent.test"), level, event, **values)
    return said.getvalue()


def test_an_event_is_a_line_with_its_values() -> None:
    line = line_of("text", logging.WARNING, "silence", host="n07", topic="dc telemetry", seconds=3)
    assert line.split(" ", 1)[1] == 'WARNING silence host=n07 topic="dc telemetry" seconds=3\n'


def test_an_event_is_a_json_object_with_its_values() -> None:
    line = json.loads(line_of("json", logging.WARNING, "silence", host="n07", seconds=3, level="high"))
    line.pop("time")
    assert line == {"level": "warning", "event": "silence", "host": "n07", "seconds": 3, "level_": "high"}


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_host_name_cannot_forge_a_line_or_move_the_cursor(form: str) -> None:
    line = line_of(form, logging.WARNING, "silence", host="n07\n2026 ERROR all lost\x1b[2J\u2028\u202e")
    assert len(line.splitlines()) == 1
    assert line.strip().isprintable()


def test_debug_is_silent_by_default_and_libraries_below_warning() -> None:
    said = StringIO()
    set_up_logs(LogConfig(), said)
    logging.getLogger("agent.test").debug("x")
    logging.getLogger("kafka.client").info("joined")
    assert said.getvalue() == ""


def test_an_exception_is_one_line_too() -> None:
    try:
        raise ValueError("a\nb")
    except ValueError as error:
        line = line_of("text", logging.ERROR, "failed", exc_info=error)
    assert len(line.splitlines()) == 1
    assert "ValueError" in line
