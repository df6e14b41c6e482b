"""The bench tells every figure, or why it has none; how large they are is for people to judge."""

from __future__ import annotations

import io
import json

import pytest

from agent.bench.command import KEYS, bench
from agent.bench.decoding import decoding_rate
from agent.bench.dialects import DIALECTS, Size
from agent.bench.state_size import bytes_per_host
from agent.telemetry.decoder import Decoder
from agent.telemetry.readings import Message

SMALL = {"seconds": 0.05, "servers": 20, "simulated_s": 60.0}


def test_json_has_every_key_with_a_figure_or_a_reason() -> None:
    out = io.StringIO()
    bench(out, as_json=True, **SMALL)  # type: ignore[arg-type]
    told = json.loads(out.getvalue())
    assert set(KEYS) <= set(told)
    measured = {key for key in KEYS if told[key] is not None}
    assert measured == {
        "decode_line_protocol_per_s",
        "decode_json_per_s",
        "bytes_per_host",
        "twin_server_days_per_minute",
    }
    assert all(told[key] > 0 for key in measured)
    assert set(told["reasons"]) == set(KEYS) - measured
    assert set(told["how"]) == measured


def test_the_table_says_what_was_measured_and_how() -> None:
    out = io.StringIO()
    bench(out, **SMALL)  # type: ignore[arg-type]
    assert "decode_json_per_s" in out.getvalue()
    assert "20 servers" in out.getvalue()


@pytest.mark.parametrize("make", DIALECTS, ids=[make.__name__ for make in DIALECTS])
def test_every_dialect_that_is_measured_is_read_whole(make: object) -> None:
    assert callable(make)
    size = Size(hosts=3, sensors=6, rounds=2)
    decoder = Decoder()
    decoded = decoder.decode(make(size))
    assert decoded.dead_letters == ()
    values = [r for r in decoded.readings.series.tolist() if not decoder.series[r].limit_of]
    assert len(values) == 3 * 6 * 2
    assert len({decoder.series[r].host for r in values}) == 3
    assert len(set(values)) == 3 * 6


def test_messages_that_are_set_aside_are_not_measured() -> None:
    with pytest.raises(ValueError, match="set aside"):
        decoding_rate([Message(b"not telemetry")], 0.01)


def test_a_host_of_more_sensors_has_a_larger_record() -> None:
    few, many = bytes_per_host(sensors=3, ticks=40), bytes_per_host(sensors=30, ticks=40)
    assert 500 < few < many < 50_000
