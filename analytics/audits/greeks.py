"""Stored Greeks against mibian, as a check of the audit of calculations."""

from __future__ import annotations

from analytics.audits.scope import Scope
from sigmasight.core.audits import Check, Finding, Nothing, Severity, check

NO_GREEKS = Nothing(
    "no contract has Greeks", "Nothing to do if nobody holds options; else run the batch.", Severity.INFORMATION
)
ROLL = "Run the batch again from this session; if it stays, the calculation is wrong."


def check_greeks(scope: Scope) -> Check:
    """Delta, gamma, theta, vega and rho of a sample of contracts by another library; with a portfolio those of its contracts."""
    # The other library takes half a second to import, which every process would pay.
    from analytics.services.greeks_audit import TOLERANCE, audit_greeks

    audit = audit_greeks(sample=scope.sample, session=scope.session, portfolio_id=scope.portfolio_id)
    found = [
        Finding(Severity.ERROR, one.symbol, f"{one.name} is stored as {one.stored:.8f}, recomputed {one.recomputed:.8f}",
                f"session {one.session}", ROLL)
        for one in audit.differences
    ]  # fmt: skip
    told = [f"by mibian; largest difference {audit.largest:.1e}, allowed {TOLERANCE:.0e}"] if audit.checked else []
    return check("Greeks", {"contracts recomputed": audit.checked}, found, nothing=NO_GREEKS, told=told)
