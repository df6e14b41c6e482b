"""Fits the detector of a cohort, top to bottom.

    HostHistory a host ─► scaling ─► windows ─► LSTM-AE, GAN ─► residuals ─► heads ─► levels ─► calibration

Time is cut into blocks, and every fourth is held out: networks stop early by it, and the threshold comes from
it alone, since errors on what was fitted are too small.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from models.calibration import FIRM_HOST_DAYS, calibrate
from models.detector import HISTORY, NETWORK_CLIP, PARTS, VIEWS, WINDOW, Detector
from models.device import pick_device
from models.fitting import Schedule, Windows, fit_gan, fit_lstm
from models.gan import GanShape, Generator
from models.heads import SHARP, Head, HeadRecipe, choose_recipes, days_differ, fit_head, sharpness
from models.histories import (
    HostHistory,
    Prepared,
    last_ticks,
    levels_of,
    prepare,
    residuals_of,
    smoothed_of,
    trailing,
)
from models.load import LoadModel
from models.load_fit import fit_load
from models.lstm_autoencoder import LstmAutoencoder, LstmShape
from models.newcomer import measure_doubt
from models.scaling import HostScaling, fit_scaling, scale_floors, typical_scaling
from models.tops import OwnThreshold

Progress = Callable[[int, int], None]  # done, total

STRIDE = 3  # ticks between training windows
MOST_WINDOWS = 20_000  # more say little new and cost time
MOST_HEAD_ROWS = 20_000
CONDITION_ROWS = 1_000  # windows at a time, to bound memory
# Of smoothed values in training: a level below it counts as it.
LEVEL_QUANTILE, LEVEL_QUANTILE_OF_LOAD = 0.5, 0.9
LEAST_DOUBT_HOSTS, MOST_DOUBT_HOSTS, DOUBT_TICKS = 3, 6, 2_000
DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """What may be chosen; the rest follows from the data."""

    seed: int = 0
    device: str = "auto"
    budget_per_host_month: float = 0.03
    epochs: int | None = None  # at most; None: by the number of windows


def fit_cohort(
    cohort: str,
    sensors: Sequence[str],
    quantities: Sequence[str],
    units: Sequence[str],
    hosts: Sequence[HostHistory],
    options: TrainingOptions,
    progress: Progress,
) -> Detector:
    """A detector for hosts of one sensor set; equal seeds give equal detectors on one CPU.

    Raises:
        ValueError: the device is not there, or no host has a full window.
    """
    torch.manual_seed(options.seed)
    device = pick_device(options.device)
    floors = scale_floors(quantities, units)
    scalings = {h.host: fit_scaling(h.values, h.present, floors) for h in hosts}
    prepared = [prepare(h, scalings[h.host].centre, scalings[h.host].scale, n) for n, h in enumerate(hosts)]
    fit, check = _windows(prepared, held_out=False), _windows(prepared, held_out=True)
    if not len(fit[0]):
        raise ValueError(f"cohort {cohort} has no full window; expected at least {WINDOW} ticks of a host")
    typical = typical_scaling(list(scalings.values()))
    load = fit_load(
        sensors, quantities, fit[0].astype(np.float64), fit[1] > 0, floors / typical.scale, typical
    )
    fit, check = _condition(load, fit), _condition(load, check)
    schedule = Schedule.for_windows(len(fit[0]), options.epochs, device)
    lstm_ae, lstm_note = fit_lstm(
        LstmAutoencoder(LstmShape(len(sensors))), fit, check, schedule,
        lambda done, total: progress(done, 2 * total),
    )  # fmt: skip
    gan, gan_note = fit_gan(
        Generator(GanShape(len(sensors))), fit, check, schedule,
        lambda done, total: progress(total + done, 2 * total),
    )  # fmt: skip
    detector = Detector(
        cohort, tuple(sensors), tuple(quantities), tuple(units), scalings, typical, lstm_ae, gan,
        heads={}, level_floor=np.ones(len(PARTS)), calibrations=(), device=device,
        load=load, period_s=float(np.median([h.period_s for h in hosts])),
    )  # fmt: skip
    residuals = [residuals_of(detector, p) for p in prepared]
    recipes = choose_recipes(
        load is not None, sharpness([days_differ(h.values, h.present, h.period_s) for h in hosts])
    )
    detector.heads = _fit_heads(detector, prepared, residuals, recipes)
    _calibrate(detector, prepared, residuals, options.budget_per_host_month)
    detector.doubt = _doubt(detector, prepared, scalings)
    host_days = sum(len(h.values) * h.period_s for h in hosts) / DAY_S
    detector.notes = (
        schedule.reason,
        lstm_note,
        gan_note,
        _load_note(load, sensors),
        _heads_note(recipes),
        _threshold_note(host_days, options.budget_per_host_month, detector.own is not None),
    )
    return detector


def _windows(prepared: Sequence[Prepared], held_out: bool) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(N, T, C) scaled values and (N, T, C) masks, from one side of the split."""
    values, masks = [], []
    for host in prepared:
        if len(host.z) < WINDOW:
            continue
        ends = np.arange(WINDOW - 1, len(host.z), STRIDE)
        starts = ends[host.held_out[ends] == held_out] - WINDOW + 1
        rows = starts[:, None] + np.arange(WINDOW)  # (n, T)
        values.append(host.z[rows])
        masks.append(host.history.present[rows].astype(np.float32))
    if not values:
        return np.zeros((0, WINDOW, 0), np.float32), np.zeros((0, WINDOW, 0), np.float32)
    all_values, all_masks = np.concatenate(values), np.concatenate(masks)
    keep = np.linspace(0, len(all_values) - 1, min(len(all_values), MOST_WINDOWS)).astype(int)
    return all_values[keep], all_masks[keep]


def _condition(load: LoadModel | None, windows: Windows) -> Windows:
    """Windows as the networks see them: what load and inlet air leave over."""
    values, mask = windows
    if load is None or not len(values):
        return np.clip(values, -NETWORK_CLIP, NETWORK_CLIP), mask
    parts = [
        load.left_over(
            values[at : at + CONDITION_ROWS].astype(np.float64), mask[at : at + CONDITION_ROWS] > 0
        )
        for at in range(0, len(values), CONDITION_ROWS)
    ]
    return np.clip(np.concatenate(parts), -NETWORK_CLIP, NETWORK_CLIP).astype(np.float32), mask


def _fit_heads(
    detector: Detector,
    prepared: Sequence[Prepared],
    residuals: Sequence[NDArray[np.float32]],
    recipes: Sequence[HeadRecipe],
) -> dict[str, tuple[Head, ...]]:
    """The heads of each view, on what is not held out."""
    chosen = [
        np.flatnonzero(~host.held_out & host.history.present.any(axis=1) & (np.arange(len(host.z)) > 0))
        for host in prepared
    ]
    every = max(1, -(-sum(len(rows) for rows in chosen) // MOST_HEAD_ROWS))
    chosen = [rows[::every] for rows in chosen]
    seen = np.concatenate(
        [trailing(h.history.present, HISTORY)[rows] for h, rows in zip(prepared, chosen, strict=True)]
    )
    rounding = 0.0 if detector.load is None else detector.load.rounding()
    heads = {}
    for place, view in enumerate(VIEWS):
        histories = np.concatenate(
            [trailing(r[:, place], HISTORY)[rows] for r, rows in zip(residuals, chosen, strict=True)]
        ).astype(np.float64)
        heads[view] = tuple(
            fit_head(recipe, histories, seen, detector.period_s, rounding) for recipe in recipes
        )
    return heads


def _calibrate(
    detector: Detector,
    prepared: Sequence[Prepared],
    residuals: Sequence[NDArray[np.float32]],
    budget_per_host_month: float,
) -> None:
    """Level floor and calibrations from the held-out ticks, through the same stages as the stream."""
    smoothed = [smoothed_of(detector, h, r) for h, r in zip(prepared, residuals, strict=True)]
    pooled = np.concatenate([s[h.held_out] for s, h in zip(smoothed, prepared, strict=True)])
    pooled = pooled[np.isfinite(pooled).all(axis=1)]
    if not len(pooled):  # too short to hold anything out
        pooled = np.concatenate(smoothed)
        pooled = pooled[np.isfinite(pooled).all(axis=1)]
    if not len(pooled):
        raise ValueError(
            f"cohort {detector.cohort} has no tick that could be scored; expected values to learn"
        )
    quantile = LEVEL_QUANTILE if detector.load is None else LEVEL_QUANTILE_OF_LOAD
    detector.level_floor = np.quantile(pooled, quantile, axis=0)
    values, everything = [], []
    for host, its in zip(prepared, smoothed, strict=True):
        levels = levels_of(its, host.history.hour)
        held_out = host.held_out if host.held_out.any() else np.ones(len(its), bool)
        everything.append(detector.relate(its, levels))
        values.append(np.where(held_out[:, None], everything[-1], np.nan))
    detector.calibrations = tuple(
        calibrate([v[:, part] for v in values], detector.period_s, budget_per_host_month)
        for part in range(len(PARTS))
    )
    detector.thresholds = np.array([c.threshold for c in detector.calibrations])
    detector.own = OwnThreshold.fit(
        [detector.calibrations[0].score(v[:, 0]) for v in everything],
        [host.history.hour for host in prepared],
        budget_per_host_month,
    )


def _doubt(detector: Detector, prepared: Sequence[Prepared], scalings: Mapping[str, HostScaling]) -> float:
    """How much higher hosts score when the others alone tell what is typical; as the detector says of hosts
    it knows nothing of where there are too few to try it on."""
    if len(prepared) < LEAST_DOUBT_HOSTS:
        return detector.doubt
    as_known: list[NDArray[np.float64]] = []
    as_new: list[NDArray[np.float64]] = []
    for host in prepared[:MOST_DOUBT_HOSTS]:
        recent = last_ticks(host, DOUBT_TICKS)
        others = [scaling for name, scaling in scalings.items() if name != host.history.host]
        for scaling, values in ((scalings[host.history.host], as_known), (typical_scaling(others), as_new)):
            smoothed = smoothed_of(detector, recent, residuals_of(detector, recent, scaling))
            values.append(smoothed[:, 0])
    return measure_doubt(as_known, as_new)


def _heads_note(recipes: Sequence[HeadRecipe]) -> str:
    if recipes[0].steady:
        return f"heads: steady, ridges {', '.join(f'{recipe.ridge:g}' for recipe in recipes)}"
    sharp = sum(recipe.weights[0] for recipe in recipes if recipe.floor == SHARP.floor)
    return f"heads: sharp {sharp:.2f}, robust {1 - sharp:.2f}, by how far days of training differ"


def _load_note(load: LoadModel | None, sensors: Sequence[str]) -> str:
    if load is None:
        return "load: nothing tells it, so nothing is explained by it"
    return f"load: told by {', '.join(sensors[column] for column in load.drivers.load)}"


def _threshold_note(host_days: float, budget_per_host_month: float, own: bool) -> str:
    firmness = "firm" if host_days >= FIRM_HOST_DAYS else "provisional"
    return (
        f"threshold: {firmness} ({host_days:.1f} host-days of {FIRM_HOST_DAYS:.0f}; "
        f"budget {budget_per_host_month:g} false alerts per host-month)"
        + ("; a host's own last week decides, where it has one" if own else "")
    )
