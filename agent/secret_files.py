"""Reads secrets where a config says they are, at each use, and never shows them."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from agent.errors import ConfigError


def read_secret(setting: str, path: Path) -> str:
    """The secret in the file at `path`, without the white space around it.

    Raises:
        ConfigError: the file cannot be read, is not UTF-8 or is empty.
    """
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigError(f"config: {setting} is {path}, which cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"config: {setting} is {path}, which is not text") from error
    if not secret:
        raise ConfigError(f"config: {setting} is {path}, which is empty; expected a secret in it")
    return secret


def read_environment(setting: str, variable: str) -> str:
    """The secret in the environment variable.

    Raises:
        ConfigError: it is not set or empty. The name is not repeated: it may be the secret itself.
    """
    secret = os.environ.get(variable, "").strip()
    if not secret:
        raise ConfigError(
            f"config: {setting} names a variable that is not set; expected one holding a secret"
        )
    return secret


def find_exposure(path: Path) -> str:
    """Why others on this machine can read the secret at `path`; "" if they cannot, or it is not there."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return ""
    if mode & stat.S_IROTH:
        return f"{path} is readable by everyone (mode {stat.S_IMODE(mode):04o}); expected chmod 600"
    return ""
