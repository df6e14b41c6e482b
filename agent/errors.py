"""The errors of the agent, each with the one place that catches it.

ColdaisleError
├── ConfigError      bad config or wrong use      → command line, exit 2
├── RecordingError   a file that cannot be read   → command line, exit 1
├── BrokerError      Kafka does not answer a command → command line, exit 1
├── RegistryError    a model that must not be used → command line, exit 1; daemon keeps the old one
├── StateError       a state record that cannot be read → daemon, host begins anew, counted
├── DecodeError      one bad message              → telemetry.decoder, becomes a dead letter
├── SinkBusyError    InfluxDB cannot take it now  → daemon, waits and tries the same batch again
└── OwnershipLost    partitions moved elsewhere   → daemon, drops what it has not written
"""

from __future__ import annotations

from models.errors import ColdaisleError as ColdaisleError
from models.errors import RegistryError as RegistryError


class ConfigError(ColdaisleError):
    """A setting or an argument is wrong; the message says what, which, got, expected."""


class RecordingError(ColdaisleError):
    """A recording or table is absent, unreadable or empty."""


class BrokerError(ColdaisleError):
    """Kafka did not answer, or refused, what a command asked of it."""


class StateError(ColdaisleError):
    """A record of the state topic is damaged or of a newer version."""


class DecodeError(ColdaisleError):
    """A message carries nothing that can be used; `str(error)` is the dead letter's reason."""


class SinkBusyError(ColdaisleError):
    """The sink refuses for now; the same batch has to be tried again after `retry_after_s`."""

    def __init__(self, reason: str, retry_after_s: float) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


class OwnershipLost(ColdaisleError):  # noqa: N818 - an event, named for what happened
    """This instance no longer owns the partitions whose results it holds."""
