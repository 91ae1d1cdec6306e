"""The audit of profiles and prices: clean on the demo but for what its source does not send, and every planted fault is found."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from analytics.audits.catalogue import AUDITS, run_audit
from analytics.audits.scope import Scope
from marketdata.models import (
    CompanyProfile,
    DailyPrice,
    Dividend,
    OptionContract,
    PriceHistory,
    PriceRejection,
    SectorBenchmarkWeight,
    Split,
    TreasuryYield,
)
from portfolios.models import Portfolio
from tests.analytics.audits.command import audit, findings
from tests.factories import PositionFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("demo_results")]
LAST, SOME_DAY = dt.date(2025, 11, 20), dt.date(2025, 9, 3)


def profile(symbol: str = "AAPL", **values: object) -> None:
    CompanyProfile.objects.filter(security__symbol=symbol).update(**values)


def price_of(symbol: str = "AAPL", day: dt.date = SOME_DAY) -> DailyPrice:
    return DailyPrice.objects.get(security__symbol=symbol, date=day)


def lose(symbol: str, day: dt.date) -> None:
    price_of(symbol, day).delete()


def trade_on_a_sunday() -> None:
    row = price_of()
    DailyPrice.objects.create(security=row.security, date=dt.date(2025, 9, 7), close=row.close, source="tests")


def begin_late() -> None:
    DailyPrice.objects.filter(security__symbol="AAPL", date__lt=dt.date(2025, 5, 1)).delete()


def doubt() -> None:
    DailyPrice.objects.filter(pk=price_of().pk).update(quality="suspect")


def move(factor: int) -> None:
    DailyPrice.objects.filter(pk=price_of().pk).update(close=F("close") * factor, high=F("close") * factor)


def refuse() -> None:
    PriceRejection.objects.create(
        symbol="AAPL", date=SOME_DAY, provider="tests", reason="close_not_positive", payload={}
    )


def weight() -> object:
    return SectorBenchmarkWeight.objects.filter(sector="Technology").update(weight=Decimal("0.9"))


def old_weights() -> object:
    return SectorBenchmarkWeight.objects.update(asof_date=dt.date(2025, 6, 1))


def spoil_the_array() -> None:
    history = PriceHistory.objects.get(security__symbol="AAPL")
    PriceHistory.objects.filter(pk=history.pk).update(checksum="0" * 64)


def contract(**values: object) -> None:
    OptionContract.objects.filter(security__symbol="AAPL271217P00180000").update(**values)


def pay(amount: int, day: dt.date = SOME_DAY, times: int = 1) -> None:
    for after in range(times):
        Dividend.objects.create(
            security=price_of().security, ex_date=day + dt.timedelta(days=after), amount=amount, source="tests"
        )


def split(ratio: float | str, day: dt.date = SOME_DAY) -> None:
    Split.objects.create(security=price_of().security, ex_date=day, ratio=Decimal(ratio), source="tests")


Plant = Callable[[], object]
FAULTS: list[tuple[str, Plant, str, str]] = [
    ("Company profiles", lambda: CompanyProfile.objects.filter(security__symbol="AAPL").delete(), "error", "has no profile"),
    ("Company profiles", lambda: profile(beta=None, sector=None), "warning", "lacks sector, beta"),
    ("Company profiles", lambda: profile(gross_margins=None), "information", "lacks gross_margins"),
    ("Figures of profiles", lambda: profile(target_low_price=500), "error", "target_low_price 500.00 above"),
    ("Figures of profiles", lambda: profile(dividend_yield=3), "warning", "perhaps a percentage"),
    ("Figures of profiles", lambda: profile(fetched_at=timezone.now() - dt.timedelta(days=30)), "warning", "was last fetched"),
    ("Price coverage", lambda: lose("AAPL", SOME_DAY), "error", "lacks 1 session of 606: 2025-09-03"),
    ("Price coverage", lambda: DailyPrice.objects.filter(security__symbol="AAPL").delete(), "error", "has no price"),
    ("Price coverage", trade_on_a_sunday, "error", "days without trading: 2025-09-07"),
    ("Price coverage", begin_late, "warning", "risk figures want 252"),
    ("Price freshness", lambda: lose("AAPL", LAST), "warning", "1 session before 2025-11-20"),
    ("Price freshness", lambda: DailyPrice.objects.filter(security__symbol="AAPL", date__gt=SOME_DAY).delete(), "error", "56 sessions"),
    ("Suspect and refused prices", doubt, "warning", "unexplained jumps that nothing uses: 2025-09-03"),
    ("Suspect and refused prices", refuse, "warning", "were refused (close not positive): 2025-09-03"),
    ("Factor funds", lambda: lose("SPY", SOME_DAY), "error", "lacks 1 session of the last 504: 2025-09-03"),
    ("Factor funds", lambda: lose("SPY", dt.date(2024, 1, 2)), "warning", "2024-01-02"),
    ("Benchmark and yields", weight, "error", "not to 1"),
    ("Benchmark and yields", old_weights, "warning", "more than a quarter old"),
    ("Benchmark and yields", lambda: SectorBenchmarkWeight.objects.all().delete(), "error", "has no sector weights"),
    ("Benchmark and yields", lambda: TreasuryYield.objects.filter(series_id="DGS10").delete(), "warning", "has no yield"),
    ("Option contracts", lambda: contract(strike=200), "error", "strike is 200.0000, its symbol says 180"),
    ("Option contracts", lambda: contract(option_type="CALL"), "error", "side is CALL, its symbol says PUT"),
    ("Splits", lambda: split(1), "error", "a split of 1 for 1"),
    ("Splits", lambda: split(4), "error", "not what a split of 4 for 1 does"),
    ("Splits", lambda: (split("1.2"), split("1.2", dt.date(2025, 9, 5))), "warning", "two splits within 2 days"),
    ("Dividends", lambda: pay(100), "warning", "paid $100.0000 on a price of"),
    ("Dividends", lambda: pay(5000), "error", "paid $5,000.0000 on a price of"),
    ("Dividends", lambda: pay(1, times=2), "warning", "twice within 1 day:"),
    ("Moves of prices", lambda: move(3), "warning", "with no split to explain it"),
    ("Price arrays", lambda: move(2), "error", "differ from its rows"),
    ("Price arrays", spoil_the_array, "error", "differ from its rows"),
]  # fmt: skip


def test_the_demo_has_what_its_source_sends() -> None:
    code, report = audit("market-data")
    assert code == 0
    assert report["counts"] == {"checks": 12, "error": 0, "warning": 0, "information": 1}
    (unsent,) = [one for check in report["checks"] for one in check["findings"]]
    assert "of no held symbol: ceo" in unsent["what"]
    coverage = next(one for one in report["checks"] if one["name"] == "Price coverage")["looked_at"]
    assert coverage["sessions expected"] == coverage["present"] > 20_000


@pytest.mark.parametrize(("check", "plant", "severity", "told"), FAULTS, ids=[f"{one[0]}: {one[3]}" for one in FAULTS])
def test_a_planted_fault_is_found(check: str, plant: Plant, severity: str, told: str) -> None:
    plant()
    code, found = findings("market-data", check)
    assert code == (1 if severity == "error" else 0)
    assert any(one["severity"] == severity and told in one["what"] for one in found), found


def test_prices_are_expected_up_to_the_day_that_is_given() -> None:
    lose("AAPL", LAST)
    assert findings("market-data", "Price freshness", "--date", "2025-11-19") == (0, [])


def test_the_arrays_have_an_audit_of_their_own() -> None:
    assert audit("prices")[0] == 0
    move(2)
    code, report = audit("prices")
    assert code == 1
    assert report["checks"][0]["findings"][0]["subject"] == "AAPL"


def test_queries_do_not_grow_with_the_lots() -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            run_audit(AUDITS["market-data"], Scope())
        return len(queries)

    before = asked()
    PositionFactory.create_batch(20, portfolio=Portfolio.objects.get(account_name="Demo Individual"))
    assert asked() == before
