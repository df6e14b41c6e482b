"""Trains the fault classifier: windows of many machines in, weights out; the same for equal seeds.

training windows ─► sensors left out by lot ─► FaultNet ─► AdamW ─► the epoch that other machines like best
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.random import Generator, default_rng
from numpy.typing import NDArray
from torch import Tensor, nn

from models.fault_classifier import CLASSES, STILL, STRIDES, WINDOW_CHANNELS, Windows

FILTERS = (48, 48, 64)
KERNELS = (5, 3, 3)
HIDDEN = 96
DROPOUT = 0.3
BALANCE = 0.25  # 1 would make all classes count the same
# Channels that a machine shows together or not at all.
GROUPS = ("fan", "power", "suppl", "inputs", "efficiency", "inlet", "cpu", "gpu", "dimm", "vrm", "exhaust",
          "util", "frequency", "share", "clock", "air", "twin", "work", "cpu_headroom", "busy")  # fmt: skip
GROUP_LOST, CHANNEL_LOST, STILL_LOST, SHORTENED = 0.06, 0.04, 0.12, 0.15

FloatArray = NDArray[np.float32]
Labels = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class FaultOptions:
    """How to train."""

    epochs: int = 40
    batch: int = 256
    rate: float = 2e-3
    decay: float = 2e-2
    smoothing: float = 0.03  # of labels: a subtle fault's first tick looks like none
    seed: int = 0


class FaultNet(nn.Module):
    """The network of models/fault_classifier.py, so that it can be trained."""

    def __init__(self) -> None:
        super().__init__()
        wide = 2 * len(WINDOW_CHANNELS)
        for layer, (filters, kernel, stride) in enumerate(zip(FILTERS, KERNELS, STRIDES, strict=True)):
            conv = nn.Conv1d(wide, filters, kernel, stride, kernel // 2)
            setattr(self, f"conv{layer}", conv)
            wide = filters
        self.dense0 = nn.Linear(3 * wide + 2 * len(STILL), HIDDEN)
        self.dense1 = nn.Linear(HIDDEN, len(CLASSES))
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, values: Tensor, present: Tensor, still: Tensor, still_present: Tensor) -> Tensor:
        """(B, T, W), its mask, (B, R), its mask, all float → (B, C) logits."""
        hidden = torch.cat([values * present, present], dim=2).transpose(1, 2)  # (B, 2W, T)
        for layer in range(len(FILTERS)):
            hidden = torch.relu(getattr(self, f"conv{layer}")(hidden))  # (B, H, T')
        pooled = torch.cat(
            [hidden[:, :, -1], hidden.mean(2), hidden.amax(2), still * still_present, still_present], dim=1
        )
        told: Tensor = self.dense1(self.dropout(torch.relu(self.dense0(self.dropout(pooled)))))
        return told

    def weights(self) -> dict[str, FloatArray]:
        """By name, as the classifier takes them."""
        return {name: tensor.numpy().copy() for name, tensor in self.state_dict().items()}


def fit_faults(
    train: Windows,
    labels: Labels,
    weights: FloatArray,
    validate: Windows,
    validate_labels: Labels,
    options: FaultOptions,
    tell: Callable[[str], object] = str,
) -> dict[str, FloatArray]:
    """The weights of the epoch with the lowest loss on machines that it did not learn from.

    Args:
        weights: (B,) what each window counts.
        tell: hears of every epoch.
    """
    torch.manual_seed(options.seed)
    rng = default_rng(options.seed)
    net = FaultNet()
    optimizer = torch.optim.AdamW(net.parameters(), options.rate, weight_decay=options.decay)
    steps = options.epochs * (len(train) // options.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, options.rate, total_steps=max(steps, 1))
    best, lowest = net.weights(), np.inf
    for epoch in range(options.epochs):
        net.train()
        order = rng.permutation(len(train))
        for start in range(0, len(train) - options.batch + 1, options.batch):
            at = order[start : start + options.batch]
            logits = net(*_tensors(leave_out(train.take(at), rng)))
            losses = nn.functional.cross_entropy(
                logits, torch.from_numpy(labels[at]), reduction="none", label_smoothing=options.smoothing
            )
            loss = (losses * torch.from_numpy(weights[at])).mean()
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
        loss_elsewhere, right = _judge(net, validate, validate_labels)
        if loss_elsewhere < lowest:
            best, lowest = net.weights(), loss_elsewhere
        tell(f"epoch {epoch + 1}: loss {loss_elsewhere:.3f}, right {right:.3f}")
    return best


def balanced(labels: Labels) -> FloatArray:
    """(B,) weights: what is rare counts more, though not as much as it is rare."""
    counts = np.maximum(np.bincount(labels, minlength=len(CLASSES)), 1)
    weights = (len(labels) / len(CLASSES) / counts)[labels] ** BALANCE
    normal: FloatArray = (weights / weights.mean()).astype(np.float32)
    return normal


def leave_out(windows: Windows, rng: Generator) -> Windows:
    """The same machines with fewer sensors, and some that are not known for long."""
    count = len(windows)
    kept = _kept(WINDOW_CHANNELS, count, rng)  # (B, W)
    present = windows.present & kept[:, None, :]
    shortened = rng.random(count) < SHORTENED
    first = np.where(shortened, rng.integers(0, windows.values.shape[1] - 4, count), 0)
    present &= (np.arange(windows.values.shape[1])[None] >= first[:, None])[:, :, None]
    still_present = windows.still_present & _kept(STILL, count, rng)
    still_present[:, 1:] &= (rng.random(count) >= STILL_LOST)[:, None]
    return Windows(windows.values, present, windows.still, still_present)


def _kept(names: tuple[str, ...], count: int, rng: Generator) -> NDArray[np.bool_]:
    """(B, n) which channels are left."""
    kept: NDArray[np.bool_] = rng.random((count, len(names))) >= CHANNEL_LOST
    for group in GROUPS:
        columns = np.array([name.startswith(group) for name in names])
        lost = rng.random(count) < GROUP_LOST
        kept &= ~(lost[:, None] & columns[None])
    return kept


def _judge(net: FaultNet, windows: Windows, labels: Labels) -> tuple[float, float]:
    net.eval()
    with torch.no_grad():
        logits = net(*_tensors(windows))
        loss = nn.functional.cross_entropy(logits, torch.from_numpy(labels))
    right = (logits.argmax(1).numpy() == labels).mean()
    return float(loss), float(right)


def _tensors(windows: Windows) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    return (
        torch.from_numpy(windows.values),
        torch.from_numpy(windows.present.astype(np.float32)),
        torch.from_numpy(windows.still),
        torch.from_numpy(windows.still_present.astype(np.float32)),
    )
