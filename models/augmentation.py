"""More windows of rare faults: a conditional WGAN with gradient penalty, and plainer ways to make them.

    noise, class, which channels exist ─► WindowGenerator ─► window (T, F) ─┐
    real windows of that class ─────────────────────────────────────────────┴─► Critic ─► how real (no bounds)

The networks see windows of all classes, so what is common to them is learned from the many and only the rest
from the few. Values where a mask is 0 are 0: a channel that a machine does not have is never invented. Weak
where a class is seen from one kind of machine only: it then makes more of that kind. (Gulrajani et al., 2017)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.random import Generator, default_rng
from numpy.typing import NDArray
from torch import Tensor, nn

LATENT, WIDTH, EMBEDDED = 24, 48, 16
FIRST_TICKS = 4  # that the generator begins with, doubled until there are T
CRITIC_STEPS, PENALTY = 3, 10.0
RATE, BETAS = 2e-4, (0.0, 0.9)
BATCH = 64

Values = NDArray[np.float32]  # (B, T, F)
Masks = NDArray[np.bool_]  # (B, T, F)
Labels = NDArray[np.intp]  # (B,)


class WindowGenerator(nn.Module):
    """Noise, a class and a mask become a window."""

    def __init__(self, ticks: int, channels: int, classes: int) -> None:
        super().__init__()
        if ticks % FIRST_TICKS or (ticks // FIRST_TICKS) & (ticks // FIRST_TICKS - 1):
            raise ValueError(f"windows have {ticks} ticks; expected {FIRST_TICKS} times a power of 2")
        self.embed = nn.Embedding(classes, EMBEDDED)
        self.begin = nn.Linear(LATENT + EMBEDDED + channels, WIDTH * FIRST_TICKS)
        doublings = (ticks // FIRST_TICKS).bit_length() - 1
        self.grow = nn.ModuleList(nn.Conv1d(WIDTH, WIDTH, 5, padding=2) for _ in range(doublings))
        self.end = nn.Conv1d(WIDTH, channels, 5, padding=2)

    def forward(self, noise: Tensor, label: Tensor, mask: Tensor) -> Tensor:
        """`noise` (B, LATENT), `label` (B,), `mask` (B, T, F) 1 or 0 ─► (B, T, F)."""
        exists = mask.amax(dim=1)  # (B, F)
        begun = self.begin(torch.cat([noise, self.embed(label), exists], dim=1))
        hidden = torch.relu(begun).view(len(noise), WIDTH, FIRST_TICKS)
        for layer in self.grow:
            hidden = nn.functional.interpolate(hidden, scale_factor=2.0, mode="nearest")
            hidden = torch.relu(layer(hidden)) + hidden  # (B, WIDTH, …)
        window: Tensor = self.end(hidden).transpose(1, 2)  # (B, T, F)
        return window * mask


class Critic(nn.Module):
    """How real a window of a class looks; only differences mean something."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(classes, 2 * WIDTH)
        self.layers = nn.Sequential(
            nn.Conv1d(2 * channels, WIDTH, 5, stride=2, padding=2), nn.LeakyReLU(0.2),
            nn.Conv1d(WIDTH, WIDTH, 5, stride=2, padding=2), nn.LeakyReLU(0.2),
            nn.Conv1d(WIDTH, 2 * WIDTH, 3, padding=1), nn.LeakyReLU(0.2),
        )  # fmt: skip
        self.plain = nn.Linear(2 * WIDTH, 1)

    def forward(self, window: Tensor, label: Tensor, mask: Tensor) -> Tensor:
        """(B,) from `window` and `mask` (B, T, F)."""
        seen = torch.cat([window * mask, mask], dim=2).transpose(1, 2)  # (B, 2F, T)
        pooled = self.layers(seen).mean(dim=2)  # (B, 2 WIDTH)
        score: Tensor = self.plain(pooled)[:, 0] + (pooled * self.embed(label)).sum(dim=1)
        return score


@dataclass(frozen=True, slots=True)
class Scale:
    """Mean and spread of every channel, over what its mask shows."""

    mean: Values  # (F,)
    spread: Values

    @classmethod
    def of(cls, values: Values, masks: Masks) -> Scale:
        """(B, T, F) windows; a channel that nobody has stays as it is."""
        count = np.maximum(masks.sum(axis=(0, 1)), 1)
        mean = np.where(masks, values, 0.0).sum(axis=(0, 1)) / count
        spread = np.sqrt((np.where(masks, values - mean, 0.0) ** 2).sum(axis=(0, 1)) / count)
        return cls(mean.astype(np.float32), np.where(spread > 1e-6, spread, 1.0).astype(np.float32))


class WindowGan:
    """Generator and critic of one set of windows."""

    def __init__(self, generator: WindowGenerator, critic: Critic, scale: Scale) -> None:
        self.generator, self.critic, self.scale = generator.eval(), critic.eval(), scale

    def sample(self, label: int, masks: Masks, seed: int) -> Values:
        """A window (N, T, F) of a class for each mask; equal seeds give equal windows."""
        noise = torch.randn(len(masks), LATENT, generator=torch.Generator().manual_seed(seed))
        with torch.inference_mode():
            scaled = self.generator(noise, torch.full((len(masks),), label), _tensor(masks)).numpy()
        return np.where(masks, scaled * self.scale.spread + self.scale.mean, 0.0).astype(np.float32)

    def realness(self, values: Values, masks: Masks, label: int) -> NDArray[np.float64]:
        """(N,) of windows; to be compared within a class."""
        scaled = _scaled(values, masks, self.scale)
        with torch.inference_mode():
            score = self.critic(torch.from_numpy(scaled), torch.full((len(values),), label), _tensor(masks))
        return np.asarray(score.numpy(), np.float64)


def fit_window_gan(
    values: Values, masks: Masks, labels: Labels, classes: int, seed: int = 0, steps: int = 1_500
) -> WindowGan:
    """Learn from windows, each class as often as another; `steps` are those of the generator."""
    torch.manual_seed(seed)
    rng, scale = default_rng(seed), Scale.of(values, masks)
    ticks, channels = values.shape[1:]
    generator, critic = WindowGenerator(ticks, channels, classes), Critic(channels, classes)
    makes = torch.optim.Adam(generator.parameters(), RATE, betas=BETAS)
    judges = torch.optim.Adam(critic.parameters(), RATE, betas=BETAS)
    real = torch.from_numpy(_scaled(values, masks, scale))
    label, mask = torch.from_numpy(labels.astype(np.int64)), _tensor(masks)
    chance = 1.0 / np.bincount(labels, minlength=classes)[labels]
    chance /= chance.sum()
    for _ in range(steps):
        for _ in range(CRITIC_STEPS):
            at = torch.from_numpy(rng.choice(len(values), BATCH, p=chance))
            with torch.no_grad():
                made = generator(torch.randn(BATCH, LATENT), label[at], mask[at])
            worth = critic(made, label[at], mask[at]).mean() - critic(real[at], label[at], mask[at]).mean()
            loss = worth + PENALTY * _steepness(critic, real[at], made, label[at], mask[at])
            _step(judges, loss)
        at = torch.from_numpy(rng.choice(len(values), BATCH, p=chance))
        made = generator(torch.randn(BATCH, LATENT), label[at], mask[at])
        _step(makes, -critic(made, label[at], mask[at]).mean())
    return WindowGan(generator, critic, scale)


def mix_windows(values: Values, others: Values, rng: Generator, least: float = 0.5) -> Values:
    """Between each window and another of the same class and mask, at least `least` of the first."""
    share = rng.uniform(least, 1.0, (len(values), 1, 1))
    return (share * values + (1 - share) * others).astype(np.float32)


def jitter_windows(values: Values, masks: Masks, scale: Scale, rng: Generator) -> Values:
    """The same windows with noise, and with each channel stretched and moved a little."""
    size = (len(values), 1, values.shape[2])
    noise = rng.normal(0, 0.05, values.shape) + rng.normal(0, 0.05, size)
    moved = scale.mean + (values - scale.mean) * rng.normal(1.0, 0.1, size) + noise * scale.spread
    return np.where(masks, moved, 0.0).astype(np.float32)


def _steepness(critic: Critic, real: Tensor, made: Tensor, label: Tensor, mask: Tensor) -> Tensor:
    """How far the critic's slope is from 1 between real and made windows."""
    share = torch.rand(len(real), 1, 1)
    between = (share * real + (1 - share) * made).requires_grad_(True)
    score = critic(between, label, mask).sum()
    (slope,) = torch.autograd.grad(score, between, create_graph=True)
    penalty: Tensor = ((slope.flatten(1).norm(dim=1) - 1) ** 2).mean()
    return penalty


def _step(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()


def _scaled(values: Values, masks: Masks, scale: Scale) -> Values:
    return np.where(masks, (values - scale.mean) / scale.spread, 0.0).astype(np.float32)


def _tensor(masks: Masks) -> Tensor:
    return torch.from_numpy(masks.astype(np.float32))
