"""A portfolio's market beta in the variants that correct for noise, thin trading and a short window."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np

from analytics.engines.beta import blume
from analytics.models import SymbolFactorExposure
from analytics.services.book_on_read import ReadBook, read_book
from analytics.services.published import PublishedBook, published_book
from portfolios.models import User

DIGITS = 6
MARKET_SLOT = 0
VARIANTS = ("ols_90d", "vasicek", "blume", "dimson", "ols_252d")
SNAPSHOT = ("beta_calculated_90d", "beta_portfolio_regression")
NOT_CALCULATED, NO_BETAS = "no_calculation_available", "no_position_betas"


@dataclass(frozen=True, slots=True)
class SymbolBeta:
    """Betas of one symbol by variant (those of the session, None where unknown), the errors of the 90-session one, and what the
    book holds of it: delta dollars over equity, options by their underlying."""

    symbol: str
    weight: float
    betas: Mapping[str, float | None]
    std_error: float | None
    newey_west_std_error: float | None
    dimson_std_error: float | None
    observations: int | None


@dataclass(frozen=True)
class BetaVariants:
    """A portfolio's beta by variant, the sum of its symbols' by weight, at its published session; `coverage` is the share of its
    delta-adjusted dollars whose symbols have one. `direct` is the beta of the book's own series over 90 sessions, the check of
    `ols_90d`."""

    as_of: dt.date | None
    betas: Mapping[str, float | None]
    direct: float | None
    coverage: float | None
    symbols: tuple[SymbolBeta, ...]
    reason: str | None


def beta_variants(user: User, portfolio_id: UUID) -> tuple[PublishedBook, BetaVariants]:
    """The betas of a person's portfolio and of its symbols, largest weight first.

    Raises
    ------
    NotFound for unknown and foreign portfolios.
    """
    book = published_book(user, portfolio_id, SNAPSHOT)
    return book, beta_variants_of(book, read_book(portfolio_id, book.as_of))


def beta_variants_of(book: PublishedBook, found: ReadBook | None) -> BetaVariants:
    """The same of a book read with `SNAPSHOT`, and of its lots at that session."""
    if book.as_of is None or found is None or not book.equity > 0:
        reason = NOT_CALCULATED if found is None else "invalid_equity"
        return BetaVariants(book.as_of, dict.fromkeys(VARIANTS), None, None, (), reason)
    dollars = found.book.mapped.delta.toarray()[0].tolist()
    held = np.flatnonzero(dollars)
    ids = found.universe.security[held].tolist()
    stored = {
        security: rest
        for security, *rest in SymbolFactorExposure.objects.filter(
            security_id__in=ids, calculation_date=book.as_of
        ).values_list("security_id", "beta_value", "std_error", "observations", "market_beta_detail")
    }
    equity = float(book.equity)
    symbols = [
        _symbol(str(found.universe.symbols[c]), dollars[c] / equity, *stored.get(int(security), (None,) * 4))
        for c, security in zip(held.tolist(), ids, strict=True)
    ]
    apart = float(found.book.mapped.uncovered[0] + found.book.mapped.private_dollars[0])
    total = sum(abs(s.weight) for s in symbols) * equity + apart
    known = sum(abs(s.weight) for s in symbols if s.betas["ols_90d"] is not None) * equity
    betas = {name: _weighted(symbols, name) for name in VARIANTS}
    direct = book.snapshot["beta_portfolio_regression"]
    return BetaVariants(
        as_of=book.as_of,
        betas=betas,
        direct=None if direct is None else float(direct),
        coverage=round(known / total, DIGITS) if total else None,
        symbols=tuple(sorted(symbols, key=lambda s: (-abs(s.weight), s.symbol))),
        reason=None if betas["ols_90d"] is not None else NO_BETAS,
    )


def _symbol(
    symbol: str, weight: float, beta: Any, error: Any, observations: Any, detail: Mapping[str, Any] | None
) -> SymbolBeta:
    plain = _at(beta)
    extra = detail or {}
    return SymbolBeta(
        symbol=symbol,
        weight=round(weight, DIGITS + 2),
        betas={
            "ols_90d": plain,
            "vasicek": extra.get("vasicek"),
            "blume": None if plain is None else round(float(blume(np.array(plain))), DIGITS + 2),
            "dimson": extra.get("dimson"),
            "ols_252d": extra.get("beta_252d"),
        },
        std_error=_at(error),
        newey_west_std_error=extra.get("newey_west_std_error"),
        dimson_std_error=extra.get("dimson_std_error"),
        observations=None if plain is None else observations[MARKET_SLOT],
    )


def _at(values: Any) -> float | None:
    value = None if values is None else values[MARKET_SLOT]
    return None if value is None or value != value else float(value)


def _weighted(symbols: list[SymbolBeta], name: str) -> float | None:
    """Over the symbols that have the variant, as the portfolio's stored beta is; None if none has."""
    known = [symbol.weight * value for symbol in symbols if (value := symbol.betas[name]) is not None]
    return round(sum(known), DIGITS) + 0.0 if known else None
