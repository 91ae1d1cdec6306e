"""Repairs by hand: looking changes nothing, doing is one transaction with an entry, a second time finds nothing to do, and the nights
after it end with the numbers that were right."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from analytics.batch import symbol_results
from analytics.batch.night import Request, run_night
from analytics.models import BatchRun, SymbolVolatility
from analytics.services import price_desk
from analytics.services.clearing import Scope
from analytics.services.demo import demo_portfolio_ids
from analytics.services.hand_repairs import Effect, Repair, perform
from analytics.services.renamed_results import TABLES as RESULTS
from analytics.services.repair_kinds import ApplySplit, ClearCalculations, MergeSymbol, RerollPortfolio, ReseedDemo
from marketdata.models import DailyPrice, OptionContract, PriceCorrection, PriceDecision, PriceHistory, Security, Split
from marketdata.services.history import arrays_differ_from_rows, rebuild_histories
from marketdata.services.renames import TABLES as MARKET
from portfolios.models import Portfolio, PortfolioSnapshot, Position, TargetPrice, User
from portfolios.services.units import restate_positions
from sigmasight.core.errors import Conflict, DomainError
from sigmasight.core.models import ManualChange
from tagging.models import PositionTag
from tests.demo_fixtures import LAST_SESSION

pytestmark = [pytest.mark.django_db(databases=["default", "ai"]), pytest.mark.usefixtures("demo_results")]
SPLIT_DAY = dt.date(2025, 11, 17)
DAY = dt.date(2025, 11, 10)


@pytest.fixture
def staff() -> User:
    return User.objects.get(email="demo_admin@sigmasight.com")


def hedge_fund() -> Portfolio:
    return Portfolio.objects.get(account_name="Demo Hedge Fund Style")


def checksums() -> dict[str, Any]:
    """Count and fingerprint of every table of the core database."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = 'public'::regnamespace"
        )
        tables = [name for (name,) in cursor.fetchall()]
        lines = [
            f"SELECT '{name}', count(*), sum(hashtextextended(t::text, 0)::numeric) FROM \"{name}\" AS t"
            for name in tables
        ]
        cursor.execute(" UNION ALL ".join(lines))
        return {name: rest for name, *rest in cursor.fetchall()}


def do(staff: User, repair: Repair) -> Effect:
    return perform(staff, repair, repair.look().fingerprint)


def forget_split() -> ApplySplit:
    """Netflix as if nobody had told of its split; the repair that mends it."""
    netflix = Security.objects.get(symbol="NFLX")
    Split.objects.filter(security=netflix).delete()
    restate_positions([netflix.pk], LAST_SESSION)
    rebuild_histories([netflix.pk])
    return ApplySplit("NFLX", SPLIT_DAY, Fraction(10))


def every_repair() -> dict[str, Callable[[], Repair]]:
    return {
        "clear": lambda: ClearCalculations(Scope(first=DAY)),
        "reseed": lambda: ReseedDemo(anew=True),
        "reroll": lambda: RerollPortfolio(hedge_fund().pk, DAY),
        "merge": lambda: MergeSymbol("META", "METB"),
        "split": forget_split,
    }


def figures() -> list[dict[str, Any]]:
    """What the ledger says of the last sessions, whatever a row is called."""
    rows: QuerySet[Any, dict[str, Any]] = PortfolioSnapshot.objects.filter(snapshot_date__gte=SPLIT_DAY).values(
        "portfolio_id", "snapshot_date", "net_asset_value", "daily_pnl", "cumulative_pnl", "long_value", "short_value",
        "num_positions", "nav_quality", "beta_calculated_90d", "target_price_return_eoy",
    )  # fmt: skip
    return list(rows.order_by("portfolio_id", "snapshot_date"))


@pytest.mark.parametrize("name", every_repair())
def test_looking_changes_nothing_and_doing_does_what_was_seen_once(staff: User, name: str) -> None:
    repair = every_repair()[name]()
    before = checksums()
    seen = repair.look()
    assert not seen.is_nothing
    assert checksums() == before
    effect = perform(staff, repair, seen.fingerprint)
    assert effect.fingerprint == seen.fingerprint
    entries = {(entry.user_id, entry.change_message) for entry in ManualChange.objects.all()}
    assert entries == {(staff.pk, effect.done)}
    run = BatchRun.objects.get(kind="fix")
    assert (run.status, run.requested_by, run.params["job_type"]) == ("completed", staff, repair.job)
    again = repair.look()
    assert again.is_nothing, again.rows


@pytest.mark.parametrize("name", every_repair())
def test_none_is_looked_at_or_done_beside_a_run(staff: User, name: str) -> None:
    repair = every_repair()[name]()
    seen = repair.look().fingerprint
    now = timezone.now()
    run = BatchRun.objects.create(
        kind="portfolio", trigger="owner", source="simulated", status="running", started_at=now, heartbeat_at=now,
        scope_portfolio=hedge_fund(),
    )  # fmt: skip
    with pytest.raises(Conflict, match=str(run.pk)):
        perform(staff, repair, seen)
    if name != "clear":
        with pytest.raises(Conflict, match=str(run.pk)):
            repair.look()
    assert not ManualChange.objects.exists()


class Restless(RerollPortfolio):
    """Starts a run while it repairs."""

    def apply(self) -> Effect:
        run_night(Request(source="simulated", session=LAST_SESSION, recompute_from=LAST_SESSION))
        return super().apply()


def test_no_run_begins_while_a_repair_is_at_work(staff: User) -> None:
    with pytest.raises(Conflict, match="is running since"):
        perform(staff, Restless(hedge_fund().pk, DAY), RerollPortfolio(hedge_fund().pk, DAY).look().fingerprint)
    assert hedge_fund().dirty_from is None
    assert not BatchRun.objects.filter(kind="fix").exists()


def test_a_price_set_by_hand_moves_its_holders_by_the_difference_and_back(staff: User) -> None:
    before = figures()
    price = DailyPrice.objects.get(security__symbol="META", date=LAST_SESSION)
    lot = Position.objects.get(symbol="META")
    price_desk.override(staff, price.security_id, LAST_SESSION, price.close + 2, "the closing auction was corrected")
    run_night(Request(source="simulated", session=LAST_SESSION))
    moved = {
        row["portfolio_id"]: row["long_value"] - was["long_value"]
        for row, was in zip(figures(), before, strict=True)
        if row["snapshot_date"] == LAST_SESSION and row["portfolio_id"] == lot.portfolio_id
    }
    # The contract on it is quoted by the market and stays.
    assert moved == {lot.portfolio_id: 2 * lot.quantity}
    price_desk.take_back(staff, PriceDecision.objects.get().pk)
    # Both nights are in the test's transaction, whose clock stands still: what the process keeps looks current.
    symbol_results._of_one_session.cache_clear()
    run_night(Request(source="simulated", session=LAST_SESSION))
    assert figures() == before


def test_what_changed_since_it_was_looked_at_is_not_done(staff: User) -> None:
    repair = MergeSymbol("META", "METB")
    seen = repair.look().fingerprint
    DailyPrice.objects.filter(security__symbol="META").first().delete()  # type: ignore[union-attr]
    before = Position.objects.filter(symbol="META").count()
    with pytest.raises(Conflict, match="Look again"):
        perform(staff, repair, seen)
    assert Position.objects.filter(symbol="META").count() == before > 0
    assert not Security.objects.filter(symbol="METB").exists()
    assert not ManualChange.objects.exists()
    assert not BatchRun.objects.filter(kind="fix").exists()


def test_pressing_twice_leaves_one_run(staff: User) -> None:
    repair = RerollPortfolio(hedge_fund().pk, DAY)
    seen = repair.look().fingerprint
    perform(staff, repair, seen)
    with pytest.raises(Conflict, match="Look again"):
        perform(staff, repair, seen)
    assert BatchRun.objects.get(kind="fix").status == "completed"


class Broken(RerollPortfolio):
    """Fails by a fault of its own."""

    def apply(self) -> Effect:
        raise ZeroDivisionError("a fault")


class Late(RerollPortfolio):
    """What follows on it is refused."""

    def afterwards(self) -> Iterable[str]:
        raise DomainError("away", "The AI database is away.", status=503)


def test_a_repair_that_fails_stands_with_its_reason(staff: User) -> None:
    with pytest.raises(ZeroDivisionError):
        perform(staff, Broken(hedge_fund().pk, DAY), "")
    assert BatchRun.objects.get(kind="fix").error_summary["types"] == ["ZeroDivisionError"]


def test_what_is_refused_after_a_repair_does_not_take_it_back(staff: User) -> None:
    repair = Late(hedge_fund().pk, DAY)
    perform(staff, repair, repair.look().fingerprint)
    run = BatchRun.objects.get(kind="fix")
    assert (run.status, hedge_fund().dirty_from) == ("completed", DAY)
    assert "The AI database is away" in run.log.last().message


def test_a_portfolio_is_rolled_again_from_its_day(staff: User) -> None:
    before = figures()
    PortfolioSnapshot.objects.filter(portfolio=hedge_fund(), snapshot_date=LAST_SESSION).update(net_asset_value=1)
    effect = do(staff, RerollPortfolio(hedge_fund().pk, dt.date(2025, 11, 19)))
    assert effect.again == {"portfolio_snapshots": 2}
    assert [(book.name, book.first) for book in effect.books] == [(hedge_fund().name, dt.date(2025, 11, 19))]
    run_night(Request(source="simulated", session=LAST_SESSION))
    assert figures() == before


@pytest.mark.parametrize("day", [dt.date(1999, 1, 1), dt.date(2025, 11, 21), dt.date(9999, 12, 31)])
def test_no_portfolio_is_rolled_from_a_day_that_cannot_be(day: dt.date) -> None:
    with pytest.raises(DomainError, match="is not between"):
        RerollPortfolio(hedge_fund().pk, day).look()


def test_a_day_before_the_ledger_begins_means_its_beginning() -> None:
    effect = RerollPortfolio(hedge_fund().pk, dt.date(2020, 1, 2)).look()
    assert (effect.first, len(effect.notes)) == (dt.date(2025, 6, 30), 1)


def test_everything_of_a_renamed_symbol_moves(staff: User) -> None:
    old = Security.objects.get(symbol="META")
    prices = list(old.daily_prices.order_by("date").values_list("date", "close"))
    lot = Position.objects.get(symbol="META")
    tags = set(PositionTag.objects.filter(position=lot).values_list("tag", flat=True))
    contract = OptionContract.objects.get(underlying=old)
    before, volatilities = figures(), SymbolVolatility.objects.filter(security=old).count()
    do(staff, MergeSymbol("meta", "metb"))
    new = Security.objects.get(symbol="METB")
    assert list(new.daily_prices.order_by("date").values_list("date", "close")) == prices
    assert not old.daily_prices.exists()
    assert not PriceHistory.objects.filter(security=old).exists()
    lot.refresh_from_db()
    assert (lot.symbol, lot.security, lot.trades.count()) == ("METB", new, 1)
    assert set(PositionTag.objects.filter(position=lot).values_list("tag", flat=True)) == tags
    assert TargetPrice.objects.filter(symbol="METB").count() == 1
    contract.refresh_from_db()
    assert (contract.underlying, contract.security.symbol) == (new, "METB271217C00900000")
    assert Position.objects.get(security=contract.security).symbol == "METB271217C00900000"
    assert SymbolVolatility.objects.filter(security=new).count() == volatilities
    old.refresh_from_db()
    assert (old.renamed_to, old.is_active, new.sector) == (new, False, old.sector)
    assert hedge_fund().dirty_from is not None
    assert arrays_differ_from_rows([old.pk, new.pk]) == []
    Portfolio.objects.update(dirty_from=SPLIT_DAY)
    run_night(Request(source="simulated", session=LAST_SESSION))
    assert figures() == before


def test_two_names_with_prices_of_the_same_days_lose_none(staff: User) -> None:
    old, days = Security.objects.get(symbol="META"), 5
    new = Security.objects.create(symbol="METB", security_type="stock", price_status="known")
    shared = list(old.daily_prices.order_by("-date")[:days])
    DailyPrice.objects.bulk_create(
        DailyPrice(security=new, date=row.date, close=row.close * Decimal("1.02"), source="other") for row in shared
    )
    rebuild_histories([new.pk])
    many = old.daily_prices.count()
    TargetPrice.objects.create(
        portfolio=hedge_fund(), symbol="METB", position_type="LONG", target_price_eoy=7, current_price=5
    )
    effect = do(staff, MergeSymbol("META", "METB"))
    assert any("5 sessions have a price under both names, 5 of them" in note for note in effect.notes)
    assert any("has targets for both names (LONG)" in note for note in effect.notes)
    assert (new.daily_prices.count(), old.daily_prices.count()) == (many, days)
    assert new.daily_prices.filter(source="other").count() == days
    assert TargetPrice.objects.get(symbol="METB").target_price_eoy == 7
    assert MergeSymbol("META", "METB").look().is_nothing


def test_contracts_that_both_names_have_become_one(staff: User) -> None:
    contract = OptionContract.objects.get(underlying__symbol="META")
    new = Security.objects.create(symbol="METB", security_type="stock")
    twin = Security.objects.create(symbol="METB271217C00900000", security_type="option")
    OptionContract.objects.create(
        security=twin, underlying=new, option_type="CALL", strike=contract.strike, expiration=contract.expiration
    )
    do(staff, MergeSymbol("META", "METB"))
    assert Position.objects.filter(security=twin, symbol=twin.symbol).count() == 1
    assert not contract.security.option_quotes.exists()
    assert twin.option_quotes.exists()


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("META", "MSFT", "not_one_security"),
        ("META", "META", "same_symbol"),
        ("NOSUCH", "META", "security_not_found"),
        ("SPY", "SPYX", "is_proxy"),
        ("META271217C00900000", "METB", "is_contract"),
        ("META", "METB271217C00900000", "is_contract"),
        ("META", "SCHD", "types_differ"),
        ("META", "<b>", "symbol_invalid"),
        ("META", "\x00", "symbol_missing"),
        ("META", "FO_ART", "symbol_invalid"),
        ("META", "A" * 40, "symbol_invalid"),
        ("META", "", "symbol_missing"),
    ],
)
def test_what_is_not_one_security_is_not_merged(old: str, new: str, code: str) -> None:
    with pytest.raises(DomainError) as refusal:
        MergeSymbol(old, new).look()
    assert refusal.value.code == code


def test_a_symbol_is_merged_into_one_other_alone(staff: User) -> None:
    do(staff, MergeSymbol("META", "METB"))
    with pytest.raises(DomainError, match="merged into METB already"):
        MergeSymbol("META", "METC").look()
    with pytest.raises(DomainError, match="called METB now"):
        MergeSymbol("UNH", "META").look()


def test_every_table_that_points_at_a_security_is_known_to_the_merge() -> None:
    known = {model._meta.db_table for model, _ in (*MARKET, *RESULTS)}
    apart = {
        "positions", "securities", "option_contracts", "price_histories", "symbol_collections", "price_corrections",
        "symbol_factor_exposure_rows",
    }  # fmt: skip
    pointing = {
        field.related_model._meta.db_table
        for field in Security._meta.get_fields(include_hidden=True)
        if field.auto_created and field.is_relation and not field.concrete
    }
    assert pointing == known | apart


def test_a_missed_split_is_applied_and_the_numbers_are_right_again(staff: User) -> None:
    before = figures()
    held = list(Position.objects.filter(symbol="NFLX").order_by("id").values("quantity", "entry_price", "realized_pnl"))
    repair = forget_split()
    assert (
        list(Position.objects.filter(symbol="NFLX").order_by("id").values("quantity", "entry_price", "realized_pnl"))
        != held
    )
    effect = do(staff, repair)
    assert effect.first == SPLIT_DAY
    assert (
        list(Position.objects.filter(symbol="NFLX").order_by("id").values("quantity", "entry_price", "realized_pnl"))
        == held
    )
    assert PriceCorrection.objects.filter(kind="split", processed_at__isnull=False).exists()
    assert arrays_differ_from_rows([Security.objects.get(symbol="NFLX").pk]) == []
    TargetPrice.objects.all().delete()
    run_night(Request(source="simulated", session=LAST_SESSION))
    without_targets = [row | {"target_price_return_eoy": None} for row in before]
    assert [row | {"target_price_return_eoy": None} for row in figures()] == without_targets


def test_clearing_by_hand_is_of_the_scope_that_was_asked_for(staff: User) -> None:
    effect = do(staff, ClearCalculations(Scope(first=LAST_SESSION)))
    assert effect.rows["portfolio_snapshots"] == 5
    assert not PortfolioSnapshot.objects.filter(snapshot_date=LAST_SESSION).exists()
    assert len(effect.books) == 5


def test_the_demo_is_completed_or_restored(staff: User) -> None:
    assert ReseedDemo().look().is_nothing
    hedge_fund().delete()
    assert do(staff, ReseedDemo()).rows["portfolios"] == 1
    Position.objects.filter(symbol="AAPL").update(quantity=0)
    password = User.objects.get(pk=staff.pk).password
    do(staff, ReseedDemo(anew=True))
    assert Portfolio.objects.filter(pk__in=demo_portfolio_ids()).count() == 5
    assert not Position.objects.filter(symbol="AAPL", quantity=0).exists()
    assert User.objects.get(pk=staff.pk).password == password


def test_where_no_demo_is_allowed_none_is_seeded(settings: Any) -> None:
    settings.DEMO_ALLOWED = False
    for anew in (False, True):
        with pytest.raises(DomainError, match="no demo here"):
            ReseedDemo(anew=anew).look()
