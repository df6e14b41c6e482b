"""Who may import what: the arrows of the architecture, and nothing that runs code found in data."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
SOURCES = sorted([*(ROOT / "agent").rglob("*.py"), *(ROOT / "models").rglob("*.py")])
OUTSIDE_WORLD = ("kafka", "influxdb_client", "urllib3", "requests", "socket", "http")
FILES = ("pathlib", "os", "io", "shutil", "tempfile", "subprocess")
UNSAFE_MODULES = ("pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal")
UNSAFE_CALLS = (
    "eval",
    "exec",
    "yaml.load",
    "torch.load",
    "torch.jit.load",
    "torch.hub.load",
    "pandas.read_pickle",
    "pd.read_pickle",
    "os.system",
)


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imports(path: Path) -> Iterator[str]:
    """Full names of everything a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(path)} has a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def calls(path: Path) -> Iterator[ast.Call]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def is_of(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def test_models_know_nothing_of_the_agent_or_the_outside_world() -> None:
    forbidden = ("agent", *OUTSIDE_WORLD)
    wrong = [
        f"{name_of(path)} imports {name}"
        for path in SOURCES
        if path.is_relative_to(ROOT / "models")
        for name in imports(path)
        if is_of(name, forbidden)
    ]
    assert wrong == []


def test_the_pipeline_does_no_input_or_output() -> None:
    path = ROOT / "agent" / "pipeline.py"
    wrong = [name for name in imports(path) if is_of(name, (*OUTSIDE_WORLD, *FILES, "agent.sink", "logging"))]
    wrong += [
        ast.unparse(call.func) for call in calls(path) if ast.unparse(call.func) in ("open", "print", "input")
    ]
    assert wrong == []


def test_only_the_edges_speak_to_kafka_and_influxdb() -> None:
    """A change of client library must not reach past these places."""
    edges = (
        "agent/delivery/",
        "agent/sink/",
        "agent/daemon.py",
        "agent/topics.py",
        "agent/check.py",
        "agent/influx_check.py",
        "agent/simulate/kafka_stream.py",
    )
    wrong = [
        f"{name_of(path)} imports {name}"
        for path in SOURCES
        for name in imports(path)
        if is_of(name, ("kafka", "influxdb_client")) and not name_of(path).startswith(edges)
    ]
    assert wrong == []


def test_nothing_runs_code_that_came_as_data() -> None:
    wrong = [
        f"{name_of(path)} imports {name}"
        for path in SOURCES
        for name in imports(path)
        if is_of(name, UNSAFE_MODULES) or is_of(name, UNSAFE_CALLS)
    ]
    for path in SOURCES:
        for call in calls(path):
            called = ast.unparse(call.func)
            unsafe = called in UNSAFE_CALLS or any(
                word.arg in ("allow_pickle", "shell")
                and not (isinstance(word.value, ast.Constant) and word.value.value is False)
                for word in call.keywords
            )
            if unsafe:
                wrong.append(f"{name_of(path)}:{call.lineno} calls {called}")
    assert wrong == []


def test_no_module_is_named_for_nothing() -> None:
    empty_words = {"utils", "util", "helpers", "common", "base", "manager", "misc"}
    assert [name_of(path) for path in SOURCES if path.stem in empty_words] == []


def test_the_command_line_starts_without_what_only_some_commands_need() -> None:
    heavy = {"torch", "kafka", "influxdb_client", "pandas", "numpy"}
    program = f"import sys, agent.cli; print(*sorted({heavy!r} & set(sys.modules)))"
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert loaded.stdout == "\n"
