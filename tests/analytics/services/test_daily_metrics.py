"""Figures of a day: what belongs to it in New York, counted once however often."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal

import pytest
from django.db import connection
from django.utils import timezone

from analytics.models import BatchRun, DailyMetric
from analytics.services.admin_day import close_days, close_yesterday
from analytics.services.daily_metrics import count_days, count_yesterday, coverage, figures_by_day, oldest_countable
from analytics.services.day_figures import COLLECTORS, Day, Figure, collector
from portfolios.models import User, UserActivityEvent
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

DAY = dt.date(2026, 3, 8)  # 23 hours long in New York
EVENING = "2026-03-09T20:30:00-04:00"


@pytest.fixture(autouse=True)
def _evening(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGMASIGHT_NOW", EVENING)


def did(event_type: str, at: str, user: User | None = None) -> None:
    UserActivityEvent.objects.create(
        event_type=event_type, event_category=event_type.partition(".")[0], user=user, created_at=dt.datetime.fromisoformat(at)
    )  # fmt: skip


def ran(
    status: str, at: str, minutes: float | None, kind: str = "nightly", jobs: tuple[int, int, int] = (0, 0, 0)
) -> None:
    started = dt.datetime.fromisoformat(at)
    ended = None if minutes is None else started + dt.timedelta(minutes=minutes)
    BatchRun.objects.create(
        kind=kind, trigger="beat", source="simulated", status=status, started_at=started, completed_at=ended, total_jobs=jobs[0],
        completed_jobs=jobs[1], failed_jobs=jobs[2],
    )  # fmt: skip


def figures(day: dt.date = DAY) -> dict[str, Decimal]:
    return dict(DailyMetric.objects.filter(date=day).values_list("metric_type", "metric_value"))


def test_a_day_is_new_yorks() -> None:
    did("onboarding.login_success", "2026-03-08T04:59:59+00:00")
    did("onboarding.login_success", "2026-03-08T05:00:00+00:00")
    did("onboarding.login_success", "2026-03-09T03:59:59+00:00")
    did("onboarding.login_success", "2026-03-09T04:00:00+00:00")
    count_days(DAY)
    assert figures()["user_activity.user_logins"] == 2
    assert Day(DAY).end - Day(DAY).start == dt.timedelta(hours=24)  # of the wall clock
    assert Day(DAY).end.timestamp() - Day(DAY).start.timestamp() == 23 * 3600


def test_what_people_did_by_kind_and_person() -> None:
    ada, noon = UserFactory(), "2026-03-08T12:00:00-04:00"
    for event_type in (
        "register_complete",
        "login_success",
        "login_success",
        "login_error",
        "register_error",
        "register_error",
    ):
        did(f"onboarding.{event_type}", noon, ada)
    did("onboarding.portfolio_complete", noon, UserFactory())
    did("auth.admin_login_success", noon)
    (counted,) = count_days(DAY)
    assert counted.categories["user_activity"] == 9
    found = {
        name.partition(".")[2]: int(value) for name, value in figures().items() if name.startswith("user_activity")
    }
    assert found == {
        "user_registrations": 1, "user_logins": 2, "portfolios_created": 1, "chat_sessions": 0, "feedback_given": 0,
        "registration_errors": 2, "login_errors": 1, "total_activity_events": 8, "unique_users": 2,
    }  # fmt: skip


def test_runs_of_the_day_without_repairs() -> None:
    ran("completed", "2026-03-08T21:00:00-04:00", 3, jobs=(10, 10, 0))
    ran("partial", "2026-03-08T22:00:00-04:00", 6, jobs=(10, 7, 3))
    ran("failed", "2026-03-08T23:00:00-04:00", None)
    ran("completed", "2026-03-08T23:30:00-04:00", 100, kind="fix")
    ran("completed", "2026-03-09T00:00:00-04:00", 100)
    count_days(DAY)
    found = {name.partition(".")[2]: value for name, value in figures().items() if name.startswith("batch.")}
    assert found == {
        "batch_runs": 3, "batch_completed": 1, "batch_partial": 1, "batch_failed": 1, "avg_duration_minutes": Decimal("4.5"),
        "total_jobs": 20, "total_completed_jobs": 17, "total_failed_jobs": 3,
    }  # fmt: skip


def test_without_runs_there_is_no_mean_duration() -> None:
    count_days(DAY)
    assert figures()["batch.batch_runs"] == 0
    assert "batch.avg_duration_minutes" not in figures()


def test_counting_again_keeps_the_rows_and_corrects_them() -> None:
    ran("completed", "2026-03-08T21:00:00-04:00", 3)
    count_days(DAY)
    rows = dict(DailyMetric.objects.values_list("metric_type", "pk"))
    BatchRun.objects.all().delete()
    did("onboarding.login_success", "2026-03-08T12:00:00-04:00")
    count_days(DAY)
    again = dict(DailyMetric.objects.values_list("metric_type", "pk"))
    assert rows.keys() - again.keys() == {"batch.avg_duration_minutes"}
    assert again.items() <= rows.items()
    assert figures()["user_activity.user_logins"] == 1


def test_days_whose_events_are_gone_are_not_counted_over() -> None:
    first = oldest_countable()
    assert first == dt.date(2026, 2, 8)
    assert [one.date for one in count_days(first + dt.timedelta(days=1), 7)] == [first, first + dt.timedelta(days=1)]


def test_the_evening_catches_up_with_what_was_left_out() -> None:
    assert [one.date for one in count_yesterday()] == [DAY]
    DailyMetric.objects.all().delete()
    count_days(dt.date(2026, 3, 5))
    assert [one.date.day for one in count_yesterday()] == [6, 7, 8]
    assert [one.date.day for one in count_yesterday()] == [8]
    DailyMetric.objects.all().delete()
    count_days(dt.date(2026, 2, 20))
    assert len(count_yesterday()) == 7


def test_coverage_names_the_days_without_figures() -> None:
    count_days(DAY)
    count_days(dt.date(2026, 3, 5))
    found = coverage(4)
    assert [day.day for day in found.days] == [5, 6, 7, 8]
    assert [day.day for day in found.missing] == [6, 7]
    assert found.percent == 50.0
    assert found.rows == DailyMetric.objects.count()


@pytest.fixture
def requests_by_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(COLLECTORS, "ai_requests", COLLECTORS["ai_requests"])

    @collector("ai_requests")
    def count(day: Day) -> list[Figure]:
        return [
            Figure("ai_requests", 5),
            Figure("model_breakdown", 3, {"model": "a"}),
            Figure("model_breakdown", 2, {"model": "b"}),
        ]


@pytest.mark.usefixtures("requests_by_model")
def test_figures_of_one_category_with_their_dimension() -> None:
    count_days(DAY)
    assert figures_by_day(7, "ai_requests") == {
        DAY: {"ai_requests.ai_requests": 5, "ai_requests.model_breakdown:a": 3, "ai_requests.model_breakdown:b": 2}
    }
    assert set(figures_by_day(7)[DAY]) > {"user_activity.user_logins", "ai_requests.ai_requests"}
    assert figures_by_day(7, "nothing") == {}


@pytest.fixture
def broken_collector() -> Iterator[None]:
    @collector("broken")
    def count(day: Day) -> list[Figure]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT secret FROM nowhere")
        return []

    yield
    del COLLECTORS["broken"]


@pytest.mark.usefixtures("broken_collector")
def test_a_category_that_fails_keeps_nobody_else_from_being_counted() -> None:
    UserActivityEvent.objects.create(
        event_type="auth.logout", event_category="auth", created_at=timezone.now() - dt.timedelta(days=20_000)
    )
    done = close_days(1)
    assert done.errors == [f"broken of {DAY}: internal error (ProgrammingError)"]
    assert done.counted[0].saved == 21
    assert done.cleanup is not None
    assert done.cleanup["user_activity_events"] == 1
    assert "broken" in close_yesterday()
