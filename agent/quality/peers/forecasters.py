"""Peers that forecast the next row and score by how far off they were."""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn
from torch.nn import functional

from agent.quality.peers.networks import Course, WindowNetwork


class Forecaster(WindowNetwork):
    """The last row of a window is forecast from those before it."""

    def loss(self, network: nn.Module, windows: Tensor) -> Tensor:
        """(B, T, C) → the mean squared error of the forecast."""
        return functional.mse_loss(network(windows[:, :-1]), windows[:, -1])

    def error(self, network: nn.Module, windows: Tensor) -> Tensor:
        """(B, T, C) → (B,) the mean squared error of the forecast."""
        return cast(Tensor, (network(windows[:, :-1]) - windows[:, -1]).square().mean(dim=1))


class _Recurrent(nn.Module):
    def __init__(self, columns: int, hidden: int) -> None:
        super().__init__()
        self.recurrent = nn.LSTM(columns, hidden, num_layers=2, batch_first=True)
        self.out = nn.Linear(hidden, columns)

    def forward(self, past: Tensor) -> Tensor:
        states, _ = self.recurrent(past)
        return cast(Tensor, self.out(states[:, -1]))


class LstmForecaster(Forecaster):
    """LSTM-AD (Malhotra et al. 2015): two recurrent layers, the next row."""

    label = "LSTM forecaster"
    origin = "rebuilt after Malhotra et al. 2015"
    depth = 33
    course = Course(epochs=6, stride=6)

    def build(self, columns: int) -> nn.Module:
        """Two layers of 20 cells, as in public comparisons."""
        return _Recurrent(columns, 20)


class _Convolutional(nn.Module):
    def __init__(self, columns: int, past: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        width, length = columns, past
        for filters in (32, 32, 40):
            layers += [nn.Conv1d(width, filters, 3, padding=1), nn.ReLU(), nn.MaxPool1d(2)]
            width, length = filters, length // 2
        self.body = nn.Sequential(*layers, nn.Flatten(), nn.Linear(width * length, 50), nn.ReLU())
        self.out = nn.Sequential(nn.Dropout(0.2), nn.Linear(50, columns))

    def forward(self, past: Tensor) -> Tensor:
        return cast(Tensor, self.out(self.body(past.transpose(1, 2))))


class CnnForecaster(Forecaster):
    """DeepAnT (Munir et al. 2019): three convolutions with pooling, the next row."""

    label = "CNN forecaster"
    origin = "rebuilt after Munir et al. 2019"
    depth = 51
    course = Course(epochs=10, stride=4)

    def build(self, columns: int) -> nn.Module:
        """Filters 32, 32, 40 over the past 50 rows."""
        return _Convolutional(columns, self.depth - 1)
