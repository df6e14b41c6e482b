"""What a config may say, and what is said of a wrong one."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from pydantic import ValidationError

from agent.config import Config, is_loopback, load_config
from agent.errors import ConfigError
from agent.secret_files import find_exposure

SAMPLE = Path(__file__).parent.parent / "deploy" / "coldaisle.toml"


def config_from(folder: Path, text: str) -> Config:
    path = folder / "coldaisle.toml"
    path.write_text(text)
    return load_config(path)


def complaint(folder: Path, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        config_from(folder, text)
    return str(caught.value)


def uncommented(sample: str) -> str:
    """The sample with every `# key = default` line live; `##` prose stays a comment."""
    return re.sub(r"^# (?=\w+ = )", "", sample, flags=re.MULTILINE)


# -- the sample file ---------------------------------------------------------------------------------------


def test_the_sample_as_shipped_is_valid() -> None:
    config = load_config(SAMPLE)
    assert config.influx.token_file == Path("/run/credentials/influx.token")
    assert config.kafka.state_topic == "coldaisle.state"
    assert config.kafka.alerts_topic == "coldaisle.alerts"


def test_the_sample_names_every_key_and_no_other() -> None:
    shown = tomllib.loads(uncommented(SAMPLE.read_text()))
    code = Config.default().model_dump()
    assert {s: set(keys) for s, keys in shown.items()} == {s: set(keys) for s, keys in code.items()}


def test_the_sample_shows_the_defaults_of_the_code(tmp_path: Path) -> None:
    text = uncommented(SAMPLE.read_text()).replace("/run/credentials/influx.token", "")
    assert config_from(tmp_path, text) == config_from(tmp_path, "")


def test_every_line_of_the_sample_is_a_section_a_key_a_shown_default_or_prose() -> None:
    allowed = re.compile(r"|\[\w+\]|\w+ = .+|# \w+ = .+|## .+")
    wrong = [line for line in SAMPLE.read_text().splitlines() if not allowed.fullmatch(line)]
    assert wrong == []


# -- defaults and paths ------------------------------------------------------------------------------------


def test_an_empty_file_is_the_default_config(tmp_path: Path) -> None:
    config = config_from(tmp_path, "")
    assert config.kafka.brokers == ("127.0.0.1:9092",)
    assert config.kafka.start == "earliest"
    assert config.kafka.session_timeout_s == 20
    assert config.windows.lateness_s == 0
    assert config.state.rewind_s == 900
    assert config.alerts.budget_per_host_month == 0.03
    assert (config.status.host, config.status.port) == ("127.0.0.1", 8099)


def test_relative_paths_are_relative_to_the_config_file(tmp_path: Path) -> None:
    config = config_from(
        tmp_path, '[influx]\ntoken_file = "t"\n[models]\ntopology = "site/racks.csv"\nregistry = "/r"'
    )
    assert config.influx.token_file == tmp_path / "t"
    assert config.models.topology == tmp_path / "site" / "racks.csv"
    assert config.models.registry == Path("/r")
    assert config.kafka.dead_letter_file == tmp_path / "dead_letters.jsonl"


def test_an_empty_optional_path_is_none(tmp_path: Path) -> None:
    assert config_from(tmp_path, '[models]\ntopology = ""').models.topology is None


def test_a_config_cannot_be_changed_after_loading() -> None:
    with pytest.raises(ValidationError):
        Config.default().status.port = 1


# -- what is said of a wrong setting -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "[kafka]\nsession_timeout_s = 0",
            "config: kafka.session_timeout_s is 0; expected a number of 6..1800",
        ),
        ('[kafka]\nbroker = "a:1"', "config: kafka.broker is not a key; did you mean brokers?"),
        ("[kafak]", "config: kafak is not a section; did you mean kafka?"),
        (
            "[kafka]\nbrokers = []",
            'config: kafka.brokers is []; expected a list of "host:port"',
        ),
        (
            '[kafka]\nbrokers = ["node1"]',
            'config: kafka.brokers is "node1"; expected a list of "host:port"',
        ),
        (
            '[kafka]\nmax_poll_records = "5"',
            'config: kafka.max_poll_records is "5"; expected a whole number of 1..100000',
        ),
        (
            '[kafka]\nstart = "now"',
            'config: kafka.start is "now"; expected earliest or latest',
        ),
        (
            "[alerts]\nbudget_per_host_month = 0",
            "config: alerts.budget_per_host_month is 0; expected a number above 0, at most 30",
        ),
        (
            "[alerts]\nbudget_per_host_month = nan",
            "config: alerts.budget_per_host_month is nan; expected a number above 0, at most 30",
        ),
        (
            "[state]\nrewind_s = 10",
            "config: state.rewind_s is 10; expected a number of 60..86400",
        ),
        (
            "[status]\nport = true",
            "config: status.port is true; expected a whole number of 0..65535 (0: any free one)",
        ),
        (
            "[models]\nregistry = 5",
            "config: models.registry is 5; expected a folder's path",
        ),
        ("log = 3", "config: log is 3; expected a section"),
        (
            '[influx]\nurl = "http://tsdb.site:8086"',
            'config: influx.url is "http://tsdb.site:8086"; expected https, or influx.allow_insecure = true',
        ),
        (
            '[influx]\nurl = "tsdb:8086"',
            'config: influx.url is "tsdb:8086"; expected http://host:port or https://host:port',
        ),
        (
            '[influx]\ntoken_file = "f"\ntoken_env = "V"',
            "config: influx.token_env is not usable; expected token_file or token_env, not both",
        ),
        (
            '[kafka]\nsecurity_protocol = "SASL_PLAINTEXT"',
            'config: kafka.security_protocol is "SASL_PLAINTEXT"; '
            "expected SASL_SSL, or kafka.allow_insecure = true",
        ),
        (
            '[kafka]\nsecurity_protocol = "SASL_SSL"\nsasl_username = "u"',
            'config: kafka.sasl_password_file is ""; expected a file\'s path with SASL_SSL',
        ),
        (
            '[kafka]\ntopics = ["a", "a.dead"]\ndead_letter_topic = "a.dead"',
            "config: kafka.topics is ['a', 'a.dead']; expected topics other than the dead_letter_topic",
        ),
        (
            '[kafka]\ntopics = ["g.state"]\ngroup = "g"',
            "config: kafka.topics is ['g.state']; expected topics other than the state_topic",
        ),
    ],
)
def test_a_wrong_setting_is_named_with_what_was_expected(tmp_path: Path, text: str, said: str) -> None:
    assert complaint(tmp_path, text) == said


def test_all_faults_of_a_file_are_said_at_once(tmp_path: Path) -> None:
    said = complaint(tmp_path, '[kafka]\nbroker = "a"\nsession_timeout_s = 0\n[log]\nlevel = "loud"')
    assert said.splitlines() == [
        "config: kafka.session_timeout_s is 0; expected a number of 6..1800",
        "config: kafka.broker is not a key; did you mean brokers?",
        'config: log.level is "loud"; expected debug, info, warning or error',
    ]


def test_an_absent_file_and_a_broken_one_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml cannot be read: No such file"):
        load_config(tmp_path / "nowhere.toml")
    assert complaint(tmp_path, "[kafka\n").startswith(f"config: {tmp_path}/coldaisle.toml is not TOML: ")


def test_a_control_character_in_a_value_cannot_break_the_line(tmp_path: Path) -> None:
    said = complaint(tmp_path, '[kafka]\nstart = "a\\nconfig: all is well\\u001b[2J"')
    assert len(said.splitlines()) == 1
    assert "\x1b" not in said


# -- secrets -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        '[influx]\ntoken = "hunter2"',
        '[influx]\ntoken_env = ["hunter2"]',
        '[influx]\nurl = "http://me:hunter2@127.0.0.1:8086"',
        '[influx]\nurl = "http://me:hunter2@127.0.0.1:99999"',
        "[kafka]\nsasl_password_file = { password = 'hunter2' }",
    ],
)
def test_a_secret_in_the_wrong_place_is_not_repeated(tmp_path: Path, text: str) -> None:
    assert "hunter2" not in complaint(tmp_path, text)


def test_the_token_is_read_anew_at_each_use(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("first\n")
    config = config_from(tmp_path, '[influx]\ntoken_file = "token"')
    assert config.influx.read_token() == "first"
    token.write_text("second")
    assert config.influx.read_token() == "second"
    assert "second" not in repr(config)


def test_the_token_may_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = config_from(tmp_path, '[influx]\ntoken_env = "COLDAISLE_TEST_TOKEN"')
    monkeypatch.setenv("COLDAISLE_TEST_TOKEN", "abc")
    assert config.influx.read_token() == "abc"
    monkeypatch.delenv("COLDAISLE_TEST_TOKEN")
    with pytest.raises(ConfigError, match=r"influx\.token_env names a variable that is not set"):
        config.influx.read_token()


@pytest.mark.parametrize(("content", "said"), [(None, "cannot be read: No such file"), ("  \n", "is empty")])
def test_a_missing_or_empty_secret_file_is_a_config_error(
    tmp_path: Path, content: str | None, said: str
) -> None:
    if content is not None:
        (tmp_path / "token").write_text(content)
    config = config_from(tmp_path, '[influx]\ntoken_file = "token"')
    with pytest.raises(ConfigError, match=f"influx.token_file is .*token, which {said}"):
        config.influx.read_token()


def test_a_config_without_a_token_loads_and_says_so_when_it_is_needed() -> None:
    with pytest.raises(ConfigError, match="expected token_file or token_env"):
        Config.default().influx.read_token()


def test_a_secret_that_everyone_can_read_is_found(tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("x")
    secret.chmod(0o644)
    assert find_exposure(secret) == f"{secret} is readable by everyone (mode 0644); expected chmod 600"
    secret.chmod(0o640)
    assert find_exposure(secret) == ""


# -- what Kafka's clients get ------------------------------------------------------------------------------


def test_a_plain_cluster_needs_no_more_than_its_brokers() -> None:
    assert Config.default().kafka.client_settings() == {
        "bootstrap_servers": ["127.0.0.1:9092"],
        "security_protocol": "PLAINTEXT",
    }


def test_sasl_and_tls_settings_reach_the_client(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("hunter2\n")
    config = config_from(
        tmp_path,
        '[kafka]\nsecurity_protocol = "SASL_SSL"\nsasl_username = "agent"\n'
        'sasl_password_file = "password"\nssl_cafile = "ca.pem"',
    )
    assert config.kafka.client_settings() == {
        "bootstrap_servers": ["127.0.0.1:9092"],
        "security_protocol": "SASL_SSL",
        "ssl_cafile": str(tmp_path / "ca.pem"),
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "agent",
        "sasl_plain_password": "hunter2",
    }
    assert "hunter2" not in repr(config)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("localhost", True), ("127.8.0.1", True), ("::1", True), ("10.0.0.1", False), ("localhost.evil", False)],
)
def test_only_this_machine_is_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback
