"""An LSTM autoencoder over masked windows: what it cannot rebuild of the last tick is the error.

    window (B, T, C) and mask ─► LSTM ─► latent (B, Z) ─► LSTM ─► rebuilt (B, T, C)

Malhotra et al., "LSTM-based Encoder-Decoder for Multi-sensor Anomaly Detection", ICML workshop 2016.
Blind to drifts slower than one window, and to whatever it saw often enough in training.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True, slots=True)
class LstmShape:
    """Sizes of the network; kept with its weights."""

    sensors: int
    hidden: int = 64
    latent: int = 16
    dropout: float = 0.1  # on the latent, in training

    def as_dict(self) -> dict[str, float]:
        return asdict(self)


class LstmAutoencoder(nn.Module):
    """Rebuilds a window of scaled values from a latent of `shape.latent` numbers."""

    def __init__(self, shape: LstmShape) -> None:
        super().__init__()
        self.shape = shape
        self.encoder = nn.LSTM(2 * shape.sensors, shape.hidden, batch_first=True)
        self.to_latent = nn.Linear(shape.hidden, shape.latent)
        self.dropout = nn.Dropout(shape.dropout)
        self.decoder = nn.LSTM(shape.latent, shape.hidden, batch_first=True)
        self.to_values = nn.Linear(shape.hidden, shape.sensors)

    def forward(self, values: Tensor, present: Tensor) -> Tensor:
        """(B, T, C) scaled values, 0 where masked, and (B, T, C) mask of 0 and 1 → (B, T, C) rebuilt."""
        _, (state, _) = self.encoder(torch.cat([values, present], dim=2))
        latent = self.dropout(self.to_latent(state[-1]))  # (B, Z)
        repeated = latent.unsqueeze(1).expand(-1, values.shape[1], -1)  # (B, T, Z)
        hidden, _ = self.decoder(repeated)  # (B, T, H)
        rebuilt: Tensor = self.to_values(hidden)  # (B, T, C)
        return rebuilt
