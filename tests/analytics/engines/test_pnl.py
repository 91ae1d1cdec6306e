"""The rules of the ledger that its vector does not show, one by one."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import permutations

import numpy as np
import pytest

from analytics.engines.ledger import Closing, LedgerResult, Quality, Refusal, to_cents, to_decimal, to_micro
from analytics.engines.ledger_events import split_integers, unit_ratios
from analytics.engines.pnl import roll_ledger
from tests.analytics.engines.ledger_book import Book


def roll(book: Book, **terms: int) -> LedgerResult:
    return roll_ledger(book.inputs(**terms), keep_lots=True)


def dollars(column: np.ndarray, portfolio: int = 0) -> list[float]:
    return [value / 1e6 for value in column[:, portfolio].tolist()]


def held(
    opening: float, closes: list[float | None], quantity: float, price: float, session: int = 0, **terms: object
) -> Book:
    """A portfolio with one lot of AAA."""
    book = Book({"AAA": closes})
    book.lot(book.portfolio(opening), "AAA", quantity, price, session, **terms)
    return book


def test_a_dividend_on_the_day_of_a_split_pays_on_the_new_quantity() -> None:
    book = held(1_000, [40, 10, 10], 10, 40)
    book.splits.append((1, "AAA", 4))
    book.dividends.append((1, "AAA", 0.5))
    result = roll(book)
    assert dollars(result.daily_income) == [0, 20, 0]
    assert dollars(result.equity) == [1_000, 1_020, 1_020]


def test_a_lot_opened_on_the_ex_date_is_neither_split_nor_paid() -> None:
    book = held(1_000, [40, 10, 10], 20, 9, session=1)
    book.splits.append((1, "AAA", 4))
    book.dividends.append((1, "AAA", 0.5))
    result = roll(book)
    assert result.lots.quantity[1, 0] == 20
    assert dollars(result.equity) == [1_000, 1_020, 1_020]
    assert not result.daily_income.any()


def test_a_lot_closed_on_the_ex_date_is_split_and_paid() -> None:
    book = held(1_000, [40, 10, 10], 10, 40)
    book.splits.append((1, "AAA", 4))
    book.dividends.append((1, "AAA", 0.5))
    book.close(0, 1, -40, 10.25)
    result = roll(book)
    assert dollars(result.daily_realized) == [0, 10, 0]
    assert dollars(result.equity) == [1_000, 1_030, 1_030]
    assert result.position_count[:, 0].tolist() == [1, 0, 0]


def test_a_lot_taken_over_on_the_ex_date_is_neither_split_nor_paid() -> None:
    book = Book({"AAA": [40, 10, 11]})
    book.lot(book.portfolio(1_000, start=1), "AAA", 40, 5, 0)
    book.splits.append((1, "AAA", 4))
    book.dividends.append((1, "AAA", 0.5))
    result = roll(book)
    assert result.lots.quantity[1:, 0].tolist() == [40, 40]
    assert dollars(result.equity) == [0, 1_000, 1_040]


def test_a_takeover_earns_nothing_that_day_but_realizes_from_its_entry_price() -> None:
    book = Book({"AAA": [50, 51]})
    book.lot(book.portfolio(1_000), "AAA", 10, 30, -1)
    book.close(0, 1, -10, 52)
    result = roll(book)
    assert dollars(result.daily_pnl) == [0, 20]
    assert dollars(result.daily_realized) == [0, 220]
    assert dollars(result.daily_unrealized) == [0, -200]


def test_closings_before_the_portfolio_leave_the_rest_to_be_taken_over() -> None:
    book = Book({"AAA": [50, 51, 52]})
    book.lot(book.portfolio(1_000, start=1), "AAA", 10, 30, -1)
    book.close(0, 0, -4, 49)
    result = roll(book)
    assert dollars(result.net) == [0, 306, 312]
    assert result.lots.entry_value[1, 0] == 180_000_000
    assert not result.daily_realized.any()


def test_a_lot_closed_before_the_portfolio_is_never_held() -> None:
    book = Book({"AAA": [50, 51, 52]})
    book.lot(book.portfolio(1_000, start=1), "AAA", 10, 30, -1)
    book.close(0, 0, -10, 49)
    result = roll(book)
    assert not result.net.any()
    assert dollars(result.cash) == [0, 1_000, 1_000]
    assert not len(result.refused_trades)


def test_an_entry_on_the_weekend_before_the_first_session_is_marked_from_its_price() -> None:
    # Saturday's entry and Monday's start are the same session once dates are mapped.
    result = roll(held(1_000, [52, 53], 10, 50))
    assert dollars(result.daily_pnl) == [20, 10]


def test_an_expiry_on_a_holiday_settles_on_the_session_before() -> None:
    # Good Friday's contract carries the Thursday as its expiry.
    book = Book({"OPT": [5, None, None], "AAA": [52, 54, 60]})
    book.option(book.portfolio(1_000), "OPT", 1, 4, 0, underlying="AAA", strike=50, expiry=1, call=True)
    result = roll(book)
    assert dollars(result.equity) == [1_100, 1_000, 1_000]
    assert result.closings.session.tolist() == [1]
    assert result.closings.kind.tolist() == [Closing.EXPIRY]
    assert result.closings.price.tolist() == [4]
    assert to_decimal(result.closings.realized[0]) == 0


def test_an_expiry_without_a_close_of_the_underlying_uses_its_last_one() -> None:
    book = Book({"OPT": [5, None], "AAA": [57, None]})
    book.option(book.portfolio(1_000), "OPT", -1, 4, 0, underlying="AAA", strike=50, expiry=1, call=True)
    assert dollars(roll(book).equity) == [900, 700]


def test_an_expiry_without_any_price_of_the_underlying_settles_at_the_mark_and_says_so() -> None:
    book = Book({"OPT": [5, None]})
    book.option(book.portfolio(1_000), "OPT", 1, 4, 0, underlying=None, strike=50, expiry=1, call=True)
    result = roll(book)
    assert dollars(result.equity) == [1_100, 1_100]
    assert result.missing_count[:, 0].tolist() == [0, 1]
    assert result.partial[:, 0].tolist() == [False, True]


def test_an_option_closed_on_its_last_day_is_not_settled_again() -> None:
    book = Book({"OPT": [5, 6], "AAA": [57, 57]})
    book.option(book.portfolio(1_000), "OPT", 2, 4, 0, underlying="AAA", strike=50, expiry=1, call=True)
    book.close(0, 1, -2, 6.5)
    result = roll(book)
    assert dollars(result.equity) == [1_200, 1_500]
    assert not len(result.closings.lot)


def test_an_option_bought_after_its_expiry_is_refused() -> None:
    book = Book({"OPT": [5, 6], "AAA": [57, 57]})
    book.option(book.portfolio(1_000), "OPT", 2, 4, 1, underlying="AAA", strike=50, expiry=0, call=True)
    result = roll(book)
    assert dollars(result.equity) == [1_000, 1_000]
    assert result.refused_trades.tolist() == [0]
    assert result.refusals.tolist() == [Refusal.OPENED_AFTER_EXPIRY]


def test_a_worthless_option_is_priced_at_zero_but_a_stock_is_not() -> None:
    book = Book({"OPT": [5, 0], "AAA": [50, 0]})
    portfolio = book.portfolio(10_000)
    book.option(portfolio, "OPT", 1, 5, 0, underlying="AAA", strike=90, expiry=9, call=True)
    book.lot(portfolio, "AAA", 10, 50, 0)
    result = roll(book)
    assert dollars(result.net) == [1_000, 500]
    assert result.stale_count[:, 0].tolist() == [0, 1]


def test_a_deleted_lot_is_closed_at_the_mark_of_that_session() -> None:
    result = roll(held(1_000, [50, 55, 70], 10, 50, deleted=1))
    assert dollars(result.equity) == [1_000, 1_050, 1_050]
    assert dollars(result.net) == [500, 0, 0]
    assert dollars(result.daily_realized) == [0, 50, 0]
    assert result.closings.kind.tolist() == [Closing.DELETION]


def test_a_lot_deleted_before_its_first_snapshot_never_existed() -> None:
    result = roll(held(1_000, [50, 55], 10, 48, deleted=0))
    assert dollars(result.equity) == [1_000, 1_000]
    assert dollars(result.cash) == [1_000, 1_000]
    assert not len(result.closings.lot)


def test_a_price_older_than_five_sessions_is_frozen_and_missing() -> None:
    result = roll(held(1_000, [50, 51, None, None, None, None, None, None, 60], 10, 50))
    assert dollars(result.net) == [500, 510, 510, 510, 510, 510, 510, 510, 600]
    assert result.stale_count[:, 0].tolist() == [0, 0, 1, 1, 1, 1, 1, 0, 0]
    assert result.missing_count[:, 0].tolist() == [0, 0, 0, 0, 0, 0, 0, 1, 0]
    assert result.lots.quality[-2:, 0].tolist() == [Quality.FROZEN, Quality.FRESH]
    assert dollars(result.daily_pnl)[-1] == 90


def test_a_split_of_a_frozen_price_leaves_the_value() -> None:
    book = held(1_000, [50, *[None] * 8], 10, 50)
    book.splits.append((7, "AAA", 4))
    result = roll(book)
    assert dollars(result.net) == [500] * 9
    assert result.lots.price[-1, 0] == 12.5


def test_a_lot_that_never_had_a_price_stands_at_its_entry_price() -> None:
    result = roll(held(1_000, [None, None], -10, 50))
    assert dollars(result.net) == [-500, -500]
    assert result.missing_count[:, 0].tolist() == [1, 1]
    assert result.lots.quality[:, 0].tolist() == [Quality.ENTRY] * 2


def test_a_takeover_without_a_close_uses_a_price_of_the_last_five_sessions() -> None:
    book = Book({"AAA": [40, None, 42], "OLD": [9, *[None] * 2]})
    portfolio = book.portfolio(1_000, start=1)
    book.lot(portfolio, "AAA", 10, 30, -1)
    assert dollars(roll(book).net) == [0, 400, 420]


def test_a_takeover_without_any_usable_price_stands_at_its_entry_price() -> None:
    book = Book({"AAA": [40, None, None, None, None, None, None, 42]})
    book.lot(book.portfolio(1_000, start=6), "AAA", 10, 30, -1)
    result = roll(book)
    assert dollars(result.net)[6:] == [300, 420]
    assert result.lots.quality[6, 0] == Quality.ENTRY


def test_a_late_flow_changes_the_equity_from_its_session_on() -> None:
    book = held(1_000, [50, 51, 52], 10, 50)
    before = roll(book)
    book.flows.append((0, 1, 200))
    after = roll(book)
    np.testing.assert_array_equal(after.equity - before.equity, [[0], [200_000_000], [200_000_000]])
    np.testing.assert_array_equal(after.daily_pnl, before.daily_pnl)
    assert after.large_flow[:, 0].tolist() == [False, True, False]


def test_flows_are_left_out_of_the_return_of_their_day() -> None:
    book = held(1_000, [50, 60], 10, 50)
    book.flows.append((0, 1, 1_000))
    assert roll(book).daily_return[1, 0] == pytest.approx(0.1)


def test_flows_before_the_portfolio_are_part_of_its_opening_equity() -> None:
    book = Book({"AAA": [50, 51]})
    book.portfolio(1_000, start=1)
    book.flows.append((0, 0, 500))
    assert dollars(roll(book).equity) == [0, 1_000]


def test_a_private_lot_moves_with_its_valuations_alone_and_is_never_stale() -> None:
    book = Book({"AAA": [1, 2, 3]})
    book.lot(book.portfolio(1_000), None, 2, 100, 0)
    book.valuations.append((0, 1, 110))
    result = roll(book)
    assert dollars(result.net) == [200, 220, 220]
    assert result.lots.quality[:, 0].tolist() == [Quality.ENTRY, Quality.VALUATION, Quality.VALUATION]
    assert not result.stale_count.any()


def test_a_valuation_before_the_takeover_is_its_price() -> None:
    book = Book({"AAA": [1, 2, 3]})
    book.lot(book.portfolio(1_000, start=1), None, 2, 100, -1)
    book.valuations.extend([(0, -1, 120), (0, 0, 130)])
    assert dollars(roll(book).net) == [0, 260, 260]


def test_fees_are_part_of_the_day_but_of_neither_realized_nor_unrealized() -> None:
    book = held(1_000, [50, 55], 10, 50, fees=3)
    book.close(0, 1, -10, 55, fees=2)
    result = roll(book)
    assert dollars(result.daily_pnl) == [-3, 48]
    assert dollars(result.daily_realized) == [0, 50]
    assert dollars(result.daily_unrealized) == [0, 0]
    assert dollars(result.daily_fees) == [3, 2]


def test_two_closings_of_a_lot_on_one_day_are_both_booked() -> None:
    book = held(1_000, [50, 55], 10, 50)
    book.close(0, 1, -4, 56)
    book.close(0, 1, -6, 57)
    result = roll(book)
    assert dollars(result.daily_realized) == [0, 66]
    assert dollars(result.equity) == [1_000, 1_066]


def test_the_order_of_closings_on_one_day_changes_no_bit() -> None:
    left = set()
    for parts in permutations((0.1, 0.2, 0.3)):
        book = held(1_000, [50, 55], 1, 50)
        for part in parts:
            book.close(0, 1, -part, 56)
        left.add(roll(book).lots.quantity[1, 0])
    assert len(left) == 1


def test_a_closing_without_a_price_is_booked_at_the_mark() -> None:
    book = held(1_000, [50, 55, 60], 10, 50)
    book.close(0, 1, -4, None)
    result = roll(book)
    assert dollars(result.equity) == [1_000, 1_050, 1_080]
    assert dollars(result.daily_realized) == [0, 20, 0]
    assert result.closings.kind.tolist() == [Closing.AT_MARK]


def test_closing_more_than_is_held_is_refused_and_named() -> None:
    book = held(1_000, [50, 55], 10, 50)
    book.close(0, 1, -11, 56)
    result = roll(book)
    assert dollars(result.equity) == [1_000, 1_050]
    assert result.refused_trades.tolist() == [1]
    assert result.refusals.tolist() == [Refusal.MORE_THAN_HELD]


def test_what_is_left_after_closing_a_rounded_quantity_is_nothing() -> None:
    book = held(1_000, [10, 30, 30], 100, 10)
    book.splits.append((1, "AAA", "0.333333333333"))
    book.close(0, 2, -33.3333, 30)
    result = roll(book)
    assert result.position_count[:, 0].tolist() == [1, 1, 0]
    assert dollars(result.daily_realized)[2] == pytest.approx(-0.001)


def test_quantities_typed_in_later_shares_are_held_in_those_of_their_day() -> None:
    book = held(10_000, [400, 100], 40, 100, units=(1, 4))
    book.splits.append((1, "AAA", 4))
    result = roll(book)
    assert result.lots.quantity[:, 0].tolist() == [10, 40]
    assert dollars(result.net) == [4_000, 4_000]
    assert dollars(result.daily_pnl) == [0, 0]


def test_a_return_below_minus_one_leaves_no_drawdown_from_then_on() -> None:
    result = roll(held(100, [50, 30, 60, 80], 10, 50))
    assert dollars(result.equity) == [100, -100, 200, 400]
    assert result.twr_index[:, 0].tolist() == [1, -1, -1, -2]
    assert np.isnan(result.daily_return[2, 0])
    assert result.drawdown[0, 0] == 0
    assert np.isnan(result.drawdown[1:, 0]).all()


def test_a_withdrawal_is_no_drawdown() -> None:
    book = held(1_000, [50, 60, 54], 10, 50)
    book.flows.append((0, 1, -600))
    result = roll(book)
    assert result.drawdown[1, 0] == 0
    assert result.drawdown[2, 0] == pytest.approx(-60 / 500)


def test_a_portfolio_without_lots_is_its_cash() -> None:
    book = Book({"AAA": [50, 51]})
    book.portfolio(1_000)
    result = roll(book)
    assert dollars(result.equity) == [1_000, 1_000]
    assert result.daily_return[:, 0].tolist() == [0, 0]


def test_portfolios_do_not_touch_each_other() -> None:
    book = Book({"AAA": [50, 51, 53]})
    first, second = book.portfolio(1_000), book.portfolio(2_000, start=1)
    book.lot(second, "AAA", 10, 51, 1)
    book.lot(first, "AAA", -4, 50, 0)
    result = roll(book)
    assert dollars(result.equity, first) == [1_000, 996, 988]
    assert dollars(result.equity, second) == [0, 2_000, 2_020]
    assert result.active[:, second].tolist() == [False, True, True]
    assert np.isnan(result.twr_index[0, second])


def test_a_portfolio_that_started_earlier_needs_its_state() -> None:
    with pytest.raises(ValueError, match="its state is needed"):
        roll(held(1_000, [50] * 8, 10, 50), first=6)


def test_rolling_on_needs_look_back() -> None:
    book = held(1_000, [50] * 8, 10, 50)
    state = roll(book, through=2).state
    with pytest.raises(ValueError, match="5 look-back rows"):
        roll_ledger(book.inputs(first=3, state=state))


def test_two_openings_of_a_lot_are_an_error() -> None:
    inputs = held(1_000, [50, 51], 10, 50).inputs()
    twice = {name: np.tile(getattr(inputs.trades, name), 2) for name in inputs.trades.__dataclass_fields__}
    with pytest.raises(ValueError, match="more than one opening"):
        roll_ledger(replace(inputs, trades=replace(inputs.trades, **twice)))


def test_a_book_beyond_whole_micro_dollars_is_an_error() -> None:
    with pytest.raises(ValueError, match="dollars"):
        roll(held(1_000, [5e9, 5e9], 10_000, 5))


def test_columns_of_different_length_are_an_error() -> None:
    inputs = held(1_000, [50, 51], 10, 50).inputs()
    with pytest.raises(ValueError, match="Trades differ in length"):
        roll_ledger(replace(inputs, trades=replace(inputs.trades, price=np.zeros(3))))


def test_ratios_between_units_run_both_ways() -> None:
    row, earlier, later = np.array([0, 0, 1, 0]), np.array([0, 9, 0, 5]), np.array([9, 0, 9, 9])
    splits = np.array([0, 0, 7]), np.array([5, 9, 3]), np.array([4, 1, 2]), np.array([1, 3, 1])
    new, old = unit_ratios(row, earlier, later, *splits)
    assert new.tolist() == [4, 3, 1, 1]
    assert old.tolist() == [3, 4, 1, 3]


def test_stored_ratios_are_whole_numbers_again() -> None:
    new, old = split_integers([Decimal("0.333333333333"), Decimal("4"), 1.5, Decimal("0.1")])
    assert new.tolist() == [1, 4, 3, 1]
    assert old.tolist() == [3, 1, 2, 10]


def test_money_is_rounded_half_even_at_the_edge() -> None:
    assert to_micro([Decimal("1.0000005"), Decimal("0.0000015"), Decimal("-3.1")]).tolist() == [
        1_000_000,
        2,
        -3_100_000,
    ]
    assert to_micro(np.array([0.25, -3.1])).tolist() == [250_000, -3_100_000]
    assert to_cents(np.array([5_000, 15_000, -5_000, -15_000, 15_001])).tolist() == [0, 2, 0, -2, 2]
