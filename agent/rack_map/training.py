"""Teaching the network of models.rack_map with rooms of the twin; equal seeds give equal weights."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.random import Generator, default_rng
from torch import Tensor
from torch.nn import functional

from agent.rack_map.maps import HEIGHTS, Maps
from agent.rack_map.rooms import Room, Split, draw_room, live
from agent.rack_map.samples import UNKNOWN, Lessons, ZoneRecord, lessons_of, zones_of
from agent.rack_map.watch import WARM_K
from models.rack_map import COOLING_LOSS, RackMap, RackMapNet, columns_of
from models.twin.site_faults import NEIGHBOUR_SHARE

FIRST_SEED: dict[Split, int] = {"training": 1_000, "unseen": 5_000}
ROOMS: dict[Split, int] = {"training": 110, "unseen": 56}
EPOCHS, BATCH, RATE, DECAY = 30, 256, 2e-3, 1e-4
MOST_HIDDEN = 0.7  # share of a map's cells that a lesson may hide
SEASON_K = (-1.5, 3.0)  # that all of a map may be colder or warmer, where no cooling is lost
SEASON_SHARE = 0.4
JITTER_K = 0.15
SPILL_SHARE = 0.6  # of breaches, that reach the racks beside them less than in the twin, or not at all
SHAPED_SHARE, SHAPES = 0.5, (-0.7, 1.0)  # of breaches, whose rise with height is to another power


def draw_rooms(split: Split, count: int, tell: Callable[[int], None] = lambda _: None) -> list[Room]:
    """The rooms of a split."""
    rooms = []
    for at in range(count):
        rooms.append(live(draw_room(FIRST_SEED[split] + at, split)))
        tell(at + 1)
    return rooms


def zones_of_rooms(rooms: Sequence[Room]) -> list[ZoneRecord]:
    """All their zones, which know the number of their room."""
    return [zone for number, room in enumerate(rooms) for zone in zones_of(room, number)]


def fit_rack_map(zones: Sequence[ZoneRecord], seed: int = 0, epochs: int = EPOCHS) -> RackMap:
    """A network that has learned from these zones, on one thread."""
    torch.manual_seed(seed)
    rng, lessons = default_rng(seed), lessons_of(zones)
    known = np.flatnonzero((lessons.zone != UNKNOWN) | (lessons.racks == 1).any(axis=(1, 2)))
    share = _even(lessons.zone[known])
    net = RackMapNet()
    steps = len(known) // BATCH
    optimizer = torch.optim.AdamW(net.parameters(), RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=epochs * steps)
    for _ in range(epochs):
        for picked in rng.choice(known, (steps, BATCH), p=share):
            now_k, before_k = _vary(lessons, picked, rng)
            columns, there = (torch.from_numpy(array) for array in columns_of(now_k, before_k))
            racks, zone = net(columns, there)
            loss = _loss(racks, zone, there, lessons, picked)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
    return RackMap(net, {"seed": seed, "epochs": epochs, "maps": len(known)})


def calibrate(model: RackMap, zones: Sequence[ZoneRecord]) -> None:
    """Make frequencies of its probabilities, on maps that it was not taught and would be asked about."""
    lessons = lessons_of(zones)
    asked = np.nanmax(lessons.now_k, axis=(1, 2, 3), initial=-np.inf) >= WARM_K
    columns, there = (torch.from_numpy(a) for a in columns_of(lessons.now_k[asked], lessons.before_k[asked]))
    is_rack = torch.from_numpy(lessons.racks[asked].astype(np.float32))
    is_zone = torch.from_numpy(lessons.zone[asked].astype(np.int64))
    with torch.no_grad():
        racks, zone = model.net(columns, there)
    told = (is_rack != UNKNOWN) & (there[:, 0] > 0)
    rack_line = torch.tensor([1.0, 0.0], requires_grad=True)
    zone_line = torch.tensor([1.0, 0.0, 0.0, 0.0], requires_grad=True)
    optimizer = torch.optim.LBFGS([rack_line, zone_line], max_iter=200, line_search_fn="strong_wolfe")

    def lack() -> Tensor:
        optimizer.zero_grad()
        of_racks = functional.binary_cross_entropy_with_logits(
            rack_line[0] * racks[told] + rack_line[1], is_rack[told]
        )
        of_zones = functional.cross_entropy(
            zone_line[0] * zone + zone_line[1:], is_zone, ignore_index=UNKNOWN
        )
        loss = of_racks + of_zones
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimizer.step(lack)  # type: ignore[no-untyped-call]
    model.net.calibrate(rack_line.detach(), zone_line.detach())


def _even(classes: np.ndarray) -> np.ndarray:
    """Chances that give each class as much as another."""
    counts = np.bincount(classes - UNKNOWN, minlength=4).astype(float)
    chance = 1.0 / np.maximum(counts, 1.0)[classes - UNKNOWN]
    return np.asarray(chance / chance.sum())


def _vary(lessons: Lessons, picked: np.ndarray, rng: Generator) -> tuple[Maps, Maps]:
    """The picked maps with cells hidden, a season added, and noise: (B, R, C, H) each."""
    now, before = lessons.now_k[picked].copy(), lessons.before_k[picked].copy()
    is_breach = lessons.racks[picked] == 1
    spill = rng.uniform(0, NEIGHBOUR_SHARE, len(picked)) * (rng.random(len(picked)) < SPILL_SHARE)
    power = rng.uniform(*SHAPES, len(picked)) * (rng.random(len(picked)) < SHAPED_SHARE)
    now, before = (_reshape(maps, is_breach, spill, power) for maps in (now, before))
    size = (len(picked), 1, 1, 1)
    hidden = rng.random(now.shape) < rng.uniform(0, MOST_HIDDEN, size) * (rng.random(size) < 0.7)
    now[hidden], before[hidden] = np.nan, np.nan
    before[(rng.random(len(picked)) < 0.05)] = np.nan
    may_shift = (lessons.zone[picked] != COOLING_LOSS) & (rng.random(len(picked)) < SEASON_SHARE)
    season = np.where(may_shift, rng.uniform(*SEASON_K, len(picked)), 0.0)[:, None, None, None]
    noise = rng.normal(0, JITTER_K, (2, *now.shape))
    return (now + season + noise[0]).astype(np.float32), (before + season + noise[1]).astype(np.float32)


def _reshape(maps: Maps, is_breach: np.ndarray, spill: np.ndarray, power: np.ndarray) -> Maps:
    """Breaches (B, R, C) with a share of them, (B,), taken from the racks beside, and bent by height."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a map of nothing has no median
        middle = np.nanmedian(maps, axis=(1, 2, 3), keepdims=True)
    rise = np.where(is_breach[..., None], np.nan_to_num(maps - middle), 0.0).clip(min=0.0)  # (B, R, C, H)
    padded = np.pad(rise, ((0, 0), (0, 0), (1, 1), (0, 0)))
    beside = np.where(is_breach[..., None], 0.0, padded[:, :, 2:] + padded[:, :, :-2])
    height = (np.arange(HEIGHTS) + 0.5) / (HEIGHTS - 0.5)
    bent = height ** power[:, None, None, None]  # 1 at the top
    changed = maps + rise * (bent - 1.0) - spill[:, None, None, None] * beside
    return np.asarray(changed, np.float32)


def _loss(racks: Tensor, zone: Tensor, there: Tensor, lessons: Lessons, picked: np.ndarray) -> Tensor:
    is_rack = torch.from_numpy(lessons.racks[picked].astype(np.float32))  # (B, R, C)
    counts = (is_rack != UNKNOWN).float() * there[:, 0]
    of_racks = functional.binary_cross_entropy_with_logits(racks, is_rack.clamp(min=0.0), reduction="none")
    weight = counts * (1.0 + 2.0 * is_rack.clamp(min=0.0))
    of_zones = functional.cross_entropy(
        zone, torch.from_numpy(lessons.zone[picked].astype(np.int64)), ignore_index=UNKNOWN
    )
    return (of_racks * weight).sum() / counts.sum().clamp(min=1.0) * 4 + of_zones
