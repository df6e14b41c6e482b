"""`coldaisle hosts`: what the records tell of each host, and what an order sends."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from rich.console import Console
from typer.testing import CliRunner

from agent.controls import Controls, Forgetting, encode_control, forget_key, mute_key
from agent.delivery.partitions import SITE_KEY
from agent.errors import ConfigError
from agent.host_commands import MOST_NS, OLD_NS, forget_hosts, mute_hosts, unmute_hosts
from agent.hosts_command import host_fields, hosts_app
from agent.hosts_table import host_table, sensor_table
from agent.incidents import Site
from agent.known_hosts import KnownAlert, list_hosts
from agent.pipeline import Pipeline
from agent.scoring import Scorer
from agent.site_events import ForgetHost, HostForgotten, HostMuted, HostSummary, SourceMark
from agent.state import encode_host, encode_site
from agent.telemetry.readings import Message
from agent.topology import Place, Topology
from agent.trust.doubts import Doubt

S = 1_000_000_000
MINUTE, HOUR = 60 * S, 3_600 * S
START_NS = 1_767_225_600 * S  # 2026-01-01T00:00:00Z
P0 = "telemetry/0"
NOW_NS = START_NS + 12 * MINUTE
RELEASES = {P0: "0123456789ab"}


def message(host: str, minute: int, at: int) -> Message:
    time_ns = START_NS + minute * MINUTE
    lines = (
        f"ipmi_sensor,server={host},rack=r4,name={name},unit={unit} value={value} {time_ns}"
        for name, unit, value in (
            ("inlet_temp", "degrees_c", 21 + minute / 10),
            ("system_power", "watts", 400),
        )
    )
    return Message("\n".join(lines).encode(), topic="telemetry", offset=at)


def make_records() -> dict[bytes, bytes]:
    """n01 and n02 with ten minutes of telemetry."""
    pipeline = Pipeline(Scorer({}))
    log = [(host, minute) for minute in range(10) for host in ("n01", "n02")]
    pipeline.process([message(host, minute, at) for at, (host, minute) in enumerate(log)])
    memory = pipeline.hosts["n02"].trust.memory
    memory.doubt[0], memory.since_ns[0] = Doubt.STUCK, START_NS + 2 * MINUTE
    return {
        name.encode(): encode_host(host, 20, START_NS + 10 * MINUTE) for name, host in pipeline.hosts.items()
    }


@pytest.fixture(scope="module")
def records() -> dict[bytes, bytes]:
    return make_records()


def silent_site() -> Site:
    """n02 is known and silent since minute 1."""
    site = Site()
    for minute in range(-4, 8):
        site.observe(SourceMark(P0, START_NS + minute * MINUTE, 50, at_end=True))
        for host in ("n01", "n02") if minute < 1 else ("n01",):
            site.observe(HostSummary(host, P0, START_NS + minute * MINUTE + S, MINUTE, 0.1))
    return site


def muted(host: str, until_ns: int, at_ns: int = START_NS) -> dict[bytes, bytes]:
    return {mute_key(host): encode_control(HostMuted(host, at_ns, START_NS, until_ns, "firmware"))}


# -- list --------------------------------------------------------------------------------------------------


def test_a_host_is_listed_with_what_its_record_tells(records: dict[bytes, bytes]) -> None:
    first, second = list_hosts(records, RELEASES, Topology(), NOW_NS)
    assert (first.host, first.state, first.source) == ("n01", "ok", P0)
    assert (first.rack, first.cohort, first.model, first.period_s) == ("r4", "", "linear", 60.0)
    assert (first.last_seen, first.as_of) == ("2026-01-01T00:09:00Z", "2026-01-01T00:10:00Z")
    assert (first.doubted, second.doubted) == (0, 1)


def test_its_sensors_have_their_last_values_and_trust(records: dict[bytes, bytes]) -> None:
    (host,) = [host for host in list_hosts(records, RELEASES, Topology(), NOW_NS) if host.host == "n02"]
    inlet, power = sorted(host.sensors, key=lambda sensor: sensor.sensor)
    assert (inlet.sensor, inlet.quantity, inlet.unit) == ("inlet_temp_c", "temperature", "Cel")
    assert (inlet.last, inlet.last_value) == ("2026-01-01T00:09:00Z", pytest.approx(21.9))
    assert (power.sensor, power.last_value) == ("power_w", 400.0)
    doubted = {sensor.sensor: sensor.trust for sensor in host.sensors if sensor.trust != "ok"}
    assert list(doubted.values()) == ["stuck"]
    assert [s.doubted_since for s in host.sensors if s.trust == "stuck"] == ["2026-01-01T00:02:00Z"]


def test_the_inventory_places_hosts_before_their_tags(records: dict[bytes, bytes]) -> None:
    topology = Topology({"n01": Place(kind="gpu", rack="r9", row="A")})
    first, second = list_hosts(records, RELEASES, topology, NOW_NS)
    assert (first.kind, first.rack, first.row) == ("gpu", "r9", "A")
    assert (second.kind, second.rack, second.row) == ("", "r4", "")


def test_states_are_told_in_the_order_of_what_a_person_must_know(records: dict[bytes, bytes]) -> None:
    site = {SITE_KEY: encode_site(silent_site().state(), 0, 0)}
    assert [h.state for h in list_hosts(records | site, {}, Topology(), NOW_NS)] == ["ok", "silent"]
    (_, silent) = list_hosts(records | site, {}, Topology(), NOW_NS)
    assert silent.alerts == (KnownAlert("silence", "host_silent", "P2", "open", silent.alerts[0].onset),)
    quiet = records | site | muted("n02", NOW_NS + HOUR)
    (_, silent) = list_hosts(quiet, {}, Topology(), NOW_NS)
    assert (silent.state, silent.mute_reason) == ("muted", "firmware")
    assert silent.muted_until == "2026-01-01T01:12:00Z"
    going = quiet | {forget_key("n02"): encode_control(Forgetting("n02", NOW_NS))}
    assert [h.state for h in list_hosts(going, {}, Topology(), NOW_NS)] == ["ok", "forgetting"]


def test_a_mute_that_has_ended_is_none(records: dict[bytes, bytes]) -> None:
    first = list_hosts(records | muted("n01", NOW_NS), {}, Topology(), NOW_NS)[0]
    assert (first.state, first.muted_until) == ("ok", "")


def test_damaged_records_are_left_out(records: dict[bytes, bytes]) -> None:
    damaged = records | {b"n00": b"damaged", SITE_KEY: b"damaged", mute_key("n01"): b"damaged"}
    assert [host.host for host in list_hosts(damaged, {}, Topology(), NOW_NS)] == ["n01", "n02"]


def test_tables_print_names_as_they_are(records: dict[bytes, bytes]) -> None:
    console = Console(width=300, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    hosts = list_hosts(records, RELEASES, Topology({"n01": Place(rack="[bold]r9")}), NOW_NS)
    console.print(host_table(hosts))
    console.print(sensor_table(hosts[1]))
    shown = console.export_text()
    assert "[bold]r9" in shown
    assert "Doubted" in shown
    assert "Cohort" not in shown
    assert "stuck since 2026-01-01 00:02:00" in shown


# -- orders ------------------------------------------------------------------------------------------------


def test_a_mute_is_a_record_and_an_event_of_each_host(records: dict[bytes, bytes]) -> None:
    order = mute_hosts(records, ["n01", "n02", "n01"], NOW_NS, NOW_NS + HOUR, "fans")
    wanted = [HostMuted(host, NOW_NS, NOW_NS, NOW_NS + HOUR, "fans") for host in ("n01", "n02")]
    assert order.events == wanted
    assert Controls.from_records(order.records).mutes == {"n01": wanted[0], "n02": wanted[1]}
    assert order.says == "muted until 2026-01-01T01:12:00Z"


def test_a_mute_that_goes_on_keeps_its_beginning(records: dict[bytes, bytes]) -> None:
    (event,) = mute_hosts(records | muted("n01", NOW_NS + 1), ["n01"], NOW_NS, NOW_NS + HOUR, "").events
    assert event == HostMuted("n01", NOW_NS, START_NS, NOW_NS + HOUR)
    (event,) = mute_hosts(records | muted("n01", NOW_NS), ["n01"], NOW_NS, NOW_NS + HOUR, "").events
    assert event == HostMuted("n01", NOW_NS, NOW_NS, NOW_NS + HOUR)


def test_a_command_is_newer_than_one_of_a_machine_whose_clock_is_ahead(records: dict[bytes, bytes]) -> None:
    ahead_ns = NOW_NS + 5 * MINUTE
    known = muted("n01", NOW_NS + HOUR, at_ns=ahead_ns)
    (event,) = unmute_hosts(records | known, ["n01"], NOW_NS).events
    assert event == HostMuted("n01", ahead_ns + 1, START_NS, NOW_NS, "firmware")


def test_unmuting_a_host_that_is_not_muted_changes_nothing(records: dict[bytes, bytes]) -> None:
    order = unmute_hosts(records | muted("n01", NOW_NS - 1), ["n01", "n02"], NOW_NS)
    assert (order.records, order.events) == ({}, [])


@pytest.mark.parametrize("until_ns", [NOW_NS, NOW_NS - HOUR, NOW_NS + MOST_NS + 1])
def test_a_mute_ends_some_time_ahead(records: dict[bytes, bytes], until_ns: int) -> None:
    with pytest.raises(ConfigError, match="expected a time of the next 366 days"):
        mute_hosts(records, ["n01"], NOW_NS, until_ns, "")


@pytest.mark.parametrize("reason", ["x" * 501, "a\nb", "\x1b[31m"])
def test_a_reason_is_a_line_of_text(records: dict[bytes, bytes], reason: str) -> None:
    with pytest.raises(ConfigError, match="--reason is no text"):
        mute_hosts(records, ["n01"], NOW_NS, NOW_NS + HOUR, reason)


def test_an_order_with_an_unknown_host_is_refused_as_a_whole(records: dict[bytes, bytes]) -> None:
    for order in (
        lambda: mute_hosts(records, ["n01", "n9", "m9"], NOW_NS, NOW_NS + HOUR, ""),
        lambda: unmute_hosts(records, ["n9", "m9"], NOW_NS),
        lambda: forget_hosts(records, ["n9", "m9"], ["telemetry"], NOW_NS),
    ):
        with pytest.raises(ConfigError) as refused:
            order()
        assert str(refused.value).splitlines() == [
            "hosts: n9 is not known; see coldaisle hosts list",
            "hosts: m9 is not known; see coldaisle hosts list",
        ]


def test_forgetting_is_left_to_whoever_holds_the_host(records: dict[bytes, bytes]) -> None:
    order = forget_hosts(records | muted("n01", NOW_NS + HOUR), ["n01"], ["telemetry"], NOW_NS)
    assert order.events == [ForgetHost("n01", NOW_NS)]
    assert order.records[mute_key("n01")] is None
    assert b"n01" not in order.records
    known = Controls.from_records(order.records).forgettings["n01"]
    assert not known.is_done


@pytest.mark.parametrize(("damaged", "topics"), [({}, ["another"]), ({b"n01": b"damaged"}, ["telemetry"])])
def test_where_nobody_holds_the_host_the_order_forgets_it_itself(
    records: dict[bytes, bytes], damaged: dict[bytes, bytes], topics: list[str]
) -> None:
    order = forget_hosts(records | damaged, ["n01"], topics, NOW_NS)
    assert order.events == [HostForgotten("n01", NOW_NS)]
    assert order.records == {b"n01": None}


def test_a_host_that_only_the_site_knows_can_be_forgotten(records: dict[bytes, bytes]) -> None:
    site = {SITE_KEY: encode_site(silent_site().state(), 0, 0)}
    order = forget_hosts(site, ["n02"], ["telemetry"], NOW_NS)
    assert (order.events, order.records) == ([HostForgotten("n02", NOW_NS)], {})


def test_what_ended_long_ago_is_taken_out_with_the_next_order(records: dict[bytes, bytes]) -> None:
    old = muted("n02", NOW_NS - OLD_NS - 1) | {
        forget_key("gone"): encode_control(Forgetting("gone", NOW_NS - OLD_NS - 1)),
        forget_key("done"): encode_control(Forgetting("done", NOW_NS - OLD_NS - 1, P0, 7)),  # its holder's
    }
    order = unmute_hosts(records | old, ["n01"], NOW_NS)
    assert order.records == {mute_key("n02"): None, forget_key("gone"): None}


# -- the command line --------------------------------------------------------------------------------------


@pytest.fixture
def config(tmp_path: Path) -> str:
    """A config whose broker nobody answers for."""
    path = tmp_path / "coldaisle.toml"
    path.write_text('[kafka]\nbrokers = ["127.0.0.1:1"]\n[influx]\ntoken_env = "T"\n')
    return str(path)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--for", "4h", "--until", "2030-01-01"), "--for and --until are both there; expected one of them"),
        (("--for", "soon"), "hosts mute: --for is 'soon'; expected a span of time"),
        (("--until", "noon"), "hosts mute: --until is 'noon'; expected now, -3h or a moment"),
    ],
)
def test_wrong_times_are_told_before_kafka_is_asked(
    config: str, arguments: tuple[str, ...], said: str
) -> None:
    failed = CliRunner().invoke(hosts_app, ["mute", "n01", *arguments, "--config", config])
    assert isinstance(failed.exception, ConfigError)
    assert said in str(failed.exception)


@pytest.mark.parametrize("command", ["list", "mute", "unmute", "forget"])
def test_every_command_has_an_example(command: str) -> None:
    shown = CliRunner().invoke(hosts_app, [command, "--help"])
    assert f"Example:\n    coldaisle hosts {command}" in shown.stdout
    assert "--json" in shown.stdout


def test_a_listed_host_is_json_for_scripts(records: dict[bytes, bytes]) -> None:
    host = list_hosts(records, RELEASES, Topology(), NOW_NS)[1]
    told = json.loads(json.dumps(host_fields(host, with_sensors=True)))
    assert (told["host"], told["sensors"], told["doubted"], told["alerts"]) == ("n02", 2, 1, [])
    assert {sensor["sensor"] for sensor in told["sensor_list"]} == {"inlet_temp_c", "power_w"}
    assert "sensor_list" not in host_fields(host, with_sensors=False)
    assert msgspec.json.decode(msgspec.json.encode(told)) == told
