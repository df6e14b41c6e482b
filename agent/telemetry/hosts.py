"""Says which machine a message is about, from its tags, an exporter's address or the Kafka key.

The tag `host` names the machine that ran the collector as often as the one that was measured, so it comes
late in the order.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

from agent.errors import DecodeError

NO_HOST = "no host"
BAD_HOST = "bad host"
MAX_HOST_LENGTH = 253  # characters; the longest name that DNS allows
MAX_KEY_BYTES = 4 * MAX_HOST_LENGTH  # a longer key names no host, and must not be remembered

NAMED = ("server", "source", "hostname", "Hostname")
_NAMED_BUT_SOURCE = tuple(name for name in NAMED if name != "source")
ADDRESSED = ("agent_host", "address", "host.name", "host.id", "system.host_name", "service_tag", "Context")
IDENTITY_TAGS = frozenset((*NAMED, "instance", *ADDRESSED, "url", "host"))

# What Kepler's label `source` says a number is from; of a scraped metric that is no machine.
_ORIGIN = re.compile(
    r"acpi|redfish|hwmon|ipmi|estimator|trained_power_model|(?:intel_)?rapl(?:[-_]\w+)?|msr|nvml|nvidia|dcgm",
    re.I,
)
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_PORT = re.compile(r":\d*$")


def host_of(tags: Mapping[str, str], key: bytes | None = None) -> str:
    """The host by the documented order of tags, else the Kafka key; empty tags do not count.

    Raises:
        DecodeError: nothing names a host, or its name is too long or holds control characters.
    """
    host = _from_tags(tags) or _from_key(key)
    if not host:
        raise DecodeError(NO_HOST)
    if len(host) > MAX_HOST_LENGTH or _UNPRINTABLE.search(host):
        raise DecodeError(BAD_HOST)
    return host


def names_a_host(tags: Mapping[str, str]) -> bool:
    """Whether the tags suffice, so that the Kafka key is not needed."""
    return bool(_from_tags(tags))


def has_origin_for_source(tags: Mapping[str, str]) -> bool:
    """Whether `source` tells what a scraped metric was taken from, and another tag names the machine."""
    is_scraped = bool(_first(tags, ("instance", "url")))
    return is_scraped and _ORIGIN.fullmatch(tags.get("source", "").strip()) is not None


def _from_tags(tags: Mapping[str, str]) -> str:
    return (
        _first(tags, _NAMED_BUT_SOURCE if has_origin_for_source(tags) else NAMED)
        or _of_vcenter(tags)
        or cut_port(_first(tags, ("instance",)))
        or _first(tags, ADDRESSED)
        or _from_url(_first(tags, ("url",)))
        or _first(tags, ("host",))
    )


def _first(tags: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((tags[name].strip() for name in names if tags.get(name, "").strip()), "")


def _of_vcenter(tags: Mapping[str, str]) -> str:
    """The hypervisor that vmware_exporter tells of, whose `instance` is the one vCenter of them all."""
    return _first(tags, ("host_name",)) if "dc_name" in tags else ""


def cut_port(address: str) -> str:
    """`n07:9290` → `n07`, `[::1]:9290` → `::1`; a bare IPv6 address stays whole."""
    if address.startswith("["):
        return address[1:].partition("]")[0]
    return address if address.count(":") > 1 else _PORT.sub("", address)


def _from_url(url: str) -> str:
    """The machine behind an exporter's address: `?target=` where one exporter answers for many."""
    if not url:
        return ""
    try:
        parts = urlsplit(url if "//" in url else f"//{url}")
        target = parse_qs(parts.query).get("target", [""])[0]
        if "//" in target:
            return urlsplit(target).hostname or ""
        return cut_port(target) or parts.hostname or ""
    except ValueError:  # brackets or a port that no address has
        return ""


def _from_key(key: bytes | None) -> str:
    if key is None or len(key) > MAX_KEY_BYTES:
        return ""
    try:
        return key.decode().strip()
    except UnicodeDecodeError:
        return ""
