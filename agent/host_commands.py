"""From what a person orders of hosts to the records and events that tell every instance.

An order is refused as a whole where it names a host that nobody knows: a slip of the pen would mute nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from msgspec import structs

from agent.alert import rfc3339
from agent.controls import (
    Controls,
    Forgetting,
    ack_key,
    encode_control,
    forget_key,
    is_control,
    judged_key,
    mute_key,
)
from agent.delivery.partitions import SITE_KEY
from agent.errors import ConfigError, StateError
from agent.known_hosts import site_silence
from agent.sensors import SECOND_NS
from agent.site_events import ForgetHost, HostForgotten, HostMuted, SiteEvent
from agent.state import decode_record

OLD_NS = 7 * 24 * 3_600 * SECOND_NS  # a command that ended so long ago is taken out of the state topic
MOST_NS = 366 * 24 * 3_600 * SECOND_NS  # nobody mutes a host for longer: forget it
MAX_REASON_CHARS = 500

Records = Mapping[bytes, bytes]


@dataclass(slots=True)
class Order:
    """What goes to Kafka, and what is said of each host."""

    hosts: list[str]
    says: str
    told: dict[str, str]  # the same for scripts
    records: dict[bytes, bytes | None] = field(default_factory=dict)
    events: list[SiteEvent] = field(default_factory=list)


def mute_hosts(records: Records, hosts: Sequence[str], now_ns: int, until_ns: int, reason: str) -> Order:
    """Mute from now on.

    Raises:
        ConfigError: a host is not known, the end is not ahead or too far, or the reason is no text.
    """
    if not now_ns < until_ns <= now_ns + MOST_NS:
        raise ConfigError(f"hosts mute: the end is {rfc3339(until_ns)}; expected a time of the next 366 days")
    if len(reason) > MAX_REASON_CHARS or not reason.isprintable():
        raise ConfigError(f"hosts mute: --reason is no text; expected at most {MAX_REASON_CHARS} characters")
    until = rfc3339(until_ns // SECOND_NS * SECOND_NS)
    order = Order(_known(records, hosts), f"muted until {until}", {"muted_until": until, "reason": reason})
    controls = Controls.from_records(records)
    for host in order.hosts:
        mute_host(order, controls, host, now_ns, until_ns, reason)
    _clean_up(order, controls, now_ns)
    return order


def mute_host(order: Order, controls: Controls, host: str, now_ns: int, until_ns: int, reason: str) -> None:
    """Put one mute into an order; one that holds still begins when it began."""
    known = controls.mutes.get(host)
    goes_on = known is not None and known.until_ns > now_ns
    since_ns = known.since_ns if known is not None and goes_on else now_ns
    _mute(order, known, HostMuted(host, now_ns, since_ns, until_ns, reason))


def unmute_hosts(records: Records, hosts: Sequence[str], now_ns: int) -> Order:
    """End mutes now; a host that is not muted stays as it is.

    Raises:
        ConfigError: a host is not known.
    """
    order = Order(_known(records, hosts), "not muted", {"muted_until": ""})
    controls = Controls.from_records(records)
    for host in order.hosts:
        known = controls.mutes.get(host)
        if known is not None and known.until_ns > now_ns:
            _mute(order, known, structs.replace(known, at_ns=now_ns, until_ns=now_ns))
    _clean_up(order, controls, now_ns)
    return order


def forget_hosts(records: Records, hosts: Sequence[str], topics: Sequence[str], now_ns: int) -> Order:
    """Have hosts forgotten by whoever holds them. Where nobody can, since their topic is read no more or
    their record is damaged, the order itself does it.

    Raises:
        ConfigError: a host is not known.
    """
    order = Order(_known(records, hosts), "will be forgotten", {"state": "forgetting"})
    controls = Controls.from_records(records)
    for host in order.hosts:
        at_ns = max(now_ns, controls.forgotten_ns(host) + 1)
        if host in controls.mutes:
            order.records[mute_key(host)] = None
        order.records |= {key: None for key, judged in controls.judged.items() if judged.host == host}
        if _is_held(records, host, topics):
            order.records[forget_key(host)] = encode_control(Forgetting(host, at_ns))
            order.events.append(ForgetHost(host, at_ns))
        else:
            if host.encode() in records:
                order.records[host.encode()] = None
            order.events.append(HostForgotten(host, at_ns))
    _clean_up(order, controls, now_ns)
    return order


def refuse_unknown(hosts: Sequence[str], known: Collection[str]) -> None:
    """
    Raises:
        ConfigError: a host is not among the known ones; a line for each.
    """
    unknown = [host for host in hosts if host not in known]
    if unknown:
        faults = [f"hosts: {host} is not known; see coldaisle hosts list" for host in unknown]
        raise ConfigError("\n".join(faults))


def _mute(order: Order, known: HostMuted | None, muted: HostMuted) -> None:
    """The newest command counts, also where the one before was given by a machine whose clock is ahead."""
    if known is not None:
        muted = structs.replace(muted, at_ns=max(muted.at_ns, known.at_ns + 1))
    order.records[mute_key(muted.host)] = encode_control(muted)
    order.events.append(muted)


def _known(records: Records, hosts: Sequence[str]) -> list[str]:
    """The hosts, each once, if all have a record or are known to the site."""
    recorded = {key.decode(errors="replace") for key in records if key != SITE_KEY and not is_control(key)}
    refuse_unknown(hosts, recorded | site_silence(records).homes.keys())
    return list(dict.fromkeys(hosts))


def _is_held(records: Records, host: str, topics: Sequence[str]) -> bool:
    try:
        record = decode_record(records[host.encode()])
    except (KeyError, StateError):
        return False
    return record.source.rpartition("/")[0] in topics


def _clean_up(order: Order, controls: Controls, now_ns: int) -> None:
    """Take out what ended long ago, unless it is ordered anew."""
    for key in old_keys(controls, now_ns):
        order.records.setdefault(key, None)


def old_keys(controls: Controls, now_ns: int) -> list[bytes]:
    """Records of the state topic that no instance needs any more."""
    since_ns = now_ns - OLD_NS
    old = [mute_key(muted.host) for muted in controls.mutes.values() if muted.until_ns < since_ns]
    old += [
        forget_key(one.host)
        for one in controls.forgettings.values()
        if not one.is_done and one.at_ns < since_ns
    ]
    old += [ack_key(ack.alert) for ack in controls.acks.values() if ack.at_ns < since_ns]
    return old + [
        judged_key(one) for one in controls.judged.values() if not one.is_false and one.at_ns < since_ns
    ]
