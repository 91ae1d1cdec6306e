"""The registry behind `verify_setup`: every app registers what must be true for it to work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True)
class Finding:
    """What one check saw, in a sentence that says what to do when it is not fine."""

    verdict: Verdict
    message: str


Check = Callable[[], Finding]
_checks: dict[str, Check] = {}


def register(name: str) -> Callable[[Check], Check]:
    """Decorator: run the function under this name whenever the set-up is verified. Names are shown in this order."""

    def keep(check: Check) -> Check:
        _checks[name] = check
        return check

    return keep


def ok(message: str) -> Finding:
    return Finding(Verdict.OK, message)


def warning(message: str) -> Finding:
    return Finding(Verdict.WARNING, message)


def failed(message: str) -> Finding:
    return Finding(Verdict.FAILED, message)


def run_all() -> list[tuple[str, Finding]]:
    """Every registered check with its finding. A check that raises has failed, with the exception as its message."""
    findings = []
    for name, check in _checks.items():
        try:
            findings.append((name, check()))
        except Exception as error:  # noqa: BLE001 - a broken part must not hide the state of the others
            findings.append((name, failed(f"{type(error).__name__}: {error}".strip().replace("\n", " "))))
    return findings
