"""What is known of one version of the models, as it is signed.

A version's name, its release, is the hash of everything in here but the moment it was made: equal trainings
in equal registries have equal releases.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.errors import RegistryError

SCHEMA = 1
RELEASE = re.compile(r"[0-9a-f]{12}")
PERIODS_FILE = "periods.json"
COHORT = re.compile(r"[0-9A-Za-z_-]{1,64}")  # becomes a file's name


class FileEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of the version, as it must be."""

    sha256: str
    bytes: int


class TensorEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A tensor of a cohort's file, as it must be."""

    dtype: str
    shape: tuple[int, ...]


class CohortEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One cohort's detector: its tensors, and in `meta` everything else that makes it whole."""

    id: str
    tensors: dict[str, TensorEntry]
    meta: dict[str, Any]

    @property
    def weights_file(self) -> str:
        return f"{self.id}.safetensors"

    @property
    def golden_file(self) -> str:
        return f"{self.id}.golden.safetensors"


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One version. `serial` grows with every version of a registry; `parent` served when it was made."""

    schema: int
    serial: int
    parent: str
    created: str  # RFC 3339 in UTC; "" if whoever saved it did not say
    package: str
    torch: str
    training: dict[str, Any]
    cohorts: tuple[CohortEntry, ...]
    files: dict[str, FileEntry]

    @property
    def release(self) -> str:
        """12 hex digits that name the version."""
        timeless = msgspec.structs.replace(self, created="")
        return hashlib.sha256(msgspec.json.encode(timeless, order="deterministic")).hexdigest()[:12]


class _Head(msgspec.Struct):
    schema: int


def encode_manifest(manifest: Manifest) -> bytes:
    """For people too: indented JSON with a line end."""
    return msgspec.json.format(msgspec.json.encode(manifest, order="deterministic"), indent=1) + b"\n"


def decode_manifest(content: bytes, path: object) -> Manifest:
    """The manifest in a file's content; `path` is for what an error says.

    Raises:
        RegistryError: not a manifest, or of another schema.
    """
    try:
        schema = msgspec.json.decode(content, type=_Head).schema
        if schema != SCHEMA:
            raise RegistryError(f"{path}: schema is {schema}; expected {SCHEMA}", "manifest")
        manifest = msgspec.json.decode(content, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RegistryError(f"{path} is not a manifest: {error}", "manifest") from error
    expected = {PERIODS_FILE}
    for cohort in manifest.cohorts:
        check_cohort_id(cohort.id, path)
        expected |= {cohort.weights_file, cohort.golden_file}
    if set(manifest.files) != expected or len(expected) != 2 * len(manifest.cohorts) + 1:
        raise RegistryError(
            f"{path}: files are {sorted(manifest.files)}; expected {sorted(expected)}", "manifest"
        )
    return manifest


def check_release(release: str, where: object) -> None:
    """Raises RegistryError if a release is not what one can be, and so could be a path."""
    if not RELEASE.fullmatch(release):
        raise RegistryError(f"{where}: release is {release!r}; expected 12 hex digits", "path")


def check_cohort_id(cohort: str, where: object) -> None:
    """Raises RegistryError if a cohort's id could not be a file's name."""
    if not COHORT.fullmatch(cohort):
        raise RegistryError(
            f"{where}: cohort is {cohort!r}; expected 1..64 letters, digits, '_' or '-'", "manifest"
        )


def plain_json(value: object, what: str) -> Any:
    """`value` as JSON would give it back: numpy numbers become plain ones, tuples become lists.

    Raises:
        RegistryError: it holds something that JSON does not, such as NaN.
    """
    try:
        return json.loads(json.dumps(value, allow_nan=False, default=_scalar))
    except (TypeError, ValueError) as error:
        raise RegistryError(f"{what} is not plain JSON: {error}", "manifest") from error


def _scalar(value: object) -> object:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"a {type(value).__name__}")


def entry_of(content: bytes) -> FileEntry:
    """What the manifest says of a file with this content."""
    return FileEntry(hashlib.sha256(content).hexdigest(), len(content))


def tensors_of(arrays: dict[str, NDArray[Any]]) -> dict[str, TensorEntry]:
    """What the manifest says of these arrays."""
    return {name: TensorEntry(str(a.dtype), a.shape) for name, a in arrays.items()}


def check_finite(arrays: dict[str, NDArray[Any]], where: object) -> None:
    """Raises RegistryError naming the first array with a NaN or an infinity."""
    for name, array in arrays.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            bad = int(np.size(array) - np.isfinite(array).sum())
            raise RegistryError(
                f"{where}: {name} has {bad} values of {math.prod(array.shape)} that are not finite", "finite"
            )
