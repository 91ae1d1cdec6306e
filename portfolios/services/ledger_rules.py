"""Whether books add up: trades to the quantity and the profit of their lot, portfolios to an owner and a beginning, nothing twice."""

from __future__ import annotations

from uuid import UUID

from django.db import connection

from portfolios.services.book_rules import LOT, LOTS, NO_LOTS, PLACE, ROLL_AGAIN
from sigmasight.core import clock
from sigmasight.core.audits import Check, Finding, Nothing, Severity, check

# Quantities have four decimals and split ratios twelve; money is booked in cents.
QUANTITY_TOLERANCE, CENT = 0.0002, 0.01
WAITING_DAYS = 4
# Quantities of trades in the shares of the portfolio's last session: what the nights have restated so far.
UNBALANCED = f"""
    WITH lots AS (
        SELECT p.id, {LOT} AS lot, {PLACE} || ', lot ' || p.id AS place, p.quantity::float8 AS held, p.realized_pnl::float8 AS booked,
               p.security_id, coalesce(f.results_as_of, %(today)s) AS day
        {LOTS}
    ), sums AS (
        SELECT t.position_id, count(*) FILTER (WHERE t.kind = 'open') AS openings, sum(t.realized_pnl)::float8 AS realized,
               sum(t.quantity * coalesce((
                   SELECT exp(sum(ln(x.ratio::float8))) FROM splits x
                   WHERE x.security_id = l.security_id AND x.kind = 'split' AND x.ex_date > t.units_as_of AND x.ex_date <= l.day
               ), 1)) AS quantity
        FROM lots l JOIN trades t ON t.position_id = l.id GROUP BY t.position_id
    ), sides AS (
        SELECT l.lot, l.place, l.held, l.booked, coalesce(s.openings, 0) AS openings, coalesce(s.quantity, 0) AS quantity,
               coalesce(s.realized, 0) AS realized
        FROM lots l LEFT JOIN sums s ON s.position_id = l.id
    )
    SELECT * FROM sides
    WHERE openings <> 1 OR abs(quantity - held) > %(step)s OR abs(realized - booked) > %(cent)s ORDER BY place
"""
COUNTS = f"SELECT count(*), coalesce(sum((SELECT count(*) FROM trades t WHERE t.position_id = p.id)), 0) {LOTS}"
PORTFOLIOS = f"""
    SELECT f.account_name, {PLACE}, f.results_as_of, f.equity_as_of, f.is_active, u.is_active,
           f.results_as_of IS NULL OR EXISTS (
               SELECT 1 FROM portfolio_snapshots n WHERE n.portfolio_id = f.id AND n.snapshot_date = f.results_as_of),
           f.opening_equity > 0, f.dirty_from IS NOT NULL AND f.updated_at < now() - make_interval(days => %(waiting)s), f.dirty_from,
           EXISTS (
               SELECT 1 FROM positions p WHERE p.portfolio_id = f.id AND p.deleted_at IS NULL AND p.exit_date IS NULL)
    FROM portfolios f JOIN users u ON u.id = f.user_id
    WHERE f.deleted_at IS NULL AND (f.id = %(portfolio)s OR %(portfolio)s::uuid IS NULL) ORDER BY f.account_name, f.id
"""
TWINS = f"""
    SELECT {LOT}, {PLACE}, count(*), p.entry_date, p.quantity, p.entry_price {LOTS} AND p.exit_date IS NULL
    GROUP BY f.id, f.account_name, u.email, p.symbol, p.position_type, p.entry_date, p.quantity, p.entry_price
    HAVING count(*) > 1 ORDER BY 2, 1
"""
NO_PORTFOLIO = Nothing("there is no portfolio", "Seed the demo (manage.py seed_demo) or let somebody register one.")


def check_ledgers(portfolio_id: UUID | None = None) -> Check:
    """Whether the trades of every lot add up to its quantity, in today's shares, and to its realised profit."""
    given = {
        "portfolio": portfolio_id,
        "today": clock.market_today(),
        "step": QUANTITY_TOLERANCE,
        "cent": CENT,
    }
    found = []
    with connection.cursor() as cursor:
        cursor.execute(COUNTS, given)
        lots, trades = cursor.fetchone()  # type: ignore[misc]
        cursor.execute(UNBALANCED, given)
        for lot, place, held, booked, openings, quantity, realized in cursor.fetchall():
            faults = []
            if openings != 1:
                faults.append(f"has {openings} opening trades, it must have one")
            if abs(quantity - held) > QUANTITY_TOLERANCE:
                faults.append(f"holds {held:,.4f}, its trades leave {quantity:,.4f}")
            if abs(realized - booked) > CENT:
                faults.append(f"has realised ${booked:,.2f}, its trades ${realized:,.2f}")
            found += [Finding(Severity.ERROR, lot, fault, place, ROLL_AGAIN) for fault in faults]
    return check("Ledgers of lots", {"lots": lots, "trades": int(trades)}, found, nothing=NO_LOTS)


def check_portfolios(portfolio_id: UUID | None = None) -> Check:
    """Whether every portfolio has an owner who can log in, a beginning, something in it and the results it says it has."""
    with connection.cursor() as cursor:
        cursor.execute(PORTFOLIOS, {"portfolio": portfolio_id, "waiting": WAITING_DAYS})
        rows = cursor.fetchall()
    found = []
    for name, place, results, start, active, owner, snapshot, equity, waiting, dirty, lots in rows:
        if active and not owner:
            found.append(
                Finding(Severity.WARNING, name, "is computed every night for an owner who cannot log in", place,
                        "Activate the account, or deactivate the portfolio.")
            )  # fmt: skip
        if not snapshot:
            found.append(
                Finding(
                    Severity.ERROR,
                    name,
                    f"shows results of {results}, of which there is no snapshot",
                    place,
                    ROLL_AGAIN,
                )
            )
        if results is not None and results < start:
            found.append(
                Finding(
                    Severity.ERROR,
                    name,
                    f"shows results of {results}, before its ledger begins on {start}",
                    place,
                    ROLL_AGAIN,
                )
            )
        if not equity and lots:
            found.append(
                Finding(Severity.WARNING, name, "holds lots and began with no equity: shares of equity are unknown", place,
                        "Set equity_balance by PUT /portfolios/{id}.")
            )  # fmt: skip
        if active and not lots:
            found.append(Finding(Severity.INFORMATION, name, "holds nothing", place, "Nothing to do if that is meant."))
        if active and waiting:
            found.append(
                Finding(
                    Severity.WARNING,
                    name,
                    f"was changed from {dirty} on and has not been rolled since",
                    place,
                    "Run the batch.",
                )
            )
    return check("Portfolios and owners", {"portfolios": len(rows)}, found, nothing=NO_PORTFOLIO)


def check_twins(portfolio_id: UUID | None = None) -> Check:
    """Open lots of one portfolio that are the same in everything: perhaps a file that was loaded twice."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) {LOTS} AND p.exit_date IS NULL", {"portfolio": portfolio_id})
        lots = int(cursor.fetchone()[0])  # type: ignore[index]
        cursor.execute(TWINS, {"portfolio": portfolio_id})
        found = [
            Finding(
                Severity.WARNING, lot, f"is there {count} times: {quantity:,.4f} at {price:,.6f} of {day}", place,
                "Delete what was loaded twice; nothing to do if it was bought so.",
            )
            for lot, place, count, day, quantity, price in cursor.fetchall()
        ]  # fmt: skip
    return check("Duplicates", {"open lots": lots}, found, nothing=NO_LOTS)
