"""Health and metrics over HTTP, for a service manager and Prometheus.

/healthz   200 while the main loop makes progress, else 503 (never says how InfluxDB or Kafka are)
/readyz    200 when partitions are held, read up to their commit and the sink accepts, else 503 and why
/metrics   Prometheus text format, from the registry given
"""

from __future__ import annotations

import errno
import logging
import socket
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from agent.config import StatusConfig
from agent.errors import ConfigError
from agent.logs import log_event

_log = logging.getLogger(__name__)
_TEXT = "text/plain; charset=utf-8"
_PORTS_TRIED = 100
_REQUEST_TIMEOUT_S = 5  # a client that sends nothing gives its thread back

_POLL_S = 0.1  # how soon close() is noticed

# Returns "" when all is well, else the reason in one line; called from the server's threads.
Probe = Callable[[], str]


class StatusServer:
    """Serves the three pages from a thread of its own until closed.

    Takes the next free port when the configured one is taken (several instances on one machine), and says so.

    Raises:
        ConfigError: the address is not this machine's, or no port is free.
    """

    def __init__(
        self,
        config: StatusConfig,
        alive: Probe,
        ready: Probe,
        metrics: CollectorRegistry,
    ) -> None:
        pages: dict[str, Callable[[], tuple[int, str, bytes]]] = {
            "/healthz": lambda: _verdict(alive),
            "/readyz": lambda: _verdict(ready),
            "/metrics": lambda: (200, CONTENT_TYPE_LATEST, generate_latest(metrics)),
        }
        self._server = _bind(config, pages)
        self.port: int = self._server.server_address[1]
        if config.port not in (0, self.port):
            log_event(_log, logging.WARNING, "status port taken", wanted=config.port, port=self.port)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_POLL_S,), name="status", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _verdict(probe: Probe) -> tuple[int, str, bytes]:
    reason = probe()
    return (503, _TEXT, f"{reason}\n".encode()) if reason else (200, _TEXT, b"ok\n")


def _bind(
    config: StatusConfig, pages: dict[str, Callable[[], tuple[int, str, bytes]]]
) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        server_version = "coldaisle"
        sys_version = ""
        timeout = _REQUEST_TIMEOUT_S

        def do_GET(self) -> None:
            page = pages.get(self.path.split("?")[0])
            status, kind, body = page() if page else (404, _TEXT, b"/healthz /readyz /metrics\n")
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the base class
            """Steady state is silent."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        allow_reuse_address = True
        address_family = socket.AF_INET6 if ":" in config.host else socket.AF_INET

        def handle_error(self, *_: object) -> None:
            error = sys.exc_info()[1]
            # A client that goes away in the middle is nobody's error.
            if not isinstance(error, ConnectionError | TimeoutError):
                log_event(_log, logging.ERROR, "status page failed", exc_info=error)

    last = min(config.port + _PORTS_TRIED, 65_536)
    for port in range(config.port, last):
        try:
            return Server((config.host, port), Handler)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                reason = error.strerror or str(error)
                raise ConfigError(f"config: status.host is {config.host}, port {port}: {reason}") from error
    raise ConfigError(f"config: status.port is {config.port}; no port of {config.port}..{last - 1} is free")
