"""The command line: `coldaisle COMMAND`. Every command is a thin layer over one function of a module.

Exit codes: 0 ok, 1 failed with a named reason, 2 wrong use or config, 130 interrupted.
What a command needs is imported inside it, so that help and completion do not wait for torch.
"""

from __future__ import annotations

import logging
import sys
from dataclasses import replace
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from agent.errors import ColdaisleError, ConfigError

app = typer.Typer(
    name="coldaisle",
    help="Watches a data center's servers: which one is failing, of what, on what evidence, and what to do.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


class Part(StrEnum):
    """Which of the detector's scores a backtest is about."""

    FUSED = "fused"
    LSTM_AE = "lstm_ae"
    GAN = "gan"
    LINEAR = "linear"
    ALL = "all"


class Language(StrEnum):
    """In which an answer is given."""

    EN = "en"
    ZH = "zh"


class Device(StrEnum):
    """Where models run."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"


Files = Annotated[
    list[Path],
    typer.Argument(
        metavar="FILE...",
        help="Recorded messages, one a line, in any wire format; .gz and .zst too; - is standard input.",
        show_default=False,
    ),
]
ConfigFile = Annotated[
    Path, typer.Option("--config", metavar="FILE", help="The settings, as in deploy/coldaisle.toml.")
]
OptionalConfigFile = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="Take settings from here; contacts nothing.")
]
RegistryFolder = Annotated[
    Path | None, typer.Option("--registry", metavar="DIR", help="The models; wins over the config's.")
]
TopologyFile = Annotated[
    Path | None, typer.Option("--topology", metavar="FILE", help="The inventory; wins over the config's.")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line, for scripts.")]


def main() -> NoReturn:
    """The entry point: turns errors that are meant for people into one line each and an exit code.

    Typer itself sees to wrong use, Ctrl-C and a reader of our output that goes away.
    """
    try:
        app(prog_name="coldaisle")
    except ConfigError as error:
        _fail(error, 2)
    except ColdaisleError as error:
        _fail(error, 1)
    except OSError as error:
        _fail(f"{error.filename or 'system'}: {error.strerror or error}", 1)
    sys.exit(0)


def _fail(reason: object, code: int) -> NoReturn:
    for line in str(reason).splitlines() or [type(reason).__name__]:
        typer.echo(f"coldaisle: {line}", err=True)
    sys.exit(code)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"coldaisle {version('coldaisle')}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Options before the command."""


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where results go.")] = Path("demo"),
) -> None:
    """Find the incidents in sample recordings.

    Needs no servers. Writes points.lp (InfluxDB line protocol) and report.html (opens in a browser, offline).

    \b
    Example:
      coldaisle demo --out demo
    """
    from agent.demo import run_demo

    run_demo(out)


@app.command()
def run(config: ConfigFile) -> None:
    """Run the daemon: Kafka in, InfluxDB out.

    Start it again with the same group, on this machine or another, to share the work.

    \b
    Example:
      coldaisle run --config /etc/coldaisle/coldaisle.toml
    """
    from agent.config import load_config

    settings = load_config(config)
    from agent.run_command import run_daemon

    run_daemon(settings)


@app.command()
def replay(
    files: Files,
    config: OptionalConfigFile = None,
    registry: RegistryFolder = None,
    topology: TopologyFile = None,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where results go.")] = Path("replay"),
) -> None:
    """Score recorded telemetry as the daemon would.

    As fast as it goes. Writes points.lp and report.html. Without models the packaged
    ones are used; nothing is trained.

    \b
    Example:
      coldaisle replay monday.jsonl.zst --registry registry --topology topology.csv --out monday
    """
    from agent.config import load_config

    settings = load_config(config) if config else None
    from agent.replay import replay as replay_files

    replay_files(files, config=settings, registry=registry, topology=topology, out=out)


@app.command()
def decode(files: Files, config: OptionalConfigFile = None, as_json: AsJson = False) -> None:
    """Show what is understood of recorded messages.

    A table of hosts and sensors with rates and units, or with --json a line a reading and a line a message
    that was set aside, with the reason. A config's telemetry.mapping is applied.

    \b
    Example:
      coldaisle decode --json capture.jsonl | head
    """
    from agent.config import load_config

    settings = load_config(config) if config else None
    from agent.decode_command import decode_files

    decode_files(files, as_json, sys.stdout, settings.telemetry.mappings() if settings else ())


@app.command()
def train(
    files: Files,
    config: OptionalConfigFile = None,
    registry: RegistryFolder = None,
    topology: TopologyFile = None,
    seed: Annotated[int, typer.Option(min=0, help="Equal seeds train equal models.")] = 0,
    device: Annotated[Device | None, typer.Option(help="Where to train.  [default: the config's]")] = None,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Passes over the data, at most.  [default: by size]")
    ] = None,
) -> None:
    """Train first models from recorded telemetry.

    One for every cohort of hosts in it. The recordings should be mostly normal. The
    first version in a registry becomes the champion.

    \b
    Example:
      coldaisle train week1.jsonl.zst week2.jsonl.zst --registry registry --topology topology.csv
    """
    from agent.config import load_config

    settings = load_config(config) if config else None
    from agent.training_command import train as train_files

    train_files(
        files,
        config=settings,
        registry=registry,
        topology=topology,
        seed=seed,
        device=device.value if device else None,
        epochs=epochs,
    )


@app.command()
def backtest(
    train: Annotated[
        Path, typer.Option("--train", metavar="FILE", help="Mostly normal rows: .parquet, .csv, .csv.gz.")
    ],
    test: Annotated[Path, typer.Option("--test", metavar="FILE", help="The rows to score.")],
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Where scores.parquet and metrics.json go.")
    ] = Path("backtest"),
    seed: Annotated[int, typer.Option(min=0, help="Equal seeds give equal scores on one CPU.")] = 0,
    interval: Annotated[
        float,
        typer.Option(
            min=0.001, max=86_400.0, metavar="S", help="Seconds between rows without a time column."
        ),
    ] = 60.0,
    false_alarms_per_day: Annotated[
        float | None,
        typer.Option(
            min=1e-6,
            max=1_440.0,
            metavar="X",
            help="How many are accepted.  [default: 0.03 a month, 1 in 1,000 days]",
        ),
    ] = None,
    detector: Annotated[Part, typer.Option(help="Whose score; all shows the parts beside it.")] = Part.FUSED,
    device: Annotated[Device, typer.Option(help="Where to train and score.")] = Device.AUTO,
    epochs: Annotated[
        int | None, typer.Option(min=1, help="Passes over the data, at most.  [default: by size]")
    ] = None,
) -> None:
    """Fit on one table, score another, and say how good that was.

    Any table will do: rows in time order, each numeric column a sensor. A column time
    gives the times, a column label (1 = abnormal) is used for the figures alone. The
    score of a row depends on the rows before it, never on later ones.

    \b
    Example:
      coldaisle backtest --train march.parquet --test april.parquet --detector all
    """
    from agent.backtest_command import command
    from agent.device import choose_device
    from models.tops import DAYS_A_MONTH
    from models.training import TrainingOptions

    options = TrainingOptions(seed=seed, device=choose_device(device.value), epochs=epochs)
    if false_alarms_per_day is not None:
        options = replace(options, budget_per_host_month=false_alarms_per_day * DAYS_A_MONTH)
    command(train, test, out, detector.value, interval, options)


@app.command()
def check(
    config: ConfigFile,
    fix: Annotated[bool, typer.Option("--fix", help="Create topics and buckets that are missing.")] = False,
    retention: Annotated[
        bool,
        typer.Option(
            "--retention", help="Install the tasks that forget scores after 30 d, readings after 90 d."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check that everything a config names is there.

    Secrets, Kafka and its topics, InfluxDB and its bucket, models, topology. A line for
    each check. Exit code 2 if any failed.

    \b
    Example:
      coldaisle check --config coldaisle.toml --fix
    """
    from agent.config import load_config

    settings = load_config(config)
    from agent.check import check as check_all

    # An outcome says in a line what the client library says in ten.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    all_ok = True
    for outcome in check_all(settings, fix=fix, retention=retention):
        typer.echo(outcome.as_json() if as_json else outcome.as_line())
        all_ok = all_ok and outcome.ok
    if not all_ok:
        raise typer.Exit(2)


@app.command()
def explain(
    what: Annotated[str, typer.Argument(metavar="ID|HOST", help="An alert, an incident, or a host.")],
    time: Annotated[str, typer.Argument(metavar="[TIME]", help="With a host: RFC 3339.")] = "",
    config: Annotated[
        Path | None, typer.Option("--config", metavar="FILE", help="Of the running site.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="In its place: what a replay or the demo wrote."),
    ] = None,
    registry: Annotated[
        Path | None,
        typer.Option("--registry", metavar="DIR", help="Models.  [default: the config's, or DIR/registry]"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say why there was an alert, or why there was none.

    Of an alert its evidence is shown, and its score is made again from the window that was kept
    and the model of then, sensor by sensor. Of a host at a time: what it scored, and what an alert
    would have taken.

    \b
    Example:
      coldaisle explain 3f2a9c --config coldaisle.toml
      coldaisle explain r1-n01 2026-03-04T07:00:00Z --out demo
    """
    from agent.explain.command import explain as explain_all

    explain_all(what, time, config, out, registry, as_json)


@app.command()
def ask(
    incident: Annotated[
        str, typer.Argument(metavar="ID", help="Of an incident or an alert; 4 digits may do.")
    ],
    question: Annotated[str, typer.Argument(metavar="QUESTION", help="In English or Chinese.")],
    config: Annotated[
        Path | None, typer.Option("--config", metavar="FILE", help="Of the running site.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="In place of its InfluxDB: what a replay wrote."),
    ] = None,
    lang: Annotated[
        Language | None, typer.Option("--lang", help="Of the answer.  [default: the question's]")
    ] = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="From the evidence alone, whatever the config says.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Ask about an incident: why, since when, how sure, what first, why not another part.

    Answers quote the incident's evidence with numbers, units and times, or say that it does not say.
    Nothing leaves this machine unless the config names an endpoint in [assistant].

    \b
    Example:
      coldaisle ask 3f2a9c "why not the power supply?" --config coldaisle.toml
      coldaisle ask 3f2a9c "先做什么" --out demo
    """
    from agent.ask.command import ask as ask_one

    ask_one(incident, question, config, out, lang.value if lang else "", offline, as_json)


@app.command(
    "simulate",
    add_help_option=False,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def simulate(context: typer.Context) -> None:
    """Stream simulated machines and faults to a file or to Kafka.

    \b
    Example:
      coldaisle simulate --out day.jsonl.gz --hosts 40 --duration 6h --faults 5
    """
    from agent.simulate.arguments import simulate_app

    simulate_app(context.args or ["--help"], prog_name="coldaisle simulate")


@app.command(
    "hosts",
    add_help_option=False,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def hosts(context: typer.Context) -> None:
    """List, mute or forget hosts.

    \b
    Example:
      coldaisle hosts list --config coldaisle.toml
    """
    # As the models below: the group behind it speaks to Kafka, and is imported only when used.
    from agent.hosts_command import hosts_app

    hosts_app(context.args or ["--help"], prog_name="coldaisle hosts")


@app.command(
    "incidents",
    add_help_option=False,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def incidents(context: typer.Context) -> None:
    """List, show, acknowledge or judge incidents.

    \b
    Example:
      coldaisle incidents list --config coldaisle.toml
    """
    from agent.incidents_command import incidents_app

    incidents_app(context.args or ["--help"], prog_name="coldaisle incidents")


@app.command()
def bench(
    seconds: Annotated[float, typer.Option(min=0.1, metavar="S", help="For each wire format.")] = 5.0,
    servers: Annotated[int, typer.Option(min=20, metavar="N", help="Of the digital twin.")] = 1_000,
    as_json: AsJson = False,
) -> None:
    """Measure decoding and the digital twin on this machine.

    A figure that this version does not measure is null in the JSON, with its reason.

    \b
    Example:
      coldaisle bench --json
    """
    from agent.bench.command import bench as run_bench

    run_bench(sys.stdout, as_json=as_json, seconds=seconds, servers=servers)


@app.command(
    "models",
    add_help_option=False,
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def models(context: typer.Context) -> None:
    """List, verify, promote or roll back models.

    \b
    Example:
      coldaisle models list --registry registry
    """
    # A command that hands its arguments on, so that the group behind it is imported only when used.
    from agent.models_command import models_app

    models_app(context.args or ["--help"], prog_name="coldaisle models")
