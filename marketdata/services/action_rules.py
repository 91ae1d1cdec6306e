"""Whether splits, dividends and moves of held securities are such as companies and markets make."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db import connection

from sigmasight.core.audits import Check, Finding, Nothing, Severity, check, counted

# A split of a ratio makes the close fall by it; what is left over beyond this is no day's trading.
SPLIT_MOVE = 0.5
# Splits or dividends so near to each other are the same one told twice.
SPLIT_TWIN_DAYS, DIVIDEND_TWIN_DAYS = 10, 3
LARGE_DIVIDEND, WHOLE_PRICE = 0.25, 1.0
# The same bound beyond which the collection does not believe a move before the next session confirms it.
JUMP = 0.5
CHECK_SPLIT = "Compare with the company's announcement; correct it under Market data, Splits."
CHECK_DIVIDEND = "Compare with the company's announcement; correct it under Market data, Dividends."
NO_SPLITS = Nothing("no held security was ever split", "Nothing to do.", Severity.INFORMATION)
NO_DIVIDENDS = Nothing("no held security ever paid a dividend", "Nothing to do.", Severity.INFORMATION)
NO_RETURNS = Nothing("no held security has two prices in a row", "Refresh the market data.")
SPLITS = """
    SELECT s.symbol, x.ex_date, x.ratio::float8, x.kind, b.close::float8, a.close::float8,
           x.ex_date - lag(x.ex_date) OVER (PARTITION BY x.security_id ORDER BY x.ex_date)
    FROM splits x JOIN securities s ON s.id = x.security_id
    LEFT JOIN LATERAL (SELECT close FROM daily_prices WHERE security_id = x.security_id AND date < x.ex_date
                       AND date > x.ex_date - 10 ORDER BY date DESC LIMIT 1) b ON true
    LEFT JOIN LATERAL (SELECT close FROM daily_prices WHERE security_id = x.security_id AND date >= x.ex_date
                       AND date < x.ex_date + 10 ORDER BY date LIMIT 1) a ON true
    WHERE x.security_id = ANY(%(ids)s) AND x.ex_date <= %(until)s ORDER BY s.symbol, x.ex_date
"""
DIVIDENDS = """
    SELECT s.symbol, d.ex_date, d.amount::float8, b.close::float8,
           d.ex_date - lag(d.ex_date) OVER w, d.amount = lag(d.amount) OVER w
    FROM dividends d JOIN securities s ON s.id = d.security_id
    LEFT JOIN LATERAL (SELECT close FROM daily_prices WHERE security_id = d.security_id AND date < d.ex_date
                       AND date > d.ex_date - 10 ORDER BY date DESC LIMIT 1) b ON true
    WHERE d.security_id = ANY(%(ids)s) AND d.ex_date <= %(until)s
    WINDOW w AS (PARTITION BY d.security_id ORDER BY d.ex_date) ORDER BY s.symbol, d.ex_date
"""
# Of one session to the next alone, as held: splits, spin-offs and dividends of the session counted in.
MOVES = """
    WITH closes AS (
        SELECT p.security_id, p.date, p.close::float8 AS close, lag(p.close::float8) OVER w AS before, lag(p.date) OVER w AS day_before
        FROM daily_prices p WHERE p.security_id = ANY(%(ids)s) AND p.date <= %(until)s AND p.quality = 'ok'
        WINDOW w AS (PARTITION BY p.security_id ORDER BY p.date)
    ), moves AS (
        SELECT c.*, (c.close + coalesce((SELECT sum(d.amount)::float8 FROM dividends d WHERE d.security_id = c.security_id
                                         AND d.ex_date > c.day_before AND d.ex_date <= c.date), 0))
               * coalesce((SELECT exp(sum(ln(x.ratio::float8))) FROM splits x WHERE x.security_id = c.security_id
                           AND x.ex_date > c.day_before AND x.ex_date <= c.date), 1) / c.before - 1 AS move
        FROM closes c
        -- Only what moved far in its bare price, or had a split to move for.
        WHERE c.before IS NOT NULL AND (abs(c.close / c.before - 1) > %(jump)s OR EXISTS (
            SELECT 1 FROM splits x WHERE x.security_id = c.security_id AND x.ex_date > c.day_before AND x.ex_date <= c.date))
    )
    SELECT s.symbol, m.date, m.before, m.close, m.move FROM moves m JOIN securities s ON s.id = m.security_id
    WHERE abs(m.move) > %(jump)s AND s.security_type <> 'index' ORDER BY s.symbol, m.date
"""
COUNT_RETURNS = """
    SELECT coalesce(sum(n - 1), 0) FROM (
        SELECT count(*) AS n FROM daily_prices
        WHERE security_id = ANY(%(ids)s) AND date <= %(until)s AND quality = 'ok' GROUP BY security_id) AS counts
"""


def check_splits(security_ids: Sequence[int], until: dt.date) -> Check:
    """A split changes something, is told once, and the close moved by its ratio."""
    rows = _rows(SPLITS, security_ids, until)
    found = []
    for symbol, day, ratio, kind, before, after, since in rows:
        place = f"{kind.replace('_', ' ')} of {day}"

        def add(severity: Severity, what: str, subject: str = symbol, where: str = place) -> None:
            found.append(Finding(severity, subject, what, where, CHECK_SPLIT))

        if ratio == 1:
            add(Severity.ERROR, "has a split of 1 for 1, which changes nothing")
        if since is not None and since <= SPLIT_TWIN_DAYS:
            add(Severity.WARNING, f"has two splits within {counted(since, 'day')}: perhaps one that was told twice")
        if before and after and abs(after * ratio / before - 1) > SPLIT_MOVE:
            add(
                Severity.ERROR,
                f"went from ${before:,.2f} to ${after:,.2f}: not what a split of {ratio:g} for 1 does to a price",
            )
    return check("Splits", {"splits": len(rows)}, found, nothing=NO_SPLITS)


def check_dividends(security_ids: Sequence[int], until: dt.date) -> Check:
    """A dividend is a small part of the price and is told once."""
    rows = _rows(DIVIDENDS, security_ids, until)
    found = []
    for symbol, day, amount, before, since, same in rows:
        place = f"dividend of {day}"
        share = amount / before if before else 0.0
        if share > LARGE_DIVIDEND:
            severity = Severity.ERROR if share > WHOLE_PRICE else Severity.WARNING
            found.append(
                Finding(
                    severity,
                    symbol,
                    f"paid ${amount:,.4f} on a price of ${before:,.2f}: {share:.0%}",
                    place,
                    CHECK_DIVIDEND,
                )
            )
        if same and since is not None and since <= DIVIDEND_TWIN_DAYS:
            what = f"paid ${amount:,.4f} twice within {counted(since, 'day')}: perhaps one that was told twice"
            found.append(Finding(Severity.WARNING, symbol, what, place, CHECK_DIVIDEND))
    return check("Dividends", {"dividends": len(rows)}, found, nothing=NO_DIVIDENDS)


def check_moves(security_ids: Sequence[int], until: dt.date) -> Check:
    """No believed price moves by more than half in a session without a split or a distribution behind it."""
    returns = int(_rows(COUNT_RETURNS, security_ids, until)[0][0])
    found = [
        Finding(Severity.WARNING, symbol, f"went from ${before:,.2f} to ${after:,.2f} ({move:+.0%}) with no split to explain it",
                f"price of {day}", "Compare with another source: a split may be missing, or a price be wrong.")
        for symbol, day, before, after, move in _rows(MOVES, security_ids, until)
    ]  # fmt: skip
    return check("Moves of prices", {"returns": returns}, found, nothing=NO_RETURNS)


def _rows(statement: str, security_ids: Sequence[int], until: dt.date) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"ids": list(security_ids), "until": until, "jump": JUMP})
        return cursor.fetchall()
