"""/data/demo/high-net-worth: what the product itself found out about its demo book, for anybody."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client

from portfolios.models import Portfolio, PortfolioSnapshot
from sigmasight.core.demo import rows
from tests.demo_fixtures import DemoResults

pytestmark = pytest.mark.django_db

BOOK = next(row for row in rows("portfolios") if row["portfolio"] == "high_net_worth")
PATH = "/api/v1/data/demo/high-net-worth"


def test_the_report_is_the_last_nights(demo_results: DemoResults) -> None:
    report = Client().get(PATH).json()
    night = PortfolioSnapshot.objects.get(portfolio_id=BOOK["id"], snapshot_date=demo_results.session)
    assert report["portfolio_info"]["id"] == BOOK["id"]
    assert report["snapshot"]["date"] == report["metadata"]["report_date"] == "2025-11-20"
    assert report["snapshot"]["total_value"] == float(night.net_asset_value)
    assert len(report["positions"]) == report["metadata"]["position_count"] == 17
    exposures = report["exposures"]
    held = sum(abs(row["market_value"]) for row in report["positions"])
    assert exposures["gross_exposure"] == pytest.approx(held, abs=0.1)
    parts = sum(exposures[f"{kind}_exposure"] for kind in ("options", "stock", "private"))
    assert parts == pytest.approx(held, abs=0.1)
    assert report["metadata"]["price_sources"] == ["entry", "simulated"]


@pytest.mark.parametrize("kind", ["hedge-fund", "high_net_worth", "nonsense", "1"])
def test_other_types_are_404(demo_results: DemoResults, kind: str) -> None:
    refused = Client().get(f"/api/v1/data/demo/{kind}")
    assert refused.status_code == 404
    assert "high-net-worth" in refused.json()["detail"]


def test_before_the_first_night_there_is_none(demo_results: DemoResults) -> None:
    Portfolio.objects.filter(pk=BOOK["id"]).update(results_as_of=None)
    assert Client().get(PATH).status_code == 404


def test_a_demo_that_was_deleted_is_gone(demo_results: DemoResults) -> None:
    Portfolio.objects.filter(pk=BOOK["id"]).update(is_active=False, deleted_at=dt.datetime(2025, 11, 1, tzinfo=dt.UTC))
    assert Client().get(PATH).status_code == 404


def test_the_message_says_where_it_is() -> None:
    message = Client().get("/api/v1/data/test-demo").json()["message"]
    assert PATH in message
