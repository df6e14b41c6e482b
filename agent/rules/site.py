"""Faults of the room and its feeds, from what one machine or unit shows of them."""

from __future__ import annotations

import math

from agent.faults import FAULTS
from agent.findings import Evidence, Finding, Severity
from agent.physics import Residuals
from agent.rules.layout import say
from agent.scored import ScoredTick
from agent.tick_points import six_digits

IMBALANCE = 0.15  # of a phase from the mean of all: to be acted on, where the phases were nearer before
LEAST_MEAN_A = 5.0  # with less, one server more or less is all of it
OTHER_AIR_K = 1.5  # humidity is relative: in air this much warmer or colder it says nothing new
COLD_C = 18.0  # lower end of what ASHRAE recommends
COLDER_K = -3.3  # than it used to be: more than a change of set point
WARMER_K, TOO_WARM_C = 3.3, 25.0  # supply air: so much above its own past, and too warm for a cold aisle
DAMP_PCT, DRY_PCT = 60.0, 20.0  # recommended at most, allowed at least
FAR_PCT = 12.0  # from its own past at equal air: a humidifier or damper that fails, before a limit is passed
MOST_DEW_C, LEAST_DEW_C = 15.0, -9.0  # recommended dew points
MAGNUS = (17.62, 243.12)


def find_site_faults(tick: ScoredTick, res: Residuals) -> list[Finding]:
    """What the residuals of phases, air and humidity speak for."""
    return [
        *_of_phases(tick, res),
        *_of_jump(tick, res),
        *_of_supply(tick, res),
        *_of_water(tick, res),
        *_of_air(tick, res),
        *_of_damp(tick, res),
    ]


def _of_phases(tick: ScoredTick, res: Residuals) -> list[Finding]:
    """Current that left its phases for another one, until they are apart too far."""
    phases = res.channels.phases.tolist()
    moved = [j for j in phases if res.beyond[j]]
    if not moved:
        return []
    apart = max(abs(float(res.y[j]) * len(phases) - 1) for j in phases)
    was_apart = max(abs(float(res.expected[j]) * len(phases) - 1) for j in phases)
    columns = [int(res.channels.columns[j]) for j in phases]
    if apart < IMBALANCE or was_apart >= IMBALANCE or float(tick.seen[columns].mean()) < LEAST_MEAN_A:
        return []
    told = ", ".join(say(float(tick.seen[i]), tick.units[i]) for i in columns)
    j = max(moved, key=lambda i: abs(float(res.fast[i])))
    name = res.channels.names[j].removesuffix("_a")
    text = (
        f"The phases of {tick.host} carry {told}: up to {100 * apart:.0f} % from their mean; {name} carries "
        f"{100 * res.y[j]:.0f} % of the whole (usual {100 * res.expected[j]:.0f} %)."
    )
    amps = float(tick.seen[columns].sum())
    evidence = [_evidence(tick, res, j, float(res.expected[j]) * amps) for j in (*moved, *phases)]
    return [_finding("phase_imbalance", "P2", 0.8, text, list(dict.fromkeys(evidence)))]


def _of_jump(tick: ScoredTick, res: Residuals) -> list[Finding]:
    """Air at the inlet that warmed at once by more than any change of set point."""
    if not res.jumped_k:
        return []
    air = res.channels.groups["air"].tolist()
    text = (
        f"Air before {tick.host} became {say(res.jumped_k, 'K')} warmer from one reading to the next while "
        f"its fans turn: cooling failed, or warm air comes round."
    )
    return [_finding("cooling_unit_failure", "P1", 0.6, text, [_evidence(tick, res, j) for j in air])]


def _of_supply(tick: ScoredTick, res: Residuals) -> list[Finding]:
    """A cooling unit that runs and no longer cools."""
    warm = [
        j
        for j in res.channels.groups["supply"].tolist()
        if res.beyond[j] > 0 and float(res.fast[j]) >= WARMER_K and float(res.y[j]) >= TOO_WARM_C
    ]
    if not warm:
        return []
    j = warm[0]
    text = (
        f"{tick.host} runs and supplies air of {say(float(res.y[j]), 'Cel')} "
        f"(usual {say(float(res.expected[j]), 'Cel')}): it lacks cooling capacity."
    )
    return [_finding("cooling_unit_failure", "P1", 0.8, text, [_evidence(tick, res, i) for i in warm])]


def _of_water(tick: ScoredTick, res: Residuals) -> list[Finding]:
    """Chilled water that comes warmer than it used to."""
    warm = [
        j
        for j in res.channels.groups["water"].tolist()
        if res.beyond[j] > 0 and float(res.slow[j]) > 0 and res.is_known[j]
    ]
    if not warm:
        return []
    j = warm[0]
    text = (
        f"Chilled water comes to {tick.host} at {say(float(res.y[j]), 'Cel')} "
        f"(usual {say(float(res.expected[j]), 'Cel')})."
    )
    return [_finding("chilled_water_loss", "P1", 0.75, text, [_evidence(tick, res, j)])]


def _air(res: Residuals) -> list[int]:
    """The channels of air that machines breathe."""
    return [*res.channels.groups["air"].tolist(), *res.channels.groups["supply"].tolist()]


def _of_air(tick: ScoredTick, res: Residuals) -> list[Finding]:
    """Air far colder than it used to be, and colder than is of any use."""
    cold = [
        j
        for j in _air(res)
        if res.beyond[j] < 0 and float(res.fast[j]) <= COLDER_K and float(res.y[j]) < COLD_C
    ]
    if not cold:
        return []
    j = cold[0]
    text = (
        f"{res.channels.names[j]} of {tick.host} is at {say(float(res.y[j]), 'Cel')} "
        f"(usual {say(float(res.expected[j]), 'Cel')}); {say(COLD_C, 'Cel')} is enough."
    )
    return [_finding("overcooling", "info", 0.7, text, [_evidence(tick, res, i) for i in cold])]


def _of_damp(tick: ScoredTick, res: Residuals) -> list[Finding]:
    """Air that became too damp or too dry for what stands in it."""
    is_other_air = any(abs(float(res.fast[i])) > OTHER_AIR_K for i in _air(res))
    for j in res.channels.groups["damp"].tolist():
        if not res.beyond[j] or is_other_air:
            continue
        humidity = float(res.y[j])
        air_c = next((float(res.y[i]) for i in _air(res) if res.is_known[i]), math.nan)
        dew_c = dew_point_c(air_c, humidity)
        is_far = abs(float(res.fast[j])) >= FAR_PCT
        is_damp = res.beyond[j] > 0 and (is_far or humidity > DAMP_PCT or dew_c > MOST_DEW_C)
        is_dry = res.beyond[j] < 0 and (is_far or humidity < DRY_PCT or dew_c < LEAST_DEW_C)
        if not (is_damp or is_dry):
            continue
        dew = f", a dew point of {dew_c:.1f} °C" if math.isfinite(dew_c) else ""
        text = (
            f"Air at {tick.host} has {humidity:.0f} % relative humidity{dew} "
            f"(usual {float(res.expected[j]):.0f} %)."
        )
        found = [_evidence(tick, res, j)]
        if math.isfinite(dew_c):
            limit = MOST_DEW_C if is_damp else LEAST_DEW_C
            found.append(Evidence("dew_point_c", "temperature", "Cel", six_digits(dew_c), limit, "for"))
        return [_finding("humidity", "P2", 0.75, text, found)]
    return []


def dew_point_c(air_c: float, humidity_pct: float) -> float:
    """The temperature at which air of so many % relative humidity begins to condense (Magnus)."""
    a, b = MAGNUS
    inner = math.log(max(humidity_pct, 0.1) / 100) + a * air_c / (b + air_c)
    return b * inner / (a - inner)


def _evidence(tick: ScoredTick, res: Residuals, j: int, expected: float | None = None) -> Evidence:
    i = int(res.channels.columns[j])
    return Evidence(
        tick.sensors[i], tick.quantities[i], tick.units[i], six_digits(float(tick.seen[i])),
        six_digits(float(res.expected[j]) if expected is None else expected),
        "for" if res.beyond[j] else "against",
    )  # fmt: skip


def _finding(
    fault: str, severity: Severity, confidence: float, text: str, evidence: list[Evidence]
) -> Finding:
    return Finding(
        "condition", fault, severity, confidence, "evidence", text, tuple(evidence), FAULTS[fault].actions
    )
