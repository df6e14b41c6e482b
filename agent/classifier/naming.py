"""Joins the classifier with the rules: names what only the score saw, weighs what a rule named.

unknown by score ──p high, no veto──► named      ──surely nothing──► no finding      else as it was
named by a rule  ──► its confidence follows from both; a clear other opinion is told as evidence against
beyond a limit   ──► as it was: hard evidence is no matter of opinion

Only ticks with a finding come to the network. What it says follows from the host's rows and its physics, so
a restart changes nothing.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from agent.alert import UNKNOWN, severity_rank
from agent.alert_window import Rows
from agent.classifier.opinion import RulesAlone, SecondOpinion
from agent.classifier.signs import NEVER_TOLD, Array, Mask, evidence_for, is_vetoed, value_of
from agent.fault_channels import still_channels, window_channels
from agent.fault_columns import columns_of
from agent.faults import FAULTS
from agent.findings import Evidence, Finding
from agent.logs import log_event
from agent.physics import Residuals
from agent.scored import ScoredTick
from agent.sensors import SECOND_NS
from agent.tick_points import six_digits
from models.fault_classifier import CLASSES, NORMAL, WARM_AIR, FaultClassifier, Windows, packaged

PROBABILITY = "classifier_probability"
MOST_EVIDENCE = 5
DISAGREES = 0.1  # a rule's fault below this, another one sure: that is told
HARD = frozenset(("fan_failure", "psu_failure", "gpu_lost", "feed_loss", "ups_on_battery"))  # plainly seen
CALM_AIR_K = 2.0  # warmer inlet air than usual is never nothing
FAR_ABOVE = 2.0  # × the threshold: neither is this
LEAST_CONFIDENCE, MOST_CONFIDENCE = 0.05, 0.99
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Look:
    """What the classifier sees and thinks of one tick."""

    window: Array  # (T, W)
    mask: Mask
    probabilities: dict[str, float]  # by class

    def best_fault(self) -> str:
        """The likeliest fault that what is seen allows and a window can tell; "" where all are vetoed."""
        told = set(CLASSES) - {NORMAL, WARM_AIR} - NEVER_TOLD
        faults = sorted(told, key=lambda name: -self.probabilities[name])
        return next((name for name in faults if not is_vetoed(name, self.window, self.mask)), "")


class Naming:
    """The classifier beside the rules."""

    def __init__(self, classifier: FaultClassifier) -> None:
        self.classifier = classifier

    def revise(
        self, found: list[Finding], tick: ScoredTick, residuals: Residuals | None, rows: Callable[[], Rows]
    ) -> list[Finding]:
        """The findings, named or weighed where the classifier has something to say."""
        conditions = [finding for finding in found if finding.kind == "condition"]
        if not conditions or conditions[0].basis == "limit":
            return found
        seen = self.look(tick, residuals, rows())
        if seen is None:
            return found
        others = [finding for finding in found if finding.kind != "condition"]
        if conditions[0].basis == "score":
            named = self.name_unknown(conditions[0], tick, seen)
            return [*others] if named is None else [named, *others]
        weighed = [
            self.weigh(finding, seen) if finding.basis == "evidence" else finding for finding in conditions
        ]
        weighed.sort(key=lambda f: (f.fault == UNKNOWN, severity_rank(f.severity), -f.confidence, f.fault))
        return [*weighed, *others]

    def look(self, tick: ScoredTick, residuals: Residuals | None, rows: Rows) -> Look | None:
        """What a tick shows; None for a machine whose faults the classifier does not know."""
        columns = columns_of(tick.sensors, tick.quantities)
        if not columns.is_server or not len(rows):
            return None
        period_s = tick.period_ns / SECOND_NS
        window, mask = window_channels(rows, columns, tick.sensors, period_s, tick.limits)
        still, still_mask = still_channels(residuals, period_s)
        one = Windows(
            window[None].astype(np.float32), mask[None], still[None].astype(np.float32), still_mask[None]
        )
        told = self.classifier.probabilities(one)[0].tolist()
        return Look(window, mask, dict(zip(CLASSES, told, strict=True)))

    def name_unknown(self, unknown: Finding, tick: ScoredTick, seen: Look) -> Finding | None:
        """A score's finding with the name of the fault, as it is, or None where nothing is wrong."""
        if self._is_nothing(tick, seen):
            return None
        fault = seen.best_fault()
        chance = seen.probabilities.get(fault, 0.0)
        if not fault or chance < self.classifier.least:
            return unknown
        signs = evidence_for(fault, seen.window, seen.mask)
        told = Evidence(PROBABILITY, "other", "1", six_digits(chance), self.classifier.least, "for")
        name = fault.replace("_", " ")
        return replace(
            unknown,
            fault=fault,
            severity=FAULTS[fault].severity,
            confidence=_confidence(chance),
            diagnosis=f"{unknown.diagnosis} It looks like {name} ({100 * chance:.0f} %).",
            evidence=(*unknown.evidence[: MOST_EVIDENCE - 1 - len(signs)], *signs, told),
            actions=FAULTS[fault].actions,
        )

    def weigh(self, finding: Finding, seen: Look) -> Finding:
        """A rule's finding with the confidence that both together deserve."""
        chance = seen.probabilities.get(finding.fault)
        if chance is None:
            return finding
        base, of_rule, of_net = self.classifier.weighing
        confidence = _confidence(
            1.0 / (1.0 + math.exp(-(base + of_rule * _logit(finding.confidence) + of_net * _logit(chance))))
        )
        if finding.fault in HARD:
            confidence = max(confidence, finding.confidence)
        other = seen.best_fault()
        disagrees = other not in ("", finding.fault) and chance < DISAGREES
        if disagrees and seen.probabilities[other] >= self.classifier.least:
            likelier = six_digits(seen.probabilities[other])
            against = Evidence(f"{other}_probability", "other", "1", likelier, six_digits(chance), "against")
            return replace(finding, confidence=confidence, evidence=(*finding.evidence, against))
        return replace(finding, confidence=confidence)

    def _is_nothing(self, tick: ScoredTick, seen: Look) -> bool:
        """Whether the score saw what only looks like a fault: work that came or went, a new fan curve."""
        inlet_k = value_of(seen.window, seen.mask, "inlet", "above")
        calm_air = math.isnan(inlet_k) or inlet_k < CALM_AIR_K
        near = tick.score < FAR_ABOVE * tick.threshold
        return calm_air and near and seen.probabilities[NORMAL] >= self.classifier.sure


@cache
def packaged_naming() -> SecondOpinion:
    """With the classifier that came with the package; without one the rules stand alone, which is logged.

    Raises:
        RegistryError: the packaged file is damaged.
    """
    classifier = packaged()
    if classifier is None:
        log_event(_log, logging.WARNING, "no fault classifier in the package, rules name faults alone")
        return RulesAlone()
    return Naming(classifier)


def _confidence(chance: float) -> float:
    return round(min(max(chance, LEAST_CONFIDENCE), MOST_CONFIDENCE), 2)


def _logit(chance: float) -> float:
    bounded = min(max(chance, 1e-4), 1 - 1e-4)
    return math.log(bounded / (1 - bounded))
