"""`coldaisle bench`: the figures of this machine, as a table or as one JSON object.

What this version does not measure is null in the JSON, with the reason beside it: a figure that is missing
must not look like one that is good.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple, TextIO

from rich.console import Console
from rich.table import Table

from agent.bench.decoding import decoding_rate
from agent.bench.dialects import Size, line_protocol, telegraf_json
from agent.bench.state_size import bytes_per_host
from agent.bench.twin import DAY_S, twin_rate
from agent.host import HISTORY_TICKS

SENSORS = 40  # of a host, as a server's board has them
NOT_MEASURED = "not measured by this version"
KEYS = (
    "agent_vs_drain",
    "decode_line_protocol_per_s",
    "decode_json_per_s",
    "lstm_ae_vs_numalogic",
    "lstm_ae_vs_onnxruntime",
    "lstm_ae_vs_matmul",
    "cost_100k_hosts_vs_100",
    "bytes_per_host",
    "latency_p50_s",
    "latency_p99_s",
    "twin_server_days_per_minute",
)


class Row(NamedTuple):
    """One figure, its unit, and what was done to get it."""

    key: str
    value: float
    unit: str
    how: str


def bench(
    out: TextIO,
    as_json: bool = False,
    seconds: float = 5.0,
    servers: int = 1_000,
    simulated_s: float = 1_800.0,
) -> None:
    """Measure and tell. `seconds` a dialect, `servers` and `simulated_s` for the twin."""
    rows = measure(seconds, servers, simulated_s)
    if as_json:
        json.dump(as_object(rows), out)
        out.write("\n")
        return
    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("figure", "value", "unit"):
        table.add_column(heading, no_wrap=True, justify="right" if heading == "value" else "left")
    table.add_column("how")
    for row in rows:
        table.add_row(row.key, f"{row.value:,.0f}", row.unit, row.how)
    Console(file=out).print(table)


def measure(seconds: float, servers: int, simulated_s: float) -> list[Row]:
    """All figures that this version measures, one after the other, in one thread."""
    rows = []
    for key, make in (("decode_line_protocol_per_s", line_protocol), ("decode_json_per_s", telegraf_json)):
        rate = decoding_rate(make(Size()), seconds)
        how = f"{rate.messages:,} messages in {rate.seconds:.1f} s, one thread, series known"
        rows.append(Row(key, rate.messages_per_s, "messages/s", how))
    how = f"a host's state record: {SENSORS} sensors, {HISTORY_TICKS} ticks, compressed"
    rows.append(Row("bytes_per_host", bytes_per_host(SENSORS, HISTORY_TICKS), "bytes", how))
    twin = twin_rate(servers, simulated_s)
    share = "measured whole" if simulated_s >= DAY_S else f"from {simulated_s / 60:.0f} min of a day"
    how = f"{servers:,} servers with their site polled every 10 s: a day in {twin.day_s:.0f} s, {share}"
    rows.append(Row("twin_server_days_per_minute", twin.server_days_per_minute, "server-days/min", how))
    return rows


def as_object(rows: list[Row]) -> dict[str, Any]:
    """Every key of the table: its figure, or null and why."""
    figures = {row.key: row.value for row in rows}
    told: dict[str, Any] = {key: figures.get(key) for key in KEYS}
    told["reasons"] = {key: NOT_MEASURED for key in KEYS if key not in figures}
    told["how"] = {row.key: row.how for row in rows}
    return told
