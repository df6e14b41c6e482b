"""Hosts that fell silent together, and which of them are back: the text of their alert."""

from __future__ import annotations

from collections.abc import Sequence

from agent.narrative.facts import list_names


def say_together(hosts: Sequence[str], source: str, racks: Sequence[str]) -> str:
    """That hosts fell silent together, and what may be down; `racks` where they are whole ones."""
    who = f"{len(hosts):,} hosts ({list_names(hosts)})"
    what = "the collector, network or power that they share is down"
    if racks:
        few = " and ".join(racks) if len(racks) <= 2 else list_names(racks)
        who = f"All {len(hosts):,} hosts of rack{'s' * (len(racks) > 1)} {few} ({list_names(hosts)})"
        what = f"the collector, switch or power of {'the rack' if len(racks) == 1 else 'these racks'} is down"
    return f"{who} fell silent together while {source} goes on: {what}."


def say_back(hosts: Sequence[str], silent: Sequence[str]) -> str:
    """How many of the hosts that fell silent are back, and which are not; "" while none is."""
    if not silent:
        return "All are back."
    back = len(hosts) - len(silent)
    if not back:
        return ""
    return (
        f"{back:,} of {len(hosts):,} {'is' if back == 1 else 'are'} back; "
        f"{len(silent):,} {'is' if len(silent) == 1 else 'are'} still silent ({list_names(silent)})."
    )
