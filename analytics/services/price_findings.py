"""What is wrong with the prices that something rests on: gaps, stale and suspect prices, refused rows, symbols without a source,
options without a quote. One row a finding, with the evidence."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson
from django.db import connection

from analytics.services.calculations import newest_session
from marketdata import calendar
from marketdata.asof import MAX_AGE_SESSIONS
from marketdata.services.securities import PROXIES

# Gaps are looked for so many sessions back: what the longest statistics look at.
WINDOW = 252
LONGEST_SYMBOL = 32


class Kind(StrEnum):
    """What a finding is, in the order of a symbol's findings."""

    NO_SOURCE = "no_source"
    STALE = "stale"
    GAP = "gap"
    SUSPECT = "suspect"
    REFUSED = "refused"
    OPTION = "option"


TITLES = {
    Kind.GAP: "Gaps",
    Kind.STALE: "Stale",
    Kind.SUSPECT: "Suspect",
    Kind.REFUSED: "Refused",
    Kind.NO_SOURCE: "Without a source",
    Kind.OPTION: "Options without a quote",
}
NAMES = {
    Kind.GAP: "Gap",
    Kind.STALE: "Stale",
    Kind.SUSPECT: "Suspect",
    Kind.REFUSED: "Refused",
    Kind.NO_SOURCE: "No source",
    Kind.OPTION: "No quote",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong with the prices of a symbol.

    security_id : None for a refused row of a symbol that is no security (any more). first, last : the sessions it is about, from
    and to (None where it is about none in particular), `sessions` of them. value : dollars per share that stand there or were
    sent; previous : the usable close before. row : id of the suspect price or the refused row.
    """

    kind: Kind
    symbol: str
    security_id: int | None
    first: dt.date | None
    last: dt.date | None
    sessions: int | None
    value: float | None
    previous: float | None
    source: str
    why: str
    row: int | None

    @property
    def title(self) -> str:
        return NAMES[self.kind]

    @property
    def told(self) -> str:
        """Why, as people read it."""
        return self.why.replace("_", " ")

    @property
    def move(self) -> float | None:
        """From the close before, as a fraction."""
        return self.value / self.previous - 1 if self.value is not None and self.previous else None


@dataclass(frozen=True, slots=True)
class Findings:
    """One page of the findings, how many there are of each kind (with the symbol filter, whatever kind is shown), and of this one."""

    session: dt.date
    since: dt.date
    counts: dict[Kind, int]
    rows: list[Finding]
    total: int


# Securities that something rests on: held in active portfolios (contracts through their underlying), followed by private lots, and
# the funds behind factors, sectors and scenarios.
FOUND = """
    WITH held AS (
        SELECT DISTINCT p.security_id AS id
        FROM positions AS p JOIN portfolios AS f ON f.id = p.portfolio_id AND f.is_active AND f.deleted_at IS NULL
        WHERE p.security_id IS NOT NULL AND p.deleted_at IS NULL AND p.exit_date IS NULL
    ),
    needed AS (
        SELECT s.id, s.symbol, s.price_status
        FROM securities AS s
        WHERE s.security_type <> 'option' AND (
            s.id IN (SELECT coalesce(o.underlying_id, h.id) FROM held AS h LEFT JOIN option_contracts AS o ON o.security_id = h.id)
            OR s.symbol = ANY(%(proxies)s)
            OR s.symbol IN (SELECT proxy_symbol FROM positions WHERE proxy_symbol <> '' AND deleted_at IS NULL AND exit_date IS NULL)
        )
    ),
    sessions AS (SELECT day, n FROM unnest(%(sessions)s::date[]) WITH ORDINALITY AS s (day, n)),
    ends AS (
        SELECT k.id, k.symbol, k.price_status, l.date, l.close, l.source, f.close AS first_close,
               coalesce(c.last_error, '') AS last_error, c.last_attempt_at
        FROM needed AS k
        LEFT JOIN LATERAL (
            SELECT date, close, source FROM daily_prices WHERE security_id = k.id AND quality = 'ok' AND date <= %(session)s
            ORDER BY date DESC LIMIT 1
        ) AS l ON true
        LEFT JOIN LATERAL (
            SELECT close FROM daily_prices WHERE security_id = k.id AND date < %(since)s ORDER BY date DESC LIMIT 1
        ) AS f ON true
        LEFT JOIN symbol_collections AS c ON c.security_id = k.id
    ),
    holed AS (
        SELECT e.id FROM ends AS e
        CROSS JOIN LATERAL (
            SELECT count(*) AS rows, min(date) AS first, max(date) AS last FROM daily_prices
            WHERE security_id = e.id AND date BETWEEN %(since)s AND %(session)s
        ) AS c
        JOIN sessions AS a ON a.day = c.first
        JOIN sessions AS z ON z.day = c.last
        WHERE c.rows <> z.n - CASE WHEN e.first_close IS NULL THEN a.n - 1 ELSE 0 END
    ),
    known AS (
        SELECT d.security_id, d.close, s.day, s.n,
               lag(s.n) OVER w AS n_before, lag(d.close) OVER w AS close_before
        FROM holed AS k
        JOIN daily_prices AS d ON d.security_id = k.id AND d.date >= %(since)s
        JOIN sessions AS s ON s.day = d.date
        WINDOW w AS (PARTITION BY d.security_id ORDER BY d.date)
    ),
    found AS (
        SELECT 'gap' AS kind, e.symbol, k.security_id, a.day AS first, z.day AS last, k.n - coalesce(k.n_before, 0) - 1 AS sessions,
               k.close AS value, coalesce(k.close_before, e.first_close) AS previous, '' AS source,
               'no row is stored' AS why, NULL::bigint AS row_id
        FROM known AS k
        JOIN ends AS e ON e.id = k.security_id
        JOIN sessions AS a ON a.n = coalesce(k.n_before, 0) + 1
        JOIN sessions AS z ON z.n = k.n - 1
        WHERE k.n - k.n_before > 1 OR k.n_before IS NULL AND k.n > 1 AND e.first_close IS NOT NULL
        UNION ALL
        SELECT 'stale', symbol, id, date, %(session)s::date, NULL, close, NULL, source,
               coalesce(nullif(last_error, ''), 'no newer usable price is stored'), NULL
        FROM ends WHERE date < %(current)s
        UNION ALL
        SELECT 'no_source', symbol, id, NULL, NULL, NULL, NULL, NULL, '',
               CASE WHEN last_error <> '' THEN last_error WHEN last_attempt_at IS NULL THEN 'never asked for yet'
                    WHEN price_status = 'no_source' THEN 'no source knows it' ELSE 'no usable price yet' END, NULL
        FROM ends WHERE date IS NULL
        UNION ALL
        SELECT 'suspect', s.symbol, s.id, d.date, d.date, 1, d.close, b.close, d.source,
               'a jump without a split or a distribution behind it', d.id
        FROM daily_prices AS d JOIN securities AS s ON s.id = d.security_id
        LEFT JOIN LATERAL (
            SELECT close FROM daily_prices WHERE security_id = d.security_id AND date < d.date AND quality = 'ok'
            ORDER BY date DESC LIMIT 1
        ) AS b ON true
        WHERE d.quality = 'suspect'
        UNION ALL
        SELECT 'refused', r.symbol, s.id, r.date, r.date, 1,
               CASE WHEN jsonb_typeof(r.payload -> 'close') = 'number' THEN (r.payload ->> 'close')::float8 END, b.close,
               r.provider, r.reason, r.id
        FROM price_rejections AS r LEFT JOIN securities AS s ON s.symbol = r.symbol
        LEFT JOIN LATERAL (
            SELECT close FROM daily_prices WHERE security_id = s.id AND date < r.date AND quality = 'ok' ORDER BY date DESC LIMIT 1
        ) AS b ON true
        WHERE r.resolved IS NULL
        UNION ALL
        SELECT 'option', s.symbol, s.id, q.session, %(session)s::date, NULL, m.price, NULL, coalesce(m.price_source, ''),
               CASE WHEN m.price IS NULL THEN 'nothing values it'
                    WHEN q.session IS NULL THEN 'never quoted, valued by ' || m.price_source
                    ELSE 'last quoted ' || q.session || ', valued by ' || m.price_source END, NULL
        FROM held AS h JOIN option_contracts AS o ON o.security_id = h.id AND o.expiration >= %(session)s
        JOIN securities AS s ON s.id = h.id
        LEFT JOIN LATERAL (
            SELECT session FROM option_quotes WHERE security_id = h.id AND session <= %(session)s ORDER BY session DESC LIMIT 1
        ) AS q ON true
        LEFT JOIN LATERAL (
            SELECT price, price_source FROM instrument_marks WHERE security_id = h.id AND session <= %(session)s
            ORDER BY session DESC LIMIT 1
        ) AS m ON true
        WHERE q.session IS NULL OR q.session < %(quoted)s
    ),
    wanted AS MATERIALIZED (SELECT * FROM found WHERE %(like)s::text IS NULL OR symbol LIKE %(like)s)
"""
LISTED = (
    FOUND
    + """
    SELECT c.counts, w.* FROM (
        SELECT coalesce(jsonb_object_agg(kind, n), '{}') AS counts FROM (SELECT kind, count(*) AS n FROM wanted GROUP BY kind) AS k
    ) AS c
    LEFT JOIN (
        SELECT kind, symbol, security_id, first, last, sessions, value::float8, previous::float8, source, why, row_id FROM wanted
        WHERE %(kind)s::text IS NULL OR kind = %(kind)s
        ORDER BY symbol, array_position(%(kinds)s, kind), first DESC NULLS FIRST, row_id LIMIT %(rows)s OFFSET %(skip)s
    ) AS w ON true
    """
)


def price_findings(
    *, kind: Kind | None = None, symbol: str = "", exactly: bool = False, page: int = 1, rows: int = 50
) -> Findings:
    """The findings at the last session that is complete, by symbol, in one query.

    Parameters
    ----------
    kind : only these. symbol : only symbols that begin so, or `exactly` this one. page : from 1 on, `rows` each.
    """
    session = newest_session()
    days = calendar.sessions(calendar.shift(session, 1 - WINDOW), session)
    given: dict[str, Any] = {
        "proxies": list(PROXIES), "sessions": days, "since": days[0], "session": session, "kinds": list(Kind),
        "current": calendar.previous_session(session), "quoted": calendar.shift(session, -MAX_AGE_SESSIONS),
        "kind": kind, "like": _pattern(symbol, exactly), "rows": rows, "skip": (max(page, 1) - 1) * rows,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(LISTED, given)
        found = cursor.fetchall()
    known = orjson.loads(found[0][0])
    counts = {one: known.get(one, 0) for one in Kind}
    listed = [_finding(row, session) for _, *row in found if row[0] is not None]
    return Findings(session, days[0], counts, listed, counts[kind] if kind else sum(counts.values()))


def _pattern(symbol: str, exactly: bool) -> str | None:
    text = symbol.replace("\x00", "").strip().upper()[:LONGEST_SYMBOL]
    if not text:
        return None
    for letter in ("\\", "%", "_"):
        text = text.replace(letter, f"\\{letter}")
    return text if exactly else f"{text}%"


def _finding(row: Sequence[Any], session: dt.date) -> Finding:
    kind, symbol, security_id, first, last, sessions, *rest = row
    if first is not None and sessions is None:
        # How far behind: counted here, since sessions are no calendar days.
        sessions = calendar.sessions_between(calendar.session_on_or_before(first), session)
    return Finding(Kind(kind), symbol, security_id, first, last, sessions, *rest)
