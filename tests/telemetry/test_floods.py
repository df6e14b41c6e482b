"""Floods of made-up hosts and sensors: what is remembered of them is bounded, and known hosts go on."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import pytest
from reading_messages import T_NS, decode
from rich.console import Console

from agent.config import load_config
from agent.errors import ConfigError
from agent.pipeline import Pipeline
from agent.replay import replay
from agent.scoring import Scorer
from agent.telemetry import binding
from agent.telemetry.decoder import Decoder
from agent.telemetry.readings import Message

T_S = T_NS // 1_000_000_000
MAX_HOSTS = 100


def line(host: str, sensor: str = "fan1", second: int = 0) -> Message:
    told = f"ipmi_sensor,name={sensor},server={host},unit=rpm value=5040 {T_NS + second * 10**9}"
    return Message(told.encode(), topic="t")


def by_native(host: str) -> Message:
    return Message(json.dumps({"ts": T_S, "host": host, "metrics": {"fan1_rpm": 5040}}).encode())


def by_otlp(host: str) -> Message:
    resource = {"attributes": [{"key": "host.name", "value": {"stringValue": host}}]}
    points = [{"asDouble": 412, "timeUnixNano": str(T_NS)}]
    metrics = [{"name": "hw.host.power", "unit": "W", "gauge": {"dataPoints": points}}]
    told = {"resourceMetrics": [{"resource": resource, "scopeMetrics": [{"metrics": metrics}]}]}
    return Message(json.dumps(told).encode())


def by_report(host: str) -> Message:
    values = [{"MetricId": "RPMReading", "MetricValue": "1", "Oem": {"Dell": {"ContextID": "Fan1"}}}]
    told = {"host": host, "Id": "R", "Timestamp": "2026-01-01T00:00:00Z", "MetricValues": values}
    return Message(json.dumps(told).encode())


def by_pump(host: str) -> Message:
    fields = {"_value": 5040, "metric_name": "Fan1_RPMReading"}
    return Message(json.dumps([{"time": T_S, "event": "metric", "host": host, "fields": fields}]).encode())


def by_adapter(host: str) -> Message:
    told = {"timestamp": T_S, "value": "24", "name": "ipmi_temperature_celsius", "labels": {"instance": host}}
    return Message(json.dumps(told).encode())


@pytest.mark.parametrize("say", [line, by_native, by_otlp, by_report, by_pump, by_adapter])
def test_hosts_beyond_the_limit_are_dead_letters_and_known_ones_go_on(say: object) -> None:
    assert callable(say)
    decoder = Decoder(max_hosts=2)
    got, letters = decode(*map(say, ("a", "b", "c", "a", "d", "b", "c")), decoder=decoder)
    assert [reading.series.host for reading in got] == ["a", "b", "a", "b"]
    assert letters == {2: "too many hosts", 4: "too many hosts", 6: "too many hosts"}


def test_a_flood_of_hosts_through_the_pipeline_leaves_a_bounded_number_of_them() -> None:
    pipeline = Pipeline(Scorer.of(None), max_hosts=MAX_HOSTS)
    known = [line(f"n{n}") for n in range(MAX_HOSTS)]
    assert pipeline.process(known).dead_letters == []
    for poll in range(20):
        flood = [line(f"x{poll}-{n}") for n in range(1_000)]
        output = pipeline.process([*flood, line("n7", second=10 * (poll + 1))])
        assert {reason for _, reason in output.dead_letters} == {"too many hosts"}
        assert output.counts.dead_letters == 1_000
        assert output.counts.messages_decoded == output.counts.messages_in - 1_000
        assert output.touched == ("n7",)
    assert len(pipeline.hosts) == MAX_HOSTS


def test_a_config_says_how_many_hosts_there_may_be(tmp_path: Path) -> None:
    recording, config = tmp_path / "flood.log", tmp_path / "coldaisle.toml"
    recording.write_bytes(b"\n".join(line(f"n{n}").value or b"" for n in range(5)))
    config.write_text("[telemetry]\nmax_hosts = 2\n")
    replayed = replay([recording], load_config(config), out=tmp_path / "out", console=Console(quiet=True))
    assert replayed.dead_letters == {"too many hosts": 3}
    config.write_text("[telemetry]\nmax_hosts = 0\n")
    with pytest.raises(ConfigError, match=r"telemetry\.max_hosts is 0; expected a whole number of 1\.\."):
        load_config(config)


def test_a_flood_beyond_the_limit_takes_no_memory() -> None:
    decoder = Decoder(max_hosts=1)
    decoder.decode([line(f"n{n}") for n in range(2_000)])
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for poll in range(10):
            decoder.decode([line(f"x{poll}-{n}") for n in range(1_000)])
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 10_000 * 20  # bytes; a host takes 2,000


def test_sensors_beyond_the_limit_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binding, "MAX_SENSORS", 3)
    messages = [line("n1", f"fan{n}") for n in (1, 2, 3, 4, 1)]
    got, letters = decode(*messages)
    assert [reading.series.sensor for reading in got] == ["fan1_rpm", "fan2_rpm", "fan3_rpm", "fan1_rpm"]
    assert letters == {3: "too many sensors"}
    metrics = {f"fan{n}_rpm": n for n in range(1, 6)}
    got, letters = decode(json.dumps({"ts": T_S, "host": "n1", "metrics": metrics}))
    assert [reading.value for reading in got] == [1, 2, 3]
    assert letters == {}


def test_sensors_of_one_host_take_no_room_from_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binding, "MAX_SENSORS", 1)
    got, letters = decode(line("n1"), line("n1", "fan2"), line("n2"))
    assert [reading.series.host for reading in got] == ["n1", "n2"]
    assert letters == {1: "too many sensors"}


def test_the_number_of_series_follows_the_hosts_and_not_the_messages() -> None:
    decoder = Decoder()
    for poll in range(50):
        decoder.decode([line(f"n{n}", f"fan{s}", poll) for n in range(5) for s in range(4)])
    assert len(decoder.series) == 20


def test_tags_that_change_with_every_message_leave_one_sensor() -> None:
    decoder = Decoder()
    values = [
        f"ipmi_sensor,name=fan1,server=n1,unit=rpm,request={n} value={n} {T_NS}" for n in range(1, 2_001)
    ]
    decoder.decode([Message(value.encode()) for value in values])
    assert len(decoder.series) == 1


def test_a_key_of_a_megabyte_names_no_host_and_is_not_remembered() -> None:
    value = f"m x=1 {T_NS}".encode()
    got, letters = decode(Message(value, key=b" " * 1_000_000 + b"n1"), Message(value, key=b" n1 "))
    assert [reading.series.host for reading in got] == ["n1"]
    assert letters == {0: "no host"}
