"""The registry of rules. An app registers its own in its module `alerts`; docs/alerts.md shows how."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sigmasight.core.alerts.models import Severity

NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
NO_TIME = dt.timedelta(0)


@dataclass(frozen=True)
class Condition:
    """Something that is wrong now.

    key : what it is about, the same whenever it is seen; empty where a rule has one subject only. subject : the same for people.
    message : sentences with figures and units. as_of : session or instant of the facts.
    figures : the numbers of the message by name. named : identifiers by kind, for the link to its place.
    """

    key: str
    severity: Severity
    message: str
    subject: str = ""
    as_of: dt.date | dt.datetime | None = None
    figures: Mapping[str, Any] = field(default_factory=dict)
    named: Mapping[str, Any] = field(default_factory=dict)
    portfolio_id: UUID | None = None

    @property
    def as_of_text(self) -> str:
        if isinstance(self.as_of, dt.datetime):
            return f"{self.as_of.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC"
        return f"session {self.as_of}" if self.as_of else ""


@dataclass(frozen=True)
class Rule:
    """One kind of alert.

    name : lower case words with dashes; also its place in docs/runbook.md.
    check : the conditions that hold now, in a fixed number of queries; what it raises becomes an alert of its own.
    meaning, look, action, escalate : for whoever is on duty: what it says, what to look at first, what to do, when to call for help.
    facts : a short text that changes when what `check` reads may have changed; unchanged, an expensive check is left out.
    patience : told only once it has stood so long.     lingers : over only once it was not seen for so long.
    place : the address in the console of what an alert is about, from its `named` and portfolio.
    last : looked at after the others.
    """

    name: str
    title: str
    check: Callable[[], Iterable[Condition]]
    meaning: str
    look: str
    action: str
    escalate: str
    facts: Callable[[], str] | None = None
    patience: dt.timedelta = NO_TIME
    lingers: dt.timedelta = NO_TIME
    place: Callable[[Mapping[str, str]], str] | None = None
    last: bool = False

    @property
    def runbook(self) -> str:
        return f"docs/runbook.md#{self.name}"


_rules: dict[str, Rule] = {}


def register(rule: Rule) -> Rule:
    """Put a rule among those that are looked at every few minutes.

    Raises
    ------
    ValueError for a name that is taken or no name.
    """
    if rule.name in _rules:
        raise ValueError(f"Two rules of alerts are called {rule.name!r}.")
    if not NAME.fullmatch(rule.name):
        raise ValueError(f"{rule.name!r} is no name of a rule: lower case words with dashes.")
    _rules[rule.name] = rule
    return rule


def unregister(name: str) -> None:
    """Take a rule away again."""
    _rules.pop(name, None)


def all_rules() -> list[Rule]:
    """Every rule, in the order of looking."""
    return sorted(_rules.values(), key=lambda rule: rule.last)


def find(name: str) -> Rule | None:
    return _rules.get(name)
