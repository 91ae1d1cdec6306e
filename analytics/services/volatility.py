"""How much a portfolio moves, and how much several move together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np

from analytics.engines.aggregation import CombinedVolatility, combined_volatility
from analytics.engines.correlation import pairwise
from analytics.engines.regression import Floats
from analytics.services.history import DailyHistory, daily_history
from analytics.services.published import PublishedBook, published_book
from analytics.services.selection import Selection, select_portfolios
from portfolios.models import User

VOLATILITIES = ("realized_volatility_21d", "realized_volatility_63d", "expected_volatility_21d")
COLUMNS = (*VOLATILITIES, "volatility_trend", "volatility_percentile")
MONTH, QUARTER = 21, 63
# Calendar days that hold a quarter's sessions, whatever the holidays.
QUARTER_DAYS = dt.timedelta(days=100)
# Of a window's sessions, how many two books must share before their correlation is believed.
ENOUGH = 2 / 3
DIGITS = 4


@dataclass(frozen=True)
class PortfolioVolatility:
    """Annual volatilities of today's holdings as fractions; None where there is too little history. `percentile` is the share of
    the past year's values below the present one."""

    realized_volatility_21d: Decimal
    realized_volatility_63d: Decimal | None
    expected_volatility_21d: Decimal | None
    volatility_trend: str | None
    volatility_percentile: Decimal | None


def portfolio_volatility(user: User, portfolio_id: UUID) -> tuple[PublishedBook, PortfolioVolatility | None]:
    """The published volatility of a person's portfolio, None if the night had nothing to compute it from.

    `PublishedBook.engine["volatility"]` says by which method the forecast was made and from how many sessions.

    Raises
    ------
    NotFound for unknown and foreign portfolios.
    """
    book = published_book(user, portfolio_id, COLUMNS, engine="portfolio_aggregation")
    if book.snapshot["realized_volatility_21d"] is None:
        return book, None
    return book, PortfolioVolatility(*(book.snapshot[column] for column in COLUMNS))


@dataclass(frozen=True)
class MemberVolatility:
    """A portfolio's own volatilities, and what it adds to the volatility of all; annual fractions."""

    volatility_21d: Decimal | None
    volatility_63d: Decimal | None
    expected_volatility_21d: Decimal | None
    contribution: float | None


@dataclass(frozen=True)
class AggregateVolatility:
    """Volatilities of several portfolios held together, annual fractions; None where none of them has one.

    Attributes
    ----------
    members : one a portfolio of the selection; contributions sum to `realized_21d`.
    weighted_average_21d : what it would be if all moved together.
    coverage : share of the total value that has a volatility; the rest counts as standing still.
    average_correlation_63d : of the pairs of portfolios with a known one, None without any.
    """

    selection: Selection
    members: tuple[MemberVolatility, ...]
    realized_21d: float | None
    realized_63d: float | None
    expected_21d: float | None
    weighted_average_21d: float | None
    coverage: float | None
    average_correlation_63d: float | None


def aggregate_volatility(user: User, portfolio_ids: Collection[UUID] | None = None) -> AggregateVolatility:
    """The volatility of a person's portfolios as one: each one's published volatility, and the correlations of their daily
    returns over the same sessions (a quarter's for the forecast).

    Raises
    ------
    NotFound for unknown and foreign portfolios.
    """
    selection = select_portfolios(user, portfolio_ids, columns=VOLATILITIES)
    history = daily_history(selection.ids, selection.as_of - QUARTER_DAYS) if selection.as_of else None
    return combine(selection, history)


def combine(selection: Selection, history: DailyHistory | None) -> AggregateVolatility:
    """The volatility of a selection (with `VOLATILITIES`) by the daily results of its books."""
    weights = np.array([one.weight for one in selection.portfolios])
    own = {name: _column(selection, name) for name in VOLATILITIES}
    month, quarter = _correlation(selection, history, MONTH), _correlation(selection, history, QUARTER)
    realized = combined_volatility(weights, own["realized_volatility_21d"], month)
    known = ~np.isnan(own["realized_volatility_21d"])
    return AggregateVolatility(
        selection=selection,
        members=tuple(
            MemberVolatility(
                one.snapshot["realized_volatility_21d"],
                one.snapshot["realized_volatility_63d"],
                one.snapshot["expected_volatility_21d"],
                _number(part),
            )
            for one, part in zip(selection.portfolios, realized.component, strict=True)
        ),
        realized_21d=_number(realized.volatility),
        realized_63d=_of(weights, own["realized_volatility_63d"], quarter),
        expected_21d=_of(weights, own["expected_volatility_21d"], quarter),
        weighted_average_21d=_number(float(np.nansum(weights * own["realized_volatility_21d"])))
        if known.any()
        else None,
        coverage=_number(float(weights[known].sum())) if len(weights) else None,
        average_correlation_63d=_average(quarter),
    )


def _column(selection: Selection, name: str) -> Floats:
    values = [one.snapshot[name] for one in selection.portfolios]
    return np.array([np.nan if value is None else float(value) for value in values], dtype=np.float64)


def _correlation(selection: Selection, history: DailyHistory | None, window: int) -> Floats:
    count = len(selection.portfolios)
    if history is None:
        return np.full((count, count), np.nan)
    return pairwise(history.returns[-window:], min_overlap=int(window * ENOUGH)).correlation


def _of(weights: Floats, volatility: Floats, correlation: Floats) -> float | None:
    combined: CombinedVolatility = combined_volatility(weights, volatility, correlation)
    return _number(combined.volatility)


def _average(correlation: Floats) -> float | None:
    pairs = correlation[np.triu_indices(len(correlation), k=1)]
    known: Any = pairs[~np.isnan(pairs)]
    return _number(float(known.mean())) if len(known) else None


def _number(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), DIGITS)
