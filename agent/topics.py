"""The agent's own topics: what they have to be, what they are, and how they are made.

    <group>.state    compacted             newest record of every host
    <group>.alerts   one partition, 7 d    what the owner of the whole site reads
    dead letters     any                   original bytes of messages that carried nothing usable

The daemon makes what is missing and refuses what is wrong: a state topic that is not compacted grows for ever
or forgets hosts, and alerts in two partitions have two owners of one site.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import KafkaError, TopicAlreadyExistsError

from agent.config import Config
from agent.errors import ConfigError

DAY_MS = 86_400_000
ALERTS_KEPT_MS = 7 * DAY_MS
RECORD_MAX_BYTES = 8 * 1024 * 1024  # a host of 1,000 sensors, and a dead letter with its headers
CONNECT_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class WantedTopic:
    """A topic as the agent makes it; −1 partitions are the brokers' default."""

    name: str
    partitions: int = -1
    only_partition: bool = False  # more than one would be wrong
    used_to: tuple[str, ...] = ("READ",)  # Kafka's names of operations
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FoundTopic:
    """A topic as it is."""

    name: str
    partitions: int
    allowed: frozenset[str]
    settings: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TopicFault:
    """What is wrong with one topic; a missing one can be made."""

    name: str
    reason: str
    missing: bool


def own_topics(config: Config) -> list[WantedTopic]:
    """State, alerts and, unless a file takes them, dead letters."""
    kafka = config.kafka
    state = WantedTopic(
        kafka.state_topic,
        partitions=1,
        used_to=("READ", "WRITE"),
        settings={
            "cleanup.policy": "compact",
            # Compaction skips the segment being written: small segments keep a restart's reading short.
            "segment.bytes": str(64 * 1024 * 1024),
            "segment.ms": str(DAY_MS // 24),
            "min.cleanable.dirty.ratio": "0.1",
            "max.message.bytes": str(RECORD_MAX_BYTES),
        },
    )
    alerts = WantedTopic(
        kafka.alerts_topic,
        partitions=1,
        only_partition=True,
        used_to=("READ", "WRITE"),
        settings={"cleanup.policy": "delete", "retention.ms": str(ALERTS_KEPT_MS)},
    )
    letters = WantedTopic(
        kafka.dead_letter_topic, used_to=("WRITE",), settings={"max.message.bytes": str(RECORD_MAX_BYTES)}
    )
    return [state, alerts, letters] if kafka.dead_letter_topic else [state, alerts]


def telemetry_topics(config: Config) -> list[WantedTopic]:
    """The topics to read; how many partitions they have is their owner's choice."""
    return [WantedTopic(name) for name in config.kafka.topics]


def ensure_topics(config: Config) -> list[str]:
    """Make those of the agent's own topics that are missing; returns their names.

    Raises:
        ConfigError: a topic has the wrong shape, a telemetry topic is missing, or making one was refused.
        KafkaError: no broker answered.
    """
    with connect(config) as admin:
        own = own_topics(config)
        faults = find_faults(admin, own)
        wrong = [fault.reason for fault in faults if not fault.missing]
        wrong += [fault.reason for fault in find_faults(admin, telemetry_topics(config))]
        if wrong:
            raise ConfigError("\n".join(f"kafka: {reason}" for reason in wrong))
        missing = {fault.name for fault in faults}
        return make_topics(admin, [topic for topic in own if topic.name in missing])


def connect(config: Config) -> KafkaAdminClient:
    """An admin client, a context manager.

    Raises:
        KafkaError: no broker answered in ten seconds, or it refused the credentials.
        ConfigError: the password cannot be read.
    """
    return KafkaAdminClient(
        bootstrap_timeout_ms=int(CONNECT_TIMEOUT_S * 1000),
        request_timeout_ms=int(CONNECT_TIMEOUT_S * 1000),
        **config.kafka.client_settings(),
    )


def find_faults(admin: KafkaAdminClient, wanted: Iterable[WantedTopic]) -> list[TopicFault]:
    """What is wrong with the wanted topics, in their order.

    Raises:
        KafkaError: the brokers did not answer or do not allow to look.
    """
    topics = list(wanted)
    found = {topic.name: topic for topic in _describe(admin, topics)}
    faults = []
    for topic in topics:
        if topic.name not in found:
            faults.append(
                TopicFault(topic.name, f"topic {topic.name} does not exist or may not be seen", missing=True)
            )
        else:
            faults += [
                TopicFault(topic.name, f"topic {topic.name}: {reason}", missing=False)
                for reason in _misfits(topic, found[topic.name])
            ]
    return faults


def make_topics(admin: KafkaAdminClient, wanted: Iterable[WantedTopic]) -> list[str]:
    """Create topics; one that another instance made meanwhile is as good. Returns their names.

    Raises:
        ConfigError: the brokers refused.
    """
    made = []
    for topic in wanted:
        options = {
            "num_partitions": topic.partitions,
            "replication_factor": -1,
            "configs": dict(topic.settings),
        }
        try:
            admin.create_topics({topic.name: options}, wait_for_metadata=True)
        except TopicAlreadyExistsError:
            continue
        except KafkaError as error:
            raise ConfigError(f"kafka: topic {topic.name} cannot be created: {explain(error)}") from error
        made.append(topic.name)
    return made


def explain(error: KafkaError) -> str:
    """The error's name and the first line of what it says."""
    name = type(error).__name__.removesuffix("Error")
    said = str(error).split("\n")[0]
    return said if name in said else f"{name}: {said}" if said else name


def _describe(admin: KafkaAdminClient, topics: list[WantedTopic]) -> list[FoundTopic]:
    existing = set(admin.list_topics())
    names = [topic.name for topic in topics if topic.name in existing]
    if not names:
        return []
    seen = {topic["name"]: topic for topic in admin.describe_topics(names)}
    allowed = {name: frozenset(topic["authorized_operations"]) for name, topic in seen.items()}
    # Looking at settings is a right of its own; without it the topic is taken as its makers left it.
    resources = [
        ConfigResource(ConfigResourceType.TOPIC, name)
        for name in names
        if "DESCRIBE_CONFIGS" in allowed[name]
    ]
    settings = admin.describe_configs(resources, config_filter="all")["topic"] if resources else {}
    return [
        FoundTopic(
            name,
            len(topic["partitions"]),
            allowed[name],
            {key: value["value"] for key, value in settings.get(name, {}).items()},
        )
        for name, topic in seen.items()
    ]


def _misfits(wanted: WantedTopic, found: FoundTopic) -> Iterable[str]:
    if wanted.only_partition and found.partitions != 1:
        yield f"partitions is {found.partitions}; expected 1"
    for operation in wanted.used_to:
        if operation not in found.allowed:
            yield f"this user is not allowed to {operation} it"
    policy = wanted.settings.get("cleanup.policy")
    got_policy = found.settings.get("cleanup.policy", policy)
    if got_policy != policy and policy is not None:
        yield f"cleanup.policy is {got_policy}; expected {policy}"
    kept_ms = int(found.settings.get("retention.ms", "-1"))
    if "retention.ms" in wanted.settings and 0 <= kept_ms < int(wanted.settings["retention.ms"]):
        yield f"retention.ms is {kept_ms}; expected {wanted.settings['retention.ms']} or more"
