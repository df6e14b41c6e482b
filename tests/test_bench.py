"""The bench tells every figure, or why it has none; how large they are is for people to judge."""

from __future__ import annotations

import io
import json

from agent.bench.command import KEYS, bench

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
