"""Whether the ledger rolls: every snapshot follows from the one before, and holds what its lots add up to."""

from __future__ import annotations

from typing import Any

from django.db import connection

from analytics.audits.scope import NO_RESULTS, Scope
from marketdata import calendar
from sigmasight.core.audits import Check, Finding, Severity, check, counted

# Every column is rounded to the cent once; sums of so many columns may differ by as many halves.
CENTS = "0.03"
# Returns are kept with six decimals; where equity is small the cents of P&L weigh more.
OF_RETURN = "2e-6 + 0.02 / abs(nullif(before, 0))"
OF_INDEX = "2e-6 * abs(twr_index)"
ROLL = "Roll the portfolio again from this session; if it stays, the ledger is wrong."
NO_GAP = "Run the batch for the missing sessions."
# Column, what it must be within the tolerance, tolerance, what is said otherwise. SQL over `rolled`.
IDENTITIES = (
    ("net_asset_value", "before + daily_pnl + daily_capital_flow", CENTS, "is not the value of the evening before plus P&L and flows"),
    ("net_asset_value", "cash_value + long_value + short_value", CENTS, "is not cash plus what is held"),
    (
        "net_asset_value", "opening + cumulative_pnl + cumulative_capital_flow", CENTS,
        "is not the opening equity plus all P&L and flows since",
    ),
    ("gross_exposure", "long_value - short_value", CENTS, "is not long less short"),
    ("net_exposure", "long_value + short_value", CENTS, "is not long plus short"),
    (
        "daily_pnl", "daily_unrealized_pnl + daily_realized_pnl + daily_income - daily_fees", CENTS,
        "is not unrealised plus realised P&L plus income less fees",
    ),
    ("cumulative_pnl", "pnl_before + daily_pnl", CENTS, "is not that of the evening before plus the day's"),
    ("daily_return", "daily_pnl / nullif(before, 0)", OF_RETURN, "is not the P&L over the value before"),
    (
        "twr_index", "coalesce(index_before, 1) * (1 + coalesce(daily_return, 0)::float8)", OF_INDEX,
        "is not the index before times the day's return",
    ),
)  # fmt: skip
ROLLED = """
    WITH rolled AS (
        SELECT f.account_name, u.email, n.*, f.opening_equity AS opening,
               coalesce(lag(n.net_asset_value) OVER w, f.opening_equity) AS before,
               coalesce(lag(n.cumulative_pnl) OVER w, 0) AS pnl_before, lag(n.twr_index) OVER w AS index_before,
               lag(n.snapshot_date) OVER w AS day_before
        FROM portfolio_snapshots n JOIN portfolios f ON f.id = n.portfolio_id JOIN users u ON u.id = f.user_id
        WHERE f.deleted_at IS NULL AND (f.id = %(portfolio)s OR %(portfolio)s::uuid IS NULL) AND n.is_complete
          AND (n.snapshot_date <= %(session)s OR %(session)s::date IS NULL)
        WINDOW w AS (PARTITION BY n.portfolio_id ORDER BY n.snapshot_date)
    )
"""
COUNT = f"{ROLLED} SELECT count(*), count(DISTINCT portfolio_id) FROM rolled"
BREAKS = [f"coalesce(abs({column} - ({wanted})) > {tolerance}, false)" for column, wanted, tolerance, _ in IDENTITIES]
PAIRS = [
    f"CASE WHEN {broken} THEN ARRAY[{column}, {wanted}]::float8[] END"
    for broken, (column, wanted, *_) in zip(BREAKS, IDENTITIES, strict=True)
]
BROKEN = f"""{ROLLED} SELECT account_name, email, snapshot_date, {", ".join(PAIRS)} FROM rolled
    WHERE {" OR ".join(BREAKS)} ORDER BY account_name, snapshot_date"""
LEFT_OUT = (
    f"{ROLLED} SELECT account_name, email, day_before, snapshot_date FROM rolled WHERE snapshot_date - day_before > 1"
)
LOT_SUMS = """
    WITH picked AS (
        SELECT f.account_name, u.email, n.*
        FROM portfolio_snapshots n JOIN portfolios f ON f.id = n.portfolio_id JOIN users u ON u.id = f.user_id
        WHERE f.deleted_at IS NULL AND (f.id = %(portfolio)s OR %(portfolio)s::uuid IS NULL) AND n.is_complete
          AND n.snapshot_date = coalesce(%(session)s::date, f.results_as_of)
          -- What waits for the night after a change holds other lots, or other prices, by now.
          AND f.dirty_from IS NULL
    ), lots AS (
        SELECT k.account_name, k.email, k.snapshot_date, k.net_exposure, k.daily_pnl, k.num_positions, p.symbol, u.*,
               coalesce(o.multiplier, 1) AS multiplier, d.close::float8 AS close,
               count(*) OVER w AS lots, sum(u.market_value) OVER w AS held
        FROM picked k JOIN position_snapshots s ON s.portfolio_id = k.portfolio_id AND s.snapshot_date = k.snapshot_date
        CROSS JOIN LATERAL unnest(s.position_ids, s.quantity, s.price, s.market_value, s.quality)
            AS u (position_id, quantity, price, market_value, quality)
        LEFT JOIN positions p ON p.id = u.position_id LEFT JOIN option_contracts o ON o.security_id = p.security_id
        LEFT JOIN daily_prices d ON d.security_id = p.security_id AND d.date = k.snapshot_date AND d.quality = 'ok' AND u.quality = 'F'
                                 AND o.security_id IS NULL
        WINDOW w AS (PARTITION BY k.portfolio_id)
    )
"""
COUNT_LOTS = f"{LOT_SUMS} SELECT count(*) FROM lots"
WRONG_LOTS = f"""{LOT_SUMS}
    SELECT account_name, email, snapshot_date, coalesce(symbol, position_id::text), quantity, price, multiplier, market_value, close,
           abs(quantity * price * multiplier - market_value) > 0.006 + 1e-9 * abs(market_value) AS badly_valued,
           close IS NOT NULL AND abs(price - close) > 1e-6 AS badly_priced
    FROM lots WHERE abs(quantity * price * multiplier - market_value) > 0.006 + 1e-9 * abs(market_value)
                 OR close IS NOT NULL AND abs(price - close) > 1e-6
    ORDER BY account_name, symbol LIMIT 500
"""
WRONG_SUMS = f"""{LOT_SUMS}
    SELECT DISTINCT account_name, email, snapshot_date, lots, num_positions, held, net_exposure::float8
    FROM lots WHERE abs(held - net_exposure::float8) > 0.011 * lots OR lots <> num_positions ORDER BY account_name
"""


def check_roll_forward(scope: Scope) -> Check:
    """The identities of the ledger, of every snapshot of every portfolio; and that no session is left out between two of them."""
    given = {"portfolio": scope.portfolio_id, "session": scope.session}
    found = []
    with connection.cursor() as cursor:
        cursor.execute(COUNT, given)
        snapshots, portfolios = cursor.fetchone()  # type: ignore[misc]
        cursor.execute(BROKEN, given)
        for account, email, day, *pairs in cursor.fetchall():
            for (column, *_, fault), pair in zip(IDENTITIES, pairs, strict=True):
                if pair is not None:
                    what = f"{column.replace('_', ' ')} {fault}: {pair[0]:,.6f} is stored, {pair[1]:,.6f} would follow"
                    found.append(Finding(Severity.ERROR, account, what, f"{email}, session {day}", ROLL))
        cursor.execute(LEFT_OUT, given)
        for account, email, before, day in cursor.fetchall():
            missing = calendar.sessions_between(before, day) - 1
            if missing:
                what = f"has no snapshot of {counted(missing, 'session')} between {before} and {day}"
                found.append(Finding(Severity.ERROR, account, what, email, NO_GAP))
    return check(
        "Roll-forward of snapshots", {"snapshots": snapshots, "portfolios": portfolios}, found, nothing=NO_RESULTS
    )


def check_lot_sums(scope: Scope) -> Check:
    """Lots of the published session: value is quantity times price, a fresh price is the stored close, the sum is the snapshot's."""
    given = {"portfolio": scope.portfolio_id, "session": scope.session}
    found: list[Finding] = []

    def add(account: str, email: str, day: Any, what: str) -> None:
        found.append(Finding(Severity.ERROR, account, what, f"{email}, session {day}", ROLL))

    with connection.cursor() as cursor:
        cursor.execute(COUNT_LOTS, given)
        lots = int(cursor.fetchone()[0])  # type: ignore[index]
        cursor.execute(WRONG_LOTS, given)
        for (
            account,
            email,
            day,
            symbol,
            quantity,
            price,
            multiplier,
            value,
            close,
            badly_valued,
            badly_priced,
        ) in cursor.fetchall():
            if badly_valued:
                add(
                    account,
                    email,
                    day,
                    f"{symbol} is valued at ${value:,.2f}, {quantity:,.4f} x {price:,.4f} x {multiplier} is not that",
                )
            if badly_priced:
                add(account, email, day, f"{symbol} is marked at {price:,.6f}, its close is {close:,.6f}")
        cursor.execute(WRONG_SUMS, given)
        for account, email, day, count, told, held, net in cursor.fetchall():
            add(account, email, day, f"holds {count} lots worth ${held:,.2f}, the snapshot says {told} and ${net:,.2f}")
    return check("Lots of snapshots", {"lots": lots}, found, nothing=NO_RESULTS)
