"""Whether the definitions of factors and scenarios are there."""

from __future__ import annotations

import pytest
from django.db import OperationalError, connections
from django.test import Client

from analytics.models import FactorDefinition, StressScenario
from analytics.services.reference import seed_reference

pytestmark = pytest.mark.django_db


def get(path: str) -> dict[str, object]:
    answer = Client().get(path)
    assert answer.status_code == 200
    return answer.json()  # type: ignore[no-any-return]


def test_an_empty_database_lacks_everything() -> None:
    FactorDefinition.objects.all().delete()
    StressScenario.objects.all().delete()
    assert get("/health/prerequisites") == {
        "factors": {"current": 0, "required": 13, "status": "incomplete"},
        "scenarios": {"current": 0, "required": 22, "status": "incomplete"},
        "overall_status": "incomplete",
    }
    status = get("/health/status")
    assert (status["status"], status["ready"]) == ("healthy", False)


def test_seeded_definitions_are_complete() -> None:
    seed_reference()
    body = get("/health/prerequisites")
    assert body["overall_status"] == "ok"
    assert body["factors"] == {"current": 13, "required": 13, "status": "ok"}
    assert body["scenarios"] == {"current": 22, "required": 22, "status": "ok"}


def test_a_scenario_put_away_is_missed() -> None:
    seed_reference()
    StressScenario.objects.filter(slot=0).update(active=False)
    assert get("/health/prerequisites")["overall_status"] == "incomplete"


def test_a_failing_check_says_so_and_nothing_of_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise OperationalError("could not connect to 10.0.0.7 as sigmasight")

    monkeypatch.setattr(connections["default"], "cursor", refuse)
    body = get("/health/prerequisites")
    assert (body["overall_status"], body["error"]) == ("error", "The core database does not answer.")
    assert get("/health/status")["ready"] is False
