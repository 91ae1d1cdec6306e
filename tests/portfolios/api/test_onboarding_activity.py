"""What staff see of the way from registering to a first portfolio."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from portfolios.models import UserActivityEvent
from portfolios.services.tokens import issue_admin_token
from tests.analytics.api.callers import answer, client_of
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 2, 27, 22, tzinfo=dt.UTC)


@pytest.fixture
def staff(evening: dt.date) -> Client:
    token = issue_admin_token(UserFactory(is_staff=True), ip_address=None, user_agent="")
    return Client(headers={"Authorization": f"Bearer {token}"}, raise_request_exception=False)


def happened(name: str, times: int = 1, *, hours_ago: float = 1, **more: Any) -> None:
    kind = name if "." in name else f"onboarding.{name}"
    UserActivityEvent.objects.bulk_create(
        UserActivityEvent(
            event_type=kind,
            event_category=kind.partition(".")[0],
            created_at=NOW - dt.timedelta(hours=hours_ago),
            **more,
        )
        for _ in range(times)
    )


def test_the_funnel_counts_each_newcomer_once(staff: Client) -> None:
    people = [UserFactory() for _ in range(6)]
    happened("register_start", 8)
    for place, person in enumerate(people):
        happened("register_complete", user=person)
        happened("login_success", 1 + place, user=person)
        if place < 3:
            happened("portfolio_complete", user=person)
    # Before the window; not of a newcomer; another category.
    happened("register_start", 100, hours_ago=24 * 8)
    happened("login_success", 9, user=UserFactory())
    happened("chat.session_start", 5)
    told = answer(staff, "admin/onboarding/funnel", days=7)
    assert told["date_range"] == {"start": "2026-02-20T22:00:00Z", "end": "2026-02-27T22:00:00Z"}
    assert (told["period_days"], told["total_started"], told["total_completed"]) == (7, 8, 3)
    assert (told["total_register_starts"], told["total_portfolio_completes"]) == (8, 3)
    assert told["overall_conversion_rate"] == 37.5
    assert [(one["step"], one["count"], one["conversion_rate"]) for one in told["steps"]] == [
        ("register_start", 8, 100), ("register_complete", 6, 75), ("login_success", 6, 75), ("portfolio_start", 0, 0),
        ("portfolio_complete", 3, 37.5),
    ]  # fmt: skip
    assert told["steps"][0]["event_type"] == "onboarding.register_start"
    # Nobody can be lost after a step that nobody took.
    assert [(one["conversion_rate"], one["drop_off_rate"]) for one in told["funnel_steps"]] == [
        (None, None), (75, 25), (100, 0), (0, 100), (None, None),
    ]  # fmt: skip


def test_nothing_happened_is_zero_and_no_error(staff: Client) -> None:
    told = answer(staff, "admin/onboarding/funnel")
    assert (told["period_days"], told["overall_conversion_rate"]) == (30, 0)
    assert {one["conversion_rate"] for one in told["steps"]} == {0}
    assert answer(staff, "admin/onboarding/errors")["breakdown"] == []
    assert answer(staff, "admin/onboarding/events") == {"total": 0, "total_count": 0, "events": []}


def test_errors_are_counted_by_code_with_samples(staff: Client) -> None:
    for text in ("d", "a", "c", "b", "a"):
        happened("login_error", error_code="INVALID_PASSWORD", error_message=text)
    happened("login_error", error_code="USER_NOT_FOUND", times=2)
    happened("register_error", error_code="EMAIL_EXISTS", error_message="taken")
    happened("register_error", error_code="EMAIL_EXISTS", hours_ago=24 * 31)
    happened("auth.admin_login_error", error_code="INVALID_PASSWORD")
    told = answer(staff, "admin/onboarding/errors")
    assert told["total_errors"] == 8
    assert told["breakdown"] == [
        {"error_code": "INVALID_PASSWORD", "event_type": "onboarding.login_error", "count": 5, "percentage": 62.5,
         "sample_messages": ["a", "b", "c"]},
        {"error_code": "USER_NOT_FOUND", "event_type": "onboarding.login_error", "count": 2, "percentage": 25,
         "sample_messages": []},
        {"error_code": "EMAIL_EXISTS", "event_type": "onboarding.register_error", "count": 1, "percentage": 12.5,
         "sample_messages": ["taken"]},
    ]  # fmt: skip


def test_every_day_of_the_window_has_its_counts(staff: Client) -> None:
    happened("login_success", 3)
    happened("chat.session_start", 2)
    # 23:30 UTC of the day before, another day although it is the same one in New York.
    happened("portfolio_start", hours_ago=22.5)
    told = answer(staff, "admin/onboarding/daily", days=2)
    assert [one["date"] for one in told["metrics"]] == ["2026-02-25", "2026-02-26", "2026-02-27"]
    assert told["trends"] == [
        {"date": "2026-02-25", "events": {}},
        {"date": "2026-02-26", "events": {"onboarding.portfolio_start": 1}},
        {"date": "2026-02-27", "events": {"chat.session_start": 2, "onboarding.login_success": 3}},
    ]
    assert told["metrics"][2] == {
        "date": "2026-02-27", "register_starts": 0, "register_completes": 0, "login_successes": 3, "login_errors": 0,
        "portfolio_starts": 0, "portfolio_completes": 0,
    }  # fmt: skip


def test_events_come_newest_first_and_filtered(staff: Client) -> None:
    user = UserFactory()
    happened("login_error", error_code="INVALID_PASSWORD", user=user, hours_ago=3, ip_address="10.0.0.1")
    happened("login_success", hours_ago=2)
    happened("chat.session_start", hours_ago=24 * 60)
    told = answer(staff, "admin/onboarding/events")
    assert [one["event_type"] for one in told["events"]] == [
        "onboarding.login_success", "onboarding.login_error", "chat.session_start",
    ]  # fmt: skip
    assert {"user_id": None, "session_id": None, "error_code": None, "event_data": {}}.items() <= told["events"][
        0
    ].items()
    assert answer(staff, "admin/onboarding/events", limit=1)["total"] == 1
    assert answer(staff, "admin/onboarding/events", event_type="chat.session_start")["total_count"] == 1
    [failed] = answer(staff, "admin/onboarding/events", error_only="true")["events"]
    assert (failed["user_id"], failed["error_code"], failed["ip_address"]) == (
        str(user.pk),
        "INVALID_PASSWORD",
        "10.0.0.1",
    )


def test_logins_of_people_are_seen_with_what_they_were_told(staff: Client) -> None:
    cache.clear()
    user = UserFactory()
    Client().post("/api/v1/auth/login", {"email": user.email, "password": "wrong"}, content_type="application/json")
    [row] = answer(staff, "admin/onboarding/errors")["breakdown"]
    assert (row["error_code"], row["sample_messages"]) == ("INVALID_PASSWORD", ["Incorrect email or password"])


@pytest.mark.parametrize("name", ["funnel", "errors", "daily", "events"])
def test_staff_only(staff: Client, name: str) -> None:
    path = f"/api/v1/admin/onboarding/{name}"
    assert Client().get(path).status_code == 401
    assert client_of(UserFactory(is_staff=True)).get(path).status_code == 401
    for wrong in ({"days": 0}, {"days": 91}) if name != "events" else ({"limit": 201}, {"error_only": "so"}):
        assert staff.get(path, wrong).status_code == 422
