"""Statements and analysts' estimates of a company, as stored."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from marketdata.models import BalanceSheet, CashFlowStatement, Frequency, IncomeStatement
from marketdata.models.fundamentals import StatementModel
from marketdata.services.profiles import ESTIMATES, company_profiles
from marketdata.services.securities import canonical
from sigmasight.core.errors import NotFound

PERIOD = ("period_date", "frequency", "fiscal_year", "fiscal_quarter")
_NOT_FIGURES = {*PERIOD, "id", "security", "source", "created_at", "updated_at"}
NAMES: dict[type[StatementModel], str] = {
    IncomeStatement: "income statement",
    BalanceSheet: "balance sheet",
    CashFlowStatement: "cash flow statement",
}


def statement_fields(model: type[StatementModel]) -> tuple[str, ...]:
    """What is told of a period: its dates, then the figures in the order of the table."""
    figures = (field.name for field in model._meta.concrete_fields if field.name not in _NOT_FIGURES)
    return (*PERIOD, *figures)


def newest_statements(
    model: type[StatementModel], symbol: str, *, frequency: str = Frequency.QUARTERLY, periods: int = 4
) -> list[dict[str, Any]]:
    """The newest periods of a company, newest first. Dollars as reported, margins as fractions.

    Raises
    ------
    NotFound if none is stored.
    """
    wanted = canonical(symbol)
    rows: QuerySet[Any] = model._default_manager.filter(security__symbol=wanted, frequency=frequency)  # type: ignore[attr-defined]
    found = list(rows.order_by("-period_date").values(*statement_fields(model))[:periods])
    if not found:
        kind = Frequency(frequency).label.lower()
        raise NotFound("no_statements", f"No {NAMES[model]} of a {kind} is stored for {wanted}.")
    return found


def consensus_estimates(symbol: str) -> dict[str, Any]:
    """Analysts' consensus for the coming quarters and years; None where nobody estimates.

    Raises
    ------
    NotFound if there is no profile of the company.
    """
    wanted = canonical(symbol)
    found = company_profiles([wanted], fields=tuple(ESTIMATES.values()))
    if not found:
        raise NotFound("no_profile", f"No company profile is stored for {wanted}.")
    return {name: found[0][field] for name, field in ESTIMATES.items()}
