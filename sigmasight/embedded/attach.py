"""How a process of the project gets its servers: attach to the running ones, else start them and stop them at its end."""

from __future__ import annotations

import atexit
import hashlib
import os
import re
from pathlib import Path

from sigmasight.embedded.stack import Stack

PROJECT_ROOT = Path(__file__).resolve().parents[2]
DEFAULT_DATABASE = "simulated"

_running: Stack | None = None


def default_state_directory() -> Path:
    """`.state` of the clone, or `SIGMASIGHT_STATE`."""
    return Path(os.environ.get("SIGMASIGHT_STATE") or PROJECT_ROOT / ".state")


def chosen_database(state: Path) -> str:
    """Which core database to use: `SIGMASIGHT_DATABASE`, else the one the last `make demo` filled, else the simulated one.

    One database holds one family of prices; that is why there is more than one.
    """
    name = os.environ.get("SIGMASIGHT_DATABASE")
    if not name:
        try:
            name = (state / "current-database").read_text().strip()
        except OSError:
            name = DEFAULT_DATABASE
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,40}", name):
        raise ValueError(f"SIGMASIGHT_DATABASE={name!r}: use small letters, digits and underscores, at most 41")
    return name


def choose_price_source(arguments: list[str]) -> None:
    """Let `demo` pick the source and its database before the settings are read.

    Parameters
    ----------
    arguments : the words after ``manage.py demo``: ``--live`` or ``--prices DIR`` with or without
        ``--proxies`` (simulated without either).

    Each source has a core database of its own, because one database holds one family of prices. `remember_database` makes
    it the one that later commands of this clone use.
    """
    source, database = "simulated", DEFAULT_DATABASE
    if "--live" in arguments:
        source, database = "live", "live"
    for index, word in enumerate(arguments):
        given = (
            arguments[index + 1]
            if word == "--prices" and index + 1 < len(arguments)
            else word.partition("--prices=")[2]
        )
        if given:
            directory = Path(given).expanduser().resolve()
            if not directory.is_dir():
                raise SystemExit(f"There is no directory {directory} to take prices from.")
            source = f"{'files-with-proxies' if '--proxies' in arguments else 'files'}:{directory}"
            database = f"files_{hashlib.sha256(source.encode()).hexdigest()[:10]}"
    os.environ["MARKETDATA_SOURCE"] = source
    if not any(os.environ.get(name) for name in ("DATABASE_URL", "AI_DATABASE_URL", "REDIS_URL")):
        os.environ["SIGMASIGHT_DATABASE"] = database
        state = default_state_directory()
        state.mkdir(parents=True, exist_ok=True)
        (state / f"{database}.source").write_text(source + "\n")


def remember_database() -> None:
    """Let later commands of this clone use the database that this process chose; nothing where the servers are others'."""
    if _running is not None:
        state = default_state_directory()
        (state / "current-database").write_text(chosen_database(state) + "\n")


def chosen_source() -> str:
    """The price source that belongs to the chosen core database, as the last `demo` on it said; empty if there was none."""
    state = default_state_directory()
    try:
        return (state / f"{chosen_database(state)}.source").read_text().strip()
    except (OSError, ValueError):
        return ""


def attach_or_start() -> dict[str, str]:
    """Server URLs of the embedded stack of this clone, started if nobody runs it.

    Returns
    -------
    `DATABASE_URL`, `AI_DATABASE_URL`, `REDIS_URL`.
    """
    global _running
    state = default_state_directory()
    if _running is None:
        _running = Stack(state).start()
        starter = os.getpid()

        def stop_if_starter() -> None:
            # A forked worker inherits this handler but not the right to stop its parent's servers.
            if os.getpid() == starter and _running is not None:
                _running.stop()

        atexit.register(stop_if_starter)
    name = chosen_database(state)
    _running.ensure_database(name)
    return _running.environment(name)
