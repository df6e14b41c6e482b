"""What one sensor of a host read in a span of time, from a replay's folder or from InfluxDB.

--out DIR ──► agent/incident_file.py ─┐
--config F ─► query_sensor (Flux) ────┴─► [(time, value)]
"""

from __future__ import annotations

from agent.config import InfluxConfig
from agent.incident_file import Reading
from agent.sink.flux import flux_text, flux_time, parse_time, read_rows


def query_sensor(config: InfluxConfig, host: str, sensor: str, since_ns: int, until_ns: int) -> list[Reading]:
    """The readings from `since_ns` to `until_ns`, both included, by time.

    Raises:
        InfluxError: no answer, or the token may not read the bucket.
        ConfigError: the token cannot be read.
    """
    rows = read_rows(
        config,
        f"""from(bucket: {flux_text(config.bucket)})
    |> range(start: {flux_time(since_ns)}, stop: {flux_time(until_ns + 1)})
    |> filter(fn: (r) => r._measurement == "reading" and r.host == {flux_text(host)})
    |> filter(fn: (r) => r._field == {flux_text(sensor)})
""",
    )
    return sorted((parse_time(str(row["_time"])), float(row["_value"])) for row in rows)
