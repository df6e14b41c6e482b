"""`coldaisle check`: whether everything that a config names is there and fits, before the daemon needs it.

secrets ─► Kafka ─► topics ─► InfluxDB ─► bucket, notes ─► models ─► topology      one Outcome each
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from kafka.errors import KafkaError

from agent.config import Config
from agent.errors import ColdaisleError, ConfigError
from agent.incident_store import InfluxStore
from agent.influx_check import create_bucket, find_write_fault
from agent.secret_files import find_exposure
from agent.sink.buckets import find_missing_tasks, prepare_bucket
from agent.sink.flux import InfluxError
from agent.topics import connect, explain, find_faults, make_topics, own_topics, telemetry_topics
from agent.topology import load_topology


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one check came to; `detail` is one line."""

    name: str
    ok: bool
    detail: str

    def as_line(self) -> str:
        return f"{'ok' if self.ok else 'failed':<7} {self.name:<9} {self.detail}"

    def as_json(self) -> str:
        return json.dumps({"check": self.name, "ok": self.ok, "detail": self.detail}, ensure_ascii=False)


def check(config: Config, fix: bool = False, retention: bool = False) -> Iterator[Outcome]:
    """One outcome after the other, as they become known; `fix` makes topics and buckets that are missing."""
    yield from _guarded("secrets", lambda: _secrets(config))
    yield from _guarded("kafka", lambda: _kafka(config, fix))
    yield from _guarded("influx", lambda: _influx(config, fix, retention))
    yield from _guarded("models", lambda: _models(config))
    yield from _guarded("topology", lambda: _topology(config))


def _guarded(name: str, checks: Callable[[], Iterator[Outcome]]) -> Iterator[Outcome]:
    """The outcomes; an error that is meant for people becomes failed ones, and the next checks go on."""
    try:
        yield from checks()
    except ColdaisleError as error:
        for line in str(error).splitlines():
            yield Outcome(name, False, line.removeprefix("config: ").removeprefix(f"{name}: "))


# -- secrets -----------------------------------------------------------------------------------------------


def _secrets(config: Config) -> Iterator[Outcome]:
    config.influx.read_token()
    config.kafka.client_settings()
    if config.assistant.is_on:
        config.assistant.read_key()
    shown = [
        (config.influx.token_file, config.influx.allow_insecure),
        (config.kafka.sasl_password_file, config.kafka.allow_insecure),
        (config.kafka.ssl_keyfile, config.kafka.allow_insecure),
        (config.assistant.key_file, config.assistant.allow_insecure),
    ]
    files = [(path, insecure) for path, insecure in shown if path is not None]
    exposed = [find_exposure(path) for path, insecure in files if not insecure]
    faults = [fault for fault in exposed if fault]
    for fault in faults:
        yield Outcome("secrets", False, fault)
    if not faults:
        yield Outcome("secrets", True, "all there, none readable by everyone")


# -- Kafka -------------------------------------------------------------------------------------------------


def _kafka(config: Config, fix: bool) -> Iterator[Outcome]:
    for path in (config.kafka.ssl_cafile, config.kafka.ssl_certfile, config.kafka.ssl_keyfile):
        _require_file(path)
    brokers = ", ".join(config.kafka.brokers)
    try:
        admin = connect(config)
    except KafkaError as error:
        yield Outcome("kafka", False, f"{brokers} does not answer: {explain(error)}")
        return
    with admin:
        yield Outcome("kafka", True, f"{brokers} answers")
        wanted = telemetry_topics(config) + own_topics(config)
        try:
            faults = find_faults(admin, wanted)
            if fix:
                missing = {fault.name for fault in faults if fault.missing}
                for name in make_topics(admin, [topic for topic in wanted if topic.name in missing]):
                    yield Outcome("topic", True, f"{name} created")
                faults = find_faults(admin, wanted)
        except KafkaError as error:
            yield Outcome("kafka", False, f"topics cannot be looked at: {explain(error)}")
            return
    for fault in faults:
        hint = "; --fix creates it" if fault.missing else ""
        yield Outcome("topic", False, fault.reason.removeprefix("topic ") + hint)
    for topic in wanted:
        if topic.name not in {fault.name for fault in faults}:
            yield Outcome("topic", True, f"{topic.name} fits")


def _require_file(path: Path | None) -> None:
    if path is not None and not path.is_file():
        raise ConfigError(f"kafka: {path} is not there; expected a file")


# -- InfluxDB ----------------------------------------------------------------------------------------------


def _retention(config: Config, install: bool) -> Iterator[Outcome]:
    """The tasks that forget old scores and readings. A token that may only write is enough for the daemon, so
    what it may not see is no fault unless the tasks are to be installed."""
    influx = config.influx
    place = (influx.url, influx.org, influx.bucket, influx.read_token(), influx.timeout_s)
    try:
        if install:
            for done in prepare_bucket(*place):
                yield Outcome("retention", True, done)
        missing = find_missing_tasks(*place)
    except ConfigError as error:
        said = str(error).removeprefix("influx: ")
        yield Outcome("retention", not install, f"not {'installed' if install else 'looked at'}: {said}")
        return
    told = (
        f"not there: {', '.join(missing)}; check --retention installs them" if missing else "tasks are there"
    )
    yield Outcome("retention", True, told)


def _notes(config: Config) -> Outcome:
    """Operators' notes need a token that may read; without one the daemon runs, and does not hear them."""
    try:
        InfluxStore(config.influx).notes(time.time_ns())
    except InfluxError as error:
        said = str(error).removeprefix("influx: ")
        return Outcome("notes", True, f"operators' notes will not be heard: {said}")
    return Outcome("notes", True, "operators' notes can be read")


def _influx(config: Config, fix: bool, retention: bool) -> Iterator[Outcome]:
    fault = find_write_fault(config.influx)
    if fault and fault.bucket_missing and fix:
        create_bucket(config.influx)
        yield Outcome("bucket", True, f"{config.influx.bucket} created")
        fault = find_write_fault(config.influx)
    if not fault:
        yield Outcome("influx", True, f"{config.influx.url} takes points for bucket {config.influx.bucket}")
        yield _notes(config)
        yield from _retention(config, retention)
        return
    hint = "; --fix creates it" if fault.bucket_missing and not fix else ""
    yield Outcome("bucket" if fault.bucket_missing else "influx", False, fault.reason + hint)


# -- models and the site -----------------------------------------------------------------------------------


def _models(config: Config) -> Iterator[Outcome]:
    # Only this check needs torch, and it is slow to import.
    from models.registry import Registry

    loaded = Registry(config.models.registry).champion()
    if loaded is None:
        reason = f"{config.models.registry} has no champion yet: every host gets the linear head"
        yield Outcome("models", True, reason)
    else:
        reason = f"{loaded.release} verified, {len(loaded.detectors)} cohorts"
        yield Outcome("models", True, reason)


def _topology(config: Config) -> Iterator[Outcome]:
    if config.models.topology is None:
        yield Outcome("topology", True, "none: hosts have no rack, row or feed")
    else:
        topology = load_topology(config.models.topology)
        yield Outcome("topology", True, f"{config.models.topology} places {len(topology)} hosts")
