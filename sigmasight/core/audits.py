"""What an audit says: checks with what they looked at, and findings with what to do about them. Each floor checks its own rows."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

SCHEMA = 1
# A check that finds more keeps the worst and says how many it left out.
MOST_FINDINGS = 500
MOST_NAMED = 10
WIDTH = 34


class Severity(StrEnum):
    """Worst first: a figure or a row is wrong; something is missing or doubtful; good to know."""

    ERROR = "error"
    WARNING = "warning"
    INFORMATION = "information"


ORDER = list(Severity)


@dataclass(frozen=True, slots=True)
class Finding:
    """subject : the symbol, lot, account or scenario. what : the fault, with stored and expected value. where : whose it is, or the
    table and session. advice : what to do."""

    severity: Severity
    subject: str
    what: str
    where: str
    advice: str


@dataclass(frozen=True, slots=True)
class Nothing:
    """What it means if a check has nothing to look at: said as a finding, never as a pass."""

    why: str
    advice: str
    severity: Severity = Severity.WARNING


@dataclass(frozen=True)
class Check:
    """looked_at : how many of what. findings : the worst first, `MOST_FINDINGS` at most. counts : all, by severity. told : what was
    seen, in sentences."""

    name: str
    looked_at: Mapping[str, int]
    findings: tuple[Finding, ...]
    counts: Mapping[Severity, int]
    told: tuple[str, ...] = ()


def check(
    name: str, looked_at: Mapping[str, int], findings: Iterable[Finding], *, nothing: Nothing, told: Iterable[str] = ()
) -> Check:
    """A check that was done. Where it looked at nothing, that is its finding."""
    found = list(findings)
    if not any(looked_at.values()):
        found.append(Finding(nothing.severity, name, f"nothing to check: {nothing.why}", "", nothing.advice))
    counts = Counter(finding.severity for finding in found)
    found.sort(key=lambda finding: ORDER.index(finding.severity))
    if len(found) > MOST_FINDINGS:
        left = len(found) - MOST_FINDINGS
        found = found[:MOST_FINDINGS]
        told = (*told, f"{left:,} more findings are counted but not listed")
    return Check(name, dict(looked_at), tuple(found), {one: counts[one] for one in Severity}, tuple(told))


def undone(name: str, error: Exception) -> Check:
    """A check that broke off: that is a fault too, for nobody knows what it would have found."""
    what = f"could not be done: {type(error).__name__}: {error}"
    finding = Finding(Severity.ERROR, name, what, "", "Mend what the message names and run the audit again.")
    return Check(name, {}, (finding,), {one: int(one is Severity.ERROR) for one in Severity})


@dataclass(frozen=True)
class AuditReport:
    """An audit that was done. scope : what it was limited to, in words; empty for everything."""

    audit: str
    title: str
    scope: Mapping[str, str]
    checked_at: dt.datetime
    checks: tuple[Check, ...]

    def count(self, severity: Severity) -> int:
        return sum(one.counts[severity] for one in self.checks)

    def failed(self, *, strict: bool = False) -> bool:
        """Whether there is an error; with `strict` a warning suffices."""
        return bool(self.count(Severity.ERROR) or (strict and self.count(Severity.WARNING)))

    def document(self) -> dict[str, Any]:
        """The report as JSON says it: docs/audits.md lists the keys."""
        return {
            "schema": SCHEMA,
            "audit": self.audit,
            "title": self.title,
            "scope": dict(self.scope),
            "checked_at": self.checked_at.isoformat(),
            "counts": {"checks": len(self.checks), **{one.value: self.count(one) for one in Severity}},
            "checks": [
                {
                    "name": one.name,
                    "looked_at": dict(one.looked_at),
                    "counts": {severity.value: one.counts[severity] for severity in Severity},
                    "told": list(one.told),
                    "findings": [asdict(finding) for finding in one.findings],
                }
                for one in self.checks
            ],
        }

    def lines(self) -> Iterator[str]:
        """The report for people, a line each; the last one sums it up."""
        limits = "".join(f", {name} {value}" for name, value in self.scope.items())
        yield f"{self.title}{limits}, {self.checked_at:%Y-%m-%d %H:%M} UTC"
        for one in self.checks:
            yield ""
            seen = ", ".join(f"{noun} {count:,}" for noun, count in one.looked_at.items()) or "-"
            yield f"{_verdict(one):<9}{one.name:<{WIDTH}} {seen}"
            yield from (f"         {line}" for line in one.told)
            for finding in one.findings:
                where = f" ({finding.where})" if finding.where else ""
                yield f"  {finding.severity.value:<12} {finding.subject}{where}: {finding.what}"
                yield f"               {finding.advice}"
        yield ""
        yield self.summary()

    def summary(self) -> str:
        clean = sum(not any(one.counts.values()) for one in self.checks)
        parts = (
            counted(self.count(Severity.ERROR), "error"),
            counted(self.count(Severity.WARNING), "warning"),
            f"{self.count(Severity.INFORMATION):,} for information",
        )
        return f"{counted(len(self.checks), 'check')}, {clean} without a finding: {', '.join(parts)}."


def _verdict(one: Check) -> str:
    worst = next((severity for severity in ORDER if one.counts[severity]), None)
    return {None: "ok", Severity.ERROR: "WRONG", Severity.WARNING: "doubtful", Severity.INFORMATION: "noted"}[worst]


def counted(count: int, noun: str) -> str:
    """ "1 lot", "3 lots"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def named(names: Iterable[object], most: int = MOST_NAMED) -> str:
    """The first names, and how many more there are."""
    every = [str(name) for name in names]
    more = f" and {len(every) - most:,} more" if len(every) > most else ""
    return ", ".join(every[:most]) + more
