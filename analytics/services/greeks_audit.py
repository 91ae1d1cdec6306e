"""A second opinion on stored Greeks, from an independent library.

This is the only module that imports mibian (GPL 3). Its units: rate and volatility in percent, time in days, Merton's dividend
in currency a year; it answers vega and rho per percentage point and theta per calendar day, as we do.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

import mibian

from analytics.models import GreeksStatus, OptionGreeks
from portfolios.models import Position

TOLERANCE = 1e-4
NAMES = ("delta", "gamma", "theta", "vega", "rho")


@dataclass(frozen=True)
class Difference:
    """One stored value that the other library does not confirm."""

    symbol: str
    session: dt.date
    name: str
    stored: float
    recomputed: float


@dataclass(frozen=True)
class GreeksAudit:
    """How many contracts were looked at, the largest absolute difference, and the values beyond the tolerance."""

    checked: int
    largest: float
    differences: tuple[Difference, ...]


def audit_greeks(
    *, sample: int = 200, session: dt.date | None = None, portfolio_id: UUID | None = None, tolerance: float = TOLERANCE
) -> GreeksAudit:
    """Recompute stored Greeks with mibian and compare.

    Parameters
    ----------
    sample : how many rows at most, the newest sessions first. session : only this one. portfolio_id : only the contracts of
        this portfolio. tolerance : absolute, per Greek.
    """
    rows = OptionGreeks.objects.filter(status=GreeksStatus.OK, implied_volatility__gt=0)
    if session is not None:
        rows = rows.filter(calculation_date=session)
    if portfolio_id is not None:
        rows = rows.filter(
            security__in=Position.objects.filter(portfolio_id=portfolio_id, deleted_at=None).values("security")
        )
    related = rows.select_related("security__option_contract").order_by("-calculation_date", "security_id")
    checked, largest, differences = 0, 0.0, []
    for row in related[:sample]:
        theirs = _recompute(row)
        checked += 1
        for name in NAMES:
            stored = float(getattr(row, name))
            gap = abs(stored - theirs[name])
            largest = max(largest, gap)
            if gap > tolerance:
                differences.append(Difference(row.security.symbol, row.calculation_date, name, stored, theirs[name]))
    return GreeksAudit(checked, largest, tuple(differences))


def _recompute(row: OptionGreeks) -> dict[str, float]:
    contract = row.security.option_contract
    spot = float(row.underlying_price)  # type: ignore[arg-type]
    days = (contract.expiration - row.calculation_date).days
    # Merton's model takes what is paid in a year in currency, and makes a yield of it by the spot.
    inputs = [spot, float(contract.strike), 100 * float(row.rate or 0), spot * float(row.dividend_yield or 0), days]
    model = mibian.Me(inputs, volatility=100 * float(row.implied_volatility))  # type: ignore[arg-type]
    side = "call" if contract.option_type == "CALL" else "put"
    return {
        "delta": float(getattr(model, f"{side}Delta")), "gamma": float(model.gamma), "theta": float(getattr(model, f"{side}Theta")),
        "vega": float(model.vega), "rho": float(getattr(model, f"{side}Rho")),
    }  # fmt: skip
