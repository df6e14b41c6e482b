"""Fits the two networks: AdamW, one learning-rate cycle, early stopping on held-out windows."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from models.device import fix_threads
from models.gan import Critic, Generator
from models.lstm_autoencoder import LstmAutoencoder

Windows = tuple[NDArray[np.float32], NDArray[np.float32]]  # (N, T, C) values, (N, T, C) mask
Done = Callable[[int, int], None]

LEARNING_RATE = 2e-3
WEIGHT_DECAY = 1e-4
GRADIENT_NORM = 1.0
MATCHING_WEIGHT = 0.1  # of the critic's features in the generator's loss
LEAST_STEPS, MOST_EPOCHS, LEAST_EPOCHS = 400, 24, 8
PATIENCE = 4  # epochs without a better held-out loss
CHECK_BATCH = 512


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and in what batches; chosen by the number of windows."""

    epochs: int
    batch: int
    device: str
    reason: str

    @classmethod
    def for_windows(cls, windows: int, epochs: int | None, device: str) -> Schedule:
        """Few windows are seen more often: about 600 steps, within 8 to 30 epochs."""
        batch = 128 if device == "cpu" else 512
        steps = -(-windows // batch)
        chosen = epochs or min(max(-(-LEAST_STEPS // steps), LEAST_EPOCHS), MOST_EPOCHS)
        why = f"networks: at most {chosen} epochs of {windows:,} windows, batch {batch}, on {device}"
        return cls(chosen, batch, device, why)


def fit_lstm(
    network: LstmAutoencoder, fit: Windows, check: Windows, schedule: Schedule, done: Done
) -> tuple[LstmAutoencoder, str]:
    """The network with its best weights, and how it got there."""
    fix_threads()
    network.to(schedule.device)
    optimiser, cycle = _optimiser(network, fit, schedule)
    best = _Best("LSTM autoencoder", network)
    for epoch in range(schedule.epochs):
        network.train()
        for values, mask in _batches(fit, schedule):
            loss = masked_loss(network(values, mask), values, mask)
            _step(network, optimiser, loss)
            cycle.step()
        done(epoch + 1, schedule.epochs)
        if best.is_enough(network, check, schedule):
            break
    return network, best.restore(network)


def fit_gan(
    generator: Generator, fit: Windows, check: Windows, schedule: Schedule, done: Done
) -> tuple[Generator, str]:
    """The generator with its best weights; the critic has done its work and is dropped."""
    fix_threads()
    generator.to(schedule.device)
    critic = Critic(generator.shape).to(schedule.device)
    optimiser, cycle = _optimiser(generator, fit, schedule)
    critic_optimiser = torch.optim.AdamW(critic.parameters(), LEARNING_RATE / 4, betas=(0.5, 0.99))
    best = _Best("GAN", generator)
    for epoch in range(schedule.epochs):
        generator.train()
        for values, mask in _batches(fit, schedule):
            rebuilt = generator(values, mask) * mask
            _step(critic, critic_optimiser, _critic_loss(critic, values, rebuilt.detach()))
            matching = functional.mse_loss(critic(rebuilt)[0], critic(values)[0].detach())
            loss = masked_loss(rebuilt, values, mask) + MATCHING_WEIGHT * matching
            _step(generator, optimiser, loss)
            cycle.step()
        done(epoch + 1, schedule.epochs)
        if best.is_enough(generator, check, schedule):
            break
    return generator, best.restore(generator)


def masked_loss(rebuilt: Tensor, values: Tensor, mask: Tensor) -> Tensor:
    """Smooth L1 over what was observed."""
    loss = functional.smooth_l1_loss(rebuilt, values, reduction="none") * mask
    return loss.sum() / mask.sum().clamp(min=1.0)


def _critic_loss(critic: Critic, real: Tensor, rebuilt: Tensor) -> Tensor:
    on_real, on_rebuilt = critic(real)[1], critic(rebuilt)[1]
    right = functional.binary_cross_entropy_with_logits(on_real, torch.ones_like(on_real))
    return right + functional.binary_cross_entropy_with_logits(on_rebuilt, torch.zeros_like(on_rebuilt))


def _optimiser(
    network: nn.Module, fit: Windows, schedule: Schedule
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    optimiser = torch.optim.AdamW(network.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    steps = schedule.epochs * -(-len(fit[0]) // schedule.batch)
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, total_steps=steps + 1)
    return optimiser, cycle


def _batches(windows: Windows, schedule: Schedule) -> Iterator[tuple[Tensor, Tensor]]:
    """All windows once, in a new order."""
    values, mask = windows
    order = torch.randperm(len(values)).numpy()
    for start in range(0, len(order), schedule.batch):
        rows = order[start : start + schedule.batch]
        yield (
            torch.from_numpy(values[rows]).to(schedule.device),
            torch.from_numpy(mask[rows]).to(schedule.device),
        )


def _step(network: nn.Module, optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
    optimiser.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(network.parameters(), GRADIENT_NORM)
    optimiser.step()


class _Best:
    """Remembers the weights with the lowest held-out loss."""

    def __init__(self, name: str, network: nn.Module) -> None:
        self.name = name
        self.loss, self.epoch, self.epochs = float("inf"), 0, 0
        self.weights = copy.deepcopy(network.state_dict())

    def is_enough(self, network: nn.Module, check: Windows, schedule: Schedule) -> bool:
        """Look at the held-out windows after an epoch; whether patience has run out."""
        self.epochs += 1
        loss = _held_out_loss(network, check, schedule)
        if loss < self.loss or not len(check[0]):
            self.loss, self.epoch = loss, self.epochs
            self.weights = copy.deepcopy(network.state_dict())
        return self.epochs - self.epoch >= PATIENCE

    def restore(self, network: nn.Module) -> str:
        network.load_state_dict(self.weights)
        return f"{self.name}: best of {self.epochs} epochs is {self.epoch}, held-out loss {self.loss:.3g}"


def _held_out_loss(network: nn.Module, check: Windows, schedule: Schedule) -> float:
    network.eval()
    total, count = 0.0, 0.0
    with torch.inference_mode():
        for start in range(0, len(check[0]), CHECK_BATCH):
            values, mask = (
                torch.from_numpy(part[start : start + CHECK_BATCH]).to(schedule.device) for part in check
            )
            seen = float(mask.sum())
            total += float(masked_loss(network(values, mask), values, mask)) * seen
            count += seen
    return total / count if count else float("inf")
