"""`coldaisle simulate`: options to a plan, the plan to a stream, the stream to a file or to Kafka.

Options ─► FleetPlan, writers ─► stream ─► RecordingFile | KafkaStream
                └─► truth, topology: files beside the stream
"""

from __future__ import annotations

import csv
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType

from rich.console import Console

from agent.progress import Bars, Progress
from agent.simulate.kafka_stream import Pace, open_stream
from agent.simulate.machines import Writer
from agent.simulate.options import Options, check_destination, kafka_config, plan_of, speed_of
from agent.simulate.plan import lay_out, read_dialects, writers_of
from agent.simulate.recording_file import STANDARD_OUTPUT, Sink, open_recording
from agent.simulate.stream import stream
from agent.simulate.truth import write_truth
from agent.simulate.wire.dialects import DIALECTS
from agent.simulate.wire.stamps import rfc3339
from models.twin.fleet_run import FleetRun
from models.twin.places import TOPOLOGY_COLUMNS, topology_rows
from models.twin.plans import FleetPlan

LOOK_EVERY = 500  # messages, between two looks at the progress bar


@dataclass(slots=True)
class Told:
    """What went out."""

    messages: int = 0
    first_s: float = 0.0
    last_s: float = 0.0
    was_stopped: bool = False


def simulate(options: Options, console: Console | None = None) -> None:
    """Run the twin and stream it; a line at the end says what was sent, also after Ctrl-C.

    Raises:
        ConfigError: an option is wrong, or does not go with another.
        ColdaisleError: Kafka does not take the messages.
    """
    console = console or Console(stderr=True)
    check_destination(options)
    dialects = read_dialects(options.dialects)
    layout = lay_out(options.hosts, [kind.strip() for kind in options.kinds.split(",")])
    plan, speed = plan_of(options, layout), speed_of(options)
    run = FleetRun(plan)
    writers = writers_of(run, dialects)
    is_text = all(DIALECTS[name].is_text for name, _ in dialects)
    began_s, stop = time.monotonic(), threading.Event()
    with _stopped_by_signals(stop), _destination(options, is_text) as sink:
        if options.topology is not None:
            write_topology(options.topology, plan)
        truth = _truth_file(options)
        if truth is not None:
            write_truth(truth, run.truth(), plan)
        pace = Pace(speed, plan.start_s, stop)
        told = _send(run, writers, options, sink, pace, Bars(console))
    if truth is not None:
        write_truth(truth, run.truth(), _until(plan, told))
    console.print(_summary(told, options, time.monotonic() - began_s), soft_wrap=True, highlight=False)


def write_topology(path: Path, plan: FleetPlan) -> None:
    """Where all hosts stand, as `--topology` of other commands reads it."""
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.DictWriter(file, TOPOLOGY_COLUMNS, lineterminator="\n")
        rows.writeheader()
        rows.writerows(topology_rows(plan.places(), plan.site))


def _destination(options: Options, is_text: bool) -> AbstractContextManager[Sink]:
    if options.out is not None:
        return open_recording(options.out, is_text)
    config, topic = kafka_config(options)
    return open_stream(config, topic)


def _send(
    run: FleetRun, writers: Mapping[str, Writer], options: Options, sink: Sink, pace: Pace, progress: Progress
) -> Told:
    plan, told = run.plan, Told()
    with progress.stage("simulating") as stage:
        for message in stream(run, writers, plan.seed):
            if not pace.wait_for(message.arrived_s):
                told.was_stopped = True
                break
            sink.send(message)
            told.first_s = told.first_s or message.stamp_s
            told.last_s = max(told.last_s, message.stamp_s)
            told.messages += 1
            if told.messages % LOOK_EVERY == 0 and not options.is_endless:
                stage.reach(int(told.last_s - plan.start_s), int(plan.duration_s))
    return told


def _truth_file(options: Options) -> Path | None:
    """Where the truth goes: beside the recording unless told otherwise, nowhere for Kafka unless told."""
    if options.truth is not None or options.out is None or str(options.out) == STANDARD_OUTPUT:
        return options.truth
    return options.out.with_name(f"{options.out.name}.truth.json")


def _until(plan: FleetPlan, told: Told) -> FleetPlan:
    """The plan as far as it went."""
    if not told.was_stopped:
        return plan
    return replace(plan, duration_s=max(told.last_s - plan.start_s, plan.period_s))


def _summary(told: Told, options: Options, took_s: float) -> str:
    where = f"topic {kafka_config(options)[1]}" if options.is_live else str(options.out)
    stopped = "stopped: " if told.was_stopped else ""
    if not told.messages:
        return f"{stopped}no messages were sent to {where}"
    times = f"{rfc3339(told.first_s)} to {rfc3339(told.last_s)}"
    return f"{stopped}{told.messages:,} messages of {times} to {where} in {took_s:.0f} s"


@contextmanager
def _stopped_by_signals(stop: threading.Event) -> Iterator[None]:
    """Ctrl-C and SIGTERM end the stream with all that was sent so far; a second one ends it at once."""

    def end(number: int, _frame: FrameType | None) -> None:
        stop.set()
        signal.signal(number, signal.default_int_handler)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
