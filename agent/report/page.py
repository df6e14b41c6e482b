"""`report.html`: one page that needs no network, made from the final points of a replay.

    points ──► episodes, series ──► charts (JSON) ──► report.html (markup, styles, scripts, data in one file)

Names in the data are hostile input: markup is escaped by the template, the JSON cannot end its own element,
and a content security policy lets only the page's own scripts run, by their hashes, and nothing be fetched.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from agent.points import Point
from agent.report import words
from agent.report.charts import chart_hosts
from agent.report.clock import RecordedTime
from agent.report.episodes import AlertEpisode, IncidentEpisode, read_alerts, read_incidents
from agent.report.series import HostSeries, read_hosts
from agent.report.words import SEVERITIES, severity_rank

if TYPE_CHECKING:  # explanations read incidents, whose words are those of the report
    from agent.explain.rescore import Explanation

_POLICY = (
    "default-src 'none'; script-src {scripts}; style-src {styles}; img-src data:; "
    "connect-src 'none'; base-uri 'none'; form-action 'none'"
)


def render_report(
    points: Sequence[Point], title: str, source: str, explained: Mapping[str, Explanation] | None = None
) -> str:
    """The page as text; the same points give the same page to the byte.

    `source` says what was replayed, `explained` has alerts whose score was made again, by id.
    """
    hosts, alerts, incidents = read_hosts(points), read_alerts(points), read_incidents(points)
    alerts_of: dict[str, list[AlertEpisode]] = defaultdict(list)
    for alert in alerts:
        alerts_of[alert.host].append(alert)
    alerting = sorted((h for h in hosts if alerts_of[h.host]), key=lambda h: _gravity(alerts_of[h.host][0]))
    quiet = sorted((h for h in hosts if not alerts_of[h.host]), key=lambda h: (-h.score_max, h.host))
    clock = RecordedTime.of(hosts)
    charts = chart_hosts(alerting, quiet, alerts_of, clock)
    scripts = [_read("uPlot.iife.min.js"), _read("report.js")]
    styles = [_read("uPlot.min.css"), _read("report.css")]
    page = (
        _environment()
        .get_template("report.html")
        .render(
            title=title,
            source=source,
            explained=explained or {},
            policy=_POLICY.format(scripts=_hashes(scripts), styles=_hashes(styles)),
            scripts=[Markup(text) for text in scripts],  # noqa: S704 - our own files
            styles=[Markup(text) for text in styles],  # noqa: S704 - our own files
            license=Markup(_read("LICENSE-uPlot.txt").strip()),  # noqa: S704 - our own file
            data=embed_json(charts),
            incidents=incidents,
            alerting=[(h, alerts_of[h.host]) for h in alerting],
            quiet=quiet,
            place_of={a.id: (n, i) for n, h in enumerate(alerting) for i, a in enumerate(alerts_of[h.host])},
            charted=[chart is not None for chart in charts],
            counts=_count(hosts, alerting, incidents),
            clock=clock,
            span_ns=(clock.of_site[0][0], clock.of_site[-1][1]) if clock.of_site else None,
        )
    )
    page = page.lstrip()
    return page.encode("utf-8", "replace").decode(
        "utf-8"
    )  # a lone surrogate in a name must not stop the file


def embed_json(value: Any) -> Markup:
    """JSON that is safe inside a script element: nothing in it can close the element or open a comment."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    for mark in "<>&":
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    return Markup(text)  # noqa: S704 - no markup can be left in it


def mark_commands(text: str) -> Markup:
    """Escaped text with what stands between backticks as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped


def _gravity(alert: AlertEpisode) -> tuple[int, int, str]:
    return (severity_rank(alert.severity), alert.onset_ns, alert.host)


def _count(
    hosts: list[HostSeries], alerting: list[HostSeries], incidents: list[IncidentEpisode]
) -> dict[str, Any]:
    by_severity = [(s, sum(i.severity == s for i in incidents)) for s in SEVERITIES]
    return {
        "hosts": len(hosts),
        "alerting": len(alerting),
        "ticks": sum(h.scored_ticks for h in hosts),
        "incidents": len(incidents),
        "open": sum(i.ended_ns is None for i in incidents),
        "by_severity": [(s, n) for s, n in by_severity if n],
    }


def _hashes(texts: list[str]) -> str:
    digests = (hashlib.sha256(text.encode()).digest() for text in texts)
    return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)


@cache
def _read(name: str) -> str:
    text = files("agent.report").joinpath(name).read_text("utf-8")
    if text.startswith("/*!"):  # the library's address; its licence stands in full at the top of the page
        text = text.partition("*/")[2]
    return text.strip()


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("agent", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for verb in (words.say_fault, words.say_unit, words.say_number, words.say_time, words.say_span):
        environment.filters[verb.__name__] = verb
    environment.filters["mark_commands"] = mark_commands
    return environment
