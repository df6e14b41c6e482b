"""Progress of long work: bars on a terminal, silence elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress


class Stage(Protocol):
    """One piece of long work."""

    def advance(self, done: int) -> None: ...

    def reach(self, done: int, total: int) -> None: ...


class Progress(Protocol):
    """Shows stages of long work, one after the other."""

    @contextmanager
    def stage(self, name: str) -> Iterator[Stage]: ...


class Quiet:
    """Shows nothing: for tests, pipes and scripts."""

    @contextmanager
    def stage(self, name: str) -> Iterator[Stage]:  # noqa: ARG002 - a name has no place to be shown
        yield _Nothing()


class _Nothing:
    def advance(self, done: int) -> None:
        """Nobody looks."""

    def reach(self, done: int, total: int) -> None:
        """Nobody looks."""


class Bars:
    """A bar a stage on the terminal; on anything else only the stage's name when it begins."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextmanager
    def stage(self, name: str) -> Iterator[Stage]:
        if not self._console.is_terminal:
            self._console.print(name)
            yield _Nothing()
            return
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with RichProgress(*columns, console=self._console) as bars:
            yield _Bar(bars, bars.add_task(name, total=None))


class _Bar:
    def __init__(self, bars: RichProgress, task: TaskID) -> None:
        self._bars = bars
        self._task = task

    def advance(self, done: int) -> None:
        self._bars.advance(self._task, done)

    def reach(self, done: int, total: int) -> None:
        self._bars.update(self._task, completed=done, total=total)
