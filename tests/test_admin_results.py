"""The lists of the operations console when the nights have filled them."""

from __future__ import annotations

import re

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from analytics.models import BatchRun
from portfolios.models import PortfolioSnapshot, User

pytestmark = [
    pytest.mark.django_db(databases=["default", "ai"]),
    pytest.mark.usefixtures("demo_results"),
    pytest.mark.timeout(300),
]
# Whatever the number of rows: session, person, count, rows, banner, and what filters and the hierarchy of dates ask.
QUERIES = 12
APPS = ("core", "marketdata", "portfolios", "tagging", "analytics", "assistant")


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("root@example.com", "secret-enough-1"))
    return client


def listing(staff: Client, label: str) -> str:
    answer = staff.get(reverse(f"admin:{label}_changelist"))
    assert answer.status_code == 200, label
    return re.sub(r"<[^>]*>", "", answer.content.decode())


def test_every_list_shows_its_rows(staff: Client) -> None:
    filled = 0
    for app in APPS:
        for model in apps.get_app_config(app).get_models():
            with CaptureQueriesContext(connection) as asked:
                text = listing(staff, f"{app}_{model._meta.model_name}")
            assert len(asked) <= QUERIES, model
            assert "nan" not in text.split()
            filled += model._default_manager.exists()
    assert filled > 40


def test_money_has_its_thousands_set_apart(staff: Client) -> None:
    newest = PortfolioSnapshot.objects.order_by("-snapshot_date", "portfolio").first()
    assert newest is not None
    assert newest.net_asset_value > 1_000
    assert f"{newest.net_asset_value:,.2f}" in listing(staff, "portfolios_portfoliosnapshot")


def test_a_run_is_known_by_the_beginning_of_its_id(staff: Client) -> None:
    run = BatchRun.objects.get()
    text = listing(staff, "analytics_batchrun")
    assert str(run.id)[:8] in text
    assert str(run.id) not in text
    assert f"{run.completed_jobs:,} of {run.total_jobs:,}" in text


def test_made_up_prices_are_told_on_every_page(staff: Client) -> None:
    for page in ("admin:index", "admin:portfolios_portfoliosnapshot_changelist"):
        assert "SIMULATED MARKET" in staff.get(reverse(page)).content.decode()


def test_the_console_bears_the_name_of_the_house(staff: Client) -> None:
    text = staff.get(reverse("admin:index")).content.decode()
    assert "SigmaSight operations" in text
    assert "Django administration" not in text
    assert admin.site.site_title == "SigmaSight operations"
