"""The dashboard of the console after the demo's nights: its figures, what it costs, and what it shows when a source is down."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

import pytest
from celery import current_app
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from analytics.models import BatchRun, SessionCoverage
from analytics.services.freshness import freshness
from analytics.services.night_report import last_night
from portfolios.models import Portfolio, User
from sigmasight.core.console import panels
from sigmasight.core.console.panels import Panel
from tests.factories import PortfolioFactory, UserFactory

pytestmark = [pytest.mark.django_db(databases=["default", "ai"]), pytest.mark.usefixtures("demo_results")]
QUERIES = 23


@pytest.fixture(autouse=True)
def _nothing_counted() -> None:
    cache.clear()


@pytest.fixture
def staff(client: Client) -> Client:
    user = UserFactory(is_staff=True)
    user.groups.add(Group.objects.get(name="viewer"))
    client.force_login(user)
    return client


@pytest.fixture
def broken() -> Iterator[None]:
    def out_of_reach() -> dict[str, Any]:
        raise OperationalError("connection refused at 10.0.0.7, password=secret")

    def programmed_wrongly() -> dict[str, Any]:
        raise KeyError("secret")

    for title, load in (("Down", out_of_reach), ("Wrong", programmed_wrongly)):
        panels.register(Panel(title, "analytics.view_batchrun", "console/page.html", load))
    yield
    panels.unregister("Down")
    panels.unregister("Wrong")


def text_of(answer: Any) -> str:
    assert answer.status_code == 200
    return " ".join(re.sub(r"<[^>]*>", " ", answer.content.decode()).split())


def test_the_dashboard_tells_how_the_night_went(staff: Client) -> None:
    with CaptureQueriesContext(connection) as asked:
        answer = staff.get(reverse("admin:index"))
    assert len([one for one in asked if "SAVEPOINT" not in one["sql"]]) <= QUERIES
    text = text_of(answer)
    for said in ("Last night", "portfolios computed 5", "behind or failed 0", "Risk analytics", "Coverage by session"):
        assert said in text
    assert answer.content.count(b"<svg class=") >= 3


def test_the_report_counts_portfolios_by_how_far_they_came() -> None:
    report = last_night()
    assert report.run == BatchRun.objects.get()
    assert report.books is not None
    assert (report.books.computed, report.books.empty, report.books.behind) == (5, 0, 0)
    assert report.phases[0][0] == "Market data"
    newest = SessionCoverage.objects.order_by("-session").first()
    assert report.coverage == newest

    book = Portfolio.objects.order_by("id")[0]
    Portfolio.objects.filter(pk=book.pk).update(results_as_of=None)
    Portfolio.objects.create(
        user=book.user,
        name="Empty",
        account_name="Empty",
        equity_as_of=book.equity_as_of,
        results_as_of=book.results_as_of,
    )
    cache.clear()
    books = last_night().books
    assert books is not None
    assert (books.computed, books.empty, books.behind) == (4, 1, 1)


def test_ages_are_counted_in_sessions() -> None:
    fresh = {age.name: age for age in freshness().ages}
    assert fresh["Prices"].sessions == 0
    Portfolio.objects.filter(name__startswith="Balanced").update(results_as_of="2025-11-14")
    fresh = {age.name: age for age in freshness().ages}
    assert (fresh["Snapshots, newest portfolio"].sessions, fresh["Snapshots, oldest portfolio"].sessions) == (0, 4)
    assert fresh["Snapshots, oldest portfolio"].tone == "bad"


@pytest.mark.usefixtures("broken")
def test_a_source_that_is_down_takes_its_own_panel_alone(staff: Client) -> None:
    text = text_of(staff.get(reverse("admin:index")))
    assert "Down: not reachable" in text
    assert "Wrong: not available" in text
    assert "portfolios computed 5" in text
    assert "secret" not in text


def test_quality_and_workers_come_after_the_page(staff: Client, settings: Any) -> None:
    assert "passed, session 2025-11-20" in text_of(staff.get(reverse("admin:panel", args=["data-quality"])))
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:9/0"
    assert "not reachable" in text_of(staff.get(reverse("admin:panel", args=["queues-and-workers"])))


def test_without_a_worker_the_panel_says_so(staff: Client) -> None:
    assert current_app.control.inspect(timeout=0.2).ping() is None
    text = text_of(staff.get(reverse("admin:panel", args=["queues-and-workers"])))
    assert "No worker answered" in text
    assert re.search(r"tasks waiting \d+", text)


def test_panels_are_for_those_who_may_see_their_tables(client: Client) -> None:
    client.force_login(UserFactory(is_staff=True))
    assert "ask an admin for a role" in text_of(client.get(reverse("admin:index")))
    assert client.get(reverse("admin:panel", args=["data-quality"])).status_code == 403
    client.force_login(User.objects.create_superuser("root@example.com", "secret-enough-1"))
    assert client.get(reverse("admin:panel", args=["nothing"])).status_code == 404


def test_a_portfolio_opened_since_the_night_is_not_behind() -> None:
    run = BatchRun.objects.get()
    fresh = PortfolioFactory()
    for opened, behind in ((run.started_at + dt.timedelta(hours=1), 0), (run.started_at - dt.timedelta(hours=1), 1)):
        Portfolio.objects.filter(pk=fresh.pk).update(created_at=opened)
        assert last_night().books.behind == behind


def test_where_nothing_is_held_prices_have_no_score(staff: Client) -> None:
    Portfolio.objects.update(is_active=False)
    panel = text_of(staff.get(reverse("admin:panel", args=["data-quality"])))
    page = text_of(staff.get(reverse("admin:console_data_quality")))
    assert "score – nothing is held" in panel
    assert "score of held prices – nothing is held" in page
    assert "0.0 %" not in panel + page.partition("Findings")[2].partition("findings")[0]
