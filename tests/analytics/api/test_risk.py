"""Answers of the risk endpoints where something is missing, changed or somebody else's."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from portfolios.models import EquityChange, Portfolio, PortfolioSnapshot, User
from portfolios.services.deletions import delete_position
from portfolios.services.tokens import issue_user_token
from tests.analytics.services.conftest import book_of
from tests.demo_fixtures import DemoResults
from tests.factories import PortfolioFactory, PositionFactory, UserFactory

pytestmark = pytest.mark.django_db
OF_ONE = (
    "overview", "sector-exposure", "concentration", "volatility", "beta-comparison", "market-beta", "beta-calculated-90d",
    "beta-provider-1y", "risk-metrics",
)  # fmt: skip
OF_SEVERAL = ("overview", "breakdown", "beta", "volatility", "sector-exposure", "concentration")


def caller(user: User) -> Client:
    return Client(headers={"Authorization": f"Bearer {issue_user_token(user)[0]}"})


def get(client: Client, portfolio: Portfolio, what: str, status: int = 200) -> Any:
    answer = client.get(f"/api/v1/analytics/portfolio/{portfolio.pk}/{what}")
    assert answer.status_code == status, answer.content
    return answer.json()


def aggregate(client: Client, what: str, *books: Portfolio, status: int = 200) -> Any:
    answer = client.get(f"/api/v1/analytics/aggregate/{what}", {"portfolio_ids": [str(book.pk) for book in books]})
    assert answer.status_code == status, answer.content
    return answer.json()


@pytest.fixture
def new_book() -> Portfolio:
    """A portfolio with a lot that no night has seen."""
    book: Portfolio = PortfolioFactory(opening_equity=1000)
    PositionFactory(portfolio=book, quantity=Decimal(10), entry_price=Decimal(50))
    return book


@pytest.mark.parametrize(
    ("what", "error"),
    [
        ("volatility", "No volatility data available"),
        ("market-beta", "No market beta data available"),
        ("beta-calculated-90d", "No calculated beta data available"),
        ("beta-provider-1y", "No provider beta data available"),
    ],
)
@pytest.mark.parametrize("private", [False, True])
def test_what_was_not_computed_is_told(
    demo_results: DemoResults, new_book: Portfolio, what: str, error: str, private: bool
) -> None:
    book = book_of("family_office_private") if private else new_book
    body = get(caller(book.user), book, what)
    assert (body["available"], body["data"], body["calculation_date"]) == (False, None, None)
    assert body["metadata"]["error"] == error


def test_private_holdings_say_why(demo_results: DemoResults) -> None:
    book = book_of("family_office_private")
    assert get(caller(book.user), book, "market-beta")["metadata"]["reason"] == "no_public_positions"
    assert get(caller(book.user), book, "volatility")["metadata"]["reason"] == "insufficient_data"


def test_risk_metrics_before_the_first_night(new_book: Portfolio) -> None:
    body = get(caller(new_book.user), new_book, "risk-metrics")
    assert body["risk_metrics"] is None
    assert body["metadata"] == {"lookback_days": 90, "reason": "no_snapshots"}


@pytest.mark.parametrize("days", ["29", "253", "many"])
def test_risk_metrics_look_back_within_bounds(new_book: Portfolio, days: str) -> None:
    body = get(caller(new_book.user), new_book, f"risk-metrics?lookback_days={days}", 422)
    assert body["detail"][0]["loc"] == ["query", "lookback_days"]


def test_concentration_needs_no_night(new_book: Portfolio) -> None:
    body = get(caller(new_book.user), new_book, "concentration")
    assert body["data"]["hhi"] == 10_000
    assert body["data"]["position_weights"] is None


def test_an_empty_portfolio(demo_results: DemoResults) -> None:
    book = PortfolioFactory(opening_equity=10)
    client = caller(book.user)
    assert get(client, book, "concentration")["metadata"] == {"error": "No active positions"}
    assert get(client, book, "sector-exposure")["metadata"] == {"error": "No active positions"}
    comparison = get(client, book, "beta-comparison")
    assert (comparison["available"], comparison["positions"]) == (False, None)
    assert comparison["metadata"] == {"error": "No positions found for portfolio"}
    assert get(client, book, "overview")["position_count"]["total_positions"] == 0


def test_volatility_of_zero_is_zero_and_a_missing_one_null(demo_results: DemoResults) -> None:
    book = book_of("individual")
    PortfolioSnapshot.objects.filter(portfolio=book).update(
        expected_volatility_21d=0, volatility_percentile=0, realized_volatility_63d=None
    )
    body = get(caller(book.user), book, "volatility")
    assert (body["data"]["expected_volatility_21d"], body["data"]["volatility_percentile"]) == (0, 0)
    assert body["data"]["realized_volatility_63d"] is None
    assert body["calculation_date"] == "2025-11-20"


def test_r_squared_of_zero_is_zero(demo_results: DemoResults) -> None:
    book = book_of("individual")
    PortfolioSnapshot.objects.filter(portfolio=book).update(
        beta_calculated_90d=0, beta_calculated_90d_r_squared=0, beta_portfolio_regression=0
    )
    found = get(caller(book.user), book, "market-beta")["data"]
    assert (found["market_beta_weighted"], found["market_beta_r_squared"], found["market_beta_direct"]) == (0, 0, 0)


def test_numbers_are_numbers(demo_results: DemoResults) -> None:
    book = book_of("individual")
    body = get(caller(book.user), book, "overview")
    assert isinstance(body["cash_balance"], float)
    assert isinstance(body["equity_balance"], float)
    assert body["net_asset_value"] == body["total_value"] == body["equity_balance"]
    assert body["last_updated"].endswith("Z")


def test_a_deleted_lot_is_gone_at_once(demo_results: DemoResults) -> None:
    book = book_of("individual")
    client = caller(book.user)
    before = get(client, book, "concentration")["data"]["total_positions"]
    delete_position(book.positions.get(symbol="AAPL").pk)
    assert get(client, book, "concentration")["data"]["total_positions"] == before - 1
    assert "AAPL" not in {lot["symbol"] for lot in get(client, book, "beta-comparison")["positions"]}
    held = {top["symbol"] for top in aggregate(client, "concentration")["data"]["top_positions"]}
    assert "AAPL" not in held
    assert get(client, book, "overview")["position_count"]["total_positions"] == before - 1


@pytest.mark.parametrize("what", OF_ONE)
def test_a_foreign_portfolio_is_not_found(new_book: Portfolio, what: str) -> None:
    assert get(caller(UserFactory()), new_book, what, 404) == {"detail": "Portfolio not found"}


@pytest.mark.parametrize("what", OF_SEVERAL)
def test_a_foreign_portfolio_among_ones_own_is_not_found(new_book: Portfolio, what: str) -> None:
    other = PortfolioFactory()
    assert aggregate(caller(other.user), what, other, new_book, status=404) == {"detail": "Portfolio not found"}


@pytest.mark.parametrize("what", OF_SEVERAL)
def test_ids_come_one_a_key(new_book: Portfolio, what: str) -> None:
    client = caller(new_book.user)
    answer = client.get(f"/api/v1/analytics/aggregate/{what}?portfolio_ids={new_book.pk},{new_book.pk}")
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"][:2] == ["query", "portfolio_ids"]


@pytest.mark.parametrize("what", OF_SEVERAL)
def test_somebody_without_portfolios(what: str) -> None:
    body = aggregate(caller(UserFactory()), what)
    if what in ("sector-exposure", "concentration"):
        assert body == {"available": False, "message": "No portfolios found", "portfolios": []}
    else:
        assert body["portfolios"] == []
        assert body["net_asset_value"] == 0
    if what in ("beta", "volatility"):
        assert body["message"] == "No portfolios found"
        assert body[f"aggregate_{what}"] is None


@pytest.mark.parametrize("what", ["overview", "breakdown", "beta", "volatility"])
def test_the_documents_spelling_answers_the_same(demo_results: DemoResults, what: str) -> None:
    client = demo_results.client("demo_familyoffice")
    assert client.get(f"/api/v1/analytics/{what}").json() == aggregate(client, what)


def test_a_named_portfolio_alone(demo_results: DemoResults) -> None:
    book = book_of("family_office_public")
    body = aggregate(caller(book.user), "breakdown", book)
    assert [one["weight_pct"] for one in body["portfolios"]] == [100.0]
    assert body["summary"] == {"total_weight": 1.0, "average_value": body["net_asset_value"]}


def put(client: Client, book: Portfolio, balance: Any, status: int = 200) -> Any:
    answer = client.put(
        f"/api/v1/analytics/portfolio/{book.pk}/equity", {"equity_balance": balance}, content_type="application/json"
    )
    assert answer.status_code == status, answer.content
    return answer.json()


def test_equity_before_the_first_night_is_the_opening_one(new_book: Portfolio) -> None:
    body = put(caller(new_book.user), new_book, "1234.5")
    assert body == {
        "message": "Equity balance updated successfully", "portfolio_id": str(new_book.pk), "equity_balance": 1234.5,
    }  # fmt: skip
    assert get(caller(new_book.user), new_book, "overview")["equity_balance"] == 1234.5


def test_equity_after_a_night_books_the_difference(demo_results: DemoResults) -> None:
    book = book_of("individual")
    put(caller(book.user), book, 520000)
    change = EquityChange.objects.get(portfolio=book)
    assert (change.change_type, change.amount, change.created_by) == ("CONTRIBUTION", Decimal("4443.54"), book.user)
    put(caller(book.user), book, 515556.46)
    assert get(caller(book.user), book, "overview")["equity_balance"] == 515556.46


@pytest.mark.parametrize("balance", [-1, "NaN", "Infinity", "much", None, [1], True])
def test_equity_is_a_number_from_zero_on(new_book: Portfolio, balance: Any) -> None:
    body = put(caller(new_book.user), new_book, balance, 422)
    assert body["detail"][0]["loc"] == ["body", "equity_balance"]


def test_equity_beyond_all_books_is_refused(new_book: Portfolio) -> None:
    assert "detail" in put(caller(new_book.user), new_book, 1e15, 400)


def test_equity_of_others_is_not_found(new_book: Portfolio) -> None:
    put(caller(UserFactory()), new_book, 1, 404)
    new_book.refresh_from_db()
    assert new_book.opening_equity == 1000
