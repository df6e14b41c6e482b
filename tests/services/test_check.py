"""`coldaisle check` against a real Kafka and a real InfluxDB."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.domain.permission import Permission
from influxdb_client.domain.permission_resource import PermissionResource

from agent.check import Outcome, check
from agent.config import Config, load_config
from agent.config_assistant import AssistantConfig
from agent.errors import ConfigError
from agent.topics import connect, ensure_topics, find_faults, own_topics
from deploy.local.influx_server import InfluxServer
from deploy.local.kafka_server import KafkaServer


@pytest.fixture
def config_file(
    kafka: KafkaServer, influx: InfluxServer, unique_name: Callable[[], str], tmp_path: Path
) -> Path:
    """A config whose topics and bucket do not exist yet."""
    token = tmp_path / "token"
    token.touch(mode=0o600)
    token.write_text(influx.token)
    path = tmp_path / "coldaisle.toml"
    path.write_text(
        f'[kafka]\nbrokers = ["{kafka.brokers}"]\ntopics = ["{unique_name()}"]\ngroup = "{unique_name()}"\n'
        f'dead_letter_topic = "{unique_name()}"\n'
        f'[influx]\nurl = "{influx.url}"\norg = "{influx.org}"\nbucket = "{unique_name()}"\n'
        'token_file = "token"\n'
    )
    return path


@pytest.fixture
def config(config_file: Path) -> Config:
    return load_config(config_file)


def outcomes(config: Config, name: str, fix: bool = False) -> list[Outcome]:
    return [outcome for outcome in check(config, fix) if outcome.name == name]


def make_topic(config: Config, name: str, partitions: int, **settings: str) -> None:
    with connect(config) as admin:
        configs = {key.replace("_", "."): value for key, value in settings.items()}
        admin.create_topics(
            {name: {"num_partitions": partitions, "configs": configs}}, wait_for_metadata=True
        )


def test_what_is_missing_is_named_one_by_one(config: Config) -> None:
    kafka = config.kafka
    missing = [*kafka.topics, kafka.state_topic, kafka.alerts_topic, kafka.dead_letter_topic]
    assert outcomes(config, "topic") == [
        Outcome("topic", False, f"{name} does not exist or may not be seen; --fix creates it")
        for name in missing
    ]
    (bucket,) = outcomes(config, "bucket")
    assert not bucket.ok
    assert bucket.detail.endswith(f'bucket "{config.influx.bucket}" not found; --fix creates it')


def test_fix_makes_what_is_missing_and_then_all_is_well(config: Config) -> None:
    made = [outcome.detail for outcome in check(config, fix=True) if outcome.detail.endswith(" created")]
    assert made == [
        f"{config.kafka.topics[0]} created",
        f"{config.kafka.state_topic} created",
        f"{config.kafka.alerts_topic} created",
        f"{config.kafka.dead_letter_topic} created",
        f"{config.influx.bucket} created",
    ]
    assert all(outcome.ok for outcome in check(config))


def test_a_topic_of_the_wrong_shape_is_refused_and_fix_leaves_it_alone(config: Config) -> None:
    make_topic(config, config.kafka.topics[0], 2)
    make_topic(config, config.kafka.state_topic, 1)
    make_topic(config, config.kafka.alerts_topic, 3, retention_ms="3600000")
    said = [
        f"topic {config.kafka.state_topic}: cleanup.policy is delete; expected compact",
        f"topic {config.kafka.alerts_topic}: partitions is 3; expected 1",
        f"topic {config.kafka.alerts_topic}: retention.ms is 3600000; expected 604800000 or more",
    ]
    failed = [f"topic {o.detail}" for o in outcomes(config, "topic", fix=True) if not o.ok]
    assert failed == said
    with pytest.raises(ConfigError) as caught:
        ensure_topics(config)
    assert str(caught.value).splitlines() == [f"kafka: {line}" for line in said]


def test_the_daemon_makes_its_own_topics_but_not_those_it_reads(config: Config) -> None:
    with pytest.raises(ConfigError, match="does not exist"):
        ensure_topics(config)
    make_topic(config, config.kafka.topics[0], 3)
    kafka = config.kafka
    assert ensure_topics(config) == [kafka.state_topic, kafka.alerts_topic, kafka.dead_letter_topic]
    assert ensure_topics(config) == []
    with connect(config) as admin:
        assert find_faults(admin, own_topics(config)) == []


def test_a_file_for_dead_letters_needs_no_topic(config: Config) -> None:
    kafka = config.kafka.model_copy(update={"dead_letter_topic": ""})
    names = [topic.name for topic in own_topics(config.model_copy(update={"kafka": kafka}))]
    assert names == [kafka.state_topic, kafka.alerts_topic]


def test_a_token_that_influxdb_does_not_know_is_told_from_a_missing_bucket(config: Config) -> None:
    token = config.influx.token_file
    assert token is not None
    token.write_text("someone-else")
    (influx,) = outcomes(config, "influx")
    assert influx == Outcome(
        "influx", False, f"{config.influx.url} does not accept the token: unauthorized access"
    )
    assert "someone-else" not in "".join(outcome.as_line() for outcome in check(config))


def test_a_token_that_everyone_can_read_is_refused(config: Config) -> None:
    token = config.influx.token_file
    assert token is not None
    token.chmod(0o644)
    assert [o.ok for o in outcomes(config, "secrets")] == [False]
    insecure = config.influx.model_copy(update={"allow_insecure": True})
    assert [o.ok for o in outcomes(config.model_copy(update={"influx": insecure}), "secrets")] == [True]


def test_a_damaged_registry_fails_and_an_empty_one_does_not(config: Config) -> None:
    (empty,) = outcomes(config, "models")
    assert empty == Outcome(
        "models", True, f"{config.models.registry} has no champion yet: every host gets the linear head"
    )
    config.models.registry.mkdir()
    (config.models.registry / "champion.json").write_text("{")
    (damaged,) = outcomes(config, "models")
    assert not damaged.ok
    assert "champion.json" in damaged.detail


def test_a_wrong_inventory_is_named_by_line(config: Config, tmp_path: Path) -> None:
    (tmp_path / "racks.csv").write_text("host,u\nn1,top\n")
    models = config.models.model_copy(update={"topology": tmp_path / "racks.csv"})
    (topology,) = outcomes(config.model_copy(update={"models": models}), "topology")
    assert topology == Outcome(
        "topology", False, f"{tmp_path}/racks.csv: line 2: u is 'top'; expected a number"
    )


def test_servers_that_are_not_there_are_named(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.topics.CONNECT_TIMEOUT_S", 1.0)
    kafka = config.kafka.model_copy(update={"brokers": ("127.0.0.1:1",)})
    influx = config.influx.model_copy(update={"url": "http://127.0.0.1:1"})
    nowhere = config.model_copy(update={"kafka": kafka, "influx": influx})
    found = {outcome.name: outcome for outcome in check(nowhere)}
    assert found["kafka"].detail.startswith("127.0.0.1:1 does not answer")
    assert found["influx"].detail.startswith("http://127.0.0.1:1 does not answer")
    assert not found["kafka"].ok
    assert not found["influx"].ok


def test_the_command_exits_with_2_until_all_is_well(config_file: Path) -> None:
    def run(*options: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "agent", "check", "--config", str(config_file), *options]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert run().returncode == 2
    fixed = run("--fix", "--json")
    assert (fixed.returncode, fixed.stderr) == (0, "")
    assert all(json.loads(line)["ok"] for line in fixed.stdout.splitlines())


def test_retention_installs_its_tasks_once(config: Config) -> None:
    list(check(config, fix=True))
    first = [o.detail for o in check(config, retention=True) if o.name == "retention"]
    second = [o.detail for o in check(config, retention=True) if o.name == "retention"]
    assert len(first) > 1
    assert second == [first[-1]] == ["tasks are there"]


def test_a_token_that_may_only_write_may_stay_blind_to_tasks_but_cannot_install_them(config: Config) -> None:
    list(check(config, fix=True))
    list(check(config, retention=True))
    influx, token_file = config.influx, config.influx.token_file
    assert token_file is not None
    with InfluxDBClient(influx.url, influx.read_token(), org=influx.org) as client:
        made = client.authorizations_api().find_authorizations()
    (writer,) = [a for a in made if a.description == f"coldaisle: deletes old points of {influx.bucket}"]
    token_file.write_text(writer.token)
    blind = f"the token may not see organisation {influx.org}, only write perhaps"
    assert outcomes(config, "retention") == [Outcome("retention", True, f"not looked at: {blind}")]
    tried = [outcome for outcome in check(config, retention=True) if outcome.name == "retention"]
    assert tried == [Outcome("retention", False, f"not installed: {blind}")]


def test_a_token_that_may_only_write_does_not_hear_notes(config: Config) -> None:
    list(check(config, fix=True))
    assert outcomes(config, "notes") == [Outcome("notes", True, "operators' notes can be read")]
    influx, token_file = config.influx, config.influx.token_file
    assert token_file is not None
    with InfluxDBClient(influx.url, influx.read_token(), org=influx.org) as client:
        bucket = client.buckets_api().find_bucket_by_name(influx.bucket)
        (org,) = client.organizations_api().find_organizations(org=influx.org)
        writes = Permission(
            action="write", resource=PermissionResource(type="buckets", id=bucket.id, org_id=org.id)
        )
        writer = client.authorizations_api().create_authorization(org_id=org.id, permissions=[writes])
    token_file.write_text(writer.token)
    (told,) = outcomes(config, "notes")
    assert told.ok
    assert told.detail.startswith("operators' notes will not be heard: ")
    assert outcomes(config, "influx")[0].ok


def test_a_key_for_the_assistant_that_is_not_there_is_named(config: Config, tmp_path: Path) -> None:
    assistant = AssistantConfig(
        url="http://127.0.0.1:9/v1", model="any", key_file=tmp_path / "assistant.key", ask=True
    )
    found = outcomes(config.model_copy(update={"assistant": assistant}), "secrets")
    assert [outcome.ok for outcome in found] == [False]
    assert "assistant.key" in found[0].detail
