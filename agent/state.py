"""A host as a record of the state topic, and back.

    Host ──encode──► bytes (msgpack, zstd) keyed by host in `<group>.state` ──decode──► Host

A record is the whole host as it stood before `offset` of its source. From it and the log since then the host
can be made again exactly, so a record needs writing only every few minutes (see agent/checkpoints.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
import numpy as np
import zstandard
from numpy.typing import NDArray

from agent.airflow import AirFlow
from agent.alerts import HostAlerts
from agent.clock_offset import ClockOffset
from agent.errors import StateError
from agent.gpus import Gpus
from agent.host import HISTORY_TICKS, Host
from agent.incidents import SiteState
from agent.load_past import LoadPast
from agent.phases import Phases
from agent.physics import Physics
from agent.ticks import HostClock
from agent.told_place import ToldPlace
from agent.trust.host_trust import HostTrust
from agent.windows import History
from models.level import Level
from models.linear import FirstBoot
from models.newcomer import Offset
from models.tops import Tops

RECORD_VERSION = 1
UNREADABLE = (zstandard.ZstdError, msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError)
MAX_RECORD_BYTES = 32 * 1024 * 1024  # unpacked; a host of 1,000 sensors has less than 1 MB


class ArrayRecord(msgspec.Struct, array_like=True, frozen=True):
    """A numpy array as bytes."""

    dtype: str
    shape: tuple[int, ...]
    data: bytes


class HostRecord(msgspec.Struct, frozen=True):
    """Everything of a host but what can be derived."""

    version: int
    name: str
    source: str
    offset: int
    event_ns: int  # the source's newest event time then
    clock: HostClock
    alerts: HostAlerts
    level: Level
    values: ArrayRecord
    present: ArrayRecord
    cohort: str
    first_hour: int
    summary_minute: int
    first_boot: dict[str, ArrayRecord] | None
    trust: dict[str, ArrayRecord] = {}
    kind: str = ""
    forgotten_ns: int = 0
    told_place: ToldPlace = msgspec.field(default_factory=ToldPlace)
    air_flow: AirFlow = msgspec.field(default_factory=AirFlow)
    tops: Tops = msgspec.field(default_factory=Tops)
    newcomer: dict[str, ArrayRecord] | None = None
    physics: dict[str, ArrayRecord] = {}
    gpus: Gpus = msgspec.field(default_factory=Gpus)
    phases: Phases = msgspec.field(default_factory=Phases)
    load_past: dict[str, ArrayRecord] = {}
    clock_offset: ClockOffset = msgspec.field(default_factory=ClockOffset)


class SiteRecord(msgspec.Struct, frozen=True):
    """All that the owner of the site knows, before `offset` of the topic of alerts."""

    version: int
    offset: int
    event_ns: int
    state: SiteState


Record = TypeVar("Record", HostRecord, SiteRecord)

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(HostRecord)
_site_decoder = msgspec.msgpack.Decoder(SiteRecord)


def encode_host(host: Host, offset: int, event_ns: int) -> bytes:
    """The record of a host to which every message of its source below `offset` has been applied."""
    first_boot = host.first_boot.to_arrays() if host.first_boot is not None else None
    record = HostRecord(
        version=RECORD_VERSION,
        name=host.name,
        source=host.source,
        offset=offset,
        event_ns=event_ns,
        clock=host.clock,
        alerts=host.alerts,
        level=host.level,
        values=pack_array(host.history.values),
        present=pack_array(host.history.present),
        cohort=host.cohort,
        first_hour=host.first_hour,
        summary_minute=host.summary_minute,
        first_boot=_packed(first_boot) if first_boot is not None else None,
        trust=_packed(host.trust.to_arrays()),
        kind=host.kind,
        forgotten_ns=host.forgotten_ns,
        told_place=host.told_place,
        air_flow=host.air_flow,
        tops=host.tops,
        newcomer=_packed(host.offset.to_arrays()) if host.offset is not None else None,
        physics=_packed(host.physics.to_arrays()),
        gpus=host.gpus,
        phases=host.phases,
        load_past=_packed(host.load_past.to_arrays()),
        clock_offset=host.clock_offset,
    )
    return zstandard.compress(_encoder.encode(record), 3)


def _packed(arrays: Mapping[str, NDArray[Any]]) -> dict[str, ArrayRecord]:
    return {name: pack_array(array) for name, array in arrays.items()}


def _unpacked(records: Mapping[str, ArrayRecord]) -> dict[str, NDArray[Any]]:
    return {name: unpack_array(record) for name, record in records.items()}


def decode_record(data: bytes) -> HostRecord:
    """The record in a message of the state topic.

    Raises:
        StateError: it is damaged or of a newer version.
    """
    return _decode(_decoder, data, "state record")


def encode_site(state: SiteState, offset: int, event_ns: int) -> bytes:
    """The record of a site to which every event below `offset` has been applied."""
    record = SiteRecord(version=RECORD_VERSION, offset=offset, event_ns=event_ns, state=state)
    return zstandard.compress(_encoder.encode(record), 3)


def decode_site(data: bytes) -> SiteRecord:
    """The site's record in a message of the state topic.

    Raises:
        StateError: it is damaged or of a newer version.
    """
    return _decode(_site_decoder, data, "state record of the site")


def _decode(decoder: msgspec.msgpack.Decoder[Record], data: bytes, what: str) -> Record:
    try:
        record = decoder.decode(_unpack(data))
    except UNREADABLE as error:
        raise StateError(f"{what} is unreadable: {error}") from None
    if record.version != RECORD_VERSION:
        raise StateError(f"{what} has version {record.version}; expected {RECORD_VERSION}")
    return record


def _unpack(data: bytes) -> bytes:
    """A frame may say its own size, and is then unpacked whatever limit is given: so ask it first."""
    if zstandard.frame_content_size(data) > MAX_RECORD_BYTES:
        raise ValueError(f"larger than {MAX_RECORD_BYTES} bytes")
    return zstandard.decompress(data, max_output_size=MAX_RECORD_BYTES)


def host_of_record(record: HostRecord) -> Host:
    """The host as it stood at the record's offset."""
    first_boot = record.first_boot
    return Host(
        name=record.name,
        source=record.source,
        clock=record.clock,
        alerts=record.alerts,
        history=History(HISTORY_TICKS, unpack_array(record.values), unpack_array(record.present)),
        level=record.level,
        tops=record.tops,
        offset=None if record.newcomer is None else Offset.from_arrays(_unpacked(record.newcomer)),
        cohort=record.cohort,
        kind=record.kind,
        forgotten_ns=record.forgotten_ns,
        told_place=record.told_place,
        first_hour=record.first_hour,
        summary_minute=record.summary_minute,
        first_boot=None if first_boot is None else FirstBoot.from_arrays(_unpacked(first_boot)),
        applied_to=record.offset,
        trust=HostTrust.from_arrays(_unpacked(record.trust)),
        air_flow=record.air_flow,
        physics=Physics.from_arrays(_unpacked(record.physics)),
        gpus=record.gpus,
        phases=record.phases,
        load_past=LoadPast.from_arrays(_unpacked(record.load_past)),
        clock_offset=record.clock_offset,
        skew=record.clock_offset.skew,
    )


def pack_array(array: NDArray[Any]) -> ArrayRecord:
    return ArrayRecord(array.dtype.str, array.shape, array.tobytes())


def unpack_array(record: ArrayRecord) -> NDArray[Any]:
    return np.frombuffer(record.data, np.dtype(record.dtype)).reshape(record.shape).copy()
