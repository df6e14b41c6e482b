"""Detectors of others, rebuilt after their papers or run from scikit-learn, to be measured beside ours.

Each learns from the training table alone, judges a row by it and the rows before it, and scores high what is
abnormal. Equal seeds give equal scores.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from agent.quality.peers import adversarial, autoencoders, classical, forecasters
from agent.quality.peers.scaling import Rows


class Peer(Protocol):
    """One detector of another hand."""

    label: str  # as the table names it
    origin: str  # whose code runs

    def fit(self, train: Rows, seed: int) -> None:
        """(n, C) rows to learn from."""

    def score(self, test: Rows) -> Rows:
        """(n, C) rows → (n,) scores."""


PEERS: dict[str, Callable[[], Peer]] = {
    "random": classical.Chance,
    "mean_z2": classical.MeanSquare,
    "iforest": classical.Forest,
    "pca": classical.PrincipalComponents,
    "mahalanobis": classical.Mahalanobis,
    "kmeans": classical.WindowClusters,
    "usad": adversarial.Usad,
    "lstm_forecaster": forecasters.LstmForecaster,
    "cnn_forecaster": forecasters.CnnForecaster,
    "plain_lstm_ae": autoencoders.PlainLstmAutoencoder,
    "plain_gan": adversarial.PlainGan,
    "numalogic_vanilla": autoencoders.NumalogicVanilla,
    "numalogic_conv": autoencoders.NumalogicConvolutional,
    "numalogic_lstm": autoencoders.NumalogicLstm,
    "gordo": autoencoders.GordoHourglass,
}
