"""Whether the stored prices of held securities are whole, fresh, believed, and the same in rows and arrays."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np

from marketdata import calendar
from marketdata.models import DailyPrice, PriceHistory, PriceRejection, SectorBenchmarkWeight, Security, TreasuryYield
from marketdata.services.held_prices import StoredPrices, stored_prices
from marketdata.services.history import arrays_differ_from_rows
from marketdata.services.securities import FACTOR_FUNDS, PROXIES, SECTOR_FUNDS, TREASURY_SERIES, VOLATILITY_INDEX
from sigmasight.core.audits import Check, Finding, Nothing, Severity, check, counted, named

REFETCH = "Refresh the market data; if it stays missing, the source does not have it."
NOTHING_HELD = Nothing("no portfolio holds anything that a market prices", "Load positions, or seed the demo.")
# Sessions that the longest windows take: 252 for joint factors and value at risk, 504 for the volatility forecast.
NEEDED_SESSIONS, LONGEST_WINDOW = 252, 504
# A benchmark's weights of more than a quarter are old; the shares are rounded to six decimals each.
WEIGHTS_DAYS, WEIGHTS_TOLERANCE = 92, 0.01
YIELD_SESSIONS = 5
BENCHMARK = "SP500"


def check_coverage(held: Sequence[StoredPrices], until: dt.date) -> Check:
    """Every session between a symbol's first and last price has one, by the exchange calendar."""
    found, expected, present = [], 0, 0
    for one in held:
        missing = one.missing
        expected += len(one.ordinals) + len(missing)
        present += len(one.ordinals)
        if not len(one.ordinals):
            found.append(
                Finding(
                    Severity.ERROR,
                    one.symbol,
                    f"has no price up to {until}",
                    "daily_prices",
                    "Check the symbol with its source.",
                )
            )
        if missing:
            found.append(Finding(
                Severity.ERROR, one.symbol,
                f"lacks {counted(len(missing), 'session')} of {len(one.ordinals) + len(missing):,}: {named(missing)}",
                "daily_prices", REFETCH,
            ))  # fmt: skip
        if one.off_calendar:
            found.append(Finding(
                Severity.ERROR, one.symbol, f"has prices of days without trading: {named(one.off_calendar)}", "daily_prices",
                "Delete these rows under Market data, Daily prices.",
            ))  # fmt: skip
        if 0 < len(one.ordinals) < NEEDED_SESSIONS:
            found.append(Finding(
                Severity.WARNING, one.symbol, f"has {len(one.ordinals)} sessions of prices, risk figures want {NEEDED_SESSIONS}",
                "daily_prices", "Nothing to do for a young company; else refresh the market data.",
            ))  # fmt: skip
    share = (
        f"{100 * present / expected:.2f} % of the expected sessions have a price" if expected else "no price is stored"
    )
    return check(
        "Price coverage", {"symbols": len(held), "sessions expected": expected, "present": present}, found,
        nothing=NOTHING_HELD, told=[share],
    )  # fmt: skip


def check_freshness(held: Sequence[StoredPrices], until: dt.date) -> Check:
    """The newest price of every held symbol is of the last session that is complete."""
    target = calendar.session_ordinal(until)
    held = [one for one in held if len(one.ordinals)]
    found = []
    for one in held:
        behind = target - int(one.ordinals[-1])
        if behind > 0:
            newest = calendar.session_at(int(one.ordinals[-1]))
            found.append(Finding(
                Severity.WARNING if behind == 1 else Severity.ERROR, one.symbol,
                f"has its newest price of {newest}, {counted(behind, 'session')} before {until}", "daily_prices", REFETCH,
            ))  # fmt: skip
    return check("Price freshness", {"symbols with prices": len(held)}, found, nothing=NOTHING_HELD)


def check_doubts(held: Sequence[StoredPrices]) -> Check:
    """Rows that were refused or are not believed, of held symbols, until somebody decides about them."""
    found = [
        Finding(Severity.WARNING, one.symbol, f"has unexplained jumps that nothing uses: {named(one.doubtful)}", "daily_prices",
                "Accept or refetch them on the page of data quality.")
        for one in held
        if one.doubtful
    ]  # fmt: skip
    open_ones = PriceRejection.objects.filter(symbol__in=[one.symbol for one in held], resolved=None)
    refused: dict[tuple[str, str, str], list[dt.date | None]] = {}
    for symbol, provider, reason, day in open_ones.order_by("symbol", "date").values_list(
        "symbol", "provider", "reason", "date"
    ):
        refused.setdefault((symbol, provider, reason), []).append(day)
    found += [
        Finding(Severity.WARNING, symbol, f"sent rows that were refused ({reason.replace('_', ' ')}): {named(days)}", provider,
                "Refetch, accept or replace them on the page of data quality.")
        for (symbol, provider, reason), days in refused.items()
    ]  # fmt: skip
    return check("Suspect and refused prices", {"symbols": len(held)}, found, nothing=NOTHING_HELD)


def check_funds(until: dt.date) -> Check:
    """The funds that factors and sectors are measured by have every session of the windows, whatever is held."""
    funds = dict(Security.objects.filter(symbol__in=PROXIES).values_list("symbol", "id"))
    stored = {one.symbol: one for one in stored_prices(list(funds.values()), until)}
    first = calendar.session_ordinal(until) - LONGEST_WINDOW + 1
    found = [
        Finding(Severity.ERROR, symbol, "is not among the securities", "factor funds", "Run the batch: it adds them.")
        for symbol in PROXIES
        if symbol not in funds
    ]
    for symbol in (symbol for symbol in PROXIES if symbol in stored):
        days = stored[symbol].ordinals[~stored[symbol].suspect]
        lacking = np.setdiff1d(np.arange(first, first + LONGEST_WINDOW), days)
        if not len(lacking):
            continue
        wanted = symbol in FACTOR_FUNDS or symbol in SECTOR_FUNDS.values()
        recent = wanted and lacking[-1] > first + LONGEST_WINDOW - 1 - NEEDED_SESSIONS
        dates = [calendar.session_at(int(i)) for i in lacking[::-1]]
        found.append(Finding(
            Severity.ERROR if recent else Severity.WARNING, symbol,
            f"lacks {counted(len(lacking), 'session')} of the last {LONGEST_WINDOW}: {named(dates)}",
            "the betas of everybody rest on it" if symbol in FACTOR_FUNDS else "stands in for missing prices", REFETCH,
        ))  # fmt: skip
    return check(
        "Factor funds", {"funds": len(stored), "sessions of each": LONGEST_WINDOW if stored else 0}, found,
        nothing=Nothing("no factor fund is stored", "Run the batch: it adds and fetches them."),
        told=[f"market and style funds {', '.join(FACTOR_FUNDS)}; volatility index {VOLATILITY_INDEX}"],
    )  # fmt: skip


def check_benchmark(until: dt.date) -> Check:
    """The sector weights of the benchmark make one and are not old; the Treasury yields are there and recent."""
    weights = SectorBenchmarkWeight.objects.filter(benchmark_code=BENCHMARK, asof_date__lte=until).order_by(
        "-asof_date"
    )
    newest = weights.values_list("asof_date", flat=True).first()
    rows = [] if newest is None else list(weights.filter(asof_date=newest).values_list("weight", flat=True))
    found = []
    if newest is None:
        found.append(
            Finding(
                Severity.ERROR,
                BENCHMARK,
                "has no sector weights",
                "benchmarks_sector_weights",
                "Import a set of weights.",
            )
        )
    else:
        total = float(sum(rows))
        if abs(total - 1) > WEIGHTS_TOLERANCE:
            found.append(Finding(
                Severity.ERROR, BENCHMARK, f"has sector weights that add up to {total:.4f}, not to 1", f"set of {newest}",
                "Import the whole set again.",
            ))  # fmt: skip
        if (until - newest).days > WEIGHTS_DAYS:
            found.append(Finding(
                Severity.WARNING, BENCHMARK, f"has sector weights of {newest}, more than a quarter old", "benchmarks_sector_weights",
                "Import a newer set.",
            ))  # fmt: skip
    yields = TreasuryYield.objects.filter(series_id__in=TREASURY_SERIES, date__lte=until).order_by("series_id", "-date")
    series = dict(yields.distinct("series_id").values_list("series_id", "date"))
    for name in TREASURY_SERIES:
        day = series.get(name)
        if day is None or calendar.sessions_between(day, until) > YIELD_SESSIONS:
            what = "has no yield" if day is None else f"has its newest yield of {day}"
            found.append(Finding(Severity.WARNING, name, what, "treasury_yields", "Refresh the market data."))
    return check(
        "Benchmark and yields", {"sector weights": len(rows), "yield series": len(series)}, found,
        nothing=Nothing("neither sector weights nor yields are stored", "manage.py seed_demo --reference, then run the batch"),
    )  # fmt: skip


def check_arrays() -> Check:
    """The arrays that the engines read are what the rows give."""
    ids = set(PriceHistory.objects.values_list("security_id", flat=True))
    ids |= set(DailyPrice.objects.values_list("security_id", flat=True).distinct())
    wrong = arrays_differ_from_rows(sorted(ids))
    names = dict(Security.objects.filter(pk__in=wrong).values_list("id", "symbol"))
    found = [
        Finding(Severity.ERROR, names[one], "has price arrays that differ from its rows", "price_histories",
                "Refresh the market data, or rebuild the history of the security.")
        for one in wrong
    ]  # fmt: skip
    return check(
        "Price arrays", {"price histories": len(ids)}, found, nothing=Nothing("no price is stored", "Run the batch.")
    )
