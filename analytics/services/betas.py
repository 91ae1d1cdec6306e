"""What a portfolio and its positions do when the market moves, by own fits and as providers quote it."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db import connection

from analytics.services.published import PublishedBook, published_book
from analytics.services.selection import SelectedPortfolio, Selection, select_portfolios
from portfolios.models import User
from sigmasight.core import clock

CALCULATED = ("beta_calculated_90d", "beta_calculated_90d_r_squared", "beta_calculated_90d_observations")
COLUMNS = (*CALCULATED, "beta_provider_1y", "beta_portfolio_regression", "beta_coverage")
MEMBER_COLUMNS = ("beta_calculated_90d", "beta_provider_1y")
DIGITS, FINER = 4, 8
# Slots of the two betas in the arrays (`FactorDefinition.display_order`), counted from one as SQL does.
LOT_BETAS = """
    SELECT p.id, p.symbol, x.beta_value[1], x.beta_value[2], x.r_squared[1], x.observations[1], x.calculation_date
    FROM positions AS p
    LEFT JOIN symbol_factor_exposures AS x ON x.security_id = p.security_id AND x.calculation_date = %(session)s
    WHERE p.portfolio_id = %(portfolio)s AND p.deleted_at IS NULL
      AND (p.exit_date IS NULL OR p.exit_date > %(today)s)
    ORDER BY p.symbol, p.entry_date, p.id
"""


def portfolio_betas(user: User, portfolio_id: UUID) -> PublishedBook:
    """A person's portfolio with its published betas (`COLUMNS`), per dollar of equity.

    Raises
    ------
    NotFound for unknown and foreign portfolios.
    """
    return published_book(user, portfolio_id, COLUMNS, engine="factor_analysis")


@dataclass(frozen=True, slots=True)
class LotBeta:
    """Both market betas of a lot's symbol at the published session; None where there is none, as for contracts and private
    holdings. `difference` is the own fit less the provider's."""

    position_id: UUID
    symbol: str
    market_beta: float | None
    calculated_beta: float | None
    beta_r_squared: float | None
    observations: int | None
    beta_difference: float | None
    calculation_date: dt.date | None


def beta_comparison(user: User, portfolio_id: UUID) -> tuple[PublishedBook, list[LotBeta]]:
    """Provider's and own beta of every open lot by symbol, entry date and id.

    Raises
    ------
    NotFound for unknown and foreign portfolios.
    """
    book = published_book(user, portfolio_id)
    return book, lot_betas(book)


@dataclass(frozen=True)
class ProviderBeta:
    """A portfolio's beta from its companies' profiles, and how many of its open lots have one (percent, two decimals)."""

    beta_provider_1y: Decimal
    positions_with_beta: int
    positions_total: int
    coverage_percentage: float


def provider_beta(user: User, portfolio_id: UUID) -> tuple[PublishedBook, ProviderBeta | None]:
    """The published provider beta of a person's portfolio, None if no night had one.

    Raises
    ------
    NotFound for unknown and foreign portfolios.
    """
    book = portfolio_betas(user, portfolio_id)
    beta = book.snapshot["beta_provider_1y"]
    if beta is None:
        return book, None
    lots = lot_betas(book)
    known = sum(lot.market_beta is not None for lot in lots)
    return book, ProviderBeta(beta, known, len(lots), round(100 * known / len(lots), 2) if lots else 0.0)


def lot_betas(book: PublishedBook) -> list[LotBeta]:
    """Betas of the open lots of a book at its published session, in one query."""
    values = {"session": book.as_of, "portfolio": book.portfolio_id, "today": clock.market_today()}
    with connection.cursor() as cursor:
        cursor.execute(LOT_BETAS, values)
        rows = cursor.fetchall()
    lots = []
    for position_id, symbol, own, quoted, r_squared, observations, day in rows:
        own, quoted = _number(own), _number(quoted)
        difference = round(own - quoted, DIGITS) if own is not None and quoted is not None else None
        fitted = own is not None
        lots.append(
            LotBeta(
                position_id,
                symbol,
                quoted,
                own,
                _number(r_squared) if fitted else None,
                observations if fitted else None,
                difference,
                day if fitted or quoted is not None else None,
            )
        )
    return lots


@dataclass(frozen=True)
class MemberBeta:
    """A portfolio's betas, the one taken (its own, else the provider's), and that times its weight."""

    beta: Decimal | None
    beta_90d: Decimal | None
    beta_1y: Decimal | None
    contribution: float | None


@dataclass(frozen=True)
class AggregateBetas:
    """Betas of a selection per dollar of its total value; None where no portfolio has one.

    `beta` takes a portfolio's provider beta where it has no own one. `coverage` is the share of the total value that has one: the
    rest counts as not moving with the market; `beta_of_covered` is the mean over that share alone.
    """

    selection: Selection
    members: list[MemberBeta]
    beta: float | None
    beta_90d: float | None
    beta_1y: float | None
    beta_of_covered: float | None
    coverage: float | None


def aggregate_betas(user: User, portfolio_ids: Collection[UUID] | None = None) -> AggregateBetas:
    """The market beta of a person's portfolios as one: weight times beta, summed.

    Raises
    ------
    NotFound for unknown and foreign portfolios.
    """
    return combine(select_portfolios(user, portfolio_ids, columns=MEMBER_COLUMNS))


def combine(selection: Selection) -> AggregateBetas:
    """The betas of a selection (with `MEMBER_COLUMNS`)."""
    members = []
    for one in selection.portfolios:
        own, quoted = (one.snapshot[column] for column in MEMBER_COLUMNS)
        taken = own if own is not None else quoted
        members.append(MemberBeta(taken, own, quoted, _part(one, taken)))
    covered = sum(one.weight for one, own in zip(selection.portfolios, members, strict=True) if own.beta is not None)
    total = _total([own.contribution for own in members])
    return AggregateBetas(
        selection=selection,
        members=members,
        beta=_number(total),
        beta_90d=_number(_total([_part(one, own.beta_90d) for one, own in _pairs(selection, members)])),
        beta_1y=_number(_total([_part(one, own.beta_1y) for one, own in _pairs(selection, members)])),
        beta_of_covered=_number(total / covered) if total is not None and covered else None,
        coverage=round(covered, DIGITS) if members else None,
    )


def _pairs(selection: Selection, members: list[MemberBeta]) -> list[tuple[SelectedPortfolio, MemberBeta]]:
    return list(zip(selection.portfolios, members, strict=True))


def _part(one: SelectedPortfolio, beta: Decimal | None) -> float | None:
    return None if beta is None else round(one.weight * float(beta), FINER)


def _total(parts: list[float | None]) -> float | None:
    known = [part for part in parts if part is not None]
    return sum(known) if known else None


def _number(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else round(value, DIGITS)
