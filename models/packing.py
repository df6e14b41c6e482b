"""A detector as files and back: tensors as safetensors, nothing that can hold code.

    Detector ──pack──► weights, golden case, CohortEntry ──unpack──► Detector, tried on its golden case

Unpacking believes nothing: header size, names, types, shapes, finite values, outputs.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors
from safetensors.numpy import save as save_tensors

from models.errors import RegistryError
from models.golden import compare_outputs, compute_outputs, make_inputs
from models.manifest import CohortEntry, check_cohort_id, check_finite, plain_json, tensors_of

if TYPE_CHECKING:
    from models.detector import Detector

MAX_HEADER_BYTES = 1024 * 1024  # of a safetensors file; ours have a few kB
MISFITS = (
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    RuntimeError,
)  # what restoring may raise

Arrays = dict[str, NDArray[Any]]
Restore = Callable[[Arrays, dict[str, Any]], "Detector"]


@dataclass(frozen=True, slots=True)
class Packed:
    """What is stored of a cohort's detector."""

    entry: CohortEntry
    weights: bytes
    golden: bytes


def restore_on(device: str) -> Restore:
    """Makes detectors of their arrays on `device`; torch is imported when the first one is made."""

    def restore(arrays: Arrays, meta: dict[str, Any]) -> Detector:
        from models.detector import Detector

        return Detector.from_arrays(arrays, meta, device)

    return restore


def pack_detector(detector: Detector, restore: Restore) -> Packed:
    """A detector as files. It is restored at once, and must then give what the one at hand gives.

    Raises:
        RegistryError: an array is not finite, something is not plain JSON, or the restored one differs.
    """
    where = f"cohort {detector.cohort}"
    check_cohort_id(detector.cohort, "detector")
    live, meta = detector.to_arrays()
    arrays = _contiguous(live)
    check_finite(arrays, where)
    meta = plain_json(meta, f"{where}: meta")
    restored = restore(arrays, meta)
    inputs = make_inputs(restored)
    outputs = compute_outputs(restored, inputs)
    compare_outputs(compute_outputs(detector, inputs), outputs, where)
    case = {f"in.{name}": array for name, array in inputs.items()}
    case |= {f"out.{name}": array for name, array in outputs.items()}
    entry = CohortEntry(detector.cohort, tensors_of(arrays), meta)
    return Packed(entry, save_tensors(arrays), save_tensors(_contiguous(case)))


def unpack_detector(
    entry: CohortEntry, weights: bytes, golden: bytes, restore: Restore, folder: Path
) -> Detector:
    """The detector in a cohort's two files, whose hashes were checked; `folder` is for what an error says.

    Raises:
        RegistryError: the files are not what the entry says, or the detector gives other outputs.
    """
    path, golden_path = folder / entry.weights_file, folder / entry.golden_file
    arrays = _read_tensors(weights, path)
    _check_tensors(arrays, entry, path)
    check_finite(arrays, path)
    try:
        detector = restore(arrays, entry.meta)
    except MISFITS as error:
        raise RegistryError(f"{path} does not fit this program: {error!r}", "format") from error
    if detector.cohort != entry.id:
        raise RegistryError(f"{path} is of cohort {detector.cohort}; expected {entry.id}", "manifest")
    case = _read_tensors(golden, golden_path)
    inputs = {name.removeprefix("in."): array for name, array in case.items() if name.startswith("in.")}
    expected = {name.removeprefix("out."): array for name, array in case.items() if name.startswith("out.")}
    if not expected:
        raise RegistryError(f"{golden_path} has no outputs; expected some to compare with", "golden")
    try:
        outputs = compute_outputs(detector, inputs)
    except MISFITS as error:
        raise RegistryError(f"{golden_path} does not fit {path}: {error!r}", "golden") from error
    compare_outputs(outputs, expected, path)
    return detector


def _contiguous(arrays: Arrays) -> Arrays:
    """Copies in C order: safetensors writes the memory of an array, whatever its strides."""
    return {name: np.array(array, order="C") for name, array in arrays.items()}


def _read_tensors(content: bytes, path: Path) -> Arrays:
    header_bytes = struct.unpack("<Q", content[:8])[0] if len(content) >= 8 else 0
    if not 0 < header_bytes <= MAX_HEADER_BYTES:
        raise RegistryError(
            f"{path}: the header has {header_bytes} bytes; expected 1..{MAX_HEADER_BYTES}", "format"
        )
    try:
        arrays: Arrays = load_tensors(content)
    except (SafetensorError, KeyError, ValueError) as error:
        raise RegistryError(f"{path} is not safetensors: {error}", "format") from error
    return arrays


def _check_tensors(arrays: Arrays, entry: CohortEntry, path: Path) -> None:
    if arrays.keys() != entry.tensors.keys():
        odd = sorted(arrays.keys() ^ entry.tensors.keys())
        raise RegistryError(
            f"{path}: tensors {', '.join(odd)} are there or in the manifest, not both", "tensors"
        )
    found = tensors_of(arrays)
    for name, expected in entry.tensors.items():
        if found[name] != expected:
            raise RegistryError(
                f"{path}: {name} is {found[name].dtype} {list(found[name].shape)}; "
                f"expected {expected.dtype} {list(expected.shape)}",
                "tensors",
            )
