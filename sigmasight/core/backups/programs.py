"""PostgreSQL's own programs for copies: found where they suit the server, and run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sigmasight.core.backups.places import Place
from sigmasight.core.errors import DomainError

# Debian's place: its programs on the PATH choose a version by themselves.
VERSIONED = Path("/usr/lib/postgresql")
LOOK_SECONDS = 0.25
TOLD = 1_500

_folders: list[Callable[[], Path]] = []


def look_in(folder: Callable[[], Path]) -> None:
    """Register a folder that is looked into before all others; it may raise RuntimeError where there is none."""
    _folders.append(folder)


@dataclass(frozen=True)
class Program:
    path: Path
    major: int
    version: str


def program(name: str, *, least: int) -> Program:
    """The one that is nearest to a server of version `least`: not older, and as little newer as there is.

    Raises
    ------
    DomainError if there is none, with what is here and what to install.
    """
    found = [one for folder in _places() if (one := _asked(folder / name)) is not None]
    fitting = [one for one in found if one.major >= least]
    if fitting:
        return min(fitting, key=lambda one: one.major)
    here = ", ".join(f"{one.version} ({one.path})" for one in found) or "none"
    raise DomainError(
        "client_too_old",
        f"{name} of PostgreSQL {least} or newer is needed; here is {here}. Install postgresql-client-{least} (Debian and Ubuntu: "
        "from apt.postgresql.org), or name its folder in SIGMASIGHT_PG_BIN.",
    )


def _places() -> Iterator[Path]:
    for folder in _folders:
        with suppress(RuntimeError):
            yield folder()
    yield from sorted(VERSIONED.glob("*/bin"))
    yield from (Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder)


def _asked(path: Path) -> Program | None:
    if shutil.which(path) is None:
        return None
    try:
        answer = subprocess.run([path, "--version"], capture_output=True, text=True, check=False, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return None
    version = re.search(r"\(PostgreSQL\) ((\d+)\S*)", answer.stdout)
    return Program(path, int(version[2]), version[1]) if version else None


def run(command: list[str | Path], place: Place, meanwhile: Callable[[], None] = lambda: None) -> None:
    """Run a program to its end, calling `meanwhile` four times a second. Whatever ends this, ends the program.

    Raises
    ------
    DomainError with what the program said if it failed.
    """
    running = subprocess.Popen(
        command, env=place.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )  # fmt: skip
    try:
        while True:
            try:
                _, said = running.communicate(timeout=LOOK_SECONDS)
                break
            except subprocess.TimeoutExpired:
                meanwhile()
    except BaseException:
        running.terminate()
        running.communicate()
        raise
    meanwhile()
    if running.returncode:
        raise DomainError("program_failed", f"{Path(command[0]).name} failed for {place}: {said.strip()[-TOLD:]}")
