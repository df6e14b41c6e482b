"""The device that a config or a command line asks for."""

from __future__ import annotations

from agent.errors import ConfigError
from models.device import pick_device


def choose_device(wanted: str) -> str:
    """`cpu` or `cuda` for `auto`, `cpu` or `cuda`.

    Raises:
        ConfigError: `cuda` is asked for and not there.
    """
    try:
        return pick_device(wanted)
    except ValueError as error:
        raise ConfigError(f"config: models.{error}") from None
