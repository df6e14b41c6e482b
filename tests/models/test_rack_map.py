"""The network over a zone's map of inlet air: any room, mirrored rooms, hosts that do not tell."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from models.errors import RegistryError
from models.rack_map import HEIGHTS, MapVerdict, RackMap, RackMapNet, load_rack_map, save_rack_map

Maps = NDArray[np.float32]


@pytest.fixture(scope="module")
def model() -> RackMap:
    return load_rack_map()


def room(rows: int, racks: int, seed: int = 0) -> Maps:
    """Inlet air as ever: a few tenths of a K about nothing."""
    return np.random.default_rng(seed).normal(0, 0.25, (rows, racks, HEIGHTS)).astype(np.float32)


def breach(rows: int = 2, racks: int = 5, row: int = 0, rack: int = 1, top_k: float = 5.0) -> Maps:
    """Air that comes round to the top of one rack, and a third of that beside it."""
    now = room(rows, racks)
    rises = (np.linspace(0, 1, HEIGHTS) ** 1.5 * top_k).astype(np.float32)
    now[row, rack] += rises
    for beside in (rack - 1, rack + 1):
        if 0 <= beside < racks:
            now[row, beside] += 0.35 * rises
    return now


def ask(model: RackMap, now: Maps, before: Maps | None = None) -> MapVerdict:
    return model.judge(now, room(*now.shape[:2], seed=1) if before is None else before)


def test_it_is_small(model: RackMap) -> None:
    assert model.parameters <= 50_000


@pytest.mark.parametrize(("rows", "racks"), [(1, 1), (1, 6), (2, 5), (4, 3), (7, 24)])
def test_it_reads_a_room_of_any_size(model: RackMap, rows: int, racks: int) -> None:
    verdict = ask(model, room(rows, racks))
    assert verdict.recirculation.shape == (rows, racks)
    assert verdict.recirculation.max() < 0.5
    assert verdict.none > 0.5


@pytest.mark.parametrize(("rows", "racks"), [(1, 3), (2, 5), (3, 12)])
def test_warm_air_at_the_top_of_a_rack_is_told_of_that_rack(model: RackMap, rows: int, racks: int) -> None:
    verdict = ask(model, breach(rows, racks, row=rows - 1, rack=1))
    assert verdict.recirculation[rows - 1, 1] > 0.9
    assert np.delete(verdict.recirculation.ravel(), (rows - 1) * racks + 1).max() < 0.5
    assert verdict.cooling_loss < 0.1


@pytest.mark.parametrize("axis", [0, 1])
def test_a_mirrored_room_has_mirrored_probabilities(model: RackMap, axis: int) -> None:
    now, before = breach(), room(2, 5, seed=1)
    straight = model.judge(now, before)
    mirrored = model.judge(np.flip(now, axis).copy(), np.flip(before, axis).copy())
    np.testing.assert_allclose(np.flip(mirrored.recirculation, axis), straight.recirculation, atol=1e-5)
    assert mirrored.cooling_loss == pytest.approx(straight.cooling_loss, abs=1e-5)


def test_a_host_that_does_not_tell_cannot_change_anything(model: RackMap) -> None:
    now, before = breach(), room(2, 5, seed=1)
    now[1, 3, 2:6] = np.nan
    before[1, 3, 2:6] = 40.0  # what is known of before alone counts for nothing
    other = before.copy()
    other[1, 3, 2:6] = np.nan
    one, two = model.judge(now, before), model.judge(now, other)
    np.testing.assert_array_equal(one.recirculation, two.recirculation)
    assert one.cooling_loss == two.cooling_loss


def test_a_rack_without_hosts_is_not_judged_and_does_not_hide_the_others(model: RackMap) -> None:
    now = breach()
    now[0, 4] = np.nan
    verdict = ask(model, now)
    assert np.isnan(verdict.recirculation[0, 4])
    assert verdict.recirculation[0, 1] > 0.9


def test_racks_around_that_tell_nothing_are_as_if_they_were_not_there(model: RackMap) -> None:
    small = room(1, 3)
    large = np.full((3, 5, HEIGHTS), np.nan, np.float32)
    large[1, 1:4] = small[0]
    inside = model.judge(large, large).recirculation[1, 1:4]
    np.testing.assert_allclose(inside, model.judge(small, small).recirculation[0], atol=1e-5)


def test_half_of_the_hosts_are_enough(model: RackMap) -> None:
    now = breach()
    now[:, :, ::2] = np.nan
    assert ask(model, now).recirculation[0, 1] > 0.8


@pytest.mark.parametrize("warmer_k", [1.0, 2.0, 3.0, 5.0, 8.0])
@pytest.mark.parametrize("is_new", [True, False])
def test_air_that_is_warmer_everywhere_comes_round_nowhere(
    model: RackMap, warmer_k: float, is_new: bool
) -> None:
    now = room(2, 5) + np.float32(warmer_k)
    verdict = ask(model, now, None if is_new else now)
    assert verdict.recirculation.max() < 0.5


def test_a_rack_that_is_warmer_from_bottom_to_top_has_no_breach(model: RackMap) -> None:
    now = room(2, 5)
    now[0, 2] += np.float32(4.0)
    assert ask(model, now).recirculation[0, 2] < 0.5


def test_what_was_saved_is_what_is_loaded(tmp_path: Path) -> None:
    torch.manual_seed(3)
    made = RackMap(RackMapNet(), {"seed": 3})
    save_rack_map(made, tmp_path / "net.npz")
    loaded = load_rack_map(tmp_path / "net.npz")
    assert loaded.about["seed"] == 3
    now = breach()
    np.testing.assert_allclose(  # kept with half precision
        ask(loaded, now).recirculation, ask(made, now).recirculation, atol=0.01
    )


def test_weights_that_are_not_what_their_hash_says_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.npz"
    save_rack_map(RackMap(RackMapNet()), path)
    content = bytearray(path.read_bytes())
    content[-200] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(RegistryError, match="hash"):
        load_rack_map(path)
    path.unlink()
    with pytest.raises(RegistryError, match="cannot be read"):
        load_rack_map(path)


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.npz"
    model = RackMap(RackMapNet())
    del model.net.rack
    save_rack_map(model, path)
    with pytest.raises(RegistryError, match="does not fit"):
        load_rack_map(path)
    about = json.loads(path.with_suffix(".json").read_text())
    assert len(about["sha256"]) == 64
