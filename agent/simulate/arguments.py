"""The options of `coldaisle simulate`; `agent/cli.py` hands them on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from agent.simulate.options import Options

simulate_app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
TABLE_WIDTH = 120


def _list_faults(wanted: bool) -> None:
    if wanted:
        from agent.simulate.fault_words import fault_table

        console = Console(width=TABLE_WIDTH, highlight=False, color_system=None)
        with console.capture() as shown:
            console.print(fault_table())
        typer.echo("\n".join(line.rstrip() for line in shown.get().strip().splitlines()))
        raise typer.Exit


@simulate_app.command()
def simulate(
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write a recording: .jsonl with keys and times, .gz, .zst; - is standard output.",
        ),
    ] = None,
    kafka: Annotated[
        str, typer.Option(metavar="BROKERS", help="Send to Kafka: HOST:PORT, or several with commas.")
    ] = "",
    topic: Annotated[str, typer.Option(metavar="T", help="Where to.  [default: the config's first]")] = "",
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Take Kafka's security settings from here.")
    ] = None,
    hosts: Annotated[int, typer.Option(metavar="N", min=1, max=100_000, help="Servers.")] = 8,
    kinds: Annotated[str, typer.Option(metavar="A,B", help="Their hardware, in turn.")] = "2u,1u",
    dialect: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME[:VENDOR]",
            help="A wire format, several in turn, or mixed for all.  [default: ipmi]",
            show_default=False,
        ),
    ] = None,
    start: Annotated[
        str,
        typer.Option(
            metavar="TIME",
            help="RFC 3339, now, or -3h: so long ago.  [default: 2026-03-03T06:00:00Z; now for Kafka]",
        ),
    ] = "",
    duration: Annotated[
        str, typer.Option(metavar="SPAN", help="How long.  [default: 2h; without end for Kafka]")
    ] = "",
    period: Annotated[str, typer.Option(metavar="SPAN", help="Between two polls of a host.")] = "20s",
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Equal seeds give equal messages.")] = 0,
    run: Annotated[int, typer.Option(metavar="N", min=0, help="Another day of the same machines.")] = 0,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SPEC",
            help="CLASS@WHERE:START+DURATION, and ,MAGNITUDE ,ramp=5m ,every=10m ,part=2 where wanted.",
            show_default=False,
        ),
    ] = None,
    faults: Annotated[
        int, typer.Option(metavar="N", min=0, help="Draw so many, and as many that only look like one.")
    ] = 0,
    no_confounders: Annotated[
        bool, typer.Option("--no-confounders", help="Draw no such false friends.")
    ] = False,
    speed: Annotated[
        str, typer.Option(metavar="X", help="Times real time, or max.  [default: 1 for Kafka, else max]")
    ] = "",
    truth: Annotated[
        Path | None, typer.Option(metavar="FILE", help="What happened.  [default: FILE.truth.json by --out]")
    ] = None,
    topology: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write where all hosts stand.")
    ] = None,
    _list: Annotated[
        bool,
        typer.Option(
            "--list-faults",
            callback=_list_faults,
            is_eager=True,
            help="Show what --fault may name, and leave.",
        ),
    ] = False,
) -> None:
    """Stream simulated machines: a fleet, chosen faults with their truth, any wire format.

    Writes a recording as fast as it can, or sends to Kafka at the pace of the clock until
    Ctrl-C. What happened is told in a file of its own, never in the messages.

    \b
    Example:
      coldaisle simulate --out day.jsonl.gz --hosts 40 --duration 6h --faults 5 --topology topology.csv
      coldaisle simulate --kafka 127.0.0.1:9092 --fault fan_failure@r01-n03:30m+20m,severe,part=2
    """
    from agent.simulate.command import simulate as run_simulation

    run_simulation(
        Options(
            out=out, kafka=kafka, topic=topic, config=config, hosts=hosts, kinds=kinds,
            dialects=tuple(dialect or ("ipmi",)), start=start, duration=duration, period=period, seed=seed,
            run=run, faults=tuple(fault or ()), drawn=faults, with_confounders=not no_confounders,
            speed=speed, truth=truth, topology=topology,
        )
    )  # fmt: skip
