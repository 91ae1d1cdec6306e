"""Reshapes vector 21 (equity ledgers) into books for `roll_ledger`, and its result into the days of the vector."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import Any

import numpy as np

from analytics.engines.ledger import LedgerResult, Quality, to_decimal
from analytics.engines.pnl import roll_ledger
from tests.analytics.engines.ledger_book import Book
from tests.vectors.registry import produces

MONEY = {
    "equity_balance": "equity",
    "cash": "cash",
    "market_value": "net",
    "daily_pnl": "daily_pnl",
    "daily_realized_pnl": "daily_realized",
    "daily_income": "daily_income",
    "daily_unrealized_pnl": "daily_unrealized",
    "daily_capital_flow": "daily_flow",
    "cumulative_pnl": "cumulative_pnl",
    "cumulative_realized_pnl": "cumulative_realized",
    "cumulative_capital_flow": "cumulative_flow",
}


@produces("21_equity_rollforward")
def equity_rollforward(inputs: dict[str, Any]) -> dict[str, Any]:
    return {case["id"]: _ledger(case) for case in inputs["cases"]}


def _ledger(case: dict[str, Any]) -> list[dict[str, Any]]:
    sessions = case["sessions"]
    positions = case["positions"]
    book = Book(case["closes"])
    as_of = case.get("equity_as_of") or max(sessions[0], min(position["entry_date"] for position in positions))
    book.portfolio(case["opening_equity"], bisect_left(sessions, as_of))
    lots = {position["id"]: _open(book, position, sessions) for position in positions}
    for event in case.get("events", ()):
        session = bisect_left(sessions, event["date"])
        if event["type"] == "close":
            long = float(next(p["quantity"] for p in positions if p["id"] == event["position"])) > 0
            book.close(lots[event["position"]], session, float(event["quantity"]) * (-1 if long else 1), event["price"])
        elif event["type"] == "split":
            book.splits.append((session, event["symbol"], event["ratio"]))
        elif event["type"] == "dividend":
            book.dividends.append((session, event["symbol"], event["amount_per_share"]))
        elif event["type"] in ("contribution", "withdrawal"):
            sign = "" if event["type"] == "contribution" else "-"
            book.flows.append((0, session, sign + event["amount"]))
    return _days(roll_ledger(book.inputs(), keep_lots=True), sessions, [position["symbol"] for position in positions])


def _open(book: Book, position: dict[str, Any], sessions: list[str]) -> int:
    # Entries before the first session of the case only have to be before it.
    entered = position["entry_date"]
    session = -1 if entered < sessions[0] else bisect_left(sessions, entered)
    quantity, price = position["quantity"], position["entry_price"]
    if position["investment_class"] == "OPTIONS":
        last = bisect_right(sessions, position["expiration_date"]) - 1
        beyond = position["expiration_date"] > sessions[-1]
        return book.option(
            0, position["symbol"], quantity, price, session,
            underlying=position["underlying_symbol"] if position["underlying_symbol"] in book.closes else None,
            strike=position["strike_price"], expiry=len(sessions) if beyond else last,
            call=position["position_type"] in ("LC", "SC"),
        )  # fmt: skip
    private = position["investment_class"] == "PRIVATE"
    lot = book.lot(0, None if private else position["symbol"], quantity, price, session)
    book.valuations.extend((lot, bisect_left(sessions, v["date"]), v["price"]) for v in position.get("valuations", ()))
    return lot


def _days(result: LedgerResult, sessions: list[str], symbols: list[str]) -> list[dict[str, Any]]:
    days = []
    for s, date in enumerate(sessions):
        day: dict[str, Any] = {"date": date}
        day |= {name: str(to_decimal(getattr(result, column)[s, 0])) for name, column in MONEY.items()}
        daily_return = float(result.daily_return[s, 0])
        day["daily_return"] = None if np.isnan(daily_return) else daily_return
        day["twr_index"] = float(result.twr_index[s, 0])
        old = np.isin(result.lots.quality[s], (Quality.STALE, Quality.FROZEN))
        day["stale_symbols"] = sorted({symbols[lot] for lot in np.flatnonzero(old)})
        days.append(day)
    return days
