"""Which version of a registry serves: one small file, replaced in one step."""

from __future__ import annotations

from pathlib import Path

import msgspec

from models.errors import RegistryError
from models.folders import read_inside, write_durably
from models.manifest import check_release

CHAMPION_FILE = "champion.json"
MAX_BYTES = 64 * 1024
MAX_HISTORY = 100


class Champion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The release that serves, its serial, and the releases that served before it, oldest first."""

    release: str
    serial: int
    history: tuple[str, ...] = ()

    def succeeded_by(self, release: str, serial: int) -> Champion:
        """The next champion after this one."""
        return Champion(release, serial, (*self.history, self.release)[-MAX_HISTORY:])

    def gone_back_to(self, release: str, serial: int) -> Champion:
        """A former champion again; those after it in the history are forgotten."""
        return Champion(release, serial, self.history[: self.history.index(release)])


def read_champion(registry: Path) -> Champion | None:
    """The champion; None if no version was ever promoted.

    Raises:
        RegistryError: the file is damaged or a link.
    """
    path = registry / CHAMPION_FILE
    if not path.exists() and not path.is_symlink():
        return None
    content = read_inside(registry, CHAMPION_FILE, max_bytes=MAX_BYTES)
    try:
        champion = msgspec.json.decode(content, type=Champion)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RegistryError(f"{path} is damaged: {error}", "champion") from error
    for release in (champion.release, *champion.history):
        check_release(release, path)
    return champion


def write_champion(registry: Path, champion: Champion) -> None:
    """Let another version serve."""
    content = msgspec.json.format(msgspec.json.encode(champion), indent=1) + b"\n"
    write_durably(registry / CHAMPION_FILE, content)
