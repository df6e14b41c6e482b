#!/usr/bin/env python3
"""Says where Chromium is, for the tests that look at pages; where CI=true installs it on Debian.

Exit codes: 0 there is one (its path is printed), 1 its installation failed, 3 there is none, so the tests
that need it are skipped.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
INSTALL = (
    ("apt-get", "update", "-qq"),
    ("apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"),
)
EXIT_FAILED, EXIT_NONE = 1, 3


def find_chromium() -> str | None:
    """The path of a Chromium on PATH, or None."""
    return next((path for path in map(shutil.which, PROGRAMS) if path), None)


def may_install() -> bool:
    """True only on a machine that is there for tests alone, and only where it can work."""
    return os.environ.get("CI") == "true" and os.geteuid() == 0 and shutil.which("apt-get") is not None


def install_chromium() -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in INSTALL:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)} failed: {done.stderr.strip()}")


def main() -> int:
    found = find_chromium()
    if found is None and may_install():
        print("browser: installing Chromium ...", flush=True)
        try:
            install_chromium()
        except RuntimeError as failed:
            print(f"browser: {failed}", file=sys.stderr)
            return EXIT_FAILED
        found = find_chromium()
    if found is None:
        print(
            f"browser: none of {', '.join(PROGRAMS)} is on PATH; tests that need it are skipped",
            file=sys.stderr,
        )
        return EXIT_NONE
    print(f"browser: {found}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
