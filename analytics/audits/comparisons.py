"""Collecting what two endpoints say of the same figure, and arithmetic in which unknown stays unknown."""

from __future__ import annotations

from collections.abc import Iterable

from analytics.audits.endpoints import Answers
from sigmasight.core.audits import Finding, Nothing, Severity

# Dollars are rounded to the cent by each endpoint; percentages have one decimal, leverage two, weights six, betas four.
CENT, PERCENT, HUNDREDTH, MILLIONTH, FOUR = 0.02, 0.051, 0.0051, 2e-6, 6e-5
ROLL = (
    "Clear the calculations of the portfolio and run the batch again; if it stays, one of the two endpoints is wrong."
)
NO_ANSWERS = Nothing("no endpoint gave two figures to compare", "Run the batch: manage.py run_batch")
EXPLAINED = "explain"
# Name of an endpoint and the path of a figure in its answer; `EXPLAINED` and a figure for its explanation.
Place = tuple[str, ...]


class Comparisons:
    """Counts what was compared and keeps what did not agree. subject : portfolio or person."""

    def __init__(self, subject: str, where: str, said: Answers) -> None:
        self.subject, self.where, self.said, self.count = subject, where, said, 0
        self.findings: list[Finding] = []

    def same(self, what: str, one: float | None, other: float | None, within: float) -> None:
        """Two figures that must be one; unknown agrees with unknown alone, and is then not counted."""
        if one is None and other is None:
            return
        self.count += 1
        if one is None or other is None or abs(one - other) > within:
            self._wrong(f"{what}: {_told(one)} against {_told(other)}")

    def agree(self, what: str, one: Place, other: Place, within: float) -> None:
        """The figures at two places; not compared where an endpoint has nothing to say, which is another check's finding."""
        if self._there(one) and self._there(other):
            self.same(what, self.figure(one), self.figure(other), within)

    def holds(self, what: str, true: bool) -> None:
        """Something that must be so."""
        self.count += 1
        if not true:
            self._wrong(what)

    def figure(self, place: Place) -> float | None:
        if place[0] == EXPLAINED:
            return self.said.number(place[1], "data", "value")
        return self.said.number(place[0], *place[1:])

    def _there(self, place: Place) -> bool:
        answer = self.said.explained.get(place[1]) if place[0] == EXPLAINED else self.said.of.get(place[0])
        return answer is not None and answer.available

    def _wrong(self, what: str) -> None:
        self.findings.append(Finding(Severity.ERROR, self.subject, what, self.where, ROLL))


def added(*values: float | None) -> float | None:
    """The sum, None if any is unknown."""
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


def total(values: Iterable[float | None]) -> float | None:
    """The sum of those that are known, None without any."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def times(value: float | None, factor: float | None) -> float | None:
    return None if value is None or factor is None else value * factor


def _told(value: float | None) -> str:
    return "unknown" if value is None else f"{value:,.6f}".rstrip("0").rstrip(".")
