"""Rules that the lots of every book keep, whatever it holds: classes, dates, quantities. One statement finds the lots that break any."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from sigmasight.core import clock
from sigmasight.core.audits import Check, Finding, Nothing, Severity, check

NO_LOTS = Nothing("no portfolio holds a lot", "Load positions, or seed the demo: manage.py seed_demo", Severity.WARNING)
CORRECT_LOT = "Correct the lot under Books, Positions, or by PUT /positions."
ROLL_AGAIN = "Run the batch; if it stays, clear the calculations of the portfolio and run it again."
LOTS = """
    FROM positions p
    JOIN portfolios f ON f.id = p.portfolio_id JOIN users u ON u.id = f.user_id
    LEFT JOIN securities s ON s.id = p.security_id LEFT JOIN option_contracts o ON o.security_id = p.security_id
    WHERE p.deleted_at IS NULL AND f.deleted_at IS NULL AND (f.id = %(portfolio)s OR %(portfolio)s::uuid IS NULL)
"""
# What a lot is called, and whose it is.
LOT, PLACE = "p.symbol || ' ' || p.position_type", "f.account_name || ', ' || u.email"


@dataclass(frozen=True)
class LotRule:
    """broken : condition in SQL over p (lot), f (portfolio), s (security), o (contract). what : SQL text of the fault."""

    broken: str
    what: str
    severity: Severity = Severity.ERROR
    advice: str = CORRECT_LOT


CLASSES = (
    LotRule("p.investment_class = 'PUBLIC' AND s.security_type = 'option'", "'is held as public, its security is an option'"),
    LotRule("p.investment_class = 'OPTIONS' AND o.security_id IS NULL", "'is held as an option, its security has no contract terms'"),
    LotRule(
        "o.security_id IS NOT NULL AND (p.position_type IN ('LC', 'SC')) <> (o.option_type = 'CALL')",
        "'is held as ' || p.position_type || ', the contract is a ' || lower(o.option_type)",
    ),
    LotRule("s.symbol <> p.symbol", "'is priced as ' || s.symbol || ', another symbol than its own'"),
    LotRule(
        "s.renamed_to_id IS NOT NULL AND p.exit_date IS NULL", "'is held under a symbol that was renamed'", Severity.WARNING,
        "Merge the renamed symbol.",
    ),
    LotRule(
        "p.investment_class = 'PRIVATE' AND p.investment_subtype = '' AND p.exit_date IS NULL",
        "'is private and of no kind: it follows nothing in stress scenarios'", Severity.WARNING,
        "Give it a kind (PRIVATE_EQUITY, REAL_ESTATE, ...) or a symbol that it follows.",
    ),
    LotRule(
        "p.investment_class = 'PUBLIC' AND s.security_type = 'stock' AND s.sector = '' AND p.exit_date IS NULL",
        "'is a stock without a sector: it counts as unclassified'", Severity.WARNING,
        "Refresh the company profiles, or set the sector under Market data, Securities.",
    ),
)  # fmt: skip
DATES = (
    LotRule("p.entry_date > %(today)s", "'was entered on ' || p.entry_date || ', which is to come'"),
    LotRule("o.expiration < p.entry_date", "'was entered on ' || p.entry_date || ', after the contract expired on ' || o.expiration"),
    LotRule(
        "o.expiration < f.results_as_of AND p.exit_date IS NULL", "'is open, but the contract expired on ' || o.expiration",
        advice=ROLL_AGAIN,
    ),
    LotRule(
        "p.exit_date < f.results_as_of AND p.exit_price IS NULL", "'was closed on ' || p.exit_date || ' at a price that was never booked'",
        advice=ROLL_AGAIN,
    ),
    LotRule("p.exit_date IS NULL AND p.exit_price IS NOT NULL", "'is open and has an exit price of ' || p.exit_price"),
    LotRule(
        "EXISTS (SELECT 1 FROM trades t WHERE t.position_id = p.id AND t.kind = 'open' AND t.trade_date <> p.entry_date)",
        "'was entered on ' || p.entry_date || ', its opening trade is of another day'",
    ),
    LotRule(
        "EXISTS (SELECT 1 FROM trades t WHERE t.position_id = p.id AND (t.trade_date < p.entry_date OR t.trade_date > %(today)s))",
        "'has a trade before its entry on ' || p.entry_date || ', or one that is to come'",
    ),
    LotRule(
        "p.exit_date IS NOT NULL AND EXISTS (SELECT 1 FROM trades t WHERE t.position_id = p.id AND t.trade_date > p.exit_date)",
        "'was closed on ' || p.exit_date || ', but trades follow'",
    ),
)  # fmt: skip
QUANTITIES = (
    LotRule("p.exit_date IS NULL AND p.quantity = 0", "'is open with a quantity of zero'"),
    LotRule("p.exit_date IS NOT NULL AND p.quantity <> 0", "'was closed on ' || p.exit_date || ', but ' || p.quantity || ' are left'"),
)  # fmt: skip


def check_classes(portfolio_id: UUID | None = None) -> Check:
    """Whether instrument, class and side of every lot fit."""
    return _kept("Classes of lots", CLASSES, portfolio_id)


def check_dates(portfolio_id: UUID | None = None) -> Check:
    """Whether entries, trades, exits and expiries of every lot are in order."""
    return _kept("Dates of lots", DATES, portfolio_id)


def check_quantities(portfolio_id: UUID | None = None) -> Check:
    """Whether open lots hold something and closed ones nothing."""
    return _kept("Quantities of lots", QUANTITIES, portfolio_id)


def _kept(name: str, rules: Sequence[LotRule], portfolio_id: UUID | None) -> Check:
    given = {"portfolio": portfolio_id, "today": clock.market_today()}
    any_broken = " OR ".join(f"({rule.broken})" for rule in rules)
    texts = ", ".join(f"CASE WHEN {rule.broken} THEN {rule.what} END" for rule in rules)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) {LOTS}", given)
        lots = int(cursor.fetchone()[0])  # type: ignore[index]
        what = f"{LOT}, {PLACE} || ', lot ' || p.id, {texts}"
        cursor.execute(
            f"SELECT {what} {LOTS} AND ({any_broken}) ORDER BY f.account_name, p.symbol, p.entry_date, p.id", given
        )
        found = [
            Finding(rule.severity, subject, fault, where, rule.advice)
            for subject, where, *faults in cursor.fetchall()
            for rule, fault in zip(rules, faults, strict=True)
            if fault is not None
        ]
    return check(name, {"lots": lots}, found, nothing=NO_LOTS)
