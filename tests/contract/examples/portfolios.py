"""Example calls of portfolios, positions, targets and cash flows."""

from __future__ import annotations

from typing import Any

from tests.contract.examples.calls import Call, Example, of_portfolio, of_symbol, plain

TARGETS_CSV = """symbol,position_type,target_eoy,target_next_year,downside,current_price
AAPL,LONG,300,340,200,250
"""


def _lot(symbol: str = "MSFT") -> dict[str, Any]:
    return {
        "symbol": symbol,
        "quantity": 10,
        "avg_cost": 410.5,
        "position_type": "LONG",
        "investment_class": "PUBLIC",
        "entry_date": "2025-11-18",
        "notes": "a first lot",
    }


EXAMPLES: dict[str, tuple[Example, ...]] = {
    # -- portfolios
    "createPortfolio": (
        plain({"name": "Retirement", "account_name": "My IRA", "account_type": "ira", "equity_balance": 125000.5}),
        plain({"name": "Text", "account_name": "Decimals as text", "equity_balance": "1000.25"}),
    ),
    "listPortfolios": (plain(), plain(include_inactive="true")),
    "getPortfolio": (of_portfolio(),),
    "updatePortfolio": (of_portfolio({"name": "Renamed", "description": "for the children"}),),
    "deletePortfolio": (lambda who: Call({"portfolio_id": who.spare_portfolio}),),
    "calculatePortfolio": (of_portfolio(),),
    "portfolioBatchStatus": (lambda who: Call({"portfolio_id": who.portfolio, "batch_run_id": who.run}),),
    # -- positions
    "createPosition": (
        lambda who: Call(query={"portfolio_id": who.portfolio}, body=_lot()),
        lambda who: Call(body={"portfolio_id": who.portfolio, **_lot(), "position_type": "SHORT"}),
    ),
    "bulkCreatePositions": (
        lambda who: Call(body={"portfolio_id": who.portfolio, "positions": [_lot("MSFT"), _lot("AAPL")]}),
    ),
    "bulkDeletePositions": (lambda who: Call(body={"position_ids": [who.position]}),),
    "getPosition": (lambda who: Call({"position_id": who.position}),),
    "updatePosition": (
        lambda who: Call({"position_id": who.fresh_position}, body={"quantity": 12, "avg_cost": 51.25}),
        lambda who: Call(
            {"position_id": who.fresh_position},
            body={"exit_price": 62.5, "exit_date": "2025-11-19", "close_quantity": 4, "quantity": 6},
        ),
    ),
    "deletePosition": (
        lambda who: Call({"position_id": who.position}),
        lambda who: Call({"position_id": who.fresh_position}, {"force_hard_delete": "true"}),
    ),
    "validateSymbol": (plain(symbol="AAPL"),),
    "validateSymbolGet": (of_symbol(), lambda who: Call({"symbol": "HOME_EQUITY"})),
    "checkDuplicate": (lambda who: Call(query={"portfolio_id": who.portfolio, "symbol": who.symbol}),),
    "tagsForSymbol": (lambda who: Call(query={"portfolio_id": who.portfolio, "symbol": who.symbol}),),
    "hardDeletePositionClient": (lambda who: Call({"position_id": who.fresh_position}),),
    # -- target prices
    "listTargetPrices": (of_portfolio(), of_portfolio(symbol="AAPL", position_type="LONG")),
    "createTargetPrice": (
        of_portfolio(
            {
                "symbol": "NFLX",
                "position_type": "SHORT",
                "target_price_eoy": 90,
                "target_price_next_year": 80,
                "downside_target_price": 120,
                "current_price": 110,
            }
        ),
        lambda who: Call(
            {"portfolio_id": who.portfolio},
            body={"symbol": "ZM", "position_type": "LONG", "target_price_eoy": 99, "current_price": 80,
                  "position_id": who.fresh_position},
        ),
    ),
    "getTargetPriceSummary": (of_portfolio(),),
    "getTargetPrice": (lambda who: Call({"target_price_id": who.target}),),
    "updateTargetPrice": (lambda who: Call({"target_price_id": who.target}, body={"target_price_eoy": 321.5}),),
    "deleteTargetPrice": (lambda who: Call({"target_price_id": who.target}),),
    "bulkCreateTargetPrices": (
        of_portfolio({"target_prices": [{"symbol": "ZM", "target_price_eoy": 99, "current_price": 80}]}),
    ),
    "bulkUpdateTargetPrices": (
        of_portfolio(
            {
                "updates": [
                    {"symbol": "AAPL", "position_type": "LONG", "target_price_eoy": 310},
                    {"symbol": "NOSUCH", "position_type": "LONG", "target_price_eoy": 1},
                ]
            }
        ),
    ),
    "importTargetPricesCsv": (
        of_portfolio({"csv_content": TARGETS_CSV, "update_existing": True}),
        of_portfolio({"csv_content": TARGETS_CSV}),
    ),
    "exportTargetPrices": (of_portfolio({"format": "csv"}), of_portfolio({"format": "json"})),
    # -- equity changes
    "listEquityChanges": (of_portfolio(page=1, page_size=10), of_portfolio(start_date="2025-11-01", include_deleted="true")),
    "createEquityChange": (
        of_portfolio({"change_type": "CONTRIBUTION", "amount": 1500.5, "change_date": "2025-11-20", "notes": "bonus"}),
        of_portfolio({"change_type": "WITHDRAWAL", "amount": "99.95", "change_date": "2025-11-19"}),
    ),
    "getEquityChangeSummary": (of_portfolio(), of_portfolio(start_date="2025-01-01", end_date="2025-12-31")),
    "exportEquityChanges": (of_portfolio(format="csv"),),
    "getEquityChange": (
        lambda who: Call({"portfolio_id": who.portfolio, "equity_change_id": who.equity_change}),
    ),
    "updateEquityChange": (
        lambda who: Call({"portfolio_id": who.portfolio, "equity_change_id": who.equity_change}, body={"amount": 2600, "notes": "more"}),
    ),
    "deleteEquityChange": (
        lambda who: Call({"portfolio_id": who.portfolio, "equity_change_id": who.equity_change}),
    ),
}  # fmt: skip
