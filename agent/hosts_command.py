"""`coldaisle hosts`: what the agent knows of each host; muting one for a while; forgetting one for good.

All of it speaks to Kafka alone: no daemon need run, and those that do obey within seconds.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from agent.config import Config, load_config
from agent.delivery.group_state import read_group, send_controls
from agent.errors import ConfigError
from agent.host_commands import Order, forget_hosts, mute_hosts, refuse_unknown, unmute_hosts
from agent.hosts_table import host_table, sensor_table
from agent.known_hosts import KnownHost, list_hosts
from agent.sensors import SECOND_NS
from agent.simulate.spans import read_moment, read_span
from agent.topology import load_topology

USUAL_MUTE = "4h"

hosts_app = typer.Typer(
    help="What the agent knows of each host; muting one for a while; forgetting one for good.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

ConfigFile = Annotated[
    Path, typer.Option("--config", metavar="FILE", help="The settings, as in deploy/coldaisle.toml.")
]
Hosts = Annotated[list[str], typer.Argument(metavar="HOST...", help="As `hosts list` names them.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line, for scripts.")]


@hosts_app.callback()
def _quiet() -> None:
    # What goes wrong is said in a line; what the client library says of it in ten.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)


@hosts_app.command("list")
def list_command(
    config: ConfigFile,
    hosts: Annotated[
        list[str] | None,
        typer.Argument(metavar="[HOST]...", help="[default: all]", show_default=False),
    ] = None,
    with_sensors: Annotated[
        bool, typer.Option("--sensors", help="Each host's sensors, with their last values and trust.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List what is known of each host.

    From the group's committed state, as of each host's last record: that is renewed within state.rewind_s.

    \b
    Example:
      coldaisle hosts list --config coldaisle.toml
      coldaisle hosts list n07 --sensors --config coldaisle.toml
    """
    settings = load_config(config)
    group = read_group(settings)
    known = list_hosts(group.records, group.releases, load_topology(settings.models.topology), time.time_ns())
    if hosts:
        refuse_unknown(hosts, {host.host for host in known})
        known = [host for host in known if host.host in set(hosts)]
    if as_json:
        for host in known:
            typer.echo(json.dumps(host_fields(host, with_sensors), ensure_ascii=False))
    elif known:
        console = Console()
        console.print(host_table(known))
        for host in known if with_sensors else ():
            console.print(sensor_table(host))
    else:
        typer.echo(f"no hosts yet in {settings.kafka.state_topic}: coldaisle run makes their records")


@hosts_app.command()
def mute(
    hosts: Hosts,
    config: ConfigFile,
    span: Annotated[
        str, typer.Option("--for", metavar="SPAN", help=f"As 90s, 30m, 4h, 2d.  [default: {USUAL_MUTE}]")
    ] = "",
    until: Annotated[
        str, typer.Option("--until", metavar="TIME", help="In its place: RFC 3339, UTC if it says nothing.")
    ] = "",
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Kept with the mute.")] = "",
    as_json: AsJson = False,
) -> None:
    """Mute hosts for a while, as for maintenance.

    Their alerts are still made, but suppressed: they are no incident, and silence raises nothing. What is
    still abnormal when the mute ends becomes open. A second mute takes the place of the first.

    \b
    Example:
      coldaisle hosts mute n07 n08 --for 2h --reason "firmware" --config coldaisle.toml
    """
    settings, now_ns = load_config(config), time.time_ns()
    until_ns = _end_of_mute(span, until, now_ns)
    _give(settings, mute_hosts(read_group(settings).records, hosts, now_ns, until_ns, reason), as_json)


@hosts_app.command()
def unmute(hosts: Hosts, config: ConfigFile, as_json: AsJson = False) -> None:
    """End the mute of hosts now.

    \b
    Example:
      coldaisle hosts unmute n07 --config coldaisle.toml
    """
    settings = load_config(config)
    _give(settings, unmute_hosts(read_group(settings).records, hosts, time.time_ns()), as_json)


@hosts_app.command()
def forget(
    hosts: Hosts,
    config: ConfigFile,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Forget decommissioned hosts.

    Their open alerts end, their silence is over, and what was learnt of them is gone. Points in InfluxDB
    stay. A host of that name that reports again is a new one.

    \b
    Example:
      coldaisle hosts forget n07 --yes --config coldaisle.toml
    """
    settings = load_config(config)
    order = forget_hosts(read_group(settings).records, hosts, settings.kafka.topics, time.time_ns())
    if not yes:
        if not sys.stdin.isatty():
            raise ConfigError("hosts forget: nobody can be asked here; expected --yes")
        typer.confirm(f"Forget {', '.join(order.hosts)} and all that was learnt of them?", abort=True)
    _give(settings, order, as_json)


def _end_of_mute(span: str, until: str, now_ns: int) -> int:
    if span and until:
        raise ConfigError("hosts mute: --for and --until are both there; expected one of them")
    if not until:
        return now_ns + int(read_span(span or USUAL_MUTE, "--for", "hosts mute") * SECOND_NS)
    return int(read_moment(until, "--until", "hosts mute") * SECOND_NS)


def _give(config: Config, order: Order, as_json: bool) -> None:
    """Send what was ordered, and say it host by host."""
    send_controls(config, order.records, order.events)
    for host in order.hosts:
        typer.echo(json.dumps({"host": host, **order.told}) if as_json else f"{host}: {order.says}")


def host_fields(host: KnownHost, with_sensors: bool) -> dict[str, object]:
    """One host for scripts: numbers of its sensors, and the sensors themselves where they are wanted."""
    told = asdict(host)
    sensors = told.pop("sensors")
    told |= {"sensors": len(host.sensors), "doubted": host.doubted}
    return told | {"sensor_list": sensors} if with_sensors else told
