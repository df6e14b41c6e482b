"""Reads and writes inside one folder: never through a link, never half a file.

A reader gets the bytes of a regular file once and checks those, so nothing can change between check and use.
A writer's file is complete or not there, also after a power cut.
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from models.errors import RegistryError

READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
NOT_FOLLOWED = (errno.ELOOP, errno.ENOTDIR)  # what Linux says of a link that must not be followed


def read_inside(root: Path, *parts: str, max_bytes: int) -> bytes:
    """The content of `root/parts…`; none of the parts may be a link, and the last must be a regular file.

    Raises:
        RegistryError: it is not there, is a link, not a file, larger than `max_bytes`, or unreadable.
    """
    path = root.joinpath(*parts)
    folder = -1
    try:
        folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        for part in parts[:-1]:
            inner = os.open(part, READ_FLAGS | os.O_DIRECTORY, dir_fd=folder)
            os.close(folder)
            folder = inner
        # Without O_NONBLOCK a pipe in the file's place would be waited for.
        file = os.open(parts[-1], READ_FLAGS | os.O_NONBLOCK, dir_fd=folder)
        try:
            return _read_file(file, path, max_bytes)
        finally:
            os.close(file)
    except FileNotFoundError as error:
        raise RegistryError(f"{path} is not there", "absent") from error
    except OSError as error:
        if error.errno in NOT_FOLLOWED:
            raise RegistryError(
                f"{path} leads through a link; expected files of the registry itself", "path"
            ) from error
        raise RegistryError(f"{path} cannot be read: {error.strerror}", "unreadable") from error
    finally:
        if folder >= 0:
            os.close(folder)


def _read_file(file: int, path: Path, max_bytes: int) -> bytes:
    found = os.fstat(file)
    if not stat.S_ISREG(found.st_mode):
        raise RegistryError(f"{path} is not a regular file; expected one", "path")
    if found.st_size > max_bytes:
        raise RegistryError(f"{path} has {found.st_size} bytes; expected at most {max_bytes}", "size")
    with open(file, "rb", closefd=False) as reader:
        return reader.read(max_bytes)


def write_durably(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Put `content` at `path` in one step: whoever reads sees the old file or the new one."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    create_file(part, content, mode)
    part.replace(path)
    sync_folder(path.parent)


def create_file(path: Path, content: bytes, mode: int = 0o644) -> None:
    """A new file on stable storage; its mode holds from the first moment, whatever the umask."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with open(os.open(path, flags, mode), "wb") as file:  # noqa: PTH123 - a descriptor, not a path
        os.fchmod(file.fileno(), mode)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(path: Path) -> None:
    """Make the names in a folder outlive a power cut."""
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def lock_folder(root: Path) -> Iterator[None]:
    """Alone among all that change `root`, over processes; waits until the others are done."""
    lock = os.open(root / ".lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
