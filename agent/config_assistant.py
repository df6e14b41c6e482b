"""The section `assistant`: a language model of the site's own that words answers. Off by default."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, ValidationInfo, model_validator

from agent.config_errors import setting_error
from agent.config_section import Section
from agent.config_url import is_loopback, url_parts, without_user
from agent.secret_files import read_environment, read_secret

AN_ADDRESS = 'http://host:port/v1 or https://host/v1, or "" for none'


def _from_base(value: object, info: ValidationInfo) -> object:
    """A path relative to the config's folder, "" for none."""
    if not isinstance(value, str | Path) or value == "":
        return None if value in (None, "") else value
    return (info.context or {}).get("base", Path()) / Path(value).expanduser()


class AssistantConfig(Section):
    """An endpoint that speaks OpenAI's chat completions: a server within the site, or a service."""

    url: str = Field(default="", description=AN_ADDRESS)
    model: str = Field(default="", description="a model's name")
    key_file: Annotated[Path | None, BeforeValidator(_from_base)] = Field(
        default=None, description='a file\'s path or ""', strict=False
    )
    key_env: str = Field(default="", description="an environment variable's name")
    timeout_s: float = Field(default=20.0, ge=0.1, le=600, description="a number of 0.1..600")
    ask: bool = Field(default=True, description="true or false")
    rewrite: bool = Field(default=False, description="true or false")
    allow_insecure: bool = Field(default=False, description="true or false")

    @property
    def is_on(self) -> bool:
        """Whether there is an endpoint at all."""
        return bool(self.url)

    def read_key(self) -> str:
        """The key as it is now; "" where the endpoint wants none.

        Raises:
            ConfigError: the source that is set holds nothing.
        """
        if self.key_file is not None:
            return read_secret("assistant.key_file", self.key_file)
        return read_environment("assistant.key_env", self.key_env) if self.key_env else ""

    @model_validator(mode="after")
    def _reachable_safely(self) -> Self:
        if not self.url:
            return self
        parts = url_parts(self.url)
        if parts is None:
            raise setting_error("url", without_user(self.url), AN_ADDRESS)
        if parts.username or parts.password:
            raise setting_error("url", without_user(self.url), "the secret in key_file or key_env")
        if parts.scheme == "http" and not is_loopback(parts.hostname or "") and not self.allow_insecure:
            raise setting_error("url", self.url, "https, or assistant.allow_insecure = true")
        if not self.model:
            raise setting_error("model", "", "a model's name with assistant.url")
        if self.key_file is not None and self.key_env:
            raise setting_error("key_env", self.key_env, "key_file or key_env, not both")
        return self
