"""What the peers' networks share: batches, the training loop, and errors row by row, on one CPU thread."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from agent.quality.peers.scaling import Rows, Standard, trailing_windows
from models.device import fix_threads

CLIP = 10.0  # standard deviations that networks are shown
SCORE_BATCH = 1_024
BATCH = 128

Windows = NDArray[np.float32]  # (N, T, C)


@dataclass(frozen=True, slots=True)
class Course:
    """How a network learns: passes over the windows, how far apart those begin, and the rate."""

    epochs: int = 8
    stride: int = 3  # rows between training windows
    rate: float = 1e-3


def begin(seed: int) -> None:
    """One thread, and the same random numbers for the same seed."""
    fix_threads()
    torch.set_num_threads(1)
    torch.manual_seed(seed)


def training_windows(standard: Standard, train: Rows, depth: int, stride: int) -> Windows:
    """(N, depth, C) full windows of the training table, `stride` rows apart."""
    windows = trailing_windows(standard(train), depth)[depth - 1 :: stride]
    return np.ascontiguousarray(windows, dtype=np.float32)


def batches(windows: Windows, batch: int = BATCH) -> Iterator[Tensor]:
    """The windows once, in random order; a last batch of one is left out, since norms need two."""
    order = torch.randperm(len(windows)).numpy()
    for at in range(0, len(order), batch):
        if len(order) - at > 1:
            yield torch.from_numpy(windows[np.sort(order[at : at + batch])])


def learn(network: nn.Module, windows: Windows, course: Course, loss: Callable[[Tensor], Tensor]) -> None:
    """Adam with one cycle of the learning rate; `loss` takes a batch (B, T, C)."""
    steps = max(1, course.epochs * -(-len(windows) // BATCH))
    optimiser = torch.optim.Adam(network.parameters(), course.rate)
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2 * course.rate, total_steps=steps + 1)
    network.train()
    for _ in range(course.epochs):
        for batch in batches(windows):
            optimiser.zero_grad()
            loss(batch).backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            cycle.step()
    network.eval()


def errors(rows: Rows, depth: int, error: Callable[[Tensor], Tensor]) -> Rows:
    """(n, C) scaled rows → what `error` makes of the window (B, depth, C) that ends at each."""
    windows = trailing_windows(rows, depth)
    found = []
    with torch.inference_mode():
        for at in range(0, len(windows), SCORE_BATCH):
            batch = np.ascontiguousarray(windows[at : at + SCORE_BATCH], dtype=np.float32)
            found.append(error(torch.from_numpy(batch)).numpy())
    return np.concatenate(found).astype(np.float64)


class WindowNetwork(ABC):
    """A peer with a network over windows: `build` makes it, `loss` teaches it, `error` judges a row."""

    label = ""
    origin = ""
    depth = 32
    course = Course()

    @abstractmethod
    def build(self, columns: int) -> nn.Module:
        """The network for so many columns."""

    def loss(self, network: nn.Module, windows: Tensor) -> Tensor:
        """(B, T, C) → the mean squared error of rebuilding it."""
        return functional.mse_loss(network(windows), windows)

    def error(self, network: nn.Module, windows: Tensor) -> Tensor:
        """(B, T, C) → (B,) the mean squared error of the last row."""
        return cast(Tensor, (network(windows)[:, -1] - windows[:, -1]).square().mean(dim=1))

    def fit(self, train: Rows, seed: int) -> None:
        """(n, C) rows, more than a window."""
        begin(seed)
        self._standard = Standard.of(train, CLIP)
        self._network = self.build(train.shape[1])
        windows = training_windows(self._standard, train, self.depth, self.course.stride)
        learn(self._network, windows, self.course, lambda batch: self.loss(self._network, batch))

    def score(self, test: Rows) -> Rows:
        """(n, C) → (n,)"""
        return errors(self._standard(test), self.depth, lambda batch: self.error(self._network, batch))
