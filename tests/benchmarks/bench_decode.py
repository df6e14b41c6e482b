"""Prints how many readings a second the decoder takes in, for the dialects that carry most of a site.

    python tests/benchmarks/bench_decode.py [seconds a dialect]

Messages are made beforehand; 50 hosts × 20 sensors, so that nearly every series has been seen.
"""

from __future__ import annotations

import sys
import time

from agent.telemetry.decoder import Decoder
from agent.telemetry.readings import Message

HOSTS, SENSORS, ROUNDS = 50, 20, 10
START_NS, STEP_NS = 1_767_225_600_000_000_000, 10_000_000_000


def line_protocol() -> list[Message]:
    return [
        Message(
            f"ipmi_sensor,entity_id=7.{s},host=collector01,name=fan{s},server=n{h:03},status_code=ok,unit=rpm"
            f" value={5000 + r} {START_NS + r * STEP_NS}\n".encode()
        )
        for r in range(ROUNDS)
        for h in range(HOSTS)
        for s in range(SENSORS)
    ]


def redfish_lines() -> list[Message]:
    return [
        Message(
            f"redfish_thermal_temperatures,address=10.0.0.{h},health=OK,host=collector01,member_id={s},"
            f"name=CPU{s}\\ Temp,rack=R01,row=North,source=n{h:03},state=Enabled reading_celsius={40 + r},"
            f"upper_threshold_critical=95,upper_threshold_fatal=100 {START_NS + r * STEP_NS}\n".encode()
        )
        for r in range(ROUNDS)
        for h in range(HOSTS)
        for s in range(SENSORS)
    ]


def telegraf_json() -> list[Message]:
    return [
        Message(
            f'{{"fields":{{"value":{5000 + r}}},"name":"ipmi_sensor","tags":{{"entity_id":"7.{s}",'
            f'"host":"collector01","name":"fan{s}","server":"n{h:03}","status_code":"ok","unit":"rpm"}},'
            f'"timestamp":{START_NS // 1_000_000_000 + r * 10}}}\n'.encode()
        )
        for r in range(ROUNDS)
        for h in range(HOSTS)
        for s in range(SENSORS)
    ]


def native() -> list[Message]:
    return [
        Message(
            f'{{"ts":"2026-01-01T00:00:{r * 5:02}.000Z","host":"n{h:03}","rack":"R01","metrics":{{'.encode()
            + ",".join(f'"fan{s}_rpm":{5000 + r}' for s in range(SENSORS)).encode()
            + b"}}"
        )
        for r in range(ROUNDS)
        for h in range(HOSTS)
    ]


def measure(messages: list[Message], seconds: float) -> tuple[float, float]:
    """Messages and readings a second, once every series is known."""
    decoder = Decoder()
    decoder.decode(messages)
    readings = rounds = 0
    start = time.perf_counter()
    while (elapsed := time.perf_counter() - start) < seconds:
        readings += len(decoder.decode(messages).readings)
        rounds += 1
    return rounds * len(messages) / elapsed, readings / elapsed


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 2.0
    for make in (line_protocol, redfish_lines, telegraf_json, native):
        messages_per_s, readings_per_s = measure(make(), seconds)
        sys.stdout.write(
            f"{make.__name__:15} {messages_per_s:10,.0f} messages/s {readings_per_s:10,.0f} readings/s\n"
        )


if __name__ == "__main__":
    main()
