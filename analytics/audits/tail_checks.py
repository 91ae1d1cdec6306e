"""Value at risk worked out again from price rows: today's lots under the returns of the last sessions, and what lots add to it."""

from __future__ import annotations

import math

import numpy as np

from analytics.audits.book_checks import CENT, PER_DOLLAR, differing, rows_of
from analytics.audits.plain_books import Floats, PlainBooks, PlainLot
from analytics.audits.scope import NO_RESULTS
from analytics.audits.stress_checks import option_value
from analytics.engines.risk import LOOKBACK
from analytics.engines.tails import MINIMUM
from analytics.models import PortfolioRisk
from sigmasight.core.audits import Check, check

TAILS = ((0.95, "95"), (0.99, "99"))
# Components are kept as four-byte floats and added up.
SINGLE = 1e-6


def check_value_at_risk(books: PlainBooks) -> Check:
    """Historical value at risk, expected shortfall and volatility of one session, contracts revalued by the formula day by day."""
    stored = rows_of(PortfolioRisk, books, "calculation_date")
    found, compared = [], 0
    for book in books.books:
        row = stored.get(book.portfolio.pk)
        if row is None or not book.moving():
            continue
        history = books.history(book, LOOKBACK, revalued)
        known = np.sort(history[~np.isnan(history)])
        enough = len(known) >= MINIMUM
        tolerance = CENT + PER_DOLLAR * book.size
        again = float(np.std(known, ddof=1)) if enough else None
        found += list(differing(book, "volatility of a session", row.volatility_daily, again, tolerance))
        for level, name in TAILS:
            loss = -float(np.quantile(known, 1 - level)) if enough else None
            tail = tail_mean(known, 1 - level) if enough else None
            found += list(
                differing(book, f"value at risk at {name} %", getattr(row, f"var_{name}_1d"), loss, tolerance)
            )
            found += list(
                differing(book, f"expected shortfall at {name} %", getattr(row, f"es_{name}_1d"), tail, tolerance)
            )
            compared += 2
        for column, whole in (("component_var", row.var_95_1d), ("component_volatility", row.volatility_daily)):
            parts = [value for value in getattr(row, column) or () if value is not None and value == value]
            if whole is not None and parts:
                rounding = tolerance + SINGLE * sum(abs(part) for part in parts)
                found += list(differing(book, f"sum of {column.replace('_', ' ')}", whole, sum(parts), rounding))
    return check("Value at risk", {"figures recomputed": compared}, found, nothing=NO_RESULTS)


def revalued(lot: PlainLot, dollars: float, returns: Floats) -> Floats:
    """What a lot makes of each return: its value times the return, of a contract the difference of its value."""
    if lot.contract is None:
        return dollars * returns
    now = option_value(lot.contract, 0.0, 0.0, 0.0)
    moved = [math.nan if r != r else option_value(lot.contract, r, 0.0, 0.0) - now for r in returns.tolist()]
    return lot.quantity * lot.multiplier * np.array(moved)


def tail_mean(ascending: Floats, share: float) -> float:
    """Mean loss of the worst share of days; the day that the share cuts counts as the part that lies in it."""
    days = share * len(ascending)
    whole = int(days)
    worst = float(ascending[:whole].sum())
    return -(worst + (days - whole) * float(ascending[whole])) / days
