"""The audit of accounts, portfolios, lots and tags: clean on the demo, and every planted fault is found."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import connection
from django.db.models import F, QuerySet
from django.test.utils import CaptureQueriesContext

from analytics.audits.catalogue import AUDITS, run_audit
from analytics.audits.scope import Scope
from analytics.services.demo_book import expected_positions
from marketdata.models import Security
from portfolios.models import Portfolio, Position, Trade, User
from tagging.models import PositionTag, Tag
from tests.analytics.audits.command import audit, findings
from tests.demo_fixtures import DemoResults
from tests.factories import PositionFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("demo_results")]


def lot(symbol: str = "AAPL", account: str = "Demo Individual") -> Position:
    return Position.objects.get(symbol=symbol, portfolio__account_name=account)


def change(**values: object) -> None:
    Position.objects.filter(pk=lot().pk).update(**values)


def change_opening(**values: object) -> None:
    Trade.objects.filter(position=lot()).update(**values)


def change_book(**values: object) -> None:
    Portfolio.objects.filter(account_name="Demo Individual").update(**values)


def hold_an_option_as_public() -> None:
    contract = Position.objects.filter(investment_class="OPTIONS").values("security")[:1]
    change(security=contract)


def twice() -> None:
    one = lot()
    PositionFactory(
        portfolio=one.portfolio, symbol=one.symbol, security=one.security, quantity=one.quantity,
        entry_price=one.entry_price, entry_date=one.entry_date,
    )  # fmt: skip


def carry_a_foreign_tag() -> None:
    foreign = Tag.objects.filter(user__email__startswith="demo_hnw").first()
    PositionTag.objects.create(position=lot(), tag=foreign)


def lose_the_sector_tag() -> None:
    PositionTag.objects.filter(position=lot(), tag__is_sector=True).delete()


def lose_a_tag() -> None:
    PositionTag.objects.filter(position=lot(), tag__name="Core Holdings").delete()


def people() -> QuerySet[User]:
    return User.objects.filter(email="demo_hnw@sigmasight.com")


Plant = Callable[[], object]
ERRORS: list[tuple[str, Plant, str]] = [
    ("Demo accounts", lambda: people().update(is_active=False), "may log in is no, the file says yes"),
    ("Demo accounts", lambda: people().delete(), "is missing"),
    ("Demo portfolios", lambda: change_book(opening_equity=1), "opening equity is 1.00, the file says 485000.00"),
    ("Demo portfolios", lambda: Portfolio.objects.filter(account_name="Demo Individual").delete(), "is missing"),
    ("Demo positions", lambda: change(deleted_at=dt.datetime.now(dt.UTC)), "is deleted"),
    ("Demo positions", lambda: change_opening(price=Decimal(1)), "price paid is 1"),
    ("Demo positions", lambda: Trade.objects.filter(position=lot()).delete(), "has no opening trade"),
    ("Demo classes", lambda: change(investment_subtype="ETF"), "kind is ETF, the file says STOCK"),
    ("Demo tags", lose_a_tag, "lacks the tag Core Holdings"),
    ("Portfolios and owners", lambda: change_book(results_as_of=dt.date(2025, 11, 21)), "there is no snapshot"),
    ("Portfolios and owners", lambda: change_book(equity_as_of=dt.date(2025, 11, 21)), "before its ledger begins"),
    ("Classes of lots", hold_an_option_as_public, "its security is an option"),
    ("Classes of lots", lambda: change(symbol="APPL"), "is priced as AAPL"),
    ("Dates of lots", lambda: change(entry_date=dt.date(2026, 1, 2)), "which is to come"),
    ("Dates of lots", lambda: change_opening(trade_date=dt.date(2025, 7, 1)), "its opening trade is of another day"),
    ("Dates of lots", lambda: change(exit_price=1), "is open and has an exit price"),
    ("Quantities of lots", lambda: change(quantity=0), "is open with a quantity of zero"),
    ("Quantities of lots", lambda: change(exit_date=dt.date(2025, 7, 1)), "104.0000 are left"),
    ("Ledgers of lots", lambda: change(quantity=F("quantity") + 1), "holds 105.0000, its trades leave 104.0000"),
    ("Ledgers of lots", lambda: change(realized_pnl=5), "has realised $5.00, its trades $0.00"),
    ("Ledgers of lots", lambda: Trade.objects.filter(position=lot()).delete(), "has 0 opening trades"),
    ("Tags on lots", carry_a_foreign_tag, "is another person's tag"),
]  # fmt: skip
WARNINGS: list[tuple[str, Plant, str]] = [
    ("Portfolios and owners", lambda: people().update(is_active=False), "an owner who cannot log in"),
    ("Classes of lots", lambda: Security.objects.filter(symbol="AAPL").update(sector=""), "without a sector"),
    ("Duplicates", twice, "is there 2 times"),
    ("Sector tags", lose_the_sector_tag, "lacks the tag of its sector"),
    ("Tags", lambda: Tag.objects.create(user=lot().portfolio.user, name="core-holdings"), "spelling alone"),
]  # fmt: skip


def test_the_demo_is_clean() -> None:
    code, report = audit("data")
    assert code == 0
    assert report["counts"] == {"checks": 14, "error": 0, "warning": 0, "information": 0}
    lots = next(one for one in report["checks"] if one["name"] == "Demo positions")["looked_at"]
    assert lots == {"lots": sum(expected_positions().values())}


@pytest.mark.parametrize(("check", "plant", "told"), ERRORS, ids=[f"{check}: {told}" for check, _, told in ERRORS])
def test_a_planted_fault_is_an_error(check: str, plant: Plant, told: str) -> None:
    plant()
    code, found = findings("data", check)
    assert code == 1
    assert any(one["severity"] == "error" and told in one["what"] for one in found), found


@pytest.mark.parametrize(("check", "plant", "told"), WARNINGS, ids=[f"{check}: {told}" for check, _, told in WARNINGS])
def test_a_doubt_is_a_warning_that_counts_where_it_is_asked_for(check: str, plant: Plant, told: str) -> None:
    plant()
    code, found = findings("data", check)
    assert code == 0
    assert any(one["severity"] == "warning" and told in one["what"] for one in found), found
    assert findings("data", check, "--strict")[0] == 1


def test_one_portfolio_is_audited_alone() -> None:
    change(quantity=F("quantity") + 1)
    assert findings("data", "Ledgers of lots", "--portfolio", "Demo High Net Worth") == (0, [])
    assert findings("data", "Ledgers of lots", "--portfolio", "Demo Individual")[0] == 1


def test_a_split_keeps_the_ledger_of_its_holders_balanced(demo_results: DemoResults) -> None:
    netflix = lot("NFLX", "Demo Hedge Fund Style")
    assert netflix.quantity == 10 * Trade.objects.get(position=netflix).quantity
    assert findings("data", "Ledgers of lots") == (0, [])


def test_queries_do_not_grow_with_the_lots() -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            run_audit(AUDITS["data"], Scope())
        return len(queries)

    before = asked()
    PositionFactory.create_batch(20, portfolio=lot().portfolio)
    assert asked() == before
