"""One real server on a free local port, to start, kill and start again on the same data."""

from __future__ import annotations

import signal
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from deploy.local.builds import ServicesError
from deploy.local.processes import KILL_TIMEOUT_S, STOP_TIMEOUT_S, Running, pick_port, wait_until

START_TIMEOUT_S = 90.0  # a JVM on two busy cores; 5 s on idle ones


class Server(ABC):
    """A server whose data lie in `folder` and whose port stays the same over restarts.

    Use it as a context, or call `remove()` at the end: it ends the server and, of a container, the data.
    """

    name: ClassVar[str]

    def __init__(self, folder: Path, port: int | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder.resolve()
        self.port = port or pick_port()
        self._running: Running | None = None

    @property
    def pid(self) -> int:
        """The server's process, 0 if it was never started."""
        return self._running.pid() if self._running else 0

    @property
    def is_alive(self) -> bool:
        return self._running is not None and self._running.is_alive()

    def start(self, timeout_s: float = START_TIMEOUT_S) -> Self:
        """Starts it and waits until it answers.

        Raises ServicesError with the end of its log if it does not.
        """
        if self._running is None:
            self._running = self._prepare()
        running = self._running
        running.start()
        answered = wait_until(lambda: self.answers() or not running.is_alive(), timeout_s)
        if not running.is_alive():
            raise ServicesError(f"{self.name} ended at its start; its log ends with\n{running.log_tail()}")
        if not answered:
            running.signal(signal.SIGKILL)
            raise ServicesError(
                f"{self.name} gave no answer in {timeout_s:.0f} s; its log ends with\n{running.log_tail()}"
            )
        return self

    def stop(self) -> None:
        """Asks it to end (SIGTERM) and waits; kills it if it takes too long."""
        self._end(signal.SIGTERM, STOP_TIMEOUT_S) or self._end(signal.SIGKILL, KILL_TIMEOUT_S)

    def kill(self) -> None:
        """Ends it without warning (SIGKILL)."""
        self._end(signal.SIGKILL, KILL_TIMEOUT_S)

    def restart(self) -> Self:
        self.stop()
        return self.start()

    def pause(self) -> None:
        """Freezes it (SIGSTOP): connections stay open and nothing answers, until `resume()`."""
        if self._running:
            self._running.signal(signal.SIGSTOP)

    def resume(self) -> None:
        if self._running:
            self._running.signal(signal.SIGCONT)

    def remove(self) -> None:
        self.kill()
        if self._running:
            self._running.remove()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()

    @abstractmethod
    def answers(self) -> bool:
        """True if it answers a request of its own protocol now."""

    @abstractmethod
    def _prepare(self) -> Running:
        """What to start, with its programs fetched and its files written. Raises MissingToolError."""

    def _end(self, number: signal.Signals, timeout_s: float) -> bool:
        running = self._running
        if running is None or not running.is_alive():
            return True
        running.signal(number)
        return wait_until(lambda: not running.is_alive(), timeout_s)
