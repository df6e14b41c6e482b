"""More windows of rare faults: a conditional WGAN with gradient penalty, and plainer ways to make them.

    noise, class, which channels exist ─► Maker ─► window (T, W), still (R,) ─┐
    real windows of that class ───────────────────────────────────────────────┴─► Critic ─► how real it is

The networks see windows of all classes, so what is common to them is learned from the many and only the rest
from the few. What a mask hides is 0: a channel that a machine does not have is never invented. Weak where a
class is known from one kind of machine only: it then makes more of that kind. (Gulrajani et al., 2017)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.random import Generator, default_rng
from numpy.typing import NDArray
from torch import Tensor, nn

from models.fault_classifier import Array, Mask, Windows

LATENT, WIDTH, EMBEDDED = 24, 64, 16
FIRST_TICKS = 4  # that the maker begins with, doubled until there are T
CRITIC_STEPS, PENALTY = 3, 10.0
RATE, BETAS = 4e-4, (0.0, 0.9)
BATCH = 64
NOISE, STRETCH = 0.05, 0.1  # of jitter, in spreads of a channel

Labels = NDArray[np.int64]  # (B,)
Parts = tuple[
    Tensor, Tensor, Tensor, Tensor
]  # values, present (B, T, W), still, still_present (B, R); 1 or 0


class Maker(nn.Module):
    """Noise, a class and a mask become a window."""

    def __init__(self, ticks: int, channels: int, stills: int, classes: int) -> None:
        super().__init__()
        if ticks % FIRST_TICKS or (ticks // FIRST_TICKS) & (ticks // FIRST_TICKS - 1):
            raise ValueError(f"windows have {ticks} ticks; expected {FIRST_TICKS} times a power of 2")
        self.embed = nn.Embedding(classes, EMBEDDED)
        self.begin = nn.Linear(LATENT + EMBEDDED + channels + stills, WIDTH * FIRST_TICKS)
        doublings = (ticks // FIRST_TICKS).bit_length() - 1
        self.grow = nn.ModuleList(nn.Conv1d(WIDTH, WIDTH, 5, padding=2) for _ in range(doublings))
        self.end = nn.Conv1d(WIDTH, channels, 5, padding=2)
        self.still = nn.Sequential(nn.Linear(WIDTH * FIRST_TICKS, WIDTH), nn.ReLU(), nn.Linear(WIDTH, stills))

    def forward(self, noise: Tensor, label: Tensor, present: Tensor, still: Tensor) -> tuple[Tensor, Tensor]:
        """`noise` (B, LATENT), `label` (B,), masks (B, T, W), (B, R) ─► values, stills, 0 where masked."""
        exists = present.amax(dim=1)  # (B, W)
        begun = torch.relu(self.begin(torch.cat([noise, self.embed(label), exists, still], dim=1)))
        hidden = begun.view(len(noise), WIDTH, FIRST_TICKS)
        for layer in self.grow:
            hidden = nn.functional.interpolate(hidden, scale_factor=2.0, mode="nearest")
            hidden = torch.relu(layer(hidden)) + hidden  # (B, WIDTH, …)
        window: Tensor = self.end(hidden).transpose(1, 2)  # (B, T, W)
        return window * present, self.still(begun) * still


class Critic(nn.Module):
    """How real a window of a class looks; only differences mean something."""

    def __init__(self, channels: int, stills: int, classes: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(classes, WIDTH)
        self.layers = nn.Sequential(
            nn.Conv1d(2 * channels, WIDTH, 5, stride=2, padding=2), nn.LeakyReLU(0.2),
            nn.Conv1d(WIDTH, WIDTH, 5, stride=2, padding=2), nn.LeakyReLU(0.2),
        )  # fmt: skip
        self.joined = nn.Sequential(nn.Linear(2 * WIDTH + 2 * stills, WIDTH), nn.LeakyReLU(0.2))
        self.plain = nn.Linear(WIDTH, 1)

    def forward(self, parts: Parts, label: Tensor) -> Tensor:
        """(B,)"""
        values, present, still, still_present = parts
        seen = torch.cat([values * present, present], dim=2).transpose(1, 2)  # (B, 2W, T)
        hidden = self.layers(seen)  # (B, WIDTH, T/4)
        ends = [hidden.mean(dim=2), hidden[:, :, -1], still * still_present, still_present]
        joined = self.joined(torch.cat(ends, dim=1))  # (B, WIDTH)
        score: Tensor = self.plain(joined)[:, 0] + (joined * self.embed(label)).sum(dim=1)
        return score


@dataclass(frozen=True, slots=True)
class Scale:
    """Mean and spread of every channel, over what its mask shows: (W,) and (R,)."""

    mean: Array
    spread: Array
    still_mean: Array
    still_spread: Array

    @classmethod
    def of(cls, windows: Windows) -> Scale:
        """A channel that nobody has stays as it is."""
        return cls(*_scale(windows.values, windows.present), *_scale(windows.still, windows.still_present))

    def scale(self, windows: Windows) -> tuple[Array, Array]:
        """Values and stills in spreads about their means, 0 where masked."""
        values = np.where(windows.present, (windows.values - self.mean) / self.spread, 0.0)
        still = np.where(windows.still_present, (windows.still - self.still_mean) / self.still_spread, 0.0)
        return values.astype(np.float32), still.astype(np.float32)

    def restore(self, values: Array, still: Array, like: Windows) -> Windows:
        """Windows from scaled values, with the masks of others."""
        back = np.where(like.present, values * self.spread + self.mean, 0.0)
        still_back = np.where(like.still_present, still * self.still_spread + self.still_mean, 0.0)
        return Windows(
            back.astype(np.float32), like.present, still_back.astype(np.float32), like.still_present
        )


class WindowGan:
    """Maker and critic of one set of windows."""

    def __init__(self, maker: Maker, critic: Critic, scale: Scale) -> None:
        self.maker, self.critic, self.scale = maker.eval(), critic.eval(), scale

    def sample(self, label: int, like: Windows, seed: int) -> Windows:
        """A window of a class for each mask of `like`; equal seeds give equal windows."""
        noise = torch.randn(len(like), LATENT, generator=torch.Generator().manual_seed(seed))
        with torch.inference_mode():
            values, still = self.maker(
                noise, torch.full((len(like),), label), _tensor(like.present), _tensor(like.still_present)
            )
        return self.scale.restore(values.numpy(), still.numpy(), like)

    def realness(self, windows: Windows, label: int) -> NDArray[np.float64]:
        """(B,) of windows; to be compared within a class."""
        with torch.inference_mode():
            score = self.critic(_parts(windows, self.scale), torch.full((len(windows),), label))
        return np.asarray(score.numpy(), np.float64)


def fit_window_gan(
    windows: Windows, labels: Labels, classes: int, seed: int = 0, steps: int = 1_500
) -> WindowGan:
    """Learn from windows, each class as often as another; `steps` are those of the maker."""
    torch.manual_seed(seed)
    rng, scale = default_rng(seed), Scale.of(windows)
    ticks, channels = windows.values.shape[1:]
    maker = Maker(ticks, channels, windows.still.shape[1], classes)
    critic = Critic(channels, windows.still.shape[1], classes)
    makes = torch.optim.Adam(maker.parameters(), RATE, betas=BETAS)
    judges = torch.optim.Adam(critic.parameters(), RATE, betas=BETAS)
    parts, label = _parts(windows, scale), torch.from_numpy(labels)
    chance = 1.0 / np.bincount(labels, minlength=classes)[labels]
    chance /= chance.sum()

    def draw() -> tuple[Parts, Tensor]:
        at = torch.from_numpy(rng.choice(len(windows), BATCH, p=chance))
        return tuple(part[at] for part in parts), label[at]  # type: ignore[return-value]

    def make(real: Parts, of: Tensor) -> Parts:
        values, still = maker(torch.randn(BATCH, LATENT), of, real[1], real[3])
        return values, real[1], still, real[3]

    for _ in range(steps):
        for _ in range(CRITIC_STEPS):
            real, of = draw()
            with torch.no_grad():
                made = make(real, of)
            loss = critic(made, of).mean() - critic(real, of).mean()
            _step(judges, loss + PENALTY * _steepness(critic, real, made, of))
        real, of = draw()
        _step(makes, -critic(make(real, of), of).mean())
    return WindowGan(maker, critic, scale)


def mix_windows(one: Windows, other: Windows, rng: Generator, least: float = 0.5) -> Windows:
    """Between each window and another of its class, at least `least` of the first, whose mask counts; where
    the other has no channel the first is kept."""
    share = rng.uniform(least, 1.0, len(one)).astype(np.float32)

    def mix(of: Array, there: Mask, beside: Array, beside_there: Mask) -> Array:
        part = share.reshape(-1, *[1] * (of.ndim - 1))
        return np.where(there & beside_there, part * of + (1 - part) * beside, of).astype(np.float32)

    return Windows(
        mix(one.values, one.present, other.values, other.present), one.present,
        mix(one.still, one.still_present, other.still, other.still_present), one.still_present,
    )  # fmt: skip


def jitter_windows(windows: Windows, scale: Scale, rng: Generator) -> Windows:
    """The same windows with noise, and with each channel stretched and moved a little."""
    values, still = scale.scale(windows)
    stretch = rng.normal(1.0, STRETCH, (len(windows), 1, values.shape[2]))
    moved = values * stretch + rng.normal(0, NOISE, stretch.shape) + rng.normal(0, NOISE, values.shape)
    still_moved = still * rng.normal(1.0, STRETCH, still.shape) + rng.normal(0, NOISE, still.shape)
    return scale.restore(moved.astype(np.float32), still_moved.astype(np.float32), windows)


def join_windows(parts: list[Windows]) -> Windows:
    """All of them, one after the other."""
    names = ("values", "present", "still", "still_present")
    return Windows(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def _scale(values: Array, present: Mask) -> tuple[Array, Array]:
    axes = tuple(range(values.ndim - 1))
    count = np.maximum(present.sum(axis=axes), 1)
    mean = np.where(present, values, 0.0).sum(axis=axes) / count
    spread = np.sqrt((np.where(present, values - mean, 0.0) ** 2).sum(axis=axes) / count)
    return mean.astype(np.float32), np.where(spread > 1e-6, spread, 1.0).astype(np.float32)


def _parts(windows: Windows, scale: Scale) -> Parts:
    values, still = scale.scale(windows)
    return (
        torch.from_numpy(values), _tensor(windows.present), torch.from_numpy(still),
        _tensor(windows.still_present),
    )  # fmt: skip


def _steepness(critic: Critic, real: Parts, made: Parts, label: Tensor) -> Tensor:
    """How far the critic's slope is from 1 between real and made windows."""
    share = torch.rand(len(label), 1, 1)
    values = (share * real[0] + (1 - share) * made[0]).requires_grad_(True)
    still = (share[:, :, 0] * real[2] + (1 - share[:, :, 0]) * made[2]).requires_grad_(True)
    score = critic((values, real[1], still, real[3]), label).sum()
    slopes = torch.autograd.grad(score, (values, still), create_graph=True)
    length = torch.cat([slope.flatten(1) for slope in slopes], dim=1).norm(dim=1)
    penalty: Tensor = ((length - 1) ** 2).mean()
    return penalty


def _step(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()


def _tensor(mask: Mask) -> Tensor:
    return torch.from_numpy(mask.astype(np.float32))
