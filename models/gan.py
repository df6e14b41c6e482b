"""An adversarially trained convolutional autoencoder and its critic.

    window (B, T, C) and mask ─► generator ─► rebuilt (B, T, C) ─► critic ─► real or rebuilt?

The critic is a teacher: rebuilt windows must look real to its features, which keeps the generator from
averaging. Its own verdict is no useful score (chance on real data), so only the generator's residual is used.
After BeatGAN (Zhou et al., IJCAI 2019). Blind to what both networks saw often enough in training.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn

KERNEL = 5  # ticks that one convolution sees
STEPS = 3  # halvings of the window: T must be a multiple of 8


@dataclass(frozen=True, slots=True)
class GanShape:
    """Sizes of both networks; kept with their weights."""

    sensors: int
    window: int = 32
    filters: int = 48
    latent: int = 16
    critic_filters: int = 32

    def as_dict(self) -> dict[str, float]:
        return asdict(self)


class Generator(nn.Module):
    """Rebuilds a window through `shape.latent` numbers."""

    def __init__(self, shape: GanShape) -> None:
        super().__init__()
        self.shape = shape
        self._short = shape.window >> STEPS
        wide = shape.filters * self._short
        self.encoder = _halving(2 * shape.sensors, shape.filters)
        self.to_latent = nn.Linear(wide, shape.latent)
        self.from_latent = nn.Linear(shape.latent, wide)
        self.decoder = nn.Sequential(
            *(layer for _ in range(STEPS) for layer in _doubling(shape.filters)),
            nn.Conv1d(shape.filters, shape.sensors, KERNEL, padding=KERNEL // 2),
        )

    def forward(self, values: Tensor, present: Tensor) -> Tensor:
        """(B, T, C) scaled values, 0 where masked, and (B, T, C) mask of 0 and 1 → (B, T, C) rebuilt."""
        joined = torch.cat([values, present], dim=2).transpose(1, 2)  # (B, 2C, T)
        latent = self.to_latent(self.encoder(joined).flatten(1))  # (B, Z)
        short = self.from_latent(latent).view(-1, self.shape.filters, self._short)  # (B, filters, T/8)
        rebuilt: Tensor = self.decoder(short).transpose(1, 2)  # (B, T, C)
        return rebuilt


class Critic(nn.Module):
    """Tells real windows from rebuilt ones; its features are what the generator has to match."""

    def __init__(self, shape: GanShape) -> None:
        super().__init__()
        self.features = _halving(shape.sensors, shape.critic_filters)
        self.to_logit = nn.Linear(shape.critic_filters * (shape.window >> STEPS), 1)

    def forward(self, values: Tensor) -> tuple[Tensor, Tensor]:
        """(B, T, C) → (B, D) features and (B,) logit, high for real."""
        features = self.features(values.transpose(1, 2)).flatten(1)  # (B, D)
        return features, self.to_logit(features).squeeze(1)


def _halving(channels: int, filters: int) -> nn.Sequential:
    """(B, channels, T) → (B, filters, T/8)."""
    layers: list[nn.Module] = []
    for step in range(STEPS):
        inputs = channels if step == 0 else filters
        layers += [nn.Conv1d(inputs, filters, KERNEL, stride=2, padding=KERNEL // 2), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers)


def _doubling(filters: int) -> tuple[nn.Module, ...]:
    """(B, filters, t) → (B, filters, 2t)."""
    return (
        nn.Upsample(scale_factor=2, mode="nearest"),
        nn.Conv1d(filters, filters, KERNEL, padding=KERNEL // 2),
        nn.LeakyReLU(0.2),
    )
