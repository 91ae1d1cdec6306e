"""Ports of this machine: which are free, and finding one."""

from __future__ import annotations

import socket
import time


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server can listen there. One that has just ended there is no hindrance."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def is_taken(port: int) -> bool:
    """Whether somebody answers there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def any_port() -> int:
    """One that nobody has at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def port_like(remembered: int | None, preferred: int) -> int:
    """The port of last time (waiting a moment for a server that is going down), else the preferred, else any free one."""
    wanted = remembered or preferred
    deadline = time.monotonic() + (3.0 if remembered else 0.0)
    while wanted and not is_free(wanted):
        if time.monotonic() > deadline:
            return any_port()
        time.sleep(0.1)
    return wanted or any_port()
