"""Results of books worked out again lot by lot: exposures, concentration, factors, volatility, correlations."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from analytics.audits.plain_books import MARKET_FUND, Floats, PlainBook, PlainBooks, PlainLot
from analytics.audits.scope import NO_RESULTS
from analytics.audits.symbol_checks import fitted_beta, plain_volatility
from analytics.batch.book_correlations import LEAST_VALUE, LEAST_WEIGHT, MIN_RETURNS
from analytics.batch.book_results import CORRELATION_DAYS
from analytics.batch.symbols import BETA_WINDOW, PROVIDER_SLOT
from analytics.engines.correlation import MIN_OVERLAP
from analytics.models import CorrelationCalculation, FactorDefinition, FactorExposure
from portfolios.models import PortfolioSnapshot
from sigmasight.core.audits import Check, Finding, Nothing, Severity, check, named

# Cents are rounded once; betas are stored with eight decimals, so that a dollar of holdings carries 5e-9 of rounding at most.
CENT, PER_DOLLAR = 0.011, 2e-8
# Columns of four and of two decimals; HHI goes up to 10,000.
FOUR_DECIMALS, TWO_DECIMALS = 6e-5, 0.006
CORRELATION_TOLERANCE = 2e-6
ROLL = "Clear the calculations of the portfolio and run the batch again; if it stays, the calculation is wrong."
NO_FACTORS = Nothing("no portfolio has factor exposures", "Run the batch; private holdings alone have none.")
NO_MARKET = Nothing(f"{MARKET_FUND} has no prices", "Run the batch: it fetches the factor funds.")
NO_PAIRS = Nothing("no portfolio has correlations", "Run the batch; it takes two large enough symbols.")


def check_exposures(books: PlainBooks) -> Check:
    """Exposures and concentration in snapshots against sums over the lots."""
    snapshots = rows_of(PortfolioSnapshot, books, "snapshot_date")
    found = []
    left_out = (
        [f"left out until the next night, for their lots were changed: {named(books.waiting)}"] if books.waiting else []
    )
    for book in books.books:
        snapshot = snapshots[book.portfolio.pk]
        values = [lot.market_value for lot in book.lots]
        long, short = sum(v for v in values if v > 0), sum(v for v in values if v < 0)
        deltas = [
            lot.market_value if lot.is_private or lot.contract is None else lot.delta_dollars for lot in book.lots
        ]
        known = [value for value in deltas if value is not None]
        # Cents of every lot are rounded once more.
        few = CENT * max(len(values), 1)
        wanted = {
            "long_value": (long, few), "short_value": (short, few), "gross_exposure": (long - short, few),
            "net_exposure": (long + short, few), "cash_value": (book.equity - long - short, few),
            "portfolio_delta": (sum(known), few), "net_delta_exposure": (sum(known), few),
            "gross_delta_exposure": (sum(abs(value) for value in known), few), "num_positions": (len(values), 0),
        }  # fmt: skip
        found += list(differing_columns(book, snapshot, wanted | _concentration(book)))
    return check(
        "Exposures of portfolios", {"portfolios": len(books.books), "lots": sum(len(b.lots) for b in books.books)}, found,
        nothing=NO_RESULTS, told=left_out,
    )  # fmt: skip


def _concentration(book: PlainBook) -> dict[str, tuple[float | None, float]]:
    by_symbol: dict[str, float] = defaultdict(float)
    for lot in book.lots:
        by_symbol[lot.symbol] += abs(lot.market_value)
    total = sum(by_symbol.values())
    if not total:
        return {}
    shares = sorted((value / total for value in by_symbol.values()), reverse=True)
    squares = sum(share**2 for share in shares)
    return {
        "hhi": (10_000 * squares, FOUR_DECIMALS), "effective_num_positions": (1 / squares, TWO_DECIMALS),
        "top_3_concentration": (sum(shares[:3]), FOUR_DECIMALS), "top_10_concentration": (sum(shares[:10]), FOUR_DECIMALS),
    }  # fmt: skip


def check_factor_exposures(books: PlainBooks) -> Check:
    """Dollars and share of equity exposed to each factor: stored betas of symbols times dollars of lots."""
    stored = rows_of(FactorExposure, books, "calculation_date")
    names = dict(FactorDefinition.objects.values_list("display_order", "name"))
    found, compared = [], 0
    for book in books.books:
        row = stored.get(book.portfolio.pk)
        moving = [(one, dollars, lot, books.loadings.get((book.session, one))) for one, dollars, lot in book.moving()]
        if row is None:
            if any(loading is not None for *_, loading in moving):
                found.append(
                    Finding(Severity.ERROR, book.name, "has no factor exposures", f"session {book.session}", ROLL)
                )
            continue
        tolerance = CENT + PER_DOLLAR * book.size
        for slot, stored_dollars in enumerate(row.exposure_dollar):
            # What a provider quotes is the beta of the stock, not of a contract on it.
            own = [one for one in moving if slot != PROVIDER_SLOT or one[2].contract is None]
            again = _weighted(own, slot, "beta_value")
            compared += 1
            found += list(differing(book, names.get(slot, f"factor {slot}"), stored_dollars, again, tolerance))
            share = None if again is None or book.equity <= 0 else again / book.equity
            found += list(
                differing(
                    book,
                    f"{names.get(slot)} per dollar",
                    row.exposure_value[slot],
                    share,
                    1e-6 + tolerance / abs(book.equity or 1),
                )
            )
        for slot, stored_dollars in enumerate(row.joint_dollar or ()):
            compared += 1
            found += list(
                differing(
                    book, f"joint factor {slot + 1}", stored_dollars, _weighted(moving, slot, "joint_beta"), tolerance
                )
            )
    return check("Factor exposures of portfolios", {"exposures recomputed": compared}, found, nothing=NO_FACTORS)


def _weighted(moving: list[Any], slot: int, name: str) -> float | None:
    """Dollars times betas over the lots that have one, None without any."""
    parts = []
    for _, dollars, _, loading in moving:
        beta = None if loading is None or getattr(loading, name) is None else getattr(loading, name)[slot]
        if beta is not None and beta == beta and dollars:
            parts.append(dollars * beta)
    return sum(parts) if parts else None


def check_volatilities(books: PlainBooks) -> Check:
    """Volatility and direct beta of today's holdings from price rows, every contract as so much of its underlying."""
    if MARKET_FUND not in books.funds:
        return check("Volatilities of portfolios", {"figures recomputed": 0}, [], nothing=NO_MARKET)
    snapshots = rows_of(PortfolioSnapshot, books, "snapshot_date")
    found, compared = [], 0
    for book in books.books:
        if not book.moving() or book.equity <= 0:
            continue
        returns = books.history(book, BETA_WINDOW, _linear) / book.equity
        market = books.filled(book.session, books.funds[MARKET_FUND], BETA_WINDOW)[0]
        wanted = {
            "realized_volatility_21d": (plain_volatility(returns, 21), FOUR_DECIMALS),
            "realized_volatility_63d": (plain_volatility(returns, 63), FOUR_DECIMALS),
            "beta_portfolio_regression": (fitted_beta(returns, market), FOUR_DECIMALS),
        }
        compared += len(wanted)
        found += list(differing_columns(book, snapshots[book.portfolio.pk], wanted))
    return check("Volatilities of portfolios", {"figures recomputed": compared}, found, nothing=NO_RESULTS)


def _linear(lot: PlainLot, dollars: float, returns: Floats) -> Floats:
    return dollars * returns


def check_correlations(books: PlainBooks) -> Check:
    """How the holdings of books move together: every pair by `numpy.corrcoef` on the log returns both have."""
    stored = rows_of(CorrelationCalculation, books, "calculation_date", duration_days=CORRELATION_DAYS)
    found, pairs = [], 0
    for book in books.books:
        row = stored.get(book.portfolio.pk)
        weights, returns = _large_enough(books, book)
        values = {
            (one, other): value
            for one, other in itertools.combinations(sorted(weights), 2)
            if (value := _pair(returns[one], returns[other])) is not None
        }
        pairs += len(values)
        if row is None:
            if values:
                found.append(Finding(Severity.ERROR, book.name, "has no correlations", f"session {book.session}", ROLL))
            continue
        both = {pair: weights[pair[0]] * weights[pair[1]] for pair in values}
        mean = sum(map(abs, values.values())) / len(values) if values else None
        weighted = sum(both[p] * abs(v) for p, v in values.items()) / sum(both.values()) if values else None
        found += list(differing_columns(book, row, {
            "overall_correlation": (mean, CORRELATION_TOLERANCE), "portfolio_correlation": (weighted, CORRELATION_TOLERANCE),
            "positions_included": (len(weights), 0),
        }))  # fmt: skip
    return check("Correlations of holdings", {"pairs recomputed": pairs}, found, nothing=NO_PAIRS)


def _large_enough(books: PlainBooks, book: PlainBook) -> tuple[dict[int, float], dict[int, Floats]]:
    """Gross dollars and log returns of the holdings that count: by what they are priced by, large enough, moving, not hedged away."""
    gross: dict[int, float] = defaultdict(float)
    dollars: dict[int, float] = defaultdict(float)
    for lot in book.lots:
        if lot.priced_by is not None and lot.usable:
            gross[lot.priced_by] += abs(lot.market_value)
            dollars[lot.priced_by] += lot.market_value if lot.contract is None else lot.delta_dollars or 0.0
    total = sum(gross.values())
    kept, returns = {}, {}
    for one, value in gross.items():
        own = np.log1p(books.filled(book.session, one, CORRELATION_DAYS)[0])
        known = own[~np.isnan(own)]
        if (
            value >= LEAST_VALUE
            and value >= LEAST_WEIGHT * total
            and dollars[one]
            and len(known) >= MIN_RETURNS
            and np.ptp(known) > 0
        ):
            kept[one], returns[one] = value, own
    return kept, returns


def _pair(one: Floats, other: Floats) -> float | None:
    both = ~np.isnan(one) & ~np.isnan(other)
    if both.sum() < MIN_OVERLAP or np.ptp(one[both]) == 0 or np.ptp(other[both]) == 0:
        return None
    return float(np.corrcoef(one[both], other[both])[0, 1])


def rows_of(model: Any, books: PlainBooks, day: str, **limits: Any) -> dict[Any, Any]:
    """The stored rows of the books at their sessions, by portfolio."""
    wanted = {book.portfolio.pk: book.session for book in books.books}
    rows = model.objects.filter(portfolio_id__in=list(wanted), **{f"{day}__in": set(wanted.values())}, **limits)
    return {row.portfolio_id: row for row in rows if getattr(row, day) == wanted[row.portfolio_id]}


def differing_columns(book: PlainBook, row: Any, wanted: Mapping[str, tuple[float | None, float]]) -> Iterator[Finding]:
    for name, (again, tolerance) in wanted.items():
        yield from differing(book, name.replace("_", " "), getattr(row, name), again, tolerance)


def differing(book: PlainBook, name: str, stored: object, again: float | None, tolerance: float) -> Iterator[Finding]:
    """A finding if what is stored is not what was recomputed; unknown equals unknown alone."""
    was = None if stored is None or math.isnan(float(stored)) else float(stored)  # type: ignore[arg-type]
    now = None if again is None or math.isnan(again) else float(again)
    if was is None and now is None:
        return
    if was is None or now is None or abs(was - now) > tolerance:
        told = ["unknown" if value is None else f"{value:,.6f}".rstrip("0").rstrip(".") for value in (was, now)]
        yield Finding(
            Severity.ERROR,
            book.name,
            f"{name} is stored as {told[0]}, recomputed {told[1]}",
            f"session {book.session}",
            ROLL,
        )
