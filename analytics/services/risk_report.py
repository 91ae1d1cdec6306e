"""What a portfolio may lose and why, in one reading: tails, who adds to them, factors and single names, and the test of the past."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from analytics.services.published import PublishedBook, published_book
from analytics.services.risk_contributions import Contributions, contributions_of, with_increments
from analytics.services.risk_decomposition import Decomposition, decomposition_of
from analytics.services.value_at_risk import ENGINE, ValueAtRisk, value_at_risk_of
from analytics.services.var_backtest import Backtest, var_backtests
from portfolios.models import User


@dataclass(frozen=True)
class RiskReport:
    """Of one portfolio at its published session; `backtests` at 95 and 99 %, empty before the first night."""

    value_at_risk: ValueAtRisk
    contributions: Contributions
    decomposition: Decomposition
    backtests: list[Backtest]


def risk_report(
    user: User, portfolio_id: UUID, *, backtest_method: str = "historical", increments: bool = False
) -> tuple[PublishedBook, RiskReport]:
    """The stored risk of a person's portfolio, in five queries.

    Parameters
    ----------
    increments : also what the value at risk would fall by without each lot, for which the histories of the lots are rebuilt.

    Raises
    ------
    NotFound for unknown and foreign portfolios. DomainError for an unknown method.
    """
    book = published_book(user, portfolio_id, engine=ENGINE)
    tests = (
        var_backtests([portfolio_id], book.as_of, method=backtest_method)[portfolio_id]
        if book.as_of is not None
        else []
    )
    contributions = contributions_of(book)
    if increments and contributions.value_at_risk is not None:
        contributions = with_increments(user, contributions, portfolio_id)
    return book, RiskReport(value_at_risk_of(book), contributions, decomposition_of(book), tests)
