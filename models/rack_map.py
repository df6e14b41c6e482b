"""A small convolutional network over the map of a zone's inlet air: does warm air come round to a rack, or is
the zone's cooling lost?

    now, before (R, C, H) K ─► columns (3H, R, C) ─► convolutions over rows and racks ─► mean and most
                                                        P(recirculation) (R, C), P(none, …) of the zone ◄┘

R rows, C racks of a row, H cells of height from the bottom up; NaN where no host tells. Any R and C will do.
The kernels along a row and across rows are their own mirror images, so a mirrored zone gives mirrored
probabilities. Blind to what is the same in every cell but for its size; knows the twin's rooms only.
"""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from models.errors import RegistryError

HEIGHTS = 8  # cells of a rack
CHANNELS = 3 * HEIGHTS  # of each cell: now, before, whether they are known
HIDDEN = 32
SCALE_K, MOST_K = 3.0, 15.0  # a departure in units of the first, never taken as more than the second
NONE, RECIRCULATION, COOLING_LOSS = range(3)  # classes of a zone
PACKAGED = Path(__file__).parent / "packaged" / "rack_map.npz"

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class MapVerdict:
    """Probabilities; `recirculation` (R, C) is NaN where a rack tells nothing."""

    recirculation: NDArray[np.float64]
    cooling_loss: float
    none: float


class MirroredConv(nn.Module):
    """A 3 × 3 convolution whose kernel equals its mirror image along both axes."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, values: Tensor) -> Tensor:
        weight = self.conv.weight
        weight = (weight + weight.flip(2)) / 2
        weight = (weight + weight.flip(3)) / 2
        return functional.conv2d(values, weight, self.conv.bias, padding=1)


class RackMapNet(nn.Module):
    """Logits of recirculation for every rack and of the zone's three classes."""

    def __init__(self) -> None:
        super().__init__()
        self.column = nn.Conv2d(CHANNELS, HIDDEN, 1)
        self.inside = nn.Conv2d(HIDDEN, HIDDEN, 1)
        self.near, self.wide = MirroredConv(HIDDEN), MirroredConv(HIDDEN)
        self.context = nn.Linear(2 * HIDDEN, HIDDEN)
        self.rack = nn.Conv2d(HIDDEN, 1, 1)
        self.zone = nn.Sequential(nn.Linear(2 * HIDDEN, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 3))
        self.calibrate(torch.tensor([1.0, 0.0]), torch.tensor([1.0, 0.0, 0.0, 0.0]))

    def calibrate(self, rack: Tensor, zone: Tensor) -> None:
        """What makes frequencies of probabilities: slope and offset of the racks' logit, slope and three
        offsets of the zone's."""
        self.register_buffer("rack_line", rack)
        self.register_buffer("zone_line", zone)

    def forward(self, columns: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
        """`columns` (B, 3H, R, C), `known` (B, 1, R, C) 1 or 0 ─► (B, R, C), (B, 3)."""
        hidden = torch.relu(self.inside(torch.relu(self.column(columns)))) * known  # (B, HIDDEN, R, C)
        hidden = (hidden + torch.relu(self.near(hidden))) * known
        around = self.context(_pool(hidden, known))[:, :, None, None]  # (B, HIDDEN, 1, 1)
        hidden = torch.relu(hidden + around) * known
        hidden = (hidden + torch.relu(self.wide(hidden))) * known
        racks, zone = self.rack(hidden)[:, 0], self.zone(_pool(hidden, known))
        rack_line, zone_line = self.get_buffer("rack_line"), self.get_buffer("zone_line")
        return rack_line[0] * racks + rack_line[1], zone_line[0] * zone + zone_line[1:]


def _pool(hidden: Tensor, known: Tensor) -> Tensor:
    """(B, 2 HIDDEN) mean and most of the racks that tell something."""
    count = known.sum(dim=(2, 3)).clamp(min=1.0)
    return torch.cat([hidden.sum(dim=(2, 3)) / count, hidden.amax(dim=(2, 3))], dim=1)


def columns_of(now_k: Array, before_k: Array) -> tuple[Array, Array]:
    """The network's inputs (B, 3H, R, C) and (B, 1, R, C) from maps (B, R, C, H); NaN is not known."""
    is_known: NDArray[np.bool_] = np.isfinite(now_k)
    now = np.where(is_known, np.clip(now_k, -MOST_K, MOST_K) / SCALE_K, 0.0)
    was_known = is_known & np.isfinite(before_k)
    before = np.where(was_known, np.clip(before_k, -MOST_K, MOST_K) / SCALE_K, now)
    columns = np.concatenate([now, now - before, is_known], axis=3)  # (B, R, C, 3H)
    rack_known = np.asarray(is_known.any(axis=3))[:, None]  # (B, 1, R, C)
    return columns.transpose(0, 3, 1, 2).astype(np.float32), rack_known.astype(np.float32)


class RackMap:
    """The network at work, on CPU."""

    def __init__(self, net: RackMapNet, about: dict[str, Any] | None = None) -> None:
        self.net, self.about = net.eval(), dict(about or {})

    @property
    def parameters(self) -> int:
        return sum(parameter.numel() for parameter in self.net.parameters())

    def judge(self, now_k: Array, before_k: Array) -> MapVerdict:
        """What a zone's map, (R, C, H) K now and ten minutes ago, speaks for."""
        recirculation, zones = self.judge_all(now_k[None], before_k[None])
        return MapVerdict(recirculation[0], float(zones[0, COOLING_LOSS]), float(zones[0, NONE]))

    def judge_all(self, now_k: Array, before_k: Array) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(B, R, C) probabilities of recirculation and (B, 3) of the zones' classes, from (B, R, C, H)."""
        columns, known = columns_of(now_k, before_k)
        with torch.inference_mode():
            racks, zones = self.net(torch.from_numpy(columns), torch.from_numpy(known))
            of_racks = torch.sigmoid(racks).numpy().astype(np.float64)
            of_zones = torch.softmax(zones, dim=1).numpy().astype(np.float64)
        return np.where(known[:, 0] > 0, of_racks, np.nan), of_zones


def save_rack_map(model: RackMap, path: Path = PACKAGED) -> None:
    """Write the weights as float16, and beside them what they are: their hash and `about`."""
    arrays = {name: tensor.numpy().astype(np.float16) for name, tensor in model.net.state_dict().items()}
    content = io.BytesIO()
    np.savez(content, **arrays)
    path.write_bytes(content.getvalue())
    about = {**model.about, "sha256": hashlib.sha256(content.getvalue()).hexdigest()}
    path.with_suffix(".json").write_text(json.dumps(about, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def load_rack_map(path: Path = PACKAGED) -> RackMap:
    """The network in a file that `save_rack_map` wrote.

    Raises:
        RegistryError: the file is missing, is not what its hash says, or does not fit this program.
    """
    try:
        content = path.read_bytes()
        about = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RegistryError(f"{path} cannot be read: {error}", "format") from error
    digest = hashlib.sha256(content).hexdigest()
    if not isinstance(about, dict) or about.get("sha256") != digest:
        raise RegistryError(f"{path} has the hash {digest}; expected the one in its .json", "hash")
    net = RackMapNet()
    try:
        with np.load(io.BytesIO(content)) as arrays:
            tensors = {name: torch.from_numpy(arrays[name].astype(np.float32)) for name in arrays.files}
        net.load_state_dict(tensors)
    except (ValueError, RuntimeError, KeyError) as error:
        raise RegistryError(f"{path} does not fit this program: {error}", "format") from error
    return RackMap(net, about)
