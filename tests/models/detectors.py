"""A small untrained detector: as good as a trained one for whatever is done with its files."""

from __future__ import annotations

import numpy as np
import torch

from models.calibration import Calibration
from models.detector import PARTS, VIEWS, Detector
from models.gan import GanShape, Generator
from models.heads import SHARP, Head
from models.lstm_autoencoder import LstmAutoencoder, LstmShape
from models.scaling import HostScaling

C = 3  # sensors


def build_detector(cohort: str = "0a1b2c3d", seed: int = 1) -> Detector:
    """Of another seed, with other weights."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    factor = rng.standard_normal((4 * C, 4 * C))
    head = Head(SHARP, 15.0, np.zeros(4 * C), np.ones(4 * C), factor @ factor.T, 1.0)
    knots = Calibration(np.linspace(-1, 1, 65), np.linspace(0, -3, 65), 0.25, 0.4)
    return Detector(
        cohort=cohort,
        sensors=("inlet_temp_c", "fan1_rpm", "power_w"),
        quantities=("temperature", "fan_speed", "power"),
        units=("Cel", "rpm", "W"),
        hosts={"n1": HostScaling(np.array([22.0, 5000.0, 300.0]), np.array([1.0, 50.0, 10.0]))},
        typical=HostScaling(np.array([22.5, 5100.0, 310.0]), np.array([1.5, 90.0, 20.0])),
        lstm_ae=LstmAutoencoder(LstmShape(C, hidden=8, latent=4)),
        gan=Generator(GanShape(C, filters=4, latent=4)),
        heads=dict.fromkeys(VIEWS, (head, head)),
        level_floor=np.ones(len(PARTS)),
        calibrations=(knots,) * len(PARTS),
        notes=("as the tests want it",),
    )
