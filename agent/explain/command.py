"""`coldaisle explain`: why there was an alert, by scoring its window again; or why there was none."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

from agent.alert_window import AlertWindow
from agent.config import load_config
from agent.errors import ConfigError, RegistryError
from agent.explain.quiet import AROUND_NS, Quiet, explain_quiet
from agent.explain.rescore import Explanation, explain_window
from agent.explain.said import tell_alert, tell_quiet
from agent.explain.store import (
    ALERT,
    SCORE,
    ExplainStore,
    FolderExplainStore,
    InfluxExplainStore,
)
from agent.incident_find import find_subject
from agent.incident_store import FolderStore, IncidentStore, InfluxStore
from agent.points import Point
from agent.sensors import SECOND_NS
from agent.simulate.spans import read_moment
from models.registry import LoadedModels, Registry

FOLDERS_REGISTRY = "registry"  # where `demo` leaves its models


def explain(
    what: str, time: str, config: Path | None, out: Path | None, registry: Path | None, as_json: bool
) -> None:
    """Explain the alerts of an id, or a host at a time, on standard output.

    Raises:
        ConfigError: what is asked for cannot be meant.
    """
    if (config is None) == (out is None):
        raise ConfigError("explain: expected one of --config and --out")
    if out is not None:
        incidents: IncidentStore = FolderStore(out)
        store: ExplainStore = FolderExplainStore(out)
        models = registry or out / FOLDERS_REGISTRY
    else:
        settings = load_config(config or Path())
        incidents, store = InfluxStore(settings.influx), InfluxExplainStore(settings.influx)
        models = registry or settings.models.registry
    if time:
        at_ns = round(read_moment(time, "TIME", "explain") * SECOND_NS)
        tell_quiet(_quiet(store, what, at_ns), as_json)
        return
    subject = find_subject(incidents, what, "explain", ", or give a host and a time")
    load = cache(Registry(models).load)  # an incident's alerts are mostly of one release
    for alert in sorted(subject.alerts, key=lambda alert: (alert.onset_ns, alert.host, alert.kind)):
        found, why_not = _explained(store.window(alert), load)
        tell_alert(alert, found, why_not, as_json)


def _explained(point: Point | None, load: Callable[[str], LoadedModels]) -> tuple[Explanation | None, str]:
    """The alert's score made again, or why it cannot be."""
    if point is None:
        return None, "no window was kept of it: silence has none, and older versions kept none"
    try:
        window = AlertWindow.from_point(point)
    except (KeyError, ValueError, zlib.error) as error:
        return None, f"its window is damaged: {error}"
    if not window.cohort:
        return (
            None,
            "no model fitted the host; the first-boot scorer judges by running figures, not by a window",
        )
    try:
        loaded = load(window.model)
    except RegistryError as error:
        return None, f"its model {window.model} is not there: {error}"
    detector = loaded.detectors.get(window.cohort)
    if detector is None:
        return None, f"model {window.model} has no cohort {window.cohort}"
    try:
        return explain_window(window, detector), ""
    except ValueError as error:
        return None, str(error)


def _quiet(store: ExplainStore, host: str, at_ns: int) -> Quiet:
    scores = store.around(SCORE, host, at_ns - AROUND_NS, at_ns + AROUND_NS)
    alerts = store.around(ALERT, host, 0, at_ns + 1)
    return explain_quiet(host, at_ns, scores, alerts)
