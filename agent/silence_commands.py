"""What operators' commands do to the silence of hosts: muted ones are not told, forgotten ones not known,
and somebody may see to it."""

from __future__ import annotations

from agent.alert import Alert
from agent.maintenance import NO_MAINTENANCE, Maintenance
from agent.mute import settle_state
from agent.silence import Silence, Verdict
from agent.silence_alert import end_silence
from agent.site_events import AlertAcknowledged, HostForgotten, HostMuted


def mute_silence(silence: Silence, muted: HostMuted, maintenance: Maintenance = NO_MAINTENANCE) -> Verdict:
    """A mute began, was changed or ended by a command: an open alert of the host's own silence follows."""
    if not silence.mutes.take(muted):
        return Verdict()
    return Verdict(tuple(silence.settle(muted.host, muted.at_ns, maintenance)))


def acknowledge_silence(silence: Silence, ack: AlertAcknowledged) -> Verdict:
    """Somebody sees to a silence: of a host, of a group or of a source."""
    alert = next((one for one in silence.alerts() if one.id == ack.alert), None)
    if alert is None or not alert.acknowledge(ack.at_ns):
        return Verdict()
    settle_state(alert, alert.state == "suppressed", is_calm=False)
    group = silence.groups.get(alert.id)
    return Verdict(groups=(group,)) if group is not None else Verdict((alert.copy(),))


def forget_silence(silence: Silence, forgotten: HostForgotten) -> Verdict:
    """The host is none of the site's any more: its silence ends, alone and in groups."""
    host = forgotten.host
    alerts: list[Alert] = []
    for source in silence.sources.values():
        seen = source.hosts.pop(host, None)
        if seen is not None and seen.alert is not None and seen.alert.is_open:
            end_silence(seen.alert, forgotten.at_ns)
            alerts.append(seen.alert.copy())
    silence.homes.pop(host, None)
    silence.mutes.of.pop(host, None)
    for key, group in list(silence.groups.items()):
        if host not in group.back_ns:
            continue
        del group.back_ns[host]
        group.is_told = False  # at the next mark, unless that was the last silent one
        if group.alert.is_open and not group.silent:
            end_silence(group.alert, max([forgotten.at_ns, *group.back_ns.values()]))
            alerts.append(group.alert.copy())
        if not group.back_ns:
            del silence.groups[key]
    return Verdict(tuple(alerts))
