"""The demo as stored: exact to the cent, the same when seeded again, restored by a reset that touches nobody else."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import override_settings

from analytics.models import BatchRun, FactorDefinition, StressScenario
from analytics.services.demo import STAFF_EMAIL, demo_portfolios, reset_demo, seed_demo
from analytics.services.reference import seed_reference
from assistant.models import KnowledgeDocument, Memory
from marketdata.models import OptionContract, OptionQuote, SectorBenchmarkWeight, Security
from portfolios.models import Portfolio, PortfolioSnapshot, Position, TargetPrice, Trade, User
from sigmasight.core.demo import rows
from sigmasight.core.errors import Conflict, DomainError
from tagging.models import PositionTag, Tag
from tests.factories import PositionFactory, UserFactory
from tests.portfolios.test_models import snapshot

pytestmark = pytest.mark.django_db
DAY = dt.date(2025, 6, 30)


def stored_rows(*, without: tuple[str, ...] = (), only: dict[str, str] | None = None) -> dict[str, Counter[str]]:
    """Every row of every table of the core database as JSON text, less some columns; `only` gives tables conditions."""
    result = {}
    with connection.cursor() as cursor:
        tables = only or dict.fromkeys(connection.introspection.table_names(cursor), "true")
        for table, condition in tables.items():
            cursor.execute(
                f'SELECT (to_jsonb(t) - %s::text[])::text FROM "{table}" t WHERE {condition}', [list(without)]
            )
            result[table] = Counter(text for (text,) in cursor.fetchall())
    return result


def entry_values(portfolio: Portfolio) -> tuple[Decimal, Decimal]:
    """Long and short entry exposure, summed by hand from the stored lots and contracts."""
    long = short = Decimal(0)
    for lot in portfolio.positions.select_related("security__option_contract"):
        contract = getattr(lot.security, "option_contract", None)
        value = lot.quantity * lot.entry_price * (contract.multiplier if contract else 1)
        long, short = (long + value, short) if value > 0 else (long, short - value)
    return long, short


@pytest.mark.parametrize(
    ("name", "equity", "long", "short", "lots", "cash"),
    [
        ("Balanced Individual Investor Portfolio", "485000", "484999.75", "0", 16, "0.25"),
        ("Sophisticated High Net Worth Portfolio", "2850000", "2849233.26", "0", 17, "766.74"),
        ("Long/Short Equity Hedge Fund Style Portfolio", "3200000", "3199588.59", "1599899.68", 30, "1600311.09"),
        ("Family Office Public Growth", "1250000", "1249992.95", "0", 12, "7.05"),
        ("Family Office Private Opportunities", "950000", "950000.00", "0", 9, "0"),
    ],
)
def test_the_books_are_exact_to_the_cent(name: str, equity: str, long: str, short: str, lots: int, cash: str) -> None:
    seed_demo()
    portfolio = Portfolio.objects.get(name=name)
    assert (portfolio.opening_equity, portfolio.equity_as_of) == (Decimal(equity), DAY)
    assert entry_values(portfolio) == (Decimal(long), Decimal(short))
    assert portfolio.positions.count() == lots
    assert portfolio.opening_equity - Decimal(long) + Decimal(short) == Decimal(cash)


def test_the_hedge_fund_is_levered_one_and_a_half_times() -> None:
    seed_demo()
    fund = Portfolio.objects.get(name__startswith="Long/Short")
    long, short = entry_values(fund)
    assert (long + short, long - short) == (Decimal("4799488.27"), Decimal("1599688.91"))
    assert round((long + short) / fund.opening_equity, 2) == Decimal("1.50")


def test_ids_are_those_of_the_files() -> None:
    seed_demo()
    assert [str(portfolio.id) for portfolio in demo_portfolios()] == [row["id"] for row in rows("portfolios")]
    assert User.objects.get(email="demo_hnw@sigmasight.com").id == UUID("9dacfb0f-2123-7a94-debc-0f982b90d845")
    # uuid5 of the DNS namespace and "1d8ddd95-3b45-0ac5-35bf-cf81af94a5fe:AAPL:2025-06-30", computed outside.
    apple = Position.objects.get(portfolio_id="1d8ddd95-3b45-0ac5-35bf-cf81af94a5fe", symbol="AAPL")
    assert str(apple.id) == "951e4d57-8963-52a4-9cd5-4094afcd2c39"


def test_the_published_password_opens_every_account() -> None:
    seed_demo()
    accounts = list(User.objects.all())
    assert len(accounts) == 5
    assert all(account.check_password("demo12345") for account in accounts)
    assert {account.email for account in accounts if account.is_staff} == {STAFF_EMAIL}


def test_every_lot_has_its_opening_trade() -> None:
    seed_demo()
    assert Trade.objects.count() == Position.objects.count() == 84
    for trade in Trade.objects.select_related("position"):
        lot = trade.position
        assert (trade.kind, trade.quantity, trade.price, trade.trade_date, trade.units_as_of) == (
            "open", lot.quantity, lot.entry_price, lot.entry_date, DAY,
        )  # fmt: skip


def test_contracts_carry_their_terms_and_premiums() -> None:
    seed_demo()
    contract = OptionContract.objects.select_related("security", "underlying").get(
        security__symbol="SPY271217P00560000"
    )
    assert (contract.underlying.symbol, contract.option_type, contract.strike, contract.multiplier) == (
        "SPY",
        "PUT",
        560,
        100,
    )
    assert contract.expiration == dt.date(2027, 12, 17)
    quote = OptionQuote.objects.get(security=contract.security)
    assert (quote.session, quote.last, quote.source) == (DAY, Decimal("29.80"), "seed")
    assert OptionQuote.objects.count() == OptionContract.objects.count()


def test_private_holdings_have_no_security() -> None:
    seed_demo()
    assert set(Position.objects.filter(security=None).values_list("investment_class", flat=True)) == {"PRIVATE"}
    assert not Security.objects.filter(symbol="HOME_EQUITY").exists()


def test_factors_and_scenarios_have_their_slots() -> None:
    seed_reference()
    factors = list(FactorDefinition.objects.order_by("display_order"))
    assert [factor.display_order for factor in factors] == list(range(13))
    assert [factor.name for factor in factors[:3]] == ["Market Beta (90D)", "Provider Beta (1Y)", "IR Beta"]
    assert (factors[0].window_sessions, factors[0].min_observations) == (90, 30)
    assert (factors[3].window_sessions, factors[3].min_observations) == (252, 60)
    assert (factors[9].factor_type, factors[9].long_proxy, factors[9].short_proxy) == ("spread", "VUG", "VTV")
    scenarios = list(StressScenario.objects.order_by("slot"))
    assert [scenario.slot for scenario in scenarios] == list(range(22))
    assert all(scenario.active for scenario in scenarios)
    assert scenarios[18].shock_config == {"Market": -0.2, "Quality": 0.15, "Size": -0.1, "Low_Volatility": -0.3}
    assert scenarios[0].category == "market"
    assert scenarios[0].severity == "base"


def test_sector_weights_sum_to_one() -> None:
    seed_reference()
    weights = SectorBenchmarkWeight.objects.filter(benchmark_code="SP500", asof_date=dt.date(2025, 11, 18))
    assert sum(weight.weight for weight in weights) == pytest.approx(Decimal(1), abs=Decimal("0.001"))
    assert weights.count() == 11


def test_targets_follow_the_side_of_the_lot() -> None:
    seed_demo()
    assert TargetPrice.objects.count() == 45
    short = TargetPrice.objects.get(symbol="XOM")
    assert (short.position_type, short.position.quantity) == ("SHORT", -1437)
    assert short.expected_return_eoy == round((Decimal("107.8") - Decimal("120.06")) / Decimal("107.8") * 100, 4)
    fund = TargetPrice.objects.get(symbol="FCNTX")
    assert fund.current_price == Decimal("23.33")
    assert fund.position_weight is None


def test_tags_are_the_users_and_stand_on_the_lots() -> None:
    seed_demo()
    assert PositionTag.objects.count() == sum(len(row["tags"].split("|")) for row in rows("positions") if row["tags"])
    core = Tag.objects.get(user__email="demo_individual@sigmasight.com", name="Core Holdings")
    assert (core.color, core.position_tags.count()) == ("#4A90E2", 10)


def test_seeding_again_changes_nothing() -> None:
    seed_demo()
    before = stored_rows()
    assert str(seed_demo()) == "nothing new"
    assert stored_rows() == before


def test_seeding_leaves_an_edited_book_alone() -> None:
    seed_demo()
    Position.objects.filter(symbol="AAPL").delete()
    Portfolio.objects.filter(account_name="Demo Individual").update(name="Mine")
    seed_demo()
    assert not Position.objects.filter(symbol="AAPL").exists()
    assert Portfolio.objects.filter(name="Mine").exists()


def test_staff_decisions_on_definitions_survive_a_seed() -> None:
    seed_reference()
    StressScenario.objects.filter(slot=3).update(active=False)
    assert seed_reference().written == 0
    assert not StressScenario.objects.get(slot=3).active


def test_reset_restores_exactly_the_seeded_state() -> None:
    seed_demo()
    stamps = ("created_at", "updated_at", "password")
    before = stored_rows(without=stamps)
    portfolio = Portfolio.objects.get(account_name="Demo Individual")
    snapshot(portfolio)
    portfolio.positions.filter(symbol="AAPL").update(quantity=0)
    Portfolio.objects.get(account_name="Demo High Net Worth").delete()
    Tag.objects.create(user=portfolio.user, name="mine")
    User.objects.filter(pk=portfolio.user_id).update(full_name="Somebody", is_active=False)
    reset_demo()
    assert stored_rows(without=stamps) == before


def test_reset_touches_no_other_user() -> None:
    seed_demo()
    lot = PositionFactory(portfolio__user=UserFactory(), security=Security.objects.get(symbol="AAPL"))
    snapshot(lot.portfolio)
    Tag.objects.create(user=lot.portfolio.user, name="Core Holdings")
    theirs: dict[str, Any] = {
        "users": f"id = '{lot.portfolio.user_id}'",
        "portfolios": f"id = '{lot.portfolio_id}'",
        "positions": f"id = '{lot.id}'",
        "trades": f"position_id = '{lot.id}'",
        "portfolio_snapshots": f"portfolio_id = '{lot.portfolio_id}'",
        "tags": f"user_id = '{lot.portfolio.user_id}'",
        "securities": "true",
        "option_quotes": "true",
        "factor_definitions": "true",
        "stress_test_scenarios": "true",
    }
    before = stored_rows(only=theirs)
    assert all(before.values())
    reset_demo()
    assert stored_rows(only=theirs) == before
    assert PortfolioSnapshot.objects.count() == 1


def test_reset_gives_the_staff_account_its_password_back() -> None:
    seed_demo()
    staff = User.objects.get(email=STAFF_EMAIL)
    staff.set_password("something else")
    staff.is_active = False
    staff.save()
    reset_demo()
    staff.refresh_from_db()
    assert staff.is_active
    assert staff.check_password("demo12345")


def test_reset_waits_for_a_run() -> None:
    seed_demo()
    BatchRun.objects.create(
        kind="nightly", trigger="cli", source="simulated", status="running", heartbeat_at=dt.datetime.now(dt.UTC)
    )
    with pytest.raises(Conflict, match="running"):
        reset_demo()
    assert Position.objects.count() == 84


def test_a_taken_address_is_not_taken_over() -> None:
    UserFactory(email="Demo_HNW@sigmasight.com")
    with pytest.raises(Conflict, match="demo_hnw@"):
        seed_demo()
    assert not Portfolio.objects.exists()


@override_settings(DEMO_ALLOWED=False)
def test_production_makes_no_account_with_a_published_password() -> None:
    for action in (seed_demo, reset_demo):
        with pytest.raises(DomainError, match="published passwords"):
            action()
    with pytest.raises(CommandError, match="published passwords"):
        call_command("seed_demo")
    call_command("seed_demo", "--reference")
    assert FactorDefinition.objects.count() == 13
    assert not User.objects.exists()


@pytest.mark.django_db(databases=["default", "ai"])
def test_reset_from_a_script_must_say_yes() -> None:
    seed_demo()
    Position.objects.all().delete()
    own, others = User.objects.get(email="demo_hnw@sigmasight.com").pk, uuid4()
    for user_id in (own, others):
        Memory.objects.create(user_id=user_id, scope="user", content="Prefers tables")
        KnowledgeDocument.objects.create(scope=f"user:{user_id}", slug="liked", title="x", content="x", content_hash="")
    with pytest.raises(CommandError, match="--yes"):
        call_command("reset_demo")
    assert not Position.objects.exists()
    call_command("reset_demo", "--yes")
    assert Position.objects.count() == 84
    assert list(Memory.objects.values_list("user_id", flat=True)) == [others]
    assert list(KnowledgeDocument.objects.exclude(scope="global").values_list("scope", flat=True)) == [f"user:{others}"]
    assert KnowledgeDocument.objects.filter(scope="global", slug="measure-value-at-risk").exists()


def test_seeding_takes_a_handful_of_queries(django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(60):
        seed_demo()
    with django_assert_max_num_queries(40):
        seed_demo()
