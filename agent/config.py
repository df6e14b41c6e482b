"""The daemon's settings: one TOML file, every key validated before anything starts.

    coldaisle.toml ─► load_config() ─► Config     (frozen; an unknown key or a wrong value is a ConfigError)

Secrets are not in here: a config names the file or the environment variable that holds one, and
`read_token` and `client_settings` read it each time it is used, so that a rotated secret is taken up.
The `description` of a field is what an error message says it expected.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BeforeValidator,
    Field,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from agent.config_assistant import AssistantConfig
from agent.config_errors import describe_errors, setting_error
from agent.config_maintenance import MaintenanceConfig
from agent.config_mapping import TelemetryConfig
from agent.config_section import Section, matching
from agent.config_url import is_loopback as is_loopback
from agent.config_url import url_parts, without_user
from agent.errors import ConfigError
from agent.secret_files import read_environment, read_secret
from agent.storm import STORM_INCIDENTS

_TOPIC = re.compile(r"[A-Za-z0-9._-]{1,249}")  # what Kafka accepts
_GROUP = re.compile(r"[A-Za-z0-9._-]{1,200}")  # leaves room for ".state" and instance numbers
_BROKER = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):\d{1,5}")


def _from_base(value: object, info: ValidationInfo) -> object:
    """A path as the user meant it: relative to the config's folder, "" for none."""
    if value is None or value == "":
        return None
    if not isinstance(value, str | Path):
        raise ValueError("not a path")  # noqa: TRY004 - what pydantic takes for a wrong value
    base = (info.context or {}).get("base", Path())
    return base / Path(value).expanduser()


FilePath = Annotated[Path, BeforeValidator(_from_base)]
OptionalPath = Annotated[Path | None, BeforeValidator(_from_base)]
Topic = Annotated[str, matching(_TOPIC)]
Broker = Annotated[str, matching(_BROKER)]
Strings = Field(strict=False, min_length=1)


class KafkaConfig(Section):
    """Where telemetry comes from, and how the cluster is reached."""

    brokers: Annotated[tuple[Broker, ...], Strings] = Field(
        default=("127.0.0.1:9092",), description='a list of "host:port"'
    )
    topics: Annotated[tuple[Topic, ...], Strings] = Field(
        default=("dc.telemetry",), description="a list of topic names"
    )
    group: Annotated[str, matching(_GROUP)] = Field(
        default="coldaisle", description="1..200 letters, digits, '.', '_', '-'"
    )
    dead_letter_topic: Annotated[str, matching(_TOPIC, empty_allowed=True)] = Field(
        default="dc.telemetry.dead", description='a topic name, or "" for dead_letter_file'
    )
    dead_letter_file: FilePath = Field(
        default=Path("dead_letters.jsonl"), description="a file's path", strict=False
    )
    start: Literal["earliest", "latest"] = Field(default="earliest", description="earliest or latest")
    session_timeout_s: float = Field(default=20.0, ge=6, le=1800, description="a number of 6..1800")
    max_poll_records: int = Field(default=1000, ge=1, le=100_000, description="a whole number of 1..100000")
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_SSL", "SASL_PLAINTEXT"] = Field(
        default="PLAINTEXT", description="PLAINTEXT, SSL, SASL_SSL or SASL_PLAINTEXT"
    )
    ssl_cafile: OptionalPath = Field(default=None, description='a file\'s path or ""', strict=False)
    ssl_certfile: OptionalPath = Field(default=None, description='a file\'s path or ""', strict=False)
    ssl_keyfile: OptionalPath = Field(default=None, description='a file\'s path or ""', strict=False)
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        default="SCRAM-SHA-512", description="PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"
    )
    sasl_username: str = Field(default="", description="a user name")
    sasl_password_file: OptionalPath = Field(default=None, description='a file\'s path or ""', strict=False)
    allow_insecure: bool = Field(default=False, description="true or false")

    @property
    def state_topic(self) -> str:
        """Compacted; what a host's windows cannot be rebuilt from."""
        return f"{self.group}.state"

    @property
    def alerts_topic(self) -> str:
        """One partition; its owner alone sees the whole site."""
        return f"{self.group}.alerts"

    @property
    def uses_sasl(self) -> bool:
        return self.security_protocol.startswith("SASL")

    def client_settings(self) -> dict[str, Any]:
        """What every Kafka client of the agent is constructed with; reads the password now.

        Raises:
            ConfigError: the password's file cannot be read or is empty.
        """
        settings: dict[str, Any] = {
            "bootstrap_servers": list(self.brokers),
            "security_protocol": self.security_protocol,
        }
        if self.security_protocol in ("SSL", "SASL_SSL"):
            for name in ("ssl_cafile", "ssl_certfile", "ssl_keyfile"):
                path = getattr(self, name)
                if path is not None:
                    settings[name] = str(path)
        if self.uses_sasl and self.sasl_password_file is not None:
            settings["sasl_mechanism"] = self.sasl_mechanism
            settings["sasl_plain_username"] = self.sasl_username
            settings["sasl_plain_password"] = read_secret("kafka.sasl_password_file", self.sasl_password_file)
        return settings

    @model_validator(mode="after")
    def _names_apart(self) -> Self:
        """A dead letter read as telemetry becomes a dead letter again, for ever."""
        for key in ("dead_letter_topic", "state_topic", "alerts_topic"):
            if getattr(self, key) in self.topics:
                raise setting_error("topics", list(self.topics), f"topics other than the {key}")
        return self

    @model_validator(mode="after")
    def _safe_enough(self) -> Self:
        if self.security_protocol == "SASL_PLAINTEXT" and not self.allow_insecure:
            raise setting_error(
                "security_protocol", self.security_protocol, "SASL_SSL, or kafka.allow_insecure = true"
            )
        if self.uses_sasl and not self.sasl_username:
            raise setting_error("sasl_username", "", f"a user name with {self.security_protocol}")
        if self.uses_sasl and self.sasl_password_file is None:
            raise setting_error("sasl_password_file", "", f"a file's path with {self.security_protocol}")
        if (self.ssl_certfile is None) != (self.ssl_keyfile is None):
            given = "ssl_certfile" if self.ssl_keyfile is None else "ssl_keyfile"
            raise setting_error(given, str(getattr(self, given)), "ssl_certfile and ssl_keyfile together")
        return self


class InfluxConfig(Section):
    """Where results go."""

    url: str = Field(default="http://127.0.0.1:8086", description="http://host:port or https://host:port")
    org: str = Field(default="dc", min_length=1, description="an organisation's name")
    bucket: str = Field(default="coldaisle", min_length=1, description="a bucket's name")
    token_file: OptionalPath = Field(default=None, description='a file\'s path or ""', strict=False)
    token_env: str = Field(default="", description="an environment variable's name")
    timeout_s: float = Field(default=10.0, ge=1, le=600, description="a number of 1..600")
    allow_insecure: bool = Field(default=False, description="true or false")

    def read_token(self) -> str:
        """The token as it is now; called for each use, so that a rotated token is taken up.

        Raises:
            ConfigError: neither source is set, or the one that is holds nothing.
        """
        if self.token_file is not None:
            return read_secret("influx.token_file", self.token_file)
        if self.token_env:
            return read_environment("influx.token_env", self.token_env)
        raise ConfigError("config: influx.token_file is not set; expected token_file or token_env")

    @model_validator(mode="after")
    def _reachable_safely(self) -> Self:
        parts = url_parts(self.url)
        if parts is None:
            shown = without_user(self.url)
            raise setting_error("url", shown, "http://host:port or https://host:port")
        if parts.username or parts.password:
            shown = without_user(self.url)
            raise setting_error("url", shown, "the secret in token_file or token_env")
        if parts.scheme == "http" and not is_loopback(parts.hostname or "") and not self.allow_insecure:
            raise setting_error("url", self.url, "https, or influx.allow_insecure = true")
        if self.token_file is not None and self.token_env:
            raise setting_error("token_env", self.token_env, "token_file or token_env, not both")
        return self


class ModelsConfig(Section):
    """Which models score, and what is known of the site."""

    registry: FilePath = Field(default=Path("registry"), description="a folder's path", strict=False)
    topology: OptionalPath = Field(default=None, description='a CSV file\'s path or ""', strict=False)
    device: Literal["auto", "cpu", "cuda"] = Field(default="auto", description="auto, cpu or cuda")


class WindowsConfig(Section):
    """When a tick closes."""

    lateness_s: float = Field(
        default=0.0, ge=0, le=86_400, description="a number of 0..86400 (0: the host's period)"
    )


class StateConfig(Section):
    """How a restart finds its place again."""

    rewind_s: float = Field(default=900.0, ge=60, le=86_400, description="a number of 60..86400")


class AlertsConfig(Section):
    """The one knob for noise, and what is too much at once."""

    budget_per_host_month: float = Field(
        default=0.03, gt=0, le=30, description="a number above 0, at most 30"
    )
    storm_incidents_per_10min: int = Field(
        default=STORM_INCIDENTS, ge=1, le=1_000_000, description="a whole number of 1..1000000"
    )


class StatusConfig(Section):
    """Where health and metrics are served."""

    host: str = Field(default="127.0.0.1", min_length=1, description="an address of this machine")
    port: int = Field(
        default=8099, ge=0, le=65_535, description="a whole number of 0..65535 (0: any free one)"
    )


class LogConfig(Section):
    """What goes to standard error."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="debug, info, warning or error"
    )
    format: Literal["text", "json"] = Field(default="text", description="text or json")


class Config(Section):
    """All settings of one `coldaisle run`."""

    kafka: KafkaConfig = Field(default=KafkaConfig(), description="a section")
    influx: InfluxConfig = Field(default=InfluxConfig(), description="a section")
    models: ModelsConfig = Field(default=ModelsConfig(), description="a section")
    telemetry: TelemetryConfig = Field(default=TelemetryConfig(), description="a section")
    windows: WindowsConfig = Field(default=WindowsConfig(), description="a section")
    state: StateConfig = Field(default=StateConfig(), description="a section")
    alerts: AlertsConfig = Field(default=AlertsConfig(), description="a section")
    maintenance: MaintenanceConfig = Field(default=MaintenanceConfig(), description="a section")
    assistant: AssistantConfig = Field(default=AssistantConfig(), description="a section")
    status: StatusConfig = Field(default=StatusConfig(), description="a section")
    log: LogConfig = Field(default=LogConfig(), description="a section")

    @classmethod
    def default(cls) -> Config:
        """Every setting at its default; relative paths stay relative to the working folder."""
        return cls()


def load_config(path: Path) -> Config:
    """The settings in the TOML file at `path`; relative paths in it are relative to its folder.

    Raises:
        ConfigError: the file is absent, not TOML, or wrong; the message has a line for each fault.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"config: {path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"config: {path} is not TOML: {error}") from error
    # A section that is not there still has to have its default paths resolved.
    for name in Config.model_fields:
        content.setdefault(name, {})
    try:
        return Config.model_validate(content, context={"base": path.parent})
    except ValidationError as error:
        raise ConfigError("\n".join(describe_errors(error, Config))) from error
