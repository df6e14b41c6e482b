"""How fast telemetry is decoded once its series have been seen: one thread, no I/O."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

from agent.telemetry.decoder import Decoder
from agent.telemetry.readings import Message

POLL_MESSAGES = 1_000  # what a poll of Kafka brings


class DecodingRate(NamedTuple):
    """What was taken in, and how long it took."""

    messages: int
    readings: int
    seconds: float

    @property
    def messages_per_s(self) -> float:
        return self.messages / self.seconds

    @property
    def readings_per_s(self) -> float:
        return self.readings / self.seconds


def decoding_rate(messages: Sequence[Message], seconds: float) -> DecodingRate:
    """Decode the same messages poll by poll for at least `seconds`, after one round that learns their series.

    Raises:
        ValueError: a message was set aside, so that something else would be measured.
    """
    decoder = Decoder()
    polls = [messages[at : at + POLL_MESSAGES] for at in range(0, len(messages), POLL_MESSAGES)]
    for poll in polls:
        if decoder.decode(poll).dead_letters:
            raise ValueError("a message was set aside")
    taken = readings = 0
    begun_s = time.perf_counter()
    while True:
        for poll in polls:
            readings += len(decoder.decode(poll).readings)
            taken += len(poll)
            took_s = time.perf_counter() - begun_s
            if took_s >= seconds:
                return DecodingRate(taken, readings, took_s)
