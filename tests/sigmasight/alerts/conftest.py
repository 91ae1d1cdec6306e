"""A registry of one rule whose conditions a test lays on the table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import Group

from portfolios.models import User
from sigmasight.core.alerts import rules
from sigmasight.core.alerts.models import Severity
from sigmasight.core.alerts.rules import Condition, Rule
from tests.factories import UserFactory


class Table:
    """What the rule `leak` finds; `trouble` is raised instead of finding."""

    def __init__(self) -> None:
        self.conditions: list[Condition] = []
        self.trouble: Exception | None = None
        self.looks = 0

    def check(self) -> list[Condition]:
        self.looks += 1
        if self.trouble:
            raise self.trouble
        return self.conditions

    def lay(self, *keys: str, severity: Severity = Severity.WARNING, message: str = "It drips.") -> None:
        self.conditions = [
            Condition(key, severity, message, subject=f"pipe {key}", figures={"drops": 3}) for key in keys
        ]

    def change(self, **fields: Any) -> None:
        """The rule with other properties."""
        rules._rules["leak"] = replace(rules._rules["leak"], **fields)


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator[Table]:
    found = Table()
    monkeypatch.setattr(rules, "_rules", {})
    rules.register(Rule("leak", "A leak", found.check, "Water.", "The cellar.", "Turn the tap.", "The plumber."))
    return found


def of_role(role: str) -> User:
    user = UserFactory(is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    return User.objects.get(pk=user.pk)


@pytest.fixture
def operator(db: None) -> User:
    return of_role("operator")
