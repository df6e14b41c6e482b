"""What diagnosis says of one tick: a named fault with its evidence; alerts read nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# What it takes to raise: a hard limit needs 1 tick, physical evidence and the score 2 of 3.
Basis = Literal["limit", "evidence", "score"]
Kind = Literal["condition", "sensor", "silence"]
Severity = Literal["P1", "P2", "P3", "info"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """One observation for or against a diagnosis; `seen` and `expected` in `unit`, −1 = not known."""

    sensor: str
    quantity: str
    unit: str
    seen: float
    expected: float
    says: Literal["for", "against"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault that a tick speaks for. Of several findings of one kind the alert tells the first."""

    kind: Kind
    fault: str
    severity: Severity
    confidence: float  # 0–1
    basis: Basis
    diagnosis: str  # one sentence with numbers and units
    evidence: tuple[Evidence, ...]
    actions: tuple[str, ...]  # what a person does first, in order
    also: tuple[str, ...] = ()  # faults that follow from this one
