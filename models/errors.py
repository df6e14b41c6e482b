"""The error that models raise on purpose, and the root of the tree that agent/errors.py shows."""

from __future__ import annotations


class ColdaisleError(Exception):
    """Base of all errors that Coldaisle raises on purpose."""


class RegistryError(ColdaisleError):
    """A model is absent, damaged, unsigned or does not fit; `cause` is one word of it, for counters."""

    def __init__(self, message: str, cause: str = "registry") -> None:
        super().__init__(message)
        self.cause = cause
