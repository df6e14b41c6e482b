"""Versions of the models: what is saved is what is loaded, and nothing else is ever used."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from detectors import C, build_detector
from numpy.typing import NDArray
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from models.detector import VIEWS
from models.errors import RegistryError
from models.heads import SHARP, Head
from models.manifest import decode_manifest, encode_manifest, entry_of
from models.registry import Registry
from models.signing import load_private_key

PERIODS = {"n1": {"inlet_temp_c": 10.0}}


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "registry")


@pytest.fixture
def release(registry: Registry) -> str:
    return registry.save([build_detector()], PERIODS, {"seed": 1, "rows": 100})


def folder_of(registry: Registry, release: str) -> Path:
    return registry.path / "versions" / release


def refusal(registry: Registry, release: str) -> str:
    with pytest.raises(RegistryError) as caught:
        registry.load(release)
    return f"{caught.value.cause}: {caught.value}".replace(f"{registry.path}/versions/{release}/", "")


# -- saved and loaded --------------------------------------------------------------------------------------


def test_a_registry_that_does_not_exist_has_no_models_and_reading_makes_none(registry: Registry) -> None:
    assert registry.champion() is None
    assert registry.champion_release() == ""
    assert registry.versions() == []
    assert not registry.path.exists()


def test_the_first_version_serves_and_scores_as_the_detector_that_was_saved(registry: Registry) -> None:
    detector = build_detector()
    release = registry.save([detector], PERIODS, {"seed": 1})
    models = registry.champion()
    assert models is not None
    assert (models.release, models.periods) == (release, PERIODS)
    loaded = models.detectors["0a1b2c3d"]
    assert loaded.sensors == ("inlet_temp_c", "fan1_rpm", "power_w")
    assert loaded.notes == ("as the tests want it",)
    windows = np.full((2, 32, C), 25, np.float32)
    present = np.ones((2, 32, C), bool)
    centre, scale = (np.tile(a, (2, 1)) for a in detector.scaling("n1"))
    assert np.array_equal(
        loaded.errors(windows, present, centre, scale), detector.errors(windows, present, centre, scale)
    )


def test_the_manifest_tells_where_a_version_comes_from(registry: Registry) -> None:
    first = registry.save([build_detector()], PERIODS, {"seed": np.int64(1), "first": "2026-01-01T00:00:00Z"})
    made = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
    second = registry.save([build_detector(seed=2)], PERIODS, {"seed": 2}, created=made)
    old, new = registry.read_manifest(first), registry.read_manifest(second)
    assert old.training == {"seed": 1, "first": "2026-01-01T00:00:00Z"}
    assert (old.serial, old.parent, old.created) == (1, "", "")
    assert (new.serial, new.parent, new.created) == (2, first, "2026-11-24T12:00:00Z")
    assert new.torch == torch.__version__.split("+")[0]
    assert new.cohorts[0].meta["units"] == ["Cel", "rpm", "W"]


def test_several_cohorts_are_one_version(registry: Registry) -> None:
    release = registry.save([build_detector("aaaaaaaa"), build_detector("bbbbbbbb", 2)], {}, {})
    assert sorted(registry.load(release).detectors) == ["aaaaaaaa", "bbbbbbbb"]
    assert sorted(p.name for p in folder_of(registry, release).iterdir()) == [
        "aaaaaaaa.golden.safetensors",
        "aaaaaaaa.safetensors",
        "bbbbbbbb.golden.safetensors",
        "bbbbbbbb.safetensors",
        "manifest.json",
        "manifest.sig",
        "periods.json",
    ]


def test_equal_trainings_have_equal_releases_whenever_they_were_done(tmp_path: Path) -> None:
    releases = [
        Registry(tmp_path / name).save(
            [build_detector()], PERIODS, {"seed": 1}, datetime(year, 1, 1, tzinfo=UTC)
        )
        for name, year in (("a", 2026), ("b", 2027))
    ]
    assert releases[0] == releases[1]
    other = Registry(tmp_path / "c").save([build_detector()], PERIODS, {"seed": 2})
    assert other != releases[0]


def test_what_cannot_be_kept_is_not_saved(registry: Registry) -> None:
    broken = build_detector()
    broken.level_floor = np.array([1.0, np.nan, 1.0, np.inf])
    for detectors, training, reason in (
        ([], {}, "no detectors"),
        ([broken], {}, "cohort 0a1b2c3d: level_floor has 2 values of 4 that are not finite"),
        ([build_detector("../../etc")], {}, "cohort is '../../etc'; expected"),
        ([build_detector(), build_detector()], {}, "cohort 0a1b2c3d twice"),
        ([build_detector()], {"rows": float("nan")}, "training is not plain JSON"),
        ([build_detector()], {"path": Path()}, "training is not plain JSON: a PosixPath"),
    ):
        with pytest.raises(RegistryError, match=reason):
            registry.save(detectors, {}, training)
    assert registry.versions() == []


def test_arrays_of_any_layout_are_kept(registry: Registry) -> None:
    detector = build_detector()
    precision = np.arange(144.0).reshape(12, 12)
    turned = Head(SHARP, 15.0, np.zeros(12), np.ones(12), precision.T, 1.0)  # a view in Fortran order
    detector.heads = dict.fromkeys(VIEWS, (turned,))
    loaded = registry.load(registry.save([detector], {}, {})).detectors["0a1b2c3d"]
    assert np.array_equal(loaded.heads["gan"][0].precision, precision.T)


def test_savers_at_the_same_time_get_serials_of_their_own(registry: Registry) -> None:
    detectors = [build_detector(seed=seed) for seed in range(4)]
    threads = [threading.Thread(target=registry.save, args=([d], {}, {})) for d in detectors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [v.manifest.serial for v in registry.versions() if v.manifest] == [1, 2, 3, 4]
    assert sum(v.is_champion for v in registry.versions()) == 1


def test_what_a_killed_saver_left_is_no_version_and_is_cleared_away(registry: Registry) -> None:
    left = registry.path / "versions" / ".new-0123abcd"
    left.mkdir(parents=True)
    (left / "manifest.json").write_text("{")
    assert registry.versions() == []
    registry.save([build_detector()], {}, {})
    assert not left.exists()


# -- refused -----------------------------------------------------------------------------------------------


def flip_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_a_changed_byte_in_any_file_is_refused(registry: Registry, release: str) -> None:
    intact = folder_of(registry, release)
    aside = registry.path / "aside"
    shutil.copytree(intact, aside)
    for path in sorted(intact.iterdir()):
        flip_a_byte(path)
        expected = "signature: manifest.json" if path.name.startswith("manifest") else f"hash: {path.name}"
        assert refusal(registry, release).startswith(expected)
        shutil.copy(aside / path.name, path)
    assert registry.load(release).release == release


def test_a_file_that_is_missing_cut_or_longer_is_refused(registry: Registry, release: str) -> None:
    weights = folder_of(registry, release) / "0a1b2c3d.safetensors"
    content = weights.read_bytes()
    weights.write_bytes(content[:-1])
    size = len(content)
    assert refusal(registry, release) == (f"size: 0a1b2c3d.safetensors has {size - 1} bytes; expected {size}")
    weights.write_bytes(content + b"x")
    assert refusal(registry, release) == (f"size: 0a1b2c3d.safetensors has {size + 1} bytes; expected {size}")
    weights.unlink()
    assert refusal(registry, release) == "absent: 0a1b2c3d.safetensors is not there"


def test_an_unsigned_version_is_refused(registry: Registry, release: str) -> None:
    (folder_of(registry, release) / "manifest.sig").unlink()
    assert refusal(registry, release).startswith("signature: manifest.sig: not signed")


def test_a_version_of_a_stranger_is_refused(registry: Registry, release: str, tmp_path: Path) -> None:
    stranger = Registry(tmp_path / "stranger")
    theirs = stranger.save([build_detector(seed=9)], {}, {})
    shutil.copytree(folder_of(stranger, theirs), folder_of(registry, theirs))
    assert refusal(registry, theirs).startswith("signature: manifest.json: the signature does not fit")
    assert registry.champion_release() == release


def test_a_version_under_another_name_is_refused(registry: Registry, release: str) -> None:
    shutil.copytree(folder_of(registry, release), folder_of(registry, "0" * 12))
    assert refusal(registry, "0" * 12) == (
        f"manifest: manifest.json is of release {release}; expected 000000000000, its folder's name"
    )


def resign(registry: Registry, release: str, change: Callable[[dict[str, bytes]], None]) -> str:
    """A version by someone who has the key: files changed, manifest made to fit, signed again."""
    folder = folder_of(registry, release)
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    change(files)
    plain = json.loads(files["manifest.json"])
    for name in plain["files"].keys() & files.keys():
        entry = entry_of(files[name])
        plain["files"][name] = {"sha256": entry.sha256, "bytes": entry.bytes}
    content = json.dumps(plain).encode()
    try:
        manifest = decode_manifest(content, "")
        content, new = encode_manifest(manifest), folder_of(registry, manifest.release)
    except RegistryError:
        new = folder_of(registry, "f" * 12)
    files["manifest.json"] = content
    files["manifest.sig"] = load_private_key(registry.path / "keys").sign(content)
    new.mkdir(exist_ok=True)
    for name, data in files.items():
        (new / name).write_bytes(data)
    return new.name


def change_tensors(name: str, change: Callable[[dict[str, NDArray[Any]]], None]) -> Callable[..., None]:
    def apply(files: dict[str, bytes]) -> None:
        arrays = load_tensors(files[name])
        change(arrays)
        files[name] = save_tensors(arrays)

    return apply


def change_manifest(change: Callable[[dict[str, Any]], None]) -> Callable[..., None]:
    def apply(files: dict[str, bytes]) -> None:
        plain = json.loads(files["manifest.json"])
        change(plain)
        files["manifest.json"] = json.dumps(plain).encode()

    return apply


def put(array: NDArray[Any], value: float) -> None:
    array[...] = value


WEIGHTS, GOLDEN = "0a1b2c3d.safetensors", "0a1b2c3d.golden.safetensors"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            change_tensors(WEIGHTS, lambda a: put(a["level_floor"], np.nan)),
            f"finite: {WEIGHTS}: level_floor has 4 values of 4 that are not finite",
        ),
        (
            change_tensors(WEIGHTS, lambda a: a.update(level_floor=np.ones(5))),
            f"tensors: {WEIGHTS}: level_floor is float64 [5]; expected float64 [4]",
        ),
        (
            change_tensors(WEIGHTS, lambda a: a.update(level_floor=np.ones(4, np.float32))),
            f"tensors: {WEIGHTS}: level_floor is float32 [4]; expected float64 [4]",
        ),
        (
            change_tensors(WEIGHTS, lambda a: a.update(extra=np.ones(1))),
            f"tensors: {WEIGHTS}: tensors extra are there or in the manifest, not both",
        ),
        (
            change_tensors(WEIGHTS, lambda a: put(a["lstm_ae.to_values.bias"], 0.01)),
            f"golden: {WEIGHTS}: golden errors is off by",
        ),
        (
            change_tensors(GOLDEN, lambda a: put(a["out.score"], 0.5)),
            f"golden: {WEIGHTS}: golden score is off by",
        ),
        (
            change_tensors(GOLDEN, lambda a: [a.pop(n) for n in list(a) if n.startswith("out.")]),
            f"golden: {GOLDEN} has no outputs",
        ),
        (
            change_tensors(GOLDEN, lambda a: a.pop("in.windows")),
            f"golden: {GOLDEN} does not fit {WEIGHTS}",
        ),
        (
            lambda files: files.update({WEIGHTS: (2**21).to_bytes(8, "little") + b" " * 2**21}),
            f"format: {WEIGHTS}: the header has 2097152 bytes; expected 1..1048576",
        ),
        (lambda files: files.update({WEIGHTS: b"x"}), f"format: {WEIGHTS}: the header has 0 bytes"),
        (
            lambda files: files.update({WEIGHTS: (8).to_bytes(8, "little") + b"\x80\x04pickle."}),
            f"format: {WEIGHTS} is not safetensors",
        ),
        (lambda files: files.update({"periods.json": b"[1]"}), "format: periods.json: Expected"),
        (
            change_manifest(lambda m: m["cohorts"][0]["meta"]["lstm_ae"].update(hidden=9)),
            f"format: {WEIGHTS} does not fit this program",
        ),
        (
            change_manifest(lambda m: m["cohorts"][0]["meta"].update(cohort="ffffffff")),
            f"manifest: {WEIGHTS} is of cohort ffffffff; expected 0a1b2c3d",
        ),
        (change_manifest(lambda m: m.update(schema=2)), "manifest: manifest.json: schema is 2; expected 1"),
        (change_manifest(lambda m: m.update(code="x")), "manifest: manifest.json is not a manifest"),
        (
            change_manifest(lambda m: m["cohorts"][0].update(id="../0a1b2c3d")),
            "manifest: manifest.json: cohort is '../0a1b2c3d'",
        ),
        (
            change_manifest(lambda m: m["files"].update({"../x": m["files"].pop(WEIGHTS)})),
            "manifest: manifest.json: files are",
        ),
    ],
)  # fmt: skip
def test_even_a_signed_version_must_be_sound(
    registry: Registry, release: str, change: Callable[[dict[str, bytes]], None], reason: str
) -> None:
    assert refusal(registry, resign(registry, release, change)).startswith(reason)


def test_a_damaged_champion_file_is_named(registry: Registry, release: str) -> None:
    path = registry.path / "champion.json"
    for content in ("{", "[]", '{"release": "../../x", "serial": 1}', '{"release": "' + release + '"}'):
        path.write_text(content)
        with pytest.raises(RegistryError, match=r"champion\.json"):
            registry.champion()


# -- paths -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["../keys", "", ".", "0123456789AB", "0123456789ab/..", "0123456789ab\n", "x" * 12]
)
def test_a_release_that_is_no_hash_never_becomes_a_path(registry: Registry, release: str, name: str) -> None:
    for use in (registry.load, registry.promote, registry.verify):
        with pytest.raises(RegistryError, match="expected 12 hex digits"):
            use(name)


def test_links_out_of_the_registry_are_not_followed(registry: Registry, release: str, tmp_path: Path) -> None:
    folder, outside = folder_of(registry, release), tmp_path / "outside"
    shutil.move(folder, outside)
    folder.symlink_to(outside)
    assert refusal(registry, release).startswith("path: manifest.json leads through a link")
    folder.unlink()
    shutil.move(outside, folder)
    shutil.move(folder / WEIGHTS, outside)
    (folder / WEIGHTS).symlink_to(outside)
    assert refusal(registry, release).startswith(f"path: {WEIGHTS} leads through a link")


def test_what_is_not_a_file_is_not_read(registry: Registry, release: str) -> None:
    weights = folder_of(registry, release) / WEIGHTS
    weights.unlink()
    weights.mkdir()
    assert refusal(registry, release).startswith(f"path: {WEIGHTS} is not a regular file")
    weights.rmdir()
    os.mkfifo(weights)  # nobody writes to it: whoever opens it plainly waits for ever
    assert refusal(registry, release).startswith(f"path: {WEIGHTS} is not a regular file")


# -- which one serves --------------------------------------------------------------------------------------


def test_promoting_and_going_back(registry: Registry) -> None:
    one, two, three = (registry.save([build_detector(seed=seed)], {}, {}) for seed in (1, 2, 3))
    assert registry.champion_release() == one
    registry.promote(two)
    registry.promote(three)
    registry.promote(three)
    assert registry.champion_release() == three
    with pytest.raises(RegistryError, match=f"{two} has serial 2; expected more than 3"):
        registry.promote(two)
    assert registry.rollback() == two
    assert registry.rollback() == one
    with pytest.raises(RegistryError, match="no champion before"):
        registry.rollback()
    registry.promote(three)
    registry.promote(registry.save([build_detector(seed=4)], {}, {}))
    assert registry.rollback(one) == one
    assert [v.release for v in registry.versions() if v.is_champion] == [one]
    with pytest.raises(RegistryError, match="no champion before"):
        registry.rollback(three)


def test_a_damaged_version_is_never_put_into_service(registry: Registry) -> None:
    one, two, three = (registry.save([build_detector(seed=seed)], {}, {}) for seed in (1, 2, 3))
    flip_a_byte(folder_of(registry, two) / WEIGHTS)
    with pytest.raises(RegistryError, match="sha256"):
        registry.promote(two)
    assert registry.champion_release() == one
    registry.promote(three)
    flip_a_byte(folder_of(registry, one) / "manifest.sig")
    with pytest.raises(RegistryError, match="signature"):
        registry.rollback()
    assert registry.champion_release() == three
    assert [(v.release, v.fault == "") for v in registry.versions()] == [
        (two, True), (three, True), (one, False),
    ]  # fmt: skip


def test_a_damaged_champion_can_be_replaced(registry: Registry) -> None:
    one, two = (registry.save([build_detector(seed=seed)], {}, {}) for seed in (1, 2))
    shutil.rmtree(folder_of(registry, one))
    registry.promote(two)
    assert registry.champion_release() == two
    three = registry.save([build_detector(seed=3)], {}, {})
    assert registry.read_manifest(three).serial == 3


# -- keys --------------------------------------------------------------------------------------------------


def test_keys_are_made_once_and_the_private_one_is_its_owners(registry: Registry, release: str) -> None:
    private, public = (registry.path / "keys" / name for name in ("private.pem", "public.pem"))
    assert private.stat().st_mode & 0o777 == 0o600
    before = private.read_bytes(), public.read_bytes()
    registry.save([build_detector(seed=2)], {}, {})
    assert (private.read_bytes(), public.read_bytes()) == before
    private.chmod(0o640)
    with pytest.raises(RegistryError, match="has mode 0640; expected 0600"):
        registry.save([build_detector(seed=3)], {}, {})


def test_a_copy_without_the_private_key_can_load_but_not_save(registry: Registry, release: str) -> None:
    (registry.path / "keys" / "private.pem").unlink()
    assert registry.load(release).release == release
    with pytest.raises(RegistryError, match="nothing can be signed"):
        registry.save([build_detector(seed=2)], {}, {})
    (registry.path / "keys" / "public.pem").unlink()
    assert refusal(registry, release).startswith("key: ")


def test_keys_can_be_changed_while_old_versions_still_count(registry: Registry, release: str) -> None:
    keys = registry.path / "keys"
    old_public = (keys / "public.pem").read_bytes()
    shutil.rmtree(keys)
    newer = registry.save([build_detector(seed=2)], {}, {})
    assert refusal(registry, release).startswith("signature")
    (keys / "public.pem").write_bytes((keys / "public.pem").read_bytes() + old_public)
    assert [registry.load(name).release for name in (release, newer)] == [release, newer]


def test_a_key_kept_elsewhere_can_be_the_one_that_counts(
    registry: Registry, release: str, tmp_path: Path
) -> None:
    pinned = tmp_path / "pinned.pem"
    shutil.copy(registry.path / "keys" / "public.pem", pinned)
    assert Registry(registry.path, trusted=pinned).load(release).release == release
    shutil.rmtree(registry.path / "keys")
    theirs = registry.save(
        [build_detector(seed=2)], {}, {}
    )  # by somebody who may write here, with keys of theirs
    assert registry.load(theirs).release == theirs
    assert refusal(Registry(registry.path, trusted=pinned), theirs).startswith("signature")


def test_keys_of_other_kinds_are_refused(registry: Registry, release: str) -> None:
    key = generate_private_key(SECP256R1())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    for content, reason in ((private, "expected Ed25519"), (b"nothing", "not a private key")):
        (registry.path / "keys" / "private.pem").write_bytes(content)
        with pytest.raises(RegistryError, match=reason):
            registry.save([build_detector(seed=2)], {}, {})
    for content in (public, b"nothing", b"-----BEGIN PUBLIC KEY-----\nx\n-----END PUBLIC KEY-----"):
        (registry.path / "keys" / "public.pem").write_bytes(content)
        assert refusal(registry, release).startswith("key: ")
