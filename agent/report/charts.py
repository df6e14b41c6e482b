"""The data behind the page's charts: one JSON-able object a host, thinned to fit a page.

    HostSeries + its alerts ──chart_hosts──► {"start_s", "step_s", "scores", "groups", "alerts", "views"}

Times are seconds from `start_s` (UTC), values plain numbers with null for nothing.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.report.buckets import assign_buckets, find_gaps, reduce_rows
from agent.report.clock import RecordedTime
from agent.report.episodes import NOT_KNOWN, AlertEpisode
from agent.report.series import SCORE_FIELDS, HostSeries
from agent.report.words import SECOND_NS, group_and_unit, say_day_time, say_fault, say_unit

MINUTE_NS = 60 * SECOND_NS
AROUND_ALERT_NS = 30 * MINUTE_NS  # shown before the onset and after the end
LONGEST_VIEW_NS = 150 * MINUTE_NS  # of an alert that goes on for long
MOST_BUCKETS = 2_000  # a series
FEWEST_BUCKETS = 200  # a series of a host with alerts
FEWEST_QUIET_BUCKETS = 60  # below this a quiet host is listed without a chart
CELLS = 900_000  # values on the page: about 5 MB
ALERTING_SHARE = 0.75  # of the cells
SHOWN_A_GROUP = 4  # sensors switched on at first
MOST_VIEWS = 12  # alerts with a button of their own
GROUP_ORDER = ("Temperature", "Fans", "Power", "Utilisation", "Voltage", "Current", "Humidity", "Frequency")
# Sensors that say most of a machine at a glance, in this order, where evidence leaves room.
ESSENTIALS = tuple(
    re.compile(p)
    for p in (
        r"^inlet_temp_c$",
        r"^cpu\d+_temp_c$",
        r"^supply_temp_c$",
        r"^exhaust_temp_c$",
        r"^gpu\d+_temp_c$",
        r"^return_temp_c$",
        r"^fan\w*_(rpm|pct)$",  # fan1, fan1a, fana, fan1_1, fan1_front, or all as one
        r"^power_w$",
        r"^psu\d+_in_w$",
    )
)


def chart_hosts(
    alerting: Sequence[HostSeries],
    quiet: Sequence[HostSeries],
    alerts: Mapping[str, Sequence[AlertEpisode]],
    clock: RecordedTime,
) -> list[dict[str, Any] | None]:
    """Charts of `alerting`, then of `quiet` hosts; None for a quiet one that the page has no room for."""
    series = sum(_series_count(host) for host in alerting)
    buckets = int(np.clip(CELLS * ALERTING_SHARE / max(1, 2 * series), FEWEST_BUCKETS, MOST_BUCKETS))
    left = CELLS - sum(_cells(host, buckets) for host in alerting)
    charts: list[dict[str, Any] | None] = [
        chart_host(host, alerts[host.host], buckets, clock) for host in alerting
    ]
    series = sum(_series_count(host) for host in quiet)
    buckets = int(np.clip(left / max(1, 2 * series), FEWEST_QUIET_BUCKETS, MOST_BUCKETS))
    for host in quiet:
        left -= _cells(host, buckets)
        charts.append(chart_host(host, (), buckets, clock) if left >= 0 else None)
    return charts


def chart_host(
    host: HostSeries, alerts: Sequence[AlertEpisode], budget: int, clock: RecordedTime
) -> dict[str, Any]:
    """One host's chart data with at most `budget` buckets a series."""
    values = np.concatenate([host.scores, host.readings], axis=1)  # (N, 5 + F)
    bucket = assign_buckets(host.time_ns, _near_alerts(host.time_ns, alerts), 3 * host.period_ns, budget)
    time_ns, kept = reduce_rows(host.time_ns, values, bucket)
    start_s = int(host.time_ns[0] // SECOND_NS)
    evidence = {alert.id: evidence_sensors(host, alert) for alert in alerts}
    numbers = {name: number for number, name in enumerate(host.sensors)}
    columns = len(SCORE_FIELDS)
    return {
        "host": host.host,
        "start_s": start_s,
        "step_s": _plain(np.diff(time_ns, prepend=start_s * SECOND_NS) / SECOND_NS, 3),
        "scores": {
            name: {"v": _compact(kept[:, i]), "gaps": _gaps(host, host.scores[:, i], start_s)}
            for i, name in enumerate(SCORE_FIELDS)
        },
        "sensors": [
            {
                "name": name,
                "v": _plain(kept[:, columns + i]),
                "gaps": _gaps(host, host.readings[:, i], start_s),
            }
            for i, name in enumerate(host.sensors)
        ],
        "groups": _group_sensors(host, alerts, evidence),
        "shown": [numbers[name] for name in _shown_sensors(host, ())],
        "alerts": [_chart_alert(host, a, evidence[a.id], start_s, clock, numbers) for a in alerts],
        "views": _views(host, alerts, start_s, clock),
    }


def evidence_sensors(host: HostSeries, alert: AlertEpisode) -> tuple[str, ...]:
    """The sensors that caused an alert: those of its evidence, else those with most of the score's share."""
    named = [e.sensor for e in alert.evidence if e.says != "against"]
    named += [e.sensor for e in alert.evidence if e.says == "against"]
    known = tuple(dict.fromkeys(name for name in named if name in host.sensors))
    end_ns = alert.ended_ns or int(host.time_ns[-1])
    return known or host.telling_sensors(alert.onset_ns, end_ns)


def _chart_alert(
    host: HostSeries,
    alert: AlertEpisode,
    evidence: tuple[str, ...],
    start_s: int,
    clock: RecordedTime,
    numbers: Mapping[str, int],
) -> dict[str, Any]:
    return {
        "fault": say_fault(alert.fault),
        "severity": alert.severity,
        "onset_s": _since(alert.onset_ns, start_s),
        "raised_s": _since(alert.raised_ns, start_s),
        "ended_s": _since(_last_ns(alert, clock), start_s),
        "open": alert.ended_ns is None,
        "evidence": [numbers[name] for name in evidence],
        "shown": [numbers[name] for name in _shown_sensors(host, evidence)],
        "expected": {
            str(numbers[e.sensor]): e.expected
            for e in alert.evidence
            if e.sensor in numbers and e.expected != NOT_KNOWN and np.isfinite(e.expected)
        },
    }


def _views(
    host: HostSeries, alerts: Sequence[AlertEpisode], start_s: int, clock: RecordedTime
) -> list[dict[str, Any]]:
    """What the buttons above a host's charts show: its gravest alerts, then every session as a whole."""
    views: list[dict[str, Any]] = []
    sessions = clock.of_host[host.host]
    for number, alert in enumerate(alerts[:MOST_VIEWS]):
        last_ns = min(_last_ns(alert, clock), alert.onset_ns + LONGEST_VIEW_NS)
        from_ns, to_ns = _around(alert.onset_ns, last_ns, sessions, host.period_ns)
        views.append(
            {
                "label": f"{say_fault(alert.fault)} · {say_day_time(alert.onset_ns)}",
                "severity": alert.severity,
                "alert": number,
                "from_s": _since(from_ns, start_s),
                "to_s": _since(to_ns, start_s),
            }
        )
    for first_ns, last_ns in sessions:
        pad_ns = max(host.period_ns, (last_ns - first_ns) // 100)
        whole = "Whole span" if len(sessions) == 1 else f"{say_day_time(first_ns)} – {say_day_time(last_ns)}"
        span = {"from_s": _since(first_ns - pad_ns, start_s), "to_s": _since(last_ns + pad_ns, start_s)}
        views.append({"label": whole, "severity": "", "alert": -1, **span})
    return views


def _group_sensors(
    host: HostSeries, alerts: Sequence[AlertEpisode], evidence: Mapping[str, tuple[str, ...]]
) -> list[dict[str, Any]]:
    """Sensors by quantity and unit, those with evidence first: a chart each."""
    told = {e.sensor: (e.quantity, e.unit) for alert in alerts for e in alert.evidence}
    groups: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number in sorted(range(len(host.sensors)), key=lambda n: _natural(host.sensors[n])):
        name = host.sensors[number]
        groups[group_and_unit(name, *told.get(name, ("", "")))].append(number)
    blamed = {name for names in evidence.values() for name in names}
    return [
        {"label": label, "unit": say_unit(unit), "sensors": numbers}
        for (label, unit), numbers in sorted(
            groups.items(),
            key=lambda item: (
                not blamed.intersection(host.sensors[n] for n in item[1]),
                GROUP_ORDER.index(item[0][0]) if item[0][0] in GROUP_ORDER else len(GROUP_ORDER),
                item[0],
            ),
        )
    ]


def _shown_sensors(host: HostSeries, evidence: Iterable[str]) -> list[str]:
    """Switched on at first: all evidence, and essentials up to four a group."""
    shown, counts = list(evidence), defaultdict[tuple[str, str], int](int)
    for name in shown:
        counts[group_and_unit(name)] += 1
    for pattern in ESSENTIALS:
        for name in sorted(host.sensors, key=_natural):
            group = group_and_unit(name)
            if name not in shown and counts[group] < SHOWN_A_GROUP and pattern.search(name):
                shown.append(name)
                counts[group] += 1
    return shown


def _near_alerts(time_ns: NDArray[np.int64], alerts: Sequence[AlertEpisode]) -> NDArray[np.bool_]:
    near = np.zeros(len(time_ns), dtype=bool)
    for alert in alerts:
        for moment_ns in (alert.onset_ns, alert.ended_ns or alert.onset_ns):
            near |= np.abs(time_ns - moment_ns) <= AROUND_ALERT_NS
    return near


def _last_ns(alert: AlertEpisode, clock: RecordedTime) -> int:
    """When it ended; of an open one the end of the session that it began in."""
    if alert.ended_ns is not None:
        return alert.ended_ns
    last_ns = clock.session_end_ns(alert.host, alert.onset_ns)
    return max(alert.raised_ns, last_ns)


def _around(
    first_ns: int, last_ns: int, sessions: Sequence[tuple[int, int]], period_ns: int
) -> tuple[int, int]:
    """Half an hour before and after, less where the host has nothing to show there."""
    from_ns, to_ns = first_ns - AROUND_ALERT_NS, last_ns + AROUND_ALERT_NS
    pad_ns = max(period_ns, (last_ns - first_ns) // 20)
    begun = [a for a, b in sessions if b >= from_ns and a <= first_ns]
    ending = [b for a, b in sessions if a <= to_ns and b >= last_ns]
    return (
        max(from_ns, min([first_ns, *begun]) - pad_ns),
        min(to_ns, max([last_ns, *ending]) + pad_ns),
    )


def _gaps(host: HostSeries, values: NDArray[np.float64], start_s: int) -> list[list[float]]:
    return [[_since(a, start_s), _since(b, start_s)] for a, b in find_gaps(host.time_ns, values)]


def _since(time_ns: int, start_s: int) -> float:
    seconds = round(time_ns / SECOND_NS - start_s, 3)
    return int(seconds) if seconds == int(seconds) else seconds


def _compact(values: NDArray[np.float64]) -> list[float | None] | float:
    """A column that never changes, as thresholds are, as one number."""
    known = values[np.isfinite(values)]
    if len(known) == len(values) and len(known) and (known == known[0]).all():
        return round(float(known[0]), 4)
    return _plain(values, 4)


def _plain(values: NDArray[np.float64], decimals: int | None = None) -> list[float | None]:
    """Numbers as short as they may be: five significant digits of the largest, no `.0`, None for NaN."""
    known = np.abs(values[np.isfinite(values)])
    if decimals is None:
        largest = float(known.max()) if len(known) else 0.0
        decimals = int(np.clip(4 - np.floor(np.log10(largest)), 0, 9)) if largest > 0 else 0
    return [None if v != v else int(v) if v == int(v) else v for v in np.round(values, decimals).tolist()]


def _natural(name: str) -> list[tuple[int, str]]:
    """fan2 before fan10."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]


def _series_count(host: HostSeries) -> int:
    return len(SCORE_FIELDS) + len(host.sensors)


def _cells(host: HostSeries, buckets: int) -> int:
    return _series_count(host) * min(len(host.time_ns), 2 * buckets)
