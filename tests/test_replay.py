"""Replays of the real recording: what they find, and that nothing but the log decides it."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import pytest
from rich.console import Console

from agent.errors import RecordingError
from agent.points import Point, encode_line
from agent.progress import Quiet
from agent.recording import read_recording
from agent.replay import Replayed, replay, replay_recordings
from agent.topology import Topology
from agent.training_command import train_recordings
from models.registry import LoadedModels, Registry
from models.training import TrainingOptions

SAMPLE_DATA = Path(__file__).resolve().parent.parent / "sample_data"
FAN_STOP = SAMPLE_DATA / "bmc_fan_stop.log.gz"
FIRST_ROW_NS = 1_688_567_373_000_000_000  # 2023-07-05T14:29:33Z
ALLOWED_NS = 120_000_000_000


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> LoadedModels:
    folder = tmp_path_factory.mktemp("models") / "registry"
    options = TrainingOptions(seed=7, epochs=2)
    train_recordings([SAMPLE_DATA / "bmc_normal.log.gz"], folder, Topology(), options, Quiet())
    champion = Registry(folder).champion()
    assert champion is not None
    return champion


def alerts_of(replayed: Replayed) -> list[Point]:
    return [point for point in replayed.points if point.measurement == "alert"]


def lines_of(replayed: Replayed) -> list[str]:
    return [encode_line(point) for point in replayed.points]


def raised_ns(alert: Point) -> int:
    from datetime import datetime

    return int(datetime.fromisoformat(str(alert.fields["raised"])).timestamp()) * 1_000_000_000


@pytest.mark.parametrize("with_models", [True, False])
def test_the_real_fan_stop_is_raised_within_two_minutes(with_models: bool, models: LoadedModels) -> None:
    replayed = replay_recordings([FAN_STOP], models if with_models else None, Topology(), Quiet())
    [alert] = alerts_of(replayed)
    assert alert.fields["fault"] == "fan_failure"
    assert FIRST_ROW_NS < raised_ns(alert) <= FIRST_ROW_NS + ALLOWED_NS


@pytest.mark.parametrize("poll_messages", [1, 97, 1_000_000])
def test_the_size_of_polls_changes_no_byte(poll_messages: int, models: LoadedModels) -> None:
    usual = replay_recordings([FAN_STOP], models, Topology(), Quiet())
    other = replay_recordings([FAN_STOP], models, Topology(), Quiet(), poll_messages=poll_messages)
    assert lines_of(other) == lines_of(usual)


def test_a_recording_in_two_files_is_one_log(tmp_path: Path, models: LoadedModels) -> None:
    messages = [message.value or b"" for message in read_recording(FAN_STOP)]
    first, second = tmp_path / "first.log", tmp_path / "second.log"
    first.write_bytes(b"\n".join(m.strip() for m in islice(messages, 1_500)) + b"\n")
    second.write_bytes(b"\n".join(m.strip() for m in messages[1_500:]) + b"\n")
    whole = replay_recordings([FAN_STOP], models, Topology(), Quiet())
    parts = replay_recordings([first, second], models, Topology(), Quiet())
    scored = {"anomaly_score", "reading", "alert"}
    assert [encode_line(p) for p in parts.points if p.measurement in scored] == [
        encode_line(p) for p in whole.points if p.measurement in scored
    ]


def test_the_sums_of_a_replay_hold() -> None:
    replayed = replay_recordings([FAN_STOP], None, Topology(), Quiet())
    counts = replayed.counts
    assert counts.messages_in == counts.messages_decoded + counts.dead_letters == 3097
    assert counts.readings_in == counts.used + counts.late + counts.duplicate + counts.implausible == 3097
    scores = [p for p in replayed.points if p.measurement == "anomaly_score"]
    assert counts.scored == len(scores)


def test_a_replay_writes_points_and_a_report(tmp_path: Path) -> None:
    console = Console(file=(tmp_path / "said").open("w"), width=100)
    replay([FAN_STOP], out=tmp_path / "out", console=console)
    console.file.close()
    assert "the packaged linear head scores" in (tmp_path / "said").read_text()
    assert (tmp_path / "out" / "points.lp").read_text().startswith("alert,host=bmc-s2500,kind=condition ")
    assert "bmc-s2500" in (tmp_path / "out" / "report.html").read_text()


def test_a_recording_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"absent\.log"):
        replay([tmp_path / "absent.log"], out=tmp_path, console=Console(quiet=True))
