"""Which hosts the owner of the site must not tell the silence of, and until when."""

from __future__ import annotations

from dataclasses import dataclass, field

from agent.site_events import HostMuted


@dataclass(slots=True)
class SiteMutes:
    """The newest mute of each host, until it has ended; a part of the site's state."""

    of: dict[str, HostMuted] = field(default_factory=dict)

    def take(self, muted: HostMuted) -> bool:
        """Take a command; whether it is newer than what was known of the host."""
        known = self.of.get(muted.host)
        if known is not None and known.at_ns > muted.at_ns:
            return False
        self.of[muted.host] = muted
        return True

    def cover(self, host: str, time_ns: int) -> bool:
        """Whether the host is muted at a time."""
        muted = self.of.get(host)
        return muted is not None and muted.since_ns <= time_ns < muted.until_ns

    def end(self, time_ns: int) -> list[str]:
        """The hosts whose mute has ended by a time; it is forgotten with that."""
        ended = [host for host, muted in self.of.items() if muted.until_ns <= time_ns]
        for host in ended:
            del self.of[host]
        return ended
