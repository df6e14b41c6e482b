"""What the command line refuses, in one line each, and what it takes for granted."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from agent.errors import ConfigError
from agent.simulate.options import Options, check_destination, kafka_config, plan_of, speed_of
from agent.simulate.plan import lay_out, read_dialects
from agent.simulate.spans import read_moment, read_span
from agent.simulate.wire.dialects import DIALECTS

FILE, KAFKA = Options(out=Path("a.log")), Options(kafka="127.0.0.1:9092")


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("20m", 1200), ("1h30m", 5400), ("2d", 172_800), ("7.5", 7.5)]
)
def test_spans_are_read(text: str, seconds: float) -> None:
    assert read_span(text, "--duration") == seconds


def test_moments_are_utc_unless_they_say_otherwise() -> None:
    assert read_moment("2026-01-01T00:00:00Z", "--start") == 1_767_225_600
    assert read_moment("2026-01-01T00:00:00", "--start") == 1_767_225_600
    assert read_moment("2026-01-01T08:00:00+08:00", "--start") == 1_767_225_600


def test_a_start_may_lie_so_long_ago() -> None:
    ago_s = time.time() - read_moment("-3h", "--start")
    assert 3 * 3600 <= ago_s < 3 * 3600 + 60


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (Options(), "got neither of --out and --kafka; expected one"),
        (replace(FILE, kafka="a:1"), "got both of --out and --kafka; expected one"),
        (replace(FILE, topic="t"), "--topic goes with --kafka"),
        (replace(FILE, duration="2 days"), "--duration is '2 days'; expected a span"),
        (replace(FILE, duration="10s"), "--duration is '10s'; expected 20s or more"),
        (replace(FILE, period="1s"), "--period is '1s'; expected 5s to 1h"),
        (replace(FILE, start="yesterday"), "--start is 'yesterday'; expected now, -3h or a moment"),
        (replace(FILE, speed="fast"), "--speed is 'fast'; expected max, or a number"),
        (replace(FILE, speed="-1"), "--speed is '-1'; expected max, or a number"),
        (replace(FILE, kinds="2u,3u"), "--kinds has '3u'; expected some of 2u, 1u"),
        (replace(FILE, dialects=("morse",)), "--dialect is 'morse'; expected ipmi, ipmi-json, redfish"),
        (
            replace(FILE, dialects=("ipmi:acme",)),
            "'ipmi:acme'; expected ipmi:dell, ipmi:hpe, ipmi:supermicro",
        ),
        (replace(FILE, dialects=("snmp",)), "PDUs, UPSs and cooling units always speak it"),
        (replace(KAFKA, kafka="nowhere"), "--kafka is 'nowhere'; expected HOST:PORT"),
        (replace(KAFKA, topic="a topic"), "--topic is 'a topic'; expected a topic's name"),
    ],
)
def test_wrong_use_is_one_clear_line(options: Options, says: str) -> None:
    with pytest.raises(ConfigError) as raised:
        check_destination(options)
        read_dialects(options.dialects)
        plan_of(options, lay_out(options.hosts, options.kinds.split(",")))
        speed_of(options)
        kafka_config(options)
    assert says in str(raised.value)
    assert str(raised.value).startswith("simulate: ")
    assert "\n" not in str(raised.value)


def test_kafka_gets_the_time_of_the_clock_and_a_file_all_it_can_take() -> None:
    assert (speed_of(KAFKA), speed_of(FILE)) == (1.0, 0.0)
    assert (speed_of(replace(KAFKA, speed="max")), speed_of(replace(FILE, speed="60"))) == (0.0, 60.0)


def test_kafka_settings_come_from_the_config_and_brokers_from_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text(
        '[kafka]\nbrokers = ["x:1"]\ntopics = ["t1"]\nsecurity_protocol = "SSL"\n'
    )
    config, topic = kafka_config(replace(KAFKA, kafka="a:1, b:2", config=tmp_path / "c.toml"))
    assert (config.kafka.brokers, topic) == (("a:1", "b:2"), "t1")
    assert config.kafka.client_settings()["security_protocol"] == "SSL"


def test_racks_are_neither_empty_nor_crowded() -> None:
    assert [host.name for host in lay_out(5, ["2u"]).hosts][-1] == "r02-n01"
    assert lay_out(200, ["2u"]).hosts[-1].rack == "r10"
    kinds = [host.kind.name for host in lay_out(4, ["2u", "1u"]).hosts]
    assert kinds == ["2u", "1u", "2u", "1u"]


def test_mixed_means_every_dialect() -> None:
    assert [name for name, _ in read_dialects(["mixed"])] == list(DIALECTS)


def test_the_command_writes_a_recording_that_decode_understands(tmp_path: Path) -> None:
    def coldaisle(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "agent", *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    out = tmp_path / "a.jsonl.gz"
    done = coldaisle("simulate", "--out", str(out), "--hosts", "2", "--duration", "2m", "--dialect", "native")
    assert (done.returncode, done.stdout) == (0, "")
    assert "messages of 2026-03-03T0" in done.stderr
    decoded = coldaisle("decode", "--json", str(out))
    assert '"sensor":"inlet_temp_c"' in decoded.stdout
    wrong = coldaisle("simulate", "--out", str(out), "--kinds", "3u")
    assert wrong.returncode == 2
    assert wrong.stderr.startswith("coldaisle: simulate: --kinds has '3u'; expected some of 2u, 1u")
    listed = coldaisle("simulate", "--list-faults")
    assert listed.returncode == 0
    assert "| fan_failure " in listed.stdout
    shown = coldaisle("simulate", "--help")
    assert "Example:\n    coldaisle simulate --out" in shown.stdout
