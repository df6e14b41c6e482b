"""A real Kafka of one node, broker and controller in one (KRaft)."""

from __future__ import annotations

import socket
import struct
import subprocess
from pathlib import Path
from typing import ClassVar

from deploy.local.builds import ServicesError, fetch_kafka
from deploy.local.containers import Container, container_name, docker_works, fetch_image
from deploy.local.processes import Process, Running, pick_port
from deploy.local.server import Server

KAFKA_IMAGE = "apache/kafka:4.2.0"
HEAP = ("-Xms128m", "-Xmx512m")
LOG_TIMES = (
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
)
CLUSTER_ID = "Y29sZGFpc2xlLWxvY2FsLQ"  # 16 bytes in base64, as Kafka wants it; any would do
API_VERSIONS = 18  # the request that every broker answers, whoever asks
CONTAINER_CONTROLLER_PORT = 9093
ANSWER_TIMEOUT_S = 2.0


class KafkaServer(Server):
    """Kafka on 127.0.0.1. Topics are created on first use, as Kafka does by default.

    Acknowledged records survive `kill()`: the system keeps what the broker wrote.
    """

    name: ClassVar[str] = "Kafka"

    @property
    def brokers(self) -> str:
        """The address for `bootstrap_servers`, as `host:port`."""
        return f"127.0.0.1:{self.port}"

    def answers(self) -> bool:
        return answers_api_versions("127.0.0.1", self.port)

    def _prepare(self) -> Running:
        if docker_works():
            fetch_image(KAFKA_IMAGE)
            return self._container()
        jars = fetch_kafka()
        java = [
            "java",
            *HEAP,
            "-XX:+UseSerialGC",
            *LOG_TIMES,
            "-cp",
            f"{jars}/*",
        ]
        properties = self.folder / "server.properties"
        controller_port = pick_port()
        settings = settings_of("127.0.0.1", self.port, controller_port) | {
            "log.dirs": str(self.folder / "data")
        }
        properties.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
        self._format([*java, "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"], properties)
        return Process([*java, "kafka.Kafka", str(properties)], self.folder / "kafka.log")

    def _format(self, java: list[str], properties: Path) -> None:
        format_it = [
            "kafka.tools.StorageTool",
            "format",
            "--ignore-formatted",
            "-t",
            CLUSTER_ID,
            "-c",
            str(properties),
        ]
        done = subprocess.run([*java, *format_it], capture_output=True, text=True, check=False)
        if done.returncode:
            raise ServicesError(
                f"Kafka's storage could not be prepared:\n{(done.stdout + done.stderr).strip()}"
            )

    def _container(self) -> Container:
        settings = settings_of("0.0.0.0", self.port, CONTAINER_CONTROLLER_PORT) | {"log.dirs": "/tmp/kafka"}
        environment = {f"KAFKA_{key.upper().replace('.', '_')}": value for key, value in settings.items()}
        environment |= {"CLUSTER_ID": CLUSTER_ID, "KAFKA_HEAP_OPTS": " ".join(HEAP)}
        return Container(container_name(self.folder), KAFKA_IMAGE, {self.port: self.port}, environment)


def settings_of(bind: str, port: int, controller_port: int) -> dict[str, str]:
    """Broker settings for one node: nothing is replicated, and internal topics are as small as they go."""
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@127.0.0.1:{controller_port}",
        "controller.listener.names": "CONTROLLER",
        "listeners": f"PLAINTEXT://{bind}:{port},CONTROLLER://{bind}:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "offsets.topic.num.partitions": "1",
        "offsets.topic.replication.factor": "1",
        "transaction.state.log.num.partitions": "1",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "share.coordinator.state.topic.num.partitions": "1",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "group.initial.rebalance.delay.ms": "0",
        # A killed broker may not come back before its session has run out; the default is 9 s.
        "broker.session.timeout.ms": "4000",
        "broker.heartbeat.interval.ms": "500",
        "log.cleaner.dedupe.buffer.size": str(16 << 20),  # bytes; the default is a quarter of this heap
        "num.network.threads": "2",
        "num.io.threads": "4",
    }


def answers_api_versions(host: str, port: int) -> bool:
    """True if a broker takes requests there: an open port alone may be one that is still starting."""
    request = struct.pack(">hhih", API_VERSIONS, 0, 1, -1)  # key, version, correlation, no client id
    try:
        with socket.create_connection((host, port), timeout=ANSWER_TIMEOUT_S) as link:
            link.sendall(struct.pack(">i", len(request)) + request)
            head = b""
            while len(head) < 10:  # length, correlation, error
                received = link.recv(10 - len(head))
                if not received:
                    return False
                head += received
    except OSError:
        return False
    _, correlation, error = struct.unpack(">iih", head)
    return bool(correlation == 1 and error == 0)
