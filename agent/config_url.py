"""Addresses in a config: which are usable, and which stay on this machine."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

_USER_INFO = re.compile(r"//.*@")


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine itself, so that nothing sent to it crosses a network."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def url_parts(url: str) -> SplitResult | None:
    """The parts of an http or https address, None for anything else."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        return None
    return parts if usable else None


def without_user(url: str) -> str:
    """The address as it may be shown: a user and password in it are none of a log's business."""
    return _USER_INFO.sub("//…@", url)
