"""What the analyst knows before he asks for anything: the books in view, memories, documents, the screen. In few statements.

It all stands before the first word of an answer, so it is read in three statements whatever the number of portfolios and positions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from assistant.prompts.fence import fence, shortened
from assistant.services.retrieval import Passage
from assistant.tools.figures import known, percent_of, rounded, usd
from portfolios.models import User

MOST_BOOKS, TOP = 5, 10
SECTORS, FINDINGS = 5, 5
NAME, LINE, SUMMARY = 120, 200, 600
SCREEN = ("page_hint", "route", "selection")

# Everything of the books a person has in view, or of all; what is not his is not there. One row a book.
BOOKS = """
    WITH mine AS (
        SELECT * FROM portfolios AS f
        WHERE f.user_id = %(user)s AND f.deleted_at IS NULL
          AND CASE WHEN cardinality(%(ids)s::uuid[]) = 0 THEN f.is_active ELSE f.id = ANY(%(ids)s::uuid[]) END
        ORDER BY f.account_name ILIKE '%%private%%', f.created_at, f.id
        LIMIT %(most)s
    )
    SELECT f.id, f.name, f.account_type, f.results_as_of, f.dirty_from IS NULL AS is_current,
           coalesce(s.net_asset_value, f.opening_equity)::float8 AS nav, s.cash_value::float8, s.long_value::float8,
           s.short_value::float8, s.gross_exposure::float8, s.net_exposure::float8, s.daily_pnl::float8, s.daily_return::float8,
           s.cumulative_pnl::float8, s.drawdown, s.beta_calculated_90d::float8, s.realized_volatility_21d::float8,
           s.expected_volatility_21d::float8, s.nav_quality, s.sector_exposure, r.var_95_1d::float8, r.es_95_1d::float8,
           y.sharpe, y.sessions, x.exposure_value, i.title, i.summary, i.key_findings, i.created_at
    FROM mine AS f
    LEFT JOIN portfolio_snapshots AS s ON s.portfolio_id = f.id AND s.snapshot_date = f.results_as_of
    LEFT JOIN portfolio_risk AS r ON r.portfolio_id = f.id AND r.calculation_date = f.results_as_of
    LEFT JOIN factor_exposures AS x ON x.portfolio_id = f.id AND x.calculation_date = f.results_as_of
    LEFT JOIN LATERAL (
        SELECT (avg(n.daily_return) / nullif(stddev_samp(n.daily_return), 0) * sqrt(252))::float8 AS sharpe, count(*) AS sessions
        FROM (
            SELECT daily_return FROM portfolio_snapshots
            WHERE portfolio_id = f.id AND snapshot_date <= f.results_as_of AND is_complete AND daily_return IS NOT NULL
            ORDER BY snapshot_date DESC LIMIT 252
        ) AS n
    ) AS y ON true
    LEFT JOIN LATERAL (
        SELECT title, summary, key_findings, created_at FROM ai_insights
        WHERE portfolio_id = f.id AND insight_type = 'morning_briefing' ORDER BY created_at DESC LIMIT 1
    ) AS i ON true
    ORDER BY f.account_name ILIKE '%%private%%', f.created_at, f.id
"""
HOLDINGS = """
    SELECT portfolio_id, symbol, position_type, quantity, market_value, unrealized_pnl, daily_pnl, lots
    FROM (
        SELECT f.id AS portfolio_id, p.symbol, p.position_type, sum(u.quantity) AS quantity, sum(u.market_value) AS market_value,
               sum(u.unrealized_pnl) AS unrealized_pnl, sum(u.daily_pnl) AS daily_pnl, count(*) OVER (PARTITION BY f.id) AS lots,
               row_number() OVER (PARTITION BY f.id ORDER BY abs(sum(u.market_value)) DESC, p.symbol, p.position_type) AS place
        FROM portfolios AS f
        JOIN position_snapshots AS s ON s.portfolio_id = f.id AND s.snapshot_date = f.results_as_of
        CROSS JOIN LATERAL unnest(s.position_ids, s.quantity, s.market_value, s.unrealized_pnl, s.daily_pnl)
            AS u (position_id, quantity, market_value, unrealized_pnl, daily_pnl)
        JOIN positions AS p ON p.id = u.position_id AND p.deleted_at IS NULL
        WHERE f.id = ANY(%(ids)s) AND f.user_id = %(user)s
        GROUP BY f.id, p.symbol, p.position_type
    ) AS h
    WHERE place <= %(top)s ORDER BY portfolio_id, place
"""
# Market, rates and styles; the long-short tilts are a tool's.
NAMES = """
    SELECT (SELECT family FROM price_family LIMIT 1), array_agg(d.name ORDER BY d.display_order),
           array_agg(d.display_order ORDER BY d.display_order),
           (SELECT count(*) FROM portfolios WHERE user_id = %(user)s AND deleted_at IS NULL AND is_active)
    FROM factor_definitions AS d WHERE d.is_active AND d.factor_type <> 'spread'
"""


def book_blocks(user: User, in_view: Sequence[UUID]) -> list[str]:
    """A block for each book in view (without any in view: each of the person's), five at most."""
    given: dict[str, Any] = {"user": user.pk, "ids": list(in_view[:MOST_BOOKS]), "most": MOST_BOOKS}
    with connection.cursor() as cursor:
        cursor.execute(BOOKS, given)
        columns = [column.name for column in cursor.description]
        books = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
        if not books:
            return [fence("portfolio", [{"portfolios": 0, "note": "This person has no portfolio yet."}])]
        ids = [book["id"] for book in books]
        cursor.execute(HOLDINGS, {"ids": ids, "user": user.pk, "top": TOP})
        held = defaultdict(list)
        for portfolio_id, *holding in cursor.fetchall():
            held[portfolio_id].append(holding)
        cursor.execute(NAMES, {"user": user.pk})
        family, factors, slots, owned = cursor.fetchone()
    named = dict(zip(slots or (), factors or (), strict=True))
    blocks = [fence("portfolio", _book(book, held[book["id"]], named, family)) for book in books]
    if owned > len(books):
        text = f"{owned - len(books)} more portfolios are not shown here: list_user_portfolios names them."
        blocks.append(fence("portfolios", [{"owned": owned, "shown": len(books), "note": text}]))
    return blocks


def _book(
    book: Mapping[str, Any], held: Sequence[Any], factors: Mapping[int, str], family: str | None
) -> list[dict[str, Any]]:
    """The lines of a block."""
    lines: list[dict[str, Any]] = [
        {
            "portfolio_id": book["id"],
            "name": shortened(book["name"], NAME),
            "account_type": book["account_type"],
            "as_of": book["results_as_of"],
            "price_source": family,
            "simulated": family == "simulated",
        }
    ]
    nav = book["nav"]
    if book["results_as_of"] is None:
        return [*lines, {"note": "No night has been computed for this portfolio yet.", "opening_equity_usd": usd(nav)}]
    if not book["is_current"]:
        lines.append({"note": "Positions were changed after this session: the figures here are of before that."})
    lines.append(_figures(book, nav))
    lines.append({"top_holdings": [_holding(row, nav) for row in held], "holdings_in_all": held[0][-1] if held else 0})
    lines += [line for line in (_sectors(book), _factors(book, factors)) if line]
    if book["title"] is not None:
        findings = [shortened(str(one), LINE) for one in (_json(book["key_findings"]) or [])[:FINDINGS]]
        briefing = {
            "title": shortened(book["title"], NAME),
            "written_at": book["created_at"],
            "summary": shortened(book["summary"], SUMMARY),
            "findings": findings,
        }
        lines.append({"latest_morning_briefing": known(briefing)})
    return lines


def _figures(book: Mapping[str, Any], nav: float) -> dict[str, Any]:
    return known(
        {
            "net_asset_value_usd": usd(nav),
            "cash_usd": usd(book["cash_value"]),
            "long_usd": usd(book["long_value"]),
            "short_usd": usd(book["short_value"]),
            "gross_pct_of_nav": percent_of(_share(book["gross_exposure"], nav)),
            "net_pct_of_nav": percent_of(_share(book["net_exposure"], nav)),
            "day_pnl_usd": usd(book["daily_pnl"]),
            "day_return_pct": percent_of(book["daily_return"]),
            "pnl_since_start_usd": usd(book["cumulative_pnl"]),
            "drawdown_from_peak_pct": percent_of(book["drawdown"]),
            "beta_to_market_90d": rounded(book["beta_calculated_90d"]),
            "volatility_21d_pct": percent_of(book["realized_volatility_21d"]),
            "expected_volatility_21d_pct": percent_of(book["expected_volatility_21d"]),
            "sharpe_ratio": rounded(book["sharpe"], 2),
            "sharpe_sessions": book["sessions"] or None,
            "var_95_1d_usd": usd(book["var_95_1d"]),
            "expected_shortfall_95_1d_usd": usd(book["es_95_1d"]),
            "price_quality": book["nav_quality"],
        }
    )


def _holding(row: Sequence[Any], nav: float) -> dict[str, Any]:
    symbol, kind, _, value, gain, day, _ = row
    return {
        "symbol": shortened(symbol, NAME),
        "type": kind,
        "value_usd": usd(value),
        "weight_pct": percent_of(_share(value, nav)),
        "pnl_usd": usd(gain),
        "day_pnl_usd": usd(day),
    }


def _sectors(book: Mapping[str, Any]) -> dict[str, Any]:
    found = _json(book["sector_exposure"])
    if not found:
        return {}
    gross, net = found["portfolio_weights"], found["net_weights"]
    largest = sorted(gross, key=lambda name: (-gross[name], name))[:SECTORS]
    return {
        "top_sectors_pct_of_nav": {
            name: {"gross": percent_of(gross[name]), "net": percent_of(net.get(name))} for name in largest
        }
    }


def _factors(book: Mapping[str, Any], factors: Mapping[int, str]) -> dict[str, Any]:
    values = book["exposure_value"] or ()
    told = {name: rounded(values[slot]) for slot, name in factors.items() if slot < len(values)}
    betas = {name: beta for name, beta in told.items() if beta is not None}
    return {"factor_betas": betas} if betas else {}


def _share(value: float | None, nav: float) -> float | None:
    return value / nav if value is not None and nav > 0 else None


def _json(value: Any) -> Any:
    return orjson.loads(value) if isinstance(value, str | bytes) else value


def screen_block(ui_context: Mapping[str, Any], in_view: Sequence[UUID]) -> list[str]:
    """What the person looks at; as his browser tells it."""
    told: dict[str, Any] = {name: shortened(str(ui_context[name]), LINE) for name in SCREEN if ui_context.get(name)}
    if in_view:
        told["portfolio_ids_in_view"] = [str(one) for one in in_view]
    return [fence("screen", [told])] if told else []


def passage_block(kind: str, passages: Sequence[Passage]) -> list[str]:
    """Texts that were found for the question, numbered, one a line."""
    rows = [{"n": place, "title": one.title, "content": one.content} for place, one in enumerate(passages, start=1)]
    return [fence(kind, rows)] if rows else []


def memory_block(memories: Sequence[str]) -> list[str]:
    """What is remembered of the person, a line each."""
    return [fence("memories", memories)] if memories else []
