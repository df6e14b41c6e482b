"""Golden cases: a few inputs with the outputs that a detector gave when it was saved.

A detector that was loaded must give them again. That catches what no hash can: another library, another
processor or our own code computing something else from the same weights.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from models.errors import RegistryError

if TYPE_CHECKING:
    from models.detector import Detector

CASES = 4  # B
SEED = 20_000  # of the inputs; any will do, as long as it is always the same
TOLERANCE = 1e-5

Arrays = dict[str, NDArray[Any]]


def make_inputs(detector: Detector) -> Arrays:
    """Inputs for every stage: plausible ones, with a fifth of the readings missing."""
    rng = np.random.default_rng(SEED)
    centre, scale = detector.scaling("")  # of a host that training never saw
    parts, sensors = len(detector.thresholds), len(detector.sensors)
    noise = rng.standard_normal((CASES, detector.window, sensors))
    return {
        "windows": (centre + scale * noise).astype(np.float32),  # (B, T, C)
        "present": rng.random((CASES, detector.window, sensors)) < 0.8,
        "centre": np.tile(centre, (CASES, 1)),  # (B, C)
        "scale": np.tile(scale, (CASES, 1)),
        "residuals": rng.standard_normal((CASES, detector.history, 3, sensors)).astype(np.float32),
        "seen": rng.random((CASES, detector.history, sensors)) < 0.8,
        "raw": rng.uniform(0.1, 3.0, (CASES, detector.kernel, parts, detector.opinions)),  # (B, K, P, V)
        "level": rng.uniform(-1.0, 1.0, (CASES, parts)),
    }


def compute_outputs(detector: Detector, inputs: Arrays) -> Arrays:
    """What the detector makes of the inputs, stage by stage."""
    errors = detector.errors(inputs["windows"], inputs["present"], inputs["centre"], inputs["scale"])
    fused, share = detector.fuse(inputs["residuals"], inputs["seen"])
    smoothed = detector.smooth(inputs["raw"])
    return {
        "errors": errors,  # (B, 3, C)
        "fused": fused,  # (B, P, V)
        "share": share,  # (B, C)
        "smoothed": smoothed,  # (B, P)
        "score": detector.score(smoothed, inputs["level"]),  # (B, P)
        "thresholds": detector.thresholds,  # (P,)
    }


def compare_outputs(got: Arrays, expected: Arrays, where: object) -> None:
    """Raises RegistryError if an output is off by more than TOLERANCE of its largest value, or of 1."""
    for name, want in expected.items():
        have = got.get(name)
        if have is None or have.shape != want.shape:
            shape = None if have is None else have.shape
            raise RegistryError(f"{where}: golden {name} has shape {shape}; expected {want.shape}", "golden")
        unit = max(1.0, float(np.abs(want).max(initial=0.0)))
        off = np.abs(have.astype(np.float64) - want.astype(np.float64)).max(initial=0.0) / unit
        if not off <= TOLERANCE:  # NaN is off too
            raise RegistryError(
                f"{where}: golden {name} is off by {off:.3g}; expected at most {TOLERANCE:g}", "golden"
            )
