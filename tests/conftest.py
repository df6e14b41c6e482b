"""What several modules of tests share."""

from __future__ import annotations

import pytest
from rich.console import Console

from agent.demo import run_demo
from tests.demo_run import Demo


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    out = tmp_path_factory.mktemp("demo") / "out"
    with (tmp_path_factory.mktemp("console") / "said").open("w+") as said:
        replayed = run_demo(out, console=Console(file=said, width=100))
        said.seek(0)
        return Demo(out, said.read(), replayed)
