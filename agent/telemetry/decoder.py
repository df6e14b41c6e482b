"""From messages of any dialect to readings: the one door that telemetry comes in by.

    message ──first bytes──► { or [   ─► json_messages ─► telegraf_json, native, otlp_json, … ─┐
                         ├─► protobuf ─► otlp_protobuf ────────────────────────────────────────┤
                         └─► text     ─► line_messages ────────────────────────────────────────┤
                                                                 measurements/ + catalogue ◄───┘
                                                                 (once for each series)

Every message is chosen for by itself, without configuration, and is either decoded or a dead letter. Nothing
that a message holds can raise, and nothing is remembered that changes what a later message means: the same
messages in any batches give the same readings.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from agent.errors import DecodeError
from agent.telemetry.binding import MAX_HOSTS, Binder, Columns
from agent.telemetry.json_messages import JsonMessages
from agent.telemetry.line_messages import LineMessages
from agent.telemetry.mappings import FieldMapping
from agent.telemetry.otlp_protobuf import FIRST_BYTE, NOT_OTLP, OtlpProtobuf, may_be_otlp
from agent.telemetry.readings import DeadLetter, Decoded, Message, SeriesTable
from agent.telemetry.reasons import (
    EMPTY,
    NOT_JSON,
    NOT_UTF8,
    NOTHING_USABLE,
    TOMBSTONE,
    TOO_LARGE,
    TOO_MANY_SENSORS,
    unsupported,
)

MAX_MESSAGE_BYTES = 1_048_576  # Kafka's own default limit; a bigger one is no telemetry
_BLANK = b" \t\r\n"
_JSON_STARTS = b"{["

# First bytes of formats that are told apart but not read, and of texts in other encodings.
_MAGIC = (
    (b"\x1f\x8b", unsupported("gzip")),
    (b"\x28\xb5\x2f\xfd", unsupported("zstd")),
    (b"\x04\x22\x4d\x18", unsupported("lz4")),
    (b"\xff\x06\x00\x00sNaPpY", unsupported("snappy")),
    (b"Obj\x01", unsupported("avro")),
    (b"\x00", unsupported("avro")),  # the registry's framing: 0, then a schema's number
    (b"\xef\xbb\xbf", NOT_JSON),  # a byte order mark has no place in JSON
    (b"\xff\xfe", NOT_UTF8),
    (b"\xfe\xff", NOT_UTF8),
)
_MSGPACK_MAPS = range(0x80, 0x90)
_SUSPECT = frozenset((*range(0x21), *range(0x7F, 0x100), *(magic[0] for magic, _ in _MAGIC)))

Reader = Callable[[bytes, Message, Columns], str]


class Decoder:
    """Decodes messages; `series` numbers the sensors, `places` is what tags told of each host's rack and row.

    `mappings` are the site's own words on what fields mean, and win over ours. Keeps caches, which grow with
    the number of series and start anew at a limit, and no other state.
    """

    def __init__(self, mappings: Sequence[FieldMapping] = (), max_hosts: int = MAX_HOSTS) -> None:
        self._binder = binder = Binder(mappings, max_hosts)
        self.series: SeriesTable = binder.series
        self.places: dict[str, dict[str, str]] = binder.places  # host → {"rack": …, "row": …}
        self._lines, self._json, self._otlp = LineMessages(binder), JsonMessages(binder), OtlpProtobuf(binder)
        self._readers: list[Reader] = [self._lines.decode] * 256  # by a message's first byte
        for first in _JSON_STARTS:
            self._readers[first] = self._json.decode
        for first in _SUSPECT:
            self._readers[first] = self._decode_suspect

    def decode(self, messages: Sequence[Message]) -> Decoded:
        """The readings of a batch in its order, and a dead letter for each message without any."""
        out, dead_letters, binder, readers = Columns(), [], self._binder, self._readers
        binder.refused = -1
        for at, message in enumerate(messages):
            binder.message = at
            value = message.value
            if value and len(value) <= MAX_MESSAGE_BYTES:
                try:
                    reason = readers[value[0]](value, message, out)
                except DecodeError as error:
                    reason = str(error)
                out.ends.append(len(out.value))
                if not reason:
                    continue
            else:
                out.ends.append(len(out.value))
                reason = TOMBSTONE if value is None else TOO_LARGE if value else EMPTY
            if binder.refused == at and reason == NOTHING_USABLE:
                reason = TOO_MANY_SENSORS
            dead_letters.append(DeadLetter(at, reason))
        told, binder.told = tuple(binder.told), []
        return Decoded(out.to_readings(), tuple(dead_letters), told)

    def tell_again(self) -> None:
        """Hosts may begin anew, or earlier in their log: places that were told count as untold."""
        self._binder.tell_again()

    def _decode_suspect(self, value: bytes, message: Message, out: Columns) -> str:
        """A message that may be text after all, or something else: its first byte does not tell."""
        if may_be_otlp(value):
            reason = self._otlp.decode(value, message, out)
            if reason != NOT_OTLP or _is_binary(value):
                return reason
        if value.lstrip(_BLANK)[:1] in (b"{", b"["):
            return self._json.decode(value, message, out)
        return _refusal(value) or self._lines.decode(value, message, out)


def _refusal(value: bytes) -> str:
    """Why a message of a suspect first byte need not be parsed; "" where it may be line protocol."""
    for magic, reason in _MAGIC:
        if value.startswith(magic):
            return reason
    if value[0] in _MSGPACK_MAPS:
        return unsupported("msgpack")
    if value[0] == FIRST_BYTE and _is_binary(value):
        return NOT_OTLP
    return EMPTY if not value.strip(_BLANK) else ""


def _is_binary(value: bytes) -> bool:
    try:
        return "\x00" in value.decode()
    except UnicodeDecodeError:
        return True
