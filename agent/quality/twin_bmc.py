"""A real server whose operator stopped its fans: how long until it is told.

bmc_server.parquet ─► Telegraf lines ─► training on what is normal ─► the run of the stop, in several guises

The stop is there from the first row of its run, which lasts minutes and follows a gap of days. The guises are
what another server or collector might have sent: without the runs before, six rows in all, every second row.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from agent.incidents import Site
from agent.pipeline import Pipeline
from agent.progress import Quiet
from agent.quality.twin_stream import LOG, Raised, Watch, fit
from agent.recording import in_polls
from agent.scoring import Scorer
from agent.telemetry.readings import Message
from agent.topology import Topology
from agent.training_set import TrainingSet, read_training_set
from models.detector import Detector
from models.training import TrainingOptions

FILE = Path("bmcdata") / "bmc_server.parquet"
HOST = "bmc"
RUNS_BEFORE = 2
FEW_ROWS = 6
LABEL, RUN, TIME = "label_fan_stop", "run", "time"
UNITS = {"Temp": "degrees_c", "Inlet": "degrees_c", "FAN": "rpm", "Power": "watts", "VIN": "volts",
         "CIN": "amps"}  # fmt: skip


def judge_fan_stops(data: Path, options: TrainingOptions) -> list[dict[str, object]]:
    """A row for each stop and guise: when it was raised after the first row of the run, and as what.

    Raises:
        FileNotFoundError: `data` does not hold the recording.
    """
    samples = pd.read_parquet(data / FILE).sort_values(TIME)
    stops = sorted(samples.loc[samples[LABEL] > 0, RUN].unique())
    rows: list[dict[str, object]] = []
    for stop in stops:
        normal = samples[(samples[LABEL] == 0) & (samples[RUN] != stop) & ~samples["raw_units"]]
        found, detectors = _train(normal, options)
        stopped = samples[samples[RUN] == stop]
        runs = [run for run in samples[RUN].unique() if run < stop][-RUNS_BEFORE:]
        before = samples[samples[RUN].isin(runs)]
        for guise, sent, known in (
            ("after a gap", pd.concat([before, stopped]), True),
            ("alone", stopped, True),
            ("six rows alone", stopped[:FEW_ROWS], True),
            ("every second row", pd.concat([before, stopped[::2]]), True),
            ("no model", pd.concat([before, stopped]), False),
        ):
            raised = _watch(sent, detectors if known else {}, found if known else None)
            rows.append(_row(str(stop), guise, stopped, raised))
    return rows


def _train(normal: pd.DataFrame, options: TrainingOptions) -> tuple[TrainingSet, dict[str, Detector]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "normal.log"
        path.write_bytes(b"\n".join(message.value or b"" for message in _messages(normal)))
        found = read_training_set([path], Topology(), Quiet())
    return found, fit(found.cohorts, options)


def _watch(sent: pd.DataFrame, detectors: dict[str, Detector], found: TrainingSet | None) -> list[Raised]:
    periods = found.periods_s if found is not None else None
    pipeline = Pipeline(Scorer(detectors), periods_s=periods, mark_event_minutes=True)
    pipeline.begin_recording(LOG)
    site, seen = Site(), Watch()
    for messages in in_polls(_messages(sent), 100):
        output = pipeline.process(messages)
        seen.see(output, pipeline)
        for event in output.events:
            site.observe(event)
    seen.see(pipeline.end(), pipeline)
    return seen.raised


def _messages(samples: pd.DataFrame) -> Iterator[Message]:
    """One message a sensor and sample, as Telegraf sends what ipmitool says."""
    columns = [column for column in samples.columns if _unit_of(column)]
    times_ns = samples[TIME].astype("datetime64[ns, UTC]").astype("int64").tolist()
    offset = 0
    for row, time_ns in zip(samples[columns].to_dict("records"), times_ns, strict=True):
        for column in columns:
            if pd.notna(row[column]):
                name = column.lower() + ("_temp" if column.endswith("_Inlet") else "")
                tags = f"name={name},server={HOST},unit={_unit_of(column)}"
                line = f"ipmi_sensor,{tags} value={round(float(row[column]), 1)} {time_ns}"
                yield Message(line.encode(), topic=LOG, offset=offset)
                offset += 1


def _unit_of(column: str) -> str:
    family = column.rstrip("0123456789").rpartition("_")[2]
    return UNITS.get(family, "")


def _row(stop: str, guise: str, stopped: pd.DataFrame, raised: list[Raised]) -> dict[str, object]:
    first_s, last_s = (stopped[TIME].iloc[at].timestamp() for at in (0, -1))
    mine = [one for one in raised if first_s <= one.raised_s <= last_s]
    first = min(mine, key=lambda one: one.raised_s, default=None)
    return {
        "run": stop,
        "guise": guise,
        "rows": len(stopped),
        "raised after, s": "missed" if first is None else round(first.raised_s - first_s),
        "as": "" if first is None else first.first_fault,
        "others before": sum(one.raised_s < first_s for one in raised),
    }
