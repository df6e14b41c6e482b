"""A small fleet that sends to a real Kafka, and what the daemon made of it in InfluxDB."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from compare import read_points
from daemon_process import Setup, produce

from agent.telemetry.readings import Message
from deploy.local.influx_server import InfluxServer
from deploy.local.kafka_server import KafkaServer

S = 1_000_000_000
MINUTE = 60 * S
OBEYED_S = 10.0
PATIENCE_S = 60.0
COOL, HOT, LIMIT = 40, 99, 90  # a CPU and its own critical limit: one tick above it raises


class SiteSetup(Setup):
    """With an inventory beside the config."""

    def write_config(self) -> Path:
        path = super().write_config()
        path.write_text(path.read_text().replace("[models]", '[models]\ntopology = "topology.csv"'))
        return path


@dataclass
class Fleet:
    """Hosts that send their CPU's temperature every ten seconds of event time, an hour ago and later."""

    setup: Setup
    now_ns: int
    sent: list[Message]

    def send(self, ticks: int, **temperature: int) -> None:
        """So many ticks of each named host."""
        first = len(self.sent)
        for _ in range(ticks):
            self.now_ns += 10 * S
            for host, value in temperature.items():
                line = (
                    f"redfish_thermal_temperatures,source={host},name=CPU1\\ Temp "
                    f"reading_celsius={value}i,upper_threshold_critical={LIMIT}i {self.now_ns}"
                )
                self.sent.append(Message(line.encode(), key=host.encode()))
        self._produce(first)

    def send_fans(self, ticks: int, **rpm: int) -> None:
        """So many ticks of each named host with two fans, of which the first has this speed."""
        first = len(self.sent)
        for _ in range(ticks):
            self.now_ns += 10 * S
            for host, value in rpm.items():
                lines = (
                    f"redfish_thermal_temperatures,source={host},name=CPU1\\ Temp reading_celsius={COOL}i",
                    f"redfish_thermal_fans,source={host},name=Fan1 reading_rpm={value}i",
                    f"redfish_thermal_fans,source={host},name=Fan2 reading_rpm=5000i",
                    f"redfish_power_powersupplies,source={host},name=PSU1 power_input_watts=300",
                )
                text = "\n".join(f"{line} {self.now_ns}" for line in lines)
                self.sent.append(Message(text.encode(), key=host.encode()))
        self._produce(first)

    def _produce(self, first: int) -> None:
        messages = self.sent[first:]
        produce(self.setup, messages, [message.key or b"" for message in messages])


def make_setup(kafka: KafkaServer, influx: InfluxServer, topic: str, bucket: str, folder: Path) -> Setup:
    token_file = folder / "token"
    token_file.write_text(influx.token)
    token_file.chmod(0o600)
    (folder / "topology.csv").write_text("host,rack\nn01,r1\nn02,r2\n")
    return SiteSetup(
        brokers=kafka.brokers,
        topic=topic,
        group=f"group-{topic}",
        influx_url=influx.url,
        org=influx.org,
        bucket=bucket,
        token_file=token_file,
        registry=folder / "registry",
        folder=folder,
    )


def wait_until(holds: Callable[[], object], what: str, patience_s: float = PATIENCE_S) -> None:
    began_s = time.monotonic()
    while not holds():
        assert time.monotonic() - began_s < patience_s, f"not after {patience_s:.0f} s: {what}"
        time.sleep(0.2)


def states(
    influx: InfluxServer, setup: Setup, measurement: str = "alert", tag: str = "host"
) -> dict[str, str]:
    """Host → the state of its one alert or incident."""
    found = read_points(influx.url, influx.token, influx.org, setup.bucket)
    told = [
        (dict(tags)[tag], str(fields["state"])) for (m, tags, _), fields in found.items() if m == measurement
    ]
    assert len(told) == len(dict(told)), f"a second {measurement}: {told}"
    return dict(told)


def incidents(influx: InfluxServer, setup: Setup) -> dict[str, str]:
    return states(influx, setup, "incident", "anchor")
