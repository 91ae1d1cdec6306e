"""Random books for property tests: every kind of lot and event, whole shares, prices with four decimals."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.analytics.engines.ledger_book import Book

LOOKBACK = 5
SESSIONS = 12
SYMBOLS = ("AAA", "BBB")
CONTRACT = "AAA-CALL"

prices = st.integers(10_000, 2_000_000).map(lambda ticks: ticks / 10_000)
maybe_prices = st.one_of(prices, prices, prices, st.none())
quantities = st.integers(1, 500).map(lambda shares: 20 * shares)


@st.composite
def books(draw: Any, *, ratios: tuple[str, ...] = ("2", "4", "10", "0.1", "0.333333333333", "1.5")) -> Book:
    """Closings never exceed the holding: they are drawn as tenths of what was bought, in its own units."""
    last = LOOKBACK + SESSIONS - 1
    sessions = st.integers(LOOKBACK, last)
    closes = {s: draw(st.lists(maybe_prices, min_size=last + 1, max_size=last + 1)) for s in (*SYMBOLS, CONTRACT)}
    book = Book(closes)
    for _ in range(draw(st.integers(1, 3))):
        book.portfolio(draw(st.integers(0, 10_000_000)) / 100, draw(st.integers(LOOKBACK, LOOKBACK + 3)))
    split_on = {symbol: draw(st.dictionaries(sessions, st.sampled_from(ratios), max_size=2)) for symbol in SYMBOLS}
    book.splits = [(s, symbol, ratio) for symbol, days in split_on.items() for s, ratio in days.items()]
    book.dividends = draw(
        st.lists(st.tuples(sessions, st.sampled_from(SYMBOLS), st.sampled_from([0.25, 0.1, 1.0])), max_size=4)
    )
    book.flows = draw(
        st.lists(st.tuples(st.integers(0, len(book.portfolios) - 1), sessions, st.integers(-900, 900)), max_size=4)
    )
    for _ in range(draw(st.integers(0, 6))):
        _lot(draw, book, split_on, last)
    return book


def _lot(draw: Any, book: Book, split_on: dict[str, dict[int, str]], last: int) -> None:
    portfolio = draw(st.integers(0, len(book.portfolios) - 1))
    kind = draw(st.sampled_from(["stock", "stock", "stock", "option", "private"]))
    session = draw(st.integers(LOOKBACK - 3, last))
    quantity = draw(quantities) * draw(st.sampled_from([1, -1]))
    terms: dict[str, Any] = {"fees": draw(st.sampled_from([0, 1.5]))}
    if draw(st.integers(0, 4)) == 0:
        terms["deleted"] = draw(st.integers(LOOKBACK, last))
    symbol: str | None = draw(st.sampled_from(SYMBOLS))
    if kind == "option":
        symbol = CONTRACT
        terms |= {"underlying": "AAA", "strike": 55.5, "call": draw(st.booleans()), "multiplier": 100}
        terms["expiry"] = draw(st.integers(session, last + 2))
    elif kind == "private":
        symbol = None
    lot = book.lot(portfolio, symbol, quantity, draw(prices), session, **terms)
    if symbol is None:
        book.valuations.extend((lot, s, draw(prices)) for s in draw(st.sets(st.integers(0, last), max_size=3)))
    tenths = draw(st.sampled_from([(), (), (10,), (3,), (3, 7), (5, 5)]))
    day = session
    for part in tenths:
        day = draw(st.integers(day, last + 2))
        splits = {s for s in split_on.get(symbol or "", {}) if _entered(book, portfolio, session) < s <= day}
        if day > min(terms.get("deleted", last), terms.get("expiry", last), last):
            return
        # The closing is written in the shares that were bought, so that tenths stay whole.
        new, old = _ratio(splits, split_on.get(symbol or "", {}))
        price = draw(st.one_of(prices, st.none()))
        book.close(lot, day, -quantity * part // 10, price, fees=terms["fees"], units=(new, old))


def _entered(book: Book, portfolio: int, session: int) -> int:
    return max(session, book.portfolios[portfolio][1])


def _ratio(sessions: set[int], ratios: dict[int, str]) -> tuple[int, int]:
    new = old = 1
    for session in sessions:
        n, o = {"0.1": (1, 10), "0.333333333333": (1, 3), "1.5": (3, 2)}.get(ratios[session]) or (
            int(ratios[session]),
            1,
        )
        new, old = new * n, old * o
    return new, old
