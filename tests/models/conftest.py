"""One small detector, trained once for all tests that need a trained one."""

from __future__ import annotations

import pytest
from fleets import QUANTITIES, SENSORS, UNITS, make_fleet

from models.detector import Detector
from models.training import TrainingOptions, fit_cohort


@pytest.fixture(scope="session")
def trained() -> Detector:
    options = TrainingOptions(seed=3, device="cpu", epochs=3)
    return fit_cohort("c0ffee00", SENSORS, QUANTITIES, UNITS, make_fleet(), options, lambda *_: None)
