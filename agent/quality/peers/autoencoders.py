"""Peers that rebuild a window and score by the error of its last row."""

from __future__ import annotations

import itertools
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from agent.quality.peers.networks import CLIP, Course, WindowNetwork, begin, errors, learn
from agent.quality.peers.scaling import Rows


class _RecurrentAutoencoder(nn.Module):
    def __init__(self, columns: int, hidden: int, latent: int) -> None:
        super().__init__()
        self.encoder = nn.LSTM(columns, hidden, batch_first=True)
        self.squeeze = nn.Linear(hidden, latent)
        self.decoder = nn.LSTM(latent, hidden, batch_first=True)
        self.out = nn.Linear(hidden, columns)

    def forward(self, windows: Tensor) -> Tensor:
        _, (state, _) = self.encoder(windows)
        code = self.squeeze(state[-1])[:, None].expand(-1, windows.shape[1], -1)
        states, _ = self.decoder(code)
        return cast(Tensor, self.out(states))


class PlainLstmAutoencoder(WindowNetwork):
    """EncDec-AD (Malhotra et al. 2016), scored by mean squared error alone."""

    label = "LSTM-AE (plain)"
    origin = "rebuilt after Malhotra et al. 2016"
    depth = 32
    course = Course(epochs=8, stride=6)

    def build(self, columns: int) -> nn.Module:
        """64 cells, 16 numbers between encoder and decoder."""
        return _RecurrentAutoencoder(columns, hidden=64, latent=16)


class _Hourglass(nn.Module):
    """Rows shrink over three layers to half of their width and back."""

    def __init__(self, columns: int) -> None:
        super().__init__()
        least = max(1, round(columns * 0.5))
        widths = [round(columns - (columns - least) * step / 3) for step in (1, 2, 3)]
        layers: list[nn.Module] = []
        before = columns
        for width in (*widths, *reversed(widths)):
            layers += [nn.Linear(before, width), nn.Tanh()]
            before = width
        self.layers = nn.Sequential(*layers, nn.Linear(before, columns))

    def forward(self, rows: Tensor) -> Tensor:
        return cast(Tensor, self.layers(rows))


class GordoHourglass(WindowNetwork):
    """gordo's feed-forward hourglass on single rows, errors scaled by the spread of each sensor."""

    label = "gordo: hourglass autoencoder"
    origin = "rebuilt after gordo's defaults"
    depth = 1
    course = Course(epochs=15, stride=2)

    def build(self, columns: int) -> nn.Module:
        return _Hourglass(columns)

    def fit(self, train: Rows, seed: int) -> None:
        """(n, C) rows; the network sees each column in 0..1 of its training range."""
        low, high = train.min(axis=0), train.max(axis=0)
        self._low, self._range = low, np.where(high > low, high - low, 1.0)
        quarter = np.subtract(*np.quantile(self._unit(train), [0.75, 0.25], axis=0))
        self._spread = torch.from_numpy(np.where(quarter > 0, quarter, 1.0).astype(np.float32))
        begin(seed)
        self._network = self.build(train.shape[1])
        windows = self._unit(train)[:: self.course.stride, None].astype(np.float32)
        learn(self._network, windows, self.course, lambda batch: self.loss(self._network, batch))

    def score(self, test: Rows) -> Rows:
        """(n, C) → (n,) the mean square of errors in interquartile ranges."""
        return errors(self._unit(test), 1, self._scaled)

    def _unit(self, rows: Rows) -> Rows:
        return np.asarray(np.clip((rows - self._low) / self._range, -CLIP, CLIP))

    def _scaled(self, windows: Tensor) -> Tensor:
        off = (self._network(windows) - windows)[:, 0] / self._spread
        return cast(Tensor, off.square().mean(dim=1))


class _Vanilla(nn.Module):
    """Layers along time, the same for every column."""

    def __init__(self, columns: int, depth: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        widths = (depth, 16, 8, 16)
        for before, after in itertools.pairwise(widths):
            layers += [nn.Linear(before, after), nn.BatchNorm1d(columns), nn.LeakyReLU(), nn.Dropout(0.1)]
        self.layers = nn.Sequential(*layers, nn.Linear(widths[-1], depth))

    def forward(self, windows: Tensor) -> Tensor:
        return cast(Tensor, self.layers(windows.transpose(1, 2)).transpose(1, 2))


class _Convolutional(nn.Module):
    """Convolutions along time that shrink to 8 channels and back."""

    def __init__(self, columns: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        widths = (columns, 16, 8, 16)
        for before, after in itertools.pairwise(widths):
            layers += [nn.Conv1d(before, after, 3, padding=1), nn.BatchNorm1d(after), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.Conv1d(widths[-1], columns, 3, padding=1))

    def forward(self, windows: Tensor) -> Tensor:
        return cast(Tensor, self.layers(windows.transpose(1, 2)).transpose(1, 2))


class _StdDevThreshold(WindowNetwork):
    """Errors of each column relative to mean + 3 standard deviations of what they were in training."""

    depth = 12
    course = Course(epochs=10, stride=3)

    def fit(self, train: Rows, seed: int) -> None:
        """(n, C) rows, more than a window."""
        super().fit(train, seed)
        usual = errors(self._standard(train), self.depth, self._by_column)
        self._limit = np.maximum(usual.mean(axis=0) + 3.0 * usual.std(axis=0), 1e-6)

    def score(self, test: Rows) -> Rows:
        """(n, C) → (n,)"""
        off = errors(self._standard(test), self.depth, self._by_column)
        return np.asarray((off / self._limit).mean(axis=1))

    def _by_column(self, windows: Tensor) -> Tensor:
        return cast(Tensor, (self._network(windows)[:, -1] - windows[:, -1]).abs())


class NumalogicVanilla(_StdDevThreshold):
    """numalogic's VanillaAE with its StdDevThreshold."""

    label = "numalogic: vanilla AE"
    origin = "rebuilt after numalogic's defaults"

    def build(self, columns: int) -> nn.Module:
        """Windows of 12 rows, layers of 16 and 8."""
        return _Vanilla(columns, self.depth)


class NumalogicConvolutional(_StdDevThreshold):
    """numalogic's Conv1dAE with its StdDevThreshold."""

    label = "numalogic: conv AE"
    origin = "rebuilt after numalogic's defaults"

    def build(self, columns: int) -> nn.Module:
        """Windows of 12 rows, 16 and 8 channels."""
        return _Convolutional(columns)


class NumalogicLstm(_StdDevThreshold):
    """numalogic's LSTMAE with its StdDevThreshold."""

    label = "numalogic: LSTM-AE"
    origin = "rebuilt after numalogic's defaults"

    def build(self, columns: int) -> nn.Module:
        """Windows of 12 rows, a code of 8."""
        return _RecurrentAutoencoder(columns, hidden=32, latent=8)
