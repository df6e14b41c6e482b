"""Peers trained by two networks against each other, scored by how badly a window's last row is rebuilt."""

from __future__ import annotations

import itertools
from abc import abstractmethod
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from agent.quality.peers.networks import (
    CLIP,
    Course,
    WindowNetwork,
    Windows,
    batches,
    begin,
    training_windows,
)
from agent.quality.peers.scaling import Rows, Standard


class AdversarialPeer(WindowNetwork):
    """A window network with a training loop of its own."""

    def fit(self, train: Rows, seed: int) -> None:
        """(n, C) rows, more than a window."""
        begin(seed)
        self._standard = Standard.of(train, CLIP)
        self._network = self.build(train.shape[1])
        self._network.train()
        self.contend(self._network, training_windows(self._standard, train, self.depth, self.course.stride))
        self._network.eval()

    @abstractmethod
    def contend(self, network: nn.Module, windows: Windows) -> None:
        """Train both sides."""


class _TwoDecoders(nn.Module):
    def __init__(self, width: int, latent: int) -> None:
        super().__init__()
        shrinking = [width, max(width // 2, latent), max(width // 4, latent), latent]
        self.encoder = nn.Sequential(_stack(shrinking), nn.ReLU())
        self.first, self.second = _stack(shrinking[::-1]), _stack(shrinking[::-1])


def _stack(widths: list[int]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for before, after in itertools.pairwise(widths):
        layers += [nn.Linear(before, after), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


class Usad(AdversarialPeer):
    """USAD (Audibert et al. 2020): two decoders of one code; the second learns to tell rebuilt windows."""

    label = "USAD"
    origin = "rebuilt after Audibert et al. 2020"
    depth = 5
    course = Course(epochs=10, stride=3)
    latent = 40

    def build(self, columns: int) -> nn.Module:
        """A code of 40 numbers."""
        return _TwoDecoders(columns * self.depth, self.latent)

    def contend(self, network: nn.Module, windows: Windows) -> None:
        """Each decoder with its own optimiser; the adversarial term grows from epoch to epoch."""
        both = cast(_TwoDecoders, network)
        ours = torch.optim.Adam([*both.encoder.parameters(), *both.first.parameters()], self.course.rate)
        theirs = torch.optim.Adam([*both.encoder.parameters(), *both.second.parameters()], self.course.rate)
        for epoch in range(1, self.course.epochs + 1):
            share = 1.0 / epoch
            for batch in batches(windows):
                flat = _bounded(batch).flatten(1)
                rebuilt = torch.sigmoid(both.first(both.encoder(flat)))
                twice = torch.sigmoid(both.second(both.encoder(rebuilt)))
                loss = share * functional.mse_loss(rebuilt, flat)
                _step(ours, loss + (1.0 - share) * functional.mse_loss(twice, flat))
                code = both.encoder(flat)
                told = torch.sigmoid(both.second(code))
                twice = torch.sigmoid(both.second(both.encoder(torch.sigmoid(both.first(code)))))
                loss = share * functional.mse_loss(told, flat)
                _step(theirs, loss - (1.0 - share) * functional.mse_loss(twice, flat))

    def error(self, network: nn.Module, windows: Tensor) -> Tensor:
        """(B, T, C) → (B,) half of each decoder's error over the window."""
        both = cast(_TwoDecoders, network)
        flat = _bounded(windows).flatten(1)
        first = torch.sigmoid(both.first(both.encoder(flat)))
        second = torch.sigmoid(both.second(both.encoder(first)))
        # Measured in standard deviations: in 0..1 all that is far off looks the same.
        return 0.5 * (_opened(first) - windows.flatten(1)).square().mean(dim=1) + 0.5 * (
            _opened(second) - windows.flatten(1)
        ).square().mean(dim=1)


def _bounded(windows: Tensor) -> Tensor:
    """±4 standard deviations as 0..1, as the sigmoid at the decoders' ends expects."""
    return (windows / 8.0 + 0.5).clamp(0.0, 1.0)


def _opened(bounded: Tensor) -> Tensor:
    return (bounded - 0.5) * 8.0


class _ConvolutionalAutoencoder(nn.Module):
    def __init__(self, columns: int, filters: int) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv1d(columns, filters, 4, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv1d(filters, filters, 4, stride=2, padding=1),
            nn.BatchNorm1d(filters),
            nn.LeakyReLU(0.2),
            nn.Conv1d(filters, filters // 3, 4, stride=2, padding=1),
        )
        self.decoder = nn.Sequential(
            nn.ConvTranspose1d(filters // 3, filters, 4, stride=2, padding=1),
            nn.BatchNorm1d(filters),
            nn.ReLU(),
            nn.ConvTranspose1d(filters, filters, 4, stride=2, padding=1),
            nn.BatchNorm1d(filters),
            nn.ReLU(),
            nn.ConvTranspose1d(filters, columns, 4, stride=2, padding=1),
        )

    def forward(self, windows: Tensor) -> Tensor:
        return cast(Tensor, self.decoder(self.encoder(windows.transpose(1, 2))).transpose(1, 2))


class _Discriminator(nn.Module):
    def __init__(self, columns: int, filters: int) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv1d(columns, filters, 4, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv1d(filters, filters, 4, stride=2, padding=1),
            nn.LeakyReLU(0.2),
        )
        self.verdict = nn.Linear(filters, 1)

    def forward(self, windows: Tensor) -> tuple[Tensor, Tensor]:
        features = self.features(windows.transpose(1, 2)).mean(dim=2)
        return features, self.verdict(features)


class PlainGan(AdversarialPeer):
    """BeatGAN (Zhou et al. 2019): an autoencoder that matches a discriminator's features."""

    label = "GAN (plain)"
    origin = "rebuilt after Zhou et al. 2019 (BeatGAN)"
    depth = 32
    course = Course(epochs=8, stride=4, rate=2e-3)
    matching = 0.1

    def build(self, columns: int) -> nn.Module:
        """48 filters, a quarter of the window as code; the discriminator has 32."""
        return _ConvolutionalAutoencoder(columns, 48)

    def contend(self, network: nn.Module, windows: Windows) -> None:
        """The discriminator tells windows from rebuilt ones; the autoencoder matches its features."""
        judge = _Discriminator(windows.shape[2], 32)
        ours = torch.optim.Adam(network.parameters(), self.course.rate, betas=(0.5, 0.999))
        theirs = torch.optim.Adam(judge.parameters(), self.course.rate / 4, betas=(0.5, 0.999))
        for _ in range(self.course.epochs):
            for batch in batches(windows):
                rebuilt = network(batch)
                _, real = judge(batch)
                _, made = judge(rebuilt.detach())
                told = functional.softplus(-real).mean() + functional.softplus(made).mean()
                _step(theirs, told)
                with torch.no_grad():
                    wanted, _ = judge(batch)
                features, _ = judge(rebuilt)
                matched = functional.mse_loss(features, wanted)
                _step(ours, functional.mse_loss(rebuilt, batch) + self.matching * matched)


def _step(optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
    optimiser.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimiser.step()
