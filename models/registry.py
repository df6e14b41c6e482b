"""Versions of the models on disk: signed, checked before use, and which of them serves.

    registry/versions/<release>/<cohort>.safetensors         weights of a cohort's detector
                                <cohort>.golden.safetensors  inputs, and the outputs they must give
                                periods.json                 host → sensor → seconds
                                manifest.json, manifest.sig  hashes of all of it, under an Ed25519 signature
             champion.json                                   the release that serves, and those before it
             keys/{private,public}.pem

Nothing in a version can hold code. A version is complete or not there; promoting is one rename.
"""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from models.champion import Champion, read_champion, write_champion
from models.errors import RegistryError
from models.folders import create_file, lock_folder, read_inside, sync_folder
from models.manifest import (
    PERIODS_FILE,
    RELEASE,
    SCHEMA,
    Manifest,
    check_release,
    decode_manifest,
    encode_manifest,
    entry_of,
    plain_json,
)
from models.packing import Restore, pack_detector, restore_on, unpack_detector
from models.signing import PUBLIC, SIGNATURE_BYTES, is_signed, load_private_key, load_public_keys, make_keys

if TYPE_CHECKING:
    from models.detector import Detector

MAX_FILE_BYTES = 512 * 1024 * 1024
MAX_MANIFEST_BYTES = 64 * 1024 * 1024
UNFINISHED = re.compile(r"\.new-[0-9a-f]{8}")

Periods = dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True)
class LoadedModels:
    """One version, verified and ready. `periods` is host → sensor → seconds."""

    release: str
    detectors: dict[str, Detector]  # by cohort
    periods: Periods
    manifest: Manifest


@dataclass(frozen=True, slots=True)
class Version:
    """A version as it is listed: its signed manifest, or the fault that keeps it from being read."""

    release: str
    manifest: Manifest | None
    fault: str
    is_champion: bool


class Registry:
    """The versions in one folder, which need not exist before the first `save`.

    `restore` makes a detector of its arrays and meta, by default `Detector.from_arrays` on `device`.
    `trusted` is the file of public keys that count, by default the registry's own.
    """

    def __init__(
        self, path: Path, restore: Restore | None = None, device: str = "cpu", trusted: Path | None = None
    ) -> None:
        self.path = path
        self._restore = restore or restore_on(device)
        self._trusted = trusted or path / "keys" / PUBLIC

    # -- reading ------------------------------------------------------------------------------------------

    def champion(self) -> LoadedModels | None:
        """The models in service; None before the first version.

        Raises:
            RegistryError: there is one and it must not be used.
        """
        serving = read_champion(self.path)
        return self.load(serving.release) if serving else None

    def champion_release(self) -> str:
        """The release in service, "" for none, without reading it: cheap enough to ask every second.

        Raises:
            RegistryError: champion.json is damaged.
        """
        serving = read_champion(self.path)
        return serving.release if serving else ""

    def load(self, release: str) -> LoadedModels:
        """A version, after signature, hashes, sizes, tensors and golden outputs were all found right.

        Raises:
            RegistryError: something is not; it says which file, what it got, what it expected.
        """
        manifest, folder = self.read_manifest(release), self.path / "versions" / release
        contents = {name: self._read_file(release, name, manifest) for name in manifest.files}
        try:
            periods = msgspec.json.decode(contents[PERIODS_FILE], type=Periods)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise RegistryError(f"{folder / PERIODS_FILE}: {error}", "format") from error
        detectors = {
            entry.id: unpack_detector(
                entry, contents[entry.weights_file], contents[entry.golden_file], self._restore, folder
            )
            for entry in manifest.cohorts
        }
        return LoadedModels(release, detectors, periods, manifest)

    def verify(self, release: str) -> Manifest:
        """Load a version and let it go again.

        Raises:
            RegistryError: as `load`.
        """
        return self.load(release).manifest

    def versions(self) -> list[Version]:
        """All versions, oldest first; damaged ones, which have no serial that counts, at the end."""
        serving = read_champion(self.path)
        found = [self._look_at(release, serving) for release in self._releases()]
        return sorted(
            found, key=lambda v: (v.manifest is None, v.manifest.serial if v.manifest else 0, v.release)
        )

    def read_manifest(self, release: str) -> Manifest:
        """The manifest of a version, once its signature and its name were found right.

        Raises:
            RegistryError: absent, unsigned, signed by a stranger, altered, or not a manifest.
        """
        check_release(release, "registry")
        path = self.path / "versions" / release / "manifest.json"
        content = read_inside(self.path, "versions", release, "manifest.json", max_bytes=MAX_MANIFEST_BYTES)
        signature = self._read_signature(release)
        if not is_signed(content, signature, load_public_keys(self._trusted)):
            raise RegistryError(
                f"{path}: the signature does not fit; expected one by a key in {self._trusted}", "signature"
            )
        manifest = decode_manifest(content, path)
        if manifest.release != release:
            raise RegistryError(
                f"{path} is of release {manifest.release}; expected {release}, its folder's name", "manifest"
            )
        return manifest

    # -- changing -----------------------------------------------------------------------------------------

    def save(
        self,
        detectors: Sequence[Detector],
        periods: Mapping[str, Mapping[str, float]],
        training: Mapping[str, object],
        created: datetime | None = None,
    ) -> str:
        """A new version, signed; the first one of a registry becomes the champion. Gives its release.

        `training` tells where it came from (data and their range, rows, seed, device, reasons).

        Raises:
            RegistryError: nothing to save, an array that is not finite, no key to sign with, or no access.
        """
        if not detectors:
            raise RegistryError("no detectors; expected at least one cohort's", "absent")
        packed = [pack_detector(detector, self._restore) for detector in detectors]
        files = {PERIODS_FILE: msgspec.json.encode(plain_json(periods, "periods"))}
        for each in packed:
            if each.entry.weights_file in files:
                raise RegistryError(f"cohort {each.entry.id} twice; expected one detector each", "manifest")
            files |= {each.entry.weights_file: each.weights, each.entry.golden_file: each.golden}
        with self._changing():
            make_keys(self.path / "keys")
            serving = read_champion(self.path)
            serials = [each.manifest.serial for each in self.versions() if each.manifest]
            manifest = Manifest(
                schema=SCHEMA,
                serial=1 + max(*serials, serving.serial if serving else 0, 0),
                parent=serving.release if serving else "",
                created=created.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if created else "",
                package=_installed("coldaisle"),
                torch=_installed("torch"),
                training=plain_json(training, "training"),
                cohorts=tuple(each.entry for each in packed),
                files={name: entry_of(content) for name, content in files.items()},
            )
            self._write_version(manifest, files)
            if serving is None:
                write_champion(self.path, Champion(manifest.release, manifest.serial))
        return manifest.release

    def promote(self, release: str) -> None:
        """Put a version into service, after verifying it.

        Raises:
            RegistryError: it must not be used, or its serial is lower than the champion's.
        """
        candidate = self.verify(release)
        with self._changing():
            serving = read_champion(self.path)
            if serving is None:
                write_champion(self.path, Champion(release, candidate.serial))
            elif candidate.serial < serving.serial:
                # A stolen folder's old models, or a slip of the hand: going back has to be said as such.
                raise RegistryError(
                    f"{release} has serial {candidate.serial}; expected more than {serving.serial}, "
                    f"that of the champion {serving.release} (going back is rollback)",
                    "rollback",
                )
            elif serving.release != release:
                write_champion(self.path, serving.succeeded_by(release, candidate.serial))

    def rollback(self, release: str = "") -> str:
        """Go back to the champion before this one, or to an older `release`. Gives the one that serves now.

        Raises:
            RegistryError: there is none to go back to, or it must not be used.
        """
        with self._changing():
            serving = read_champion(self.path)
            if serving is None or not serving.history:
                raise RegistryError(f"{self.path} has no champion before this one", "absent")
            target = release or serving.history[-1]
            if target not in serving.history:
                raise RegistryError(
                    f"{target} never served before {serving.release}; "
                    f"expected one of {', '.join(serving.history)}",
                    "absent",
                )
            former = self.verify(target)
            write_champion(self.path, serving.gone_back_to(target, former.serial))
        return target

    # -- a version's files ---------------------------------------------------------------------------------

    def _read_file(self, release: str, name: str, manifest: Manifest) -> bytes:
        content = read_inside(self.path, "versions", release, name, max_bytes=MAX_FILE_BYTES)
        expected, got, path = manifest.files[name], entry_of(content), self.path / "versions" / release / name
        if got.bytes != expected.bytes:
            raise RegistryError(f"{path} has {got.bytes} bytes; expected {expected.bytes}", "size")
        if got.sha256 != expected.sha256:
            raise RegistryError(f"{path}: sha256 is {got.sha256}; expected {expected.sha256}", "hash")
        return content

    def _read_signature(self, release: str) -> bytes:
        path = self.path / "versions" / release / "manifest.sig"
        try:
            return read_inside(self.path, "versions", release, "manifest.sig", max_bytes=SIGNATURE_BYTES)
        except RegistryError as error:
            raise RegistryError(f"{path}: not signed: {error}", "signature") from error

    def _write_version(self, manifest: Manifest, files: Mapping[str, bytes]) -> None:
        versions = self.path / "versions"
        for left in versions.iterdir():
            if UNFINISHED.fullmatch(left.name):  # of a process that died; ours is the only one now
                shutil.rmtree(left)
        content = encode_manifest(manifest)
        signature = load_private_key(self.path / "keys").sign(content)
        if not is_signed(content, signature, load_public_keys(self._trusted)):
            raise RegistryError(f"{self._trusted} does not hold the key that signs", "key")
        new = versions / f".new-{secrets.token_hex(4)}"
        new.mkdir()
        for name, data in {**files, "manifest.json": content, "manifest.sig": signature}.items():
            create_file(new / name, data)
        sync_folder(new)
        new.rename(versions / manifest.release)
        sync_folder(versions)

    def _releases(self) -> list[str]:
        try:
            names = [entry.name for entry in (self.path / "versions").iterdir()]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise RegistryError(f"{self.path} cannot be read: {error.strerror}", "unreadable") from error
        return sorted(name for name in names if RELEASE.fullmatch(name))

    def _look_at(self, release: str, serving: Champion | None) -> Version:
        is_champion = serving is not None and serving.release == release
        try:
            return Version(release, self.read_manifest(release), "", is_champion)
        except RegistryError as error:
            return Version(release, None, str(error), is_champion)

    # -- the champion --------------------------------------------------------------------------------------

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Alone, and with errors of the file system as our own."""
        try:
            self.path.joinpath("versions").mkdir(parents=True, exist_ok=True)
            with lock_folder(self.path):
                yield
        except OSError as error:
            raise RegistryError(
                f"{error.filename or self.path} cannot be written: {error.strerror}", "unwritable"
            ) from error


def _installed(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
