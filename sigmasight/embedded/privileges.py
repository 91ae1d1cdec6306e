"""PostgreSQL refuses to run as root; this finds a way to start it that needs no system change."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class RunAs:
    """How to start a program that refuses root: a command prefix, or another account that then owns the files."""

    prefix: tuple[str, ...] = ()
    popen: dict[str, Any] = field(default_factory=dict)
    owner: tuple[int, int] | None = None

    @classmethod
    def detect(cls, probe: Path, state: Path) -> RunAs:
        """The first way that works for `probe` (a program) and `state` (the folder it must reach).

        Raises
        ------
        RuntimeError if this process is root, user namespaces are forbidden, and no unprivileged account reaches both.
        """
        if os.name != "posix" or os.geteuid() != 0:
            return cls()
        if unshare := shutil.which("unshare"):
            # In a user namespace the server sees an ordinary uid while the files stay root's: nothing has to be chowned.
            prefix = (unshare, "--user", "--map-user=65534", "--map-group=65534")
            if subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0:
                return cls(prefix=prefix)
        for account in (os.environ.get("SIGMASIGHT_PG_OS_USER"), "postgres", "nobody"):
            if account and (way := cls._as_account(account, probe, state)):
                return way
        raise RuntimeError(
            "PostgreSQL refuses to run as root, user namespaces (unshare --user) are not allowed here, and no unprivileged "
            f"account can reach {probe} and {state}. Clone outside /root, or set SIGMASIGHT_STATE to a folder others can "
            "enter, or run as another user."
        )

    @classmethod
    def _as_account(cls, account: str, probe: Path, state: Path) -> RunAs | None:
        import pwd

        try:
            entry = pwd.getpwnam(account)
        except KeyError:
            return None
        popen: dict[str, Any] = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        tries = ([str(probe), "--version"], ["/bin/sh", "-c", 'cd "$0"', str(state)])
        try:
            reached = all(
                subprocess.run(t, capture_output=True, cwd="/", check=False, **popen).returncode == 0 for t in tries
            )
        except OSError:
            return None
        return cls(popen=popen, owner=(entry.pw_uid, entry.pw_gid)) if reached else None


def die_with_parent(signal_number: signal.Signals) -> Callable[[], None]:
    """A `preexec_fn` that sends `signal_number` to the child when its parent dies, even by kill -9 (Linux only)."""
    library = ctypes.CDLL(None, use_errno=True) if os.name == "posix" else None

    def arrange() -> None:
        try:
            library.prctl(_PR_SET_PDEATHSIG, int(signal_number))  # type: ignore[union-attr]
        except AttributeError:
            return

    return arrange


def give(path: Path, uid: int, gid: int) -> None:
    """Hand a whole tree to one account: the way to run PostgreSQL may have changed since the last start."""
    if path.stat().st_uid == uid:
        return
    for root, _, files in os.walk(path):
        for name in (root, *(os.path.join(root, f) for f in files)):
            os.chown(name, uid, gid, follow_symlinks=False)
