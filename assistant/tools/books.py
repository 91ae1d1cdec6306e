"""What a person owns: the portfolios, what one holds, each lot, and how good the data behind it are."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from analytics.services.aggregate_overview import aggregate_overview
from analytics.services.data_quality import DataQuality, Feasibility, assess_data
from analytics.services.described_lots import DescribedLot, lots_of_portfolio, lots_with_ids, totals
from analytics.services.lot_history import COMPLETE_SESSIONS
from analytics.services.overview import portfolio_overview
from analytics.services.portfolio_report import PortfolioReport, report_portfolio
from assistant.prompts.fence import shortened
from assistant.tools.arguments import Flag, Many, PositionId
from assistant.tools.figures import earned, exposures, known, of_positive, percent, price, quantity, usd
from assistant.tools.registry import PORTFOLIO, Call, tool
from assistant.tools.results import LONG, Finding
from portfolios.models import InvestmentClass
from portfolios.services.portfolios import list_portfolios
from portfolios.services.valued_lots import ValuedLot

MOST_LOTS = 200
MOST_NAMED = 50
NOTES_SHOWN = 200
LOW, MODERATE = 0.5, 0.8
PUBLIC, FRESH = InvestmentClass.PUBLIC, "fresh"
PRICES_NOTE = "Prices are the close of the session, from price_source, unless price_quality says otherwise."


@tool(
    purpose="The person's portfolios: ids, names, account types, net asset value, number of open positions. Call it when "
    "you need the id of a portfolio that is not in view.",
    returns="portfolios (id, name, account_name, account_type, description, net_asset_value_usd, market_value_usd, "
    "position_count, is_active, in_view, results_as_of), total_portfolios, total_net_asset_value_usd of the active ones",
    source="GET /portfolios: portfolios.services.portfolios.list_portfolios",
)
def list_user_portfolios(call: Call) -> Finding:
    found = list_portfolios(call.user)
    in_view = {call.context.portfolio_id, *call.context.portfolio_ids}
    rows = [
        known(
            {
                "id": one.portfolio.pk,
                "name": one.portfolio.name,
                "account_name": one.portfolio.account_name,
                "account_type": one.portfolio.account_type,
                "description": shortened(one.portfolio.description, NOTES_SHOWN),
                "net_asset_value_usd": usd(one.equity),
                "market_value_usd": usd(one.market_value),
                "position_count": one.open_lots,
                "is_active": one.portfolio.is_active,
                "in_view": one.portfolio.pk in in_view,
                "results_as_of": one.portfolio.results_as_of,
            }
        )
        for one in found
    ]
    active = [one for one in found if one.portfolio.is_active]
    sessions = [one.portfolio.results_as_of for one in active if one.portfolio.results_as_of]
    data = {
        "portfolios": rows,
        "total_portfolios": len(rows),
        "total_net_asset_value_usd": usd(sum(one.equity for one in active)),
    }
    return Finding(data, max(sessions, default=None))


def _together(call: Call, ids: Any) -> Finding:
    found = aggregate_overview(call.user, ids)
    return Finding(
        {
            "net_asset_value_usd": usd(found.selection.total_value),
            "cash_usd": usd(found.cash),
            "leverage": of_positive(found.leverage, found.selection.total_value),
            "exposures": exposures(found.exposures, found.selection.total_value),
        }
    )


@tool(
    purpose="One portfolio as a whole: net asset value, cash, exposures, P&L and every holding with quantity, price, value, "
    "weight, sector and P&L, the largest first. The first choice for 'what do I hold' and 'how am I doing'.",
    returns="net_asset_value_usd, cash_usd, leverage, exposures, pnl, counts; holdings by size (symbol, type, quantity, price_usd, "
    "market_value_usd, weight_pct of net asset value with its sign, sector, pnl_usd and pnl_pct since entry, tags); on demand "
    "timeseries (net asset values, newest first) and attribution (largest gains and losses by symbol since entry)",
    source="GET /data/portfolio/{id}/complete and .../overview: report_portfolio, portfolio_overview",
    arguments=(
        PORTFOLIO,
        Flag("include_holdings", "Whether to list the holdings.", default=True),
        Flag("include_timeseries", "Whether to give net asset values of the last 180 sessions.", default=False),
        Flag("include_attrib", "Whether to give what made and lost most since entry.", default=False),
    ),
    most=LONG,
    together=_together,
)
def get_portfolio_complete(call: Call) -> Finding:
    book = call.book
    published, overview = portfolio_overview(call.user, book.pk)
    report = report_portfolio(book, with_labels=False, with_series=call["include_timeseries"])
    data: dict[str, Any] = {
        "id": book.pk,
        "name": book.name,
        "account_type": book.account_type,
        "currency": book.currency,
        "net_asset_value_usd": usd(overview.equity),
        "cash_usd": usd(overview.cash),
        "leverage": of_positive(overview.leverage, overview.equity),
        "exposures": exposures(overview.exposures, overview.equity),
        "pnl": earned(overview.pnl),
        "counts": asdict(overview.counts),
        "positions_with_full_price_history": report.complete_lots,
    }
    if call["include_holdings"]:
        lots = lots_of_portfolio(call.user, book.pk)
        equity = float(overview.equity)
        data["holdings"] = [_holding(one, equity) for one in by_size(lots)]
    if call["include_timeseries"]:
        data["timeseries"] = [
            {"date": day, "net_asset_value_usd": usd(value)} for day, value in reversed(report.net_asset_values)
        ]
    if call["include_attrib"]:
        data["attribution"] = _attribution(report)
    return Finding(data, published.as_of, (PRICES_NOTE,) if call["include_holdings"] else ())


def _attribution(report: PortfolioReport) -> dict[str, Any]:
    return {
        name: [{"symbol": one.symbol, "pnl_usd": usd(one.pnl)} for one in side]
        for name, side in (("contributors", report.contributors), ("detractors", report.detractors))
    }


def by_size(lots: list[DescribedLot]) -> list[DescribedLot]:
    """The largest value first, its sign aside."""
    return sorted(lots, key=lambda one: (-abs(one.lot.market_value), one.lot.symbol, one.lot.position_id))


def option_terms(lot: ValuedLot) -> dict[str, Any]:
    """What a contract is of; None for shares."""
    return {
        "underlying": lot.underlying,
        "strike_usd": price(lot.strike),
        "expiration": lot.expiration,
        "multiplier": lot.multiplier if lot.underlying else None,
    }


def _odd(lot: ValuedLot) -> str | None:
    """What a reader must know of a price that is not the session's."""
    return None if lot.quality == FRESH else f"{lot.quality}, {lot.price_source}, of {lot.price_date}"


def _holding(one: DescribedLot, equity: float) -> dict[str, Any]:
    lot = one.lot
    return known(
        {
            "symbol": lot.symbol,
            "company": one.company.name,
            "type": lot.position_type,
            "class": None if lot.investment_class == PUBLIC else lot.investment_class,
            "quantity": quantity(lot.quantity),
            **option_terms(lot),
            "price_usd": price(lot.price),
            "price_quality": _odd(lot),
            "market_value_usd": usd(lot.market_value),
            "weight_pct": percent(100 * float(lot.market_value) / equity) if equity > 0 else None,
            "sector": one.company.sector,
            "pnl_usd": usd(lot.unrealized_pnl),
            "pnl_pct": percent(lot.unrealized_pnl_percent),
            "tags": [label.name for label in one.labels],
        }
    )


@tool(
    purpose="Single lots with ids, entry, price with its date and quality, P&L, option terms, company, tags and the owner's notes: "
    "for questions about particular positions, entry dates, closed positions, options.",
    returns="positions by size, 200 at most, and their totals; truncated and original_count where there are more",
    source="GET /data/positions/details: lots_of_portfolio, lots_with_ids",
    arguments=(
        PORTFOLIO,
        Many("position_ids", "Only these lots.", one=PositionId("position_id", "A lot's id."), most=MOST_NAMED),
        Flag("include_closed", "Whether closed lots are listed too.", default=False),
    ),
    most=LONG,
)
def get_positions_details(call: Call) -> Finding:
    wanted = call["position_ids"]
    notes: tuple[str, ...] = (PRICES_NOTE,)
    if wanted:
        lots = [one for one in lots_with_ids(call.user, wanted) if one.lot.portfolio_id == call.book.pk]
        if len(lots) < len(wanted):
            notes += (
                f"{len(wanted) - len(lots)} of the lots named are in another portfolio of this person: name that one.",
            )
    else:
        lots = lots_of_portfolio(call.user, call.book.pk, include_closed=call["include_closed"])
    sums = totals(lots)
    data: dict[str, Any] = {
        "totals": {
            "positions": len(lots),
            "cost_basis_usd": usd(sums.cost_basis),
            "market_value_usd": usd(sums.market_value),
            "unrealized_pnl_usd": usd(sums.unrealized_pnl),
        },
        "positions": [_lot(one) for one in by_size(lots)[:MOST_LOTS]],
    }
    if len(lots) > MOST_LOTS:
        data |= {"truncated": True, "original_count": len(lots)}
        notes += (f"The {MOST_LOTS} largest of {len(lots)} lots are shown; totals are of all.",)
    return Finding(data, call.book.results_as_of, notes)


def _lot(one: DescribedLot) -> dict[str, Any]:
    lot = one.lot
    return known(
        {
            "id": lot.position_id,
            "symbol": lot.symbol,
            "company": one.company.name,
            "sector": one.company.sector,
            "industry": one.company.industry,
            "class": None if lot.investment_class == PUBLIC else lot.investment_class,
            "subtype": None if lot.investment_class == PUBLIC else lot.investment_subtype,
            "type": lot.position_type,
            "quantity": quantity(lot.quantity),
            **option_terms(lot),
            "entry_date": lot.entry_date,
            "entry_price_usd": price(lot.entry_price),
            "exit_date": lot.exit_date,
            "exit_price_usd": price(lot.exit_price),
            "price_usd": price(lot.price),
            "price_quality": _odd(lot),
            "cost_basis_usd": usd(lot.cost_basis),
            "market_value_usd": usd(lot.market_value),
            "unrealized_pnl_usd": usd(lot.unrealized_pnl),
            "unrealized_pnl_pct": percent(lot.unrealized_pnl_percent),
            "realized_pnl_usd": usd(lot.realized_pnl) or None,
            "tags": [label.name for label in one.labels],
            "notes": shortened(lot.notes, NOTES_SHOWN),
        }
    )


@tool(
    purpose="How complete the price history behind a portfolio is and which calculations it allows. Call it before you trust or "
    "explain away an odd or missing figure.",
    returns="score (0 to 1, share of lots with 150 sessions of prices), assessment in words, lots with gaps, feasibility of "
    "correlations, factor betas and volatility, coverage of the factors' funds",
    source="GET /data/portfolio/{id}/data-quality: assess_data",
    arguments=(
        PORTFOLIO,
        Flag("check_factors", "Whether to look at the factors' funds and factor betas.", default=True),
        Flag("check_correlations", "Whether to look at correlations.", default=True),
    ),
    most=LONG,
)
def get_portfolio_data_quality(call: Call) -> Finding:
    found = assess_data(call.book, with_funds=call["check_factors"])
    score = round(found.coverage / 100, 4)
    feasible = {"volatility": _feasible(found.volatility)}
    if call["check_factors"]:
        feasible["factor_betas"] = _feasible(found.factors)
    if call["check_correlations"]:
        feasible["correlations"] = _feasible(found.correlations)
    return Finding(
        {
            "score": score,
            "assessment": _assessment(found, score),
            "sessions_looked_at": COMPLETE_SESSIONS,
            "positions": len(found.lots),
            "complete": len(found.complete),
            "feasibility": feasible,
            "gaps": [
                {"symbol": lot.symbol, "sessions_with_price": lot.days, "recent_listing": lot.young}
                for lot in [*found.insufficient, *found.partial]
            ],
            "factor_funds": None if found.funds is None else asdict(found.funds),
        },
        found.as_of,
    )


def _assessment(found: DataQuality, score: float) -> str:
    if not found.lots:
        return "nothing is held"
    if score < LOW:
        return "low: most positions lack price history, treat risk figures as rough"
    if score < MODERATE:
        return "moderate: some positions lack price history, say which"
    return "good"


def _feasible(one: Feasibility) -> dict[str, Any]:
    return {
        "feasible": one.feasible,
        "positions": one.eligible,
        "left_out": one.excluded,
        "sessions_needed": one.sessions,
    }
