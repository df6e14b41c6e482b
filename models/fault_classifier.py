"""Names the fault that a host's window shows: a small convolutional network, its numbers packed as data.

window (B, T, W) + mask ─► 3 convolutions ─► last, mean, most of T/4 ─┐
still (B, R) + mask ──────────────────────────────────────────────────┴► 2 layers ─► logits / temperature
                                                                          ─► probabilities (B, C)

Trained in models/fault_training.py; here it only runs, in numpy: one window at a time is cheaper than a
framework's call. Weak where a fault began long before the window, and for what no twin has shown it: below
`least` it says nothing.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from models.errors import RegistryError

CLASSES = (
    "normal", "warm_air", "fan_failure", "fan_degradation", "airflow_blockage", "heatsink_degradation",
    "cpu_throttling", "power_cap", "psu_failure", "psu_efficiency", "psu_imbalance", "vrm_overheating",
    "dimm_overheating", "gpu_overheating", "gpu_lost", "abnormal_load",
)  # fmt: skip
NORMAL, WARM_AIR = CLASSES[:2]  # no fault of the machine
WINDOW = 32  # ticks
WINDOW_CHANNELS = (
    "fan_slowest", "fan_second_slowest", "fan_fastest", "fans_still", "fan_speed",
    "power", "power_tremble", "power_tremble_news",
    "supply_least_share", "supply_share_lost", "supply_share_won", "inputs_dead",
    "efficiency_worst", "efficiency_best",
    "inlet", "inlet_step", "cpu_warmest", "cpu_excess", "cpu_others_excess", "cpu_apart",
    "gpu_warmest", "gpu_excess", "gpu_others_excess", "gpu_apart", "dimm_warmest", "dimm_excess",
    "vrm_warmest", "vrm_excess", "exhaust_warmest", "exhaust_excess",
    "gpus_lost", "gpu_power_least", "gpu_power_middle",
    "utilization", "power_for_work", "busy", "frequency", "frequency_for_power", "cpu_headroom",
)  # fmt: skip
_STILL_PARTS = (
    "cpu_most", "cpu_least", "twin_most", "exhaust_most", "dimm_most", "vrm_most", "gpu_most", "gpu_middle",
    "fan_least", "fan_most", "share_most", "efficiency_least", "work_most", "clock_most", "air_most",
)  # fmt: skip
STILL = ("period", *(f"{part}_{speed}" for part in _STILL_PARTS for speed in ("fast", "middle", "slow")))

FILE = "fault_classifier.safetensors"
STRIDES = (1, 2, 2)
MAX_BYTES = 500_000
GOLDEN_TOLERANCE = 1e-3
_META = ("temperature", "least", "sure", "weighing", "facts")

Array = NDArray[np.float32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Windows:
    """B windows: (B, T, W) and (B, R) channels with their masks; what is masked is 0."""

    values: Array
    present: Mask
    still: Array
    still_present: Mask

    def __len__(self) -> int:
        return len(self.values)

    def take(self, at: NDArray[Any]) -> Windows:
        """Some of them."""
        return Windows(self.values[at], self.present[at], self.still[at], self.still_present[at])


@dataclass(frozen=True, slots=True)
class FaultClassifier:
    """The network's weights and what was chosen on machines that it was not trained on."""

    weights: dict[str, Array]
    temperature: float
    least: float  # a probability below this is no name
    sure: float  # that nothing is wrong: from here on a score alone raises nothing; above 1: never
    weighing: tuple[float, float, float]  # confidence of a rule's name: of 1, logit(rule), logit(p of it)
    facts: dict[str, Any]  # how it was made, and its figures

    def probabilities(self, windows: Windows) -> NDArray[np.float64]:
        """(B, C) of CLASSES; each row sums to 1. What a mask hides has no influence."""
        logits = self.logits(windows).astype(np.float64) / self.temperature
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        told: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
        return told

    def logits(self, windows: Windows) -> Array:
        """(B, C) before the temperature."""
        hidden = _joined(windows.values, windows.present)  # (B, T, 2W)
        for layer, stride in enumerate(STRIDES):
            hidden = _convolve(hidden, self.weights[f"conv{layer}.weight"], stride)
            hidden = np.maximum(hidden + self.weights[f"conv{layer}.bias"], 0.0)  # (B, T', H)
        still = _joined(windows.still, windows.still_present)  # (B, 2R)
        pooled = np.concatenate([hidden[:, -1], hidden.mean(axis=1), hidden.max(axis=1), still], axis=1)
        pooled = np.maximum(pooled @ self.weights["dense0.weight"].T + self.weights["dense0.bias"], 0.0)
        logits: Array = pooled @ self.weights["dense1.weight"].T + self.weights["dense1.bias"]
        return logits

    def pack(self, sample: Windows) -> bytes:
        """As a file, with what it gives of a few windows as its golden case."""
        halves = {name: weight.astype(np.float16) for name, weight in self.weights.items()}
        exact = replace(self, weights=_whole(halves))
        golden = {
            "golden.values": sample.values.astype(np.float16),
            "golden.present": sample.present,
            "golden.still": sample.still.astype(np.float16),
            "golden.still_present": sample.still_present,
        }
        tensors: dict[str, NDArray[Any]] = halves | golden
        tensors["golden.probabilities"] = exact.probabilities(_golden(tensors)).astype(np.float32)
        meta = {name: getattr(self, name) for name in _META}
        told = {
            "meta": json.dumps(meta, sort_keys=True),
            "classes": ",".join(CLASSES),
            "channels": ",".join((*WINDOW_CHANNELS, *STILL)),
            "sha256": _digest(tensors),
        }
        return bytes(save_tensors(tensors, told))


def unpack(data: bytes) -> FaultClassifier:
    """The classifier of a file.

    Raises:
        RegistryError: damaged, of other channels or classes, or it does not repeat its golden case.
    """
    try:
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
        told, tensors = header["__metadata__"], load_tensors(data)
        if told["classes"] != ",".join(CLASSES) or told["channels"] != ",".join((*WINDOW_CHANNELS, *STILL)):
            raise RegistryError(f"{FILE} is of other channels or classes than this version's", "classifier")
        if told["sha256"] != _digest(tensors):
            raise RegistryError(f"{FILE} is damaged: its digest differs", "classifier")
        meta = json.loads(told["meta"])
        weights = _whole({n: t for n, t in tensors.items() if not n.startswith("golden.")})
        meta["weighing"] = tuple(meta["weighing"])
        made = FaultClassifier(weights, **{name: meta[name] for name in _META})
        repeated = made.probabilities(_golden(tensors))
        expected = tensors["golden.probabilities"]
    except (SafetensorError, ValueError, KeyError, TypeError, IndexError) as error:
        raise RegistryError(f"{FILE} cannot be read: {error}", "classifier") from error
    if not np.allclose(repeated, expected, atol=GOLDEN_TOLERANCE):
        raise RegistryError(f"{FILE} does not repeat its golden case", "classifier")
    return made


@cache
def packaged() -> FaultClassifier | None:
    """The one that came with the package, read when it is first asked for; None without one.

    Raises:
        RegistryError: there is one, but it is damaged or does not fit.
    """
    file = files("models").joinpath("packaged").joinpath(FILE)
    if not file.is_file():
        return None
    data = file.read_bytes()
    if len(data) > MAX_BYTES:
        raise RegistryError(f"{FILE} has {len(data)} bytes; expected at most {MAX_BYTES}", "classifier")
    return unpack(data)


def _joined(values: Array, present: Mask) -> Array:
    """Values, 0 where masked, beside their mask."""
    shown = np.where(present, values, 0.0)
    return np.concatenate([shown, present], axis=-1).astype(np.float32)


def _convolve(hidden: Array, weight: Array, stride: int) -> Array:
    """(B, T, I) and (O, I, K) → (B, T/stride, O), padded with zeros."""
    outputs, inputs, kernel = weight.shape
    padded = np.pad(hidden, ((0, 0), (kernel // 2, kernel // 2), (0, 0)))
    views = np.lib.stride_tricks.sliding_window_view(padded, kernel, axis=1)[:, ::stride]  # (B, T', I, K)
    batch, ticks = views.shape[:2]
    flat = views.reshape(batch * ticks, inputs * kernel) @ weight.reshape(outputs, -1).T
    convolved: Array = flat.reshape(batch, ticks, outputs)
    return convolved


def _whole(halves: dict[str, NDArray[Any]]) -> dict[str, Array]:
    return {name: weight.astype(np.float32) for name, weight in halves.items()}


def _golden(tensors: dict[str, NDArray[Any]]) -> Windows:
    return Windows(
        tensors["golden.values"].astype(np.float32),
        tensors["golden.present"],
        tensors["golden.still"].astype(np.float32),
        tensors["golden.still_present"],
    )


def _digest(tensors: dict[str, NDArray[Any]]) -> str:
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(f"{name} {tensors[name].dtype} {tensors[name].shape}".encode())
        digest.update(np.ascontiguousarray(tensors[name]).tobytes())
    return digest.hexdigest()
