"""`coldaisle run`: builds the daemon from its config."""

from __future__ import annotations

import logging
import os
import socket
import time

from prometheus_client import CollectorRegistry

from agent.config import Config
from agent.daemon import Daemon
from agent.delivery.outbox import Outbox
from agent.device import choose_device
from agent.health import Health, watch
from agent.inventory_file import InventoryFile
from agent.logs import log_event, set_up_logs
from agent.pipeline import Pipeline
from agent.scoring import Scorer
from agent.sink.influx import InfluxSink
from agent.status import StatusServer
from models.registry import Registry

_log = logging.getLogger(__name__)


def run_daemon(config: Config) -> None:
    """`coldaisle run`: build everything from the config and run until SIGTERM.

    Raises:
        ConfigError: a setting is wrong, or a topic of ours has the wrong shape.
        RegistryError: the model in service must not be used.
    """
    set_up_logs(config.log)
    models = Registry(config.models.registry, device=choose_device(config.models.device)).champion()
    if models is None:
        log_event(
            _log, logging.WARNING, "no model yet: the linear head scores", registry=config.models.registry
        )
    inventory, maintenance = InventoryFile(config.models.topology), config.maintenance.plan()
    instance = f"{socket.gethostname()}-{os.getpid()}-{time.time_ns() // 1_000_000}"
    health, metrics = Health(instance), CollectorRegistry()
    metrics.register(health)
    with StatusServer(config.status, health.alive, health.is_ready, metrics) as status:
        # One process at a time holds the port, so its number names the transactional producer: a restart at
        # once ends what the killed process left open.
        outbox = Outbox(config, f"{config.kafka.group}.{socket.gethostname()}.{status.port}")
        pipeline = Pipeline(
            Scorer.of(models),
            inventory.first,
            config.windows.lateness_s,
            models.periods if models else None,
            mappings=config.telemetry.mappings(),
            max_hosts=config.telemetry.max_hosts,
            maintenance=maintenance,
        )
        sink = InfluxSink(
            config.influx.url, config.influx.org, config.influx.bucket, config.influx.read_token,
            config.influx.timeout_s,
        )  # fmt: skip
        watch(health)
        Daemon(config, pipeline, sink, outbox, health, inventory).run()
