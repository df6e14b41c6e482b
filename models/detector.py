"""The detector of a cohort: three views of a window, fused, smoothed, and calibrated to one score.

    windows (B, T, C) ─► scaled values, LSTM residual, GAN residual (B, 3, C) ─► whitened heads
        ─► weighed means (B, P, V) ─► smooth over 64 ticks (B, P) ─► relative to the host's level
        ─► score (B, P)

Everything runs in chunks of a fixed size, padded with zeros: a score is the same to the last bit whatever
else is in its batch, so polls, restarts and replays agree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from models import tops
from models.calibration import CALM_SHARE, Calibration
from models.device import fix_threads
from models.gan import GanShape, Generator
from models.heads import Head, HeadRecipe
from models.load import Drivers, LoadModel
from models.lstm_autoencoder import LstmAutoencoder, LstmShape
from models.newcomer import FEW_HOSTS_DOUBT
from models.scaling import HostScaling

PARTS = ("fused", "lstm_ae", "gan", "linear")
VIEWS = ("linear", "lstm_ae", "gan")  # the order of residuals in `errors`
WINDOW, HISTORY, KERNEL = 32, 32, 64  # ticks
CHUNK = 64  # rows of one call, always
CLIP = 50.0  # scaled units; beyond it a value says no more
LEAST_RAW = 1e-9  # of a raw value, which has a logarithm
NETWORK_CLIP = 10.0  # what the networks are shown
# What each view counts in the fused value. Where load is explained the input is a residual itself.
FUSED = {"linear": 0.1, "lstm_ae": 0.2, "gan": 0.7}
LOAD_ARRAYS = ("coefficients", "own", "spread", "will", "cooling", "known", "warms", "step", "gain", "ground")
FUSED_OF_LOAD = dict.fromkeys(VIEWS, 1.0 / 3.0)

# The mean of a fast and a slow smoothing kernel is used: the fast one tells soon, the slow one what lasts.
FAST_HALF_LIFE_TICKS = 2.0
SLOW_HALF_LIFE_S = 1500.0
LEAST_SLOW_TICKS, MOST_SLOW_TICKS = 5.0, 30.0
SLOW_OF_LOAD_TICKS = 10.0  # steady heads have smoothed already

Array = NDArray[np.float64]


@dataclass(slots=True)
class Detector:
    """One cohort's detector. C sensors, B windows, T ticks, H ticks of residuals, K ticks of smoothing,
    V opinions on states that last (`models/heads.py`)."""

    cohort: str
    sensors: tuple[str, ...]
    quantities: tuple[str, ...]
    units: tuple[str, ...]
    hosts: dict[str, HostScaling]  # of training
    typical: HostScaling  # for a host that training never saw
    lstm_ae: LstmAutoencoder
    gan: Generator
    heads: dict[str, tuple[Head, ...]]  # view → its heads
    level_floor: Array  # (P,) c: the smoothed value that training exceeded on one tick in ten
    calibrations: tuple[Calibration, ...]  # in the order of PARTS
    load: LoadModel | None = None  # what load and inlet air explain; None where nothing tells the load
    own: tops.OwnThreshold | None = None  # a host's own hours make its threshold; None: the calibration does
    doubt: float = FEW_HOSTS_DOUBT  # how much higher, in log value, a host scores that training never saw
    period_s: float = 60.0  # of a tick
    notes: tuple[str, ...] = ()  # what was chosen in training, and why
    device: str = "cpu"
    window: int = WINDOW
    history: int = HISTORY
    kernel: int = KERNEL
    thresholds: Array = field(init=False)  # (P,) on the scale of the score

    def __post_init__(self) -> None:
        self.thresholds = np.array([c.threshold for c in self.calibrations])
        fix_threads()
        for network in (self.lstm_ae, self.gan):
            network.to(self.device).eval()

    @property
    def calm_share(self) -> float:
        """Below which share of the threshold a tick is calm."""
        return tops.CALM_SHARE if self.own is not None else CALM_SHARE

    @property
    def opinions(self) -> int:
        """V: how many opinions on states that last the heads have."""
        return len(self.heads[VIEWS[0]][0].recipe.weights)

    def scaling(self, host: str) -> tuple[Array, Array]:
        """Centre and scale (C,) of a host, its own or the cohort's typical one."""
        known = self.hosts.get(host, self.typical)
        return known.centre, known.scale

    def errors(
        self, windows: NDArray[np.float32], present: NDArray[np.bool_], centre: Array, scale: Array
    ) -> NDArray[np.float32]:
        """(B, T, C) raw windows with masks, (B, C) centres and scales → (B, 3, C) residuals of the last tick.

        In units of usual spread, in the order of VIEWS, 0 where the last tick is masked.
        """
        residuals: NDArray[np.float32] = in_chunks(self._errors, windows, present, centre, scale)
        return residuals

    def _errors(
        self, windows: NDArray[np.float32], present: NDArray[np.bool_], centre: Array, scale: Array
    ) -> NDArray[np.float32]:
        spread = np.where(scale > 0, scale, 1.0)[:, None]
        z = np.where(present, np.clip((windows - centre[:, None]) / spread, -CLIP, CLIP), 0.0)  # (B, T, C)
        z = self.condition(z, present)
        rebuilt = self._rebuild(z.astype(np.float32), present)  # (2, B, C)
        last = z[:, -1]  # (B, C)
        views = np.stack([last, last - rebuilt[0], last - rebuilt[1]], axis=1)  # (B, 3, C)
        return np.where(present[:, None, -1], views, 0.0).astype(np.float32)

    def condition(self, z: Array, present: NDArray[np.bool_]) -> Array:
        """(B, T, C) scaled values → what load and inlet air leave over of them, where that is known."""
        return z if self.load is None else np.clip(self.load.left_over(z, present), -CLIP, CLIP)

    def expected(self, last: Array, errors: NDArray[np.float32], scale: Array) -> Array:
        """(B, C) last values, (B, 3, C) errors, (B, C) scales → (B, C) what the LSTM autoencoder expected."""
        spread = 1.0 if self.load is None else self.load.spread
        return np.asarray(last - errors[:, VIEWS.index("lstm_ae")] * scale * spread)

    def _rebuild(self, z: NDArray[np.float32], present: NDArray[np.bool_]) -> NDArray[np.float32]:
        """(B, T, C) → (2, B, C): the last tick as each network rebuilds it."""
        values = torch.from_numpy(np.clip(z, -NETWORK_CLIP, NETWORK_CLIP)).to(self.device)
        mask = torch.from_numpy(present.astype(np.float32)).to(self.device)
        with torch.inference_mode():
            rebuilt = [network(values, mask)[:, -1] for network in (self.lstm_ae, self.gan)]
            both: NDArray[np.float32] = torch.stack(rebuilt).cpu().numpy()
        return both

    def fuse(self, histories: NDArray[np.float32], seen: NDArray[np.bool_]) -> tuple[Array, Array]:
        """(B, H, 3, C) residuals of the last ticks → (B, P, V) raw values and (B, C) each sensor's share."""
        by_part, share = in_chunks(self._fuse, histories, seen)
        return by_part, share

    def _fuse(self, histories: NDArray[np.float32], seen: NDArray[np.bool_]) -> tuple[Array, Array]:
        parts: dict[str, Array] = {}  # (B, C, V) each
        for place, view in enumerate(VIEWS):
            residuals = histories[:, :, place].astype(np.float64)  # (B, H, C)
            parts[view] = sum_pairs(
                [
                    head.contributions(residuals, seen)[..., None] * np.array(head.recipe.weights)
                    for head in self.heads[view]
                ]
            )
        weights = FUSED if self.load is None else FUSED_OF_LOAD
        parts["fused"] = sum_pairs([weights[view] * parts[view] for view in VIEWS])
        raw = np.stack([parts[part].sum(axis=1) for part in PARTS], axis=1)  # (B, P, V)
        return np.maximum(raw, LEAST_RAW), _shares(parts["fused"].sum(axis=2))

    def smooth(self, kernels: Array) -> Array:
        """(B, K, P, V) raw values of the last ticks, NaN where there were none → (B, P)."""
        smoothed: Array = in_chunks(self._smooth, kernels)
        return smoothed

    def _smooth(self, kernels: Array) -> Array:
        there = np.isfinite(kernels)
        values = np.where(there, kernels, 0.0)
        age = np.arange(self.kernel - 1, -1, -1)
        smoothed = np.zeros((len(kernels), *kernels.shape[2:]))  # (B, P, V)
        half_lives = smoothing_half_lives(self.period_s, self.load is not None)
        for half_life in half_lives:
            weights = (0.5 ** (age / half_life))[:, None, None]  # (K, 1, 1) newest last
            total = (there * weights).sum(axis=1)
            smoothed += (values * weights).sum(axis=1) / np.where(total > 0, total, np.nan)
        smoothed = np.where(there[:, -1], smoothed / len(half_lives), np.nan)
        if smoothed.shape[2] == 1:
            return smoothed[..., 0]
        return np.asarray(np.exp(np.log(np.maximum(smoothed, LEAST_RAW)).mean(axis=2)))

    def relate(self, smoothed: Array, levels: Array) -> Array:
        """(B, P) smoothed values relative to the host's level (log means; NaN: no closed hour)."""
        floor = self.level_floor
        level = np.where(np.isfinite(levels), np.maximum(np.exp(levels), floor), floor)
        return smoothed / np.sqrt(level * floor)

    def score(self, smoothed: Array, levels: Array) -> Array:
        """(B, P) smoothed values and levels → (B, P) scores, 0..1, high = abnormal."""
        values = self.relate(smoothed, levels)
        return np.stack([c.score(values[:, part]) for part, c in enumerate(self.calibrations)], axis=1)

    # -- as files -----------------------------------------------------------------------------------------

    def to_arrays(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Arrays by name, and everything else as plain JSON."""
        arrays: dict[str, NDArray[Any]] = {"level_floor": self.level_floor}
        for name, network in (("lstm_ae", self.lstm_ae), ("gan", self.gan)):
            arrays |= {f"{name}.{k}": v.detach().cpu().numpy() for k, v in network.state_dict().items()}
        for view, heads in self.heads.items():
            for at, head in enumerate(heads):
                arrays |= {
                    f"head.{view}.{at}.{k}": getattr(head, k) for k in ("shift", "factor", "precision")
                }
        arrays["scaling.centre"] = np.stack([s.centre for s in (self.typical, *self.hosts.values())])
        arrays["scaling.scale"] = np.stack([s.scale for s in (self.typical, *self.hosts.values())])
        arrays["calibration.knots_log_v"] = np.stack([c.knots_log_v for c in self.calibrations])
        arrays["calibration.knots_log_p"] = np.stack([c.knots_log_p for c in self.calibrations])
        if self.own is not None:
            arrays["own.usual"] = self.own.usual
        if self.load is not None:
            arrays |= {f"load.{name}": getattr(self.load, name) for name in LOAD_ARRAYS}
        meta = {
            "cohort": self.cohort,
            "sensors": list(self.sensors),
            "quantities": list(self.quantities),
            "units": list(self.units),
            "hosts": list(self.hosts),
            "lstm_ae": self.lstm_ae.shape.as_dict(),
            "gan": self.gan.shape.as_dict(),
            "heads": {v: [_head_meta(h) for h in hs] for v, hs in self.heads.items()},
            "period_s": self.period_s,
            "doubt": self.doubt,
            "own": [self.own.least, self.own.hours_a_day] if self.own is not None else None,
            "tails": [[c.tail_scale, c.threshold] for c in self.calibrations],
            "load": asdict(self.load.drivers) if self.load is not None else None,
            "notes": list(self.notes),
            "window": self.window,
            "history": self.history,
            "kernel": self.kernel,
        }
        return arrays, meta

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, NDArray[Any]], meta: Mapping[str, Any], device: str = "cpu"
    ) -> Detector:
        """The detector that `to_arrays` took apart.

        Raises:
            KeyError, TypeError, ValueError, RuntimeError: the parts do not fit together.
        """
        lstm_ae, gan = LstmAutoencoder(LstmShape(**meta["lstm_ae"])), Generator(GanShape(**meta["gan"]))
        for name, network in (("lstm_ae", lstm_ae), ("gan", gan)):
            own = {k.removeprefix(f"{name}."): v for k, v in arrays.items() if k.startswith(f"{name}.")}
            network.load_state_dict({k: torch.from_numpy(np.array(v)) for k, v in own.items()})
        scalings = [
            HostScaling(c, s) for c, s in zip(arrays["scaling.centre"], arrays["scaling.scale"], strict=True)
        ]
        calibrations = [
            Calibration(v, p, *tail)
            for v, p, tail in zip(
                arrays["calibration.knots_log_v"],
                arrays["calibration.knots_log_p"],
                meta["tails"],
                strict=True,
            )
        ]
        return cls(
            cohort=meta["cohort"],
            sensors=tuple(meta["sensors"]),
            quantities=tuple(meta["quantities"]),
            units=tuple(meta["units"]),
            hosts=dict(zip(meta["hosts"], scalings[1:], strict=True)),
            typical=scalings[0],
            lstm_ae=lstm_ae,
            gan=gan,
            heads={view: _heads(view, kept, arrays) for view, kept in meta["heads"].items()},
            level_floor=arrays["level_floor"],
            calibrations=tuple(calibrations),
            load=_load(meta["load"], arrays),
            own=tops.OwnThreshold(arrays["own.usual"], *meta["own"]) if meta["own"] is not None else None,
            doubt=meta["doubt"],
            period_s=meta["period_s"],
            notes=tuple(meta["notes"]),
            device=device,
            window=meta["window"],
            history=meta["history"],
            kernel=meta["kernel"],
        )


def _load(kept: Mapping[str, Any] | None, arrays: Mapping[str, NDArray[Any]]) -> LoadModel | None:
    if kept is None:
        return None
    drivers = Drivers(
        load=tuple(kept["load"]),
        inlet=tuple(kept["inlet"]),
        fans=tuple(kept["fans"]),
        own=tuple((target, driver) for target, driver in kept["own"]),
    )
    return LoadModel(drivers, *(arrays[f"load.{name}"] for name in LOAD_ARRAYS))


def smoothing_half_lives(period_s: float, load_is_explained: bool) -> tuple[float, float]:
    """Half-lives of the two smoothing kernels, in ticks."""
    if load_is_explained:
        return FAST_HALF_LIFE_TICKS, SLOW_OF_LOAD_TICKS
    slow = float(np.clip(SLOW_HALF_LIFE_S / period_s, LEAST_SLOW_TICKS, MOST_SLOW_TICKS))
    return FAST_HALF_LIFE_TICKS, slow


def _head_meta(head: Head) -> dict[str, Any]:
    return {"recipe": asdict(head.recipe), "spread_ticks": head.spread_ticks, "norm": head.norm}


def _heads(
    view: str, kept: Sequence[Mapping[str, Any]], arrays: Mapping[str, NDArray[Any]]
) -> tuple[Head, ...]:
    heads = []
    for at, one in enumerate(kept):
        shift, factor, precision = (arrays[f"head.{view}.{at}.{k}"] for k in ("shift", "factor", "precision"))
        recipe = HeadRecipe(**{**one["recipe"], "weights": tuple(one["recipe"]["weights"])})
        heads.append(Head(recipe, one["spread_ticks"], shift, factor, precision, one["norm"]))
    return tuple(heads)


def _shares(contributions: Array) -> Array:
    """(B, C) contributions → shares that sum to 1, or are all 0."""
    positive = np.maximum(contributions, 0.0)
    total = positive.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(positive, total, out=np.zeros_like(positive), where=total > 0))


def sum_pairs(arrays: Sequence[Array]) -> Array:
    """The sum of a few arrays, added in the order given."""
    total = np.zeros_like(arrays[0])
    for array in arrays:
        total = total + array
    return total


def in_chunks(work: Callable[..., Any], *arrays: NDArray[Any]) -> Any:
    """Run `work` on CHUNK rows at a time, the last ones padded with zeros, so that no result depends on
    how many rows came together. `work` returns one array, or a tuple of them, with a row for each."""
    rows = len(arrays[0])
    results = []
    for start in range(0, max(rows, 1), CHUNK):
        parts = [array[start : start + CHUNK] for array in arrays]
        short = CHUNK - len(parts[0])
        padded = [np.pad(p, ((0, short), *((0, 0) for _ in p.shape[1:]))) if short else p for p in parts]
        done = work(*(np.ascontiguousarray(p) for p in padded))
        results.append(done if isinstance(done, tuple) else (done,))
    joined = tuple(np.concatenate(column)[:rows] for column in zip(*results, strict=True))
    return joined if len(joined) > 1 else joined[0]
