"""What holds for the concentration of every book."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.engines.concentration import Concentration, ConcentrationStatus, concentration
from tests.analytics.engines.book_strategies import SYMBOLS, Lots, lots, shuffled_lots, split_lots

examples = settings(max_examples=100, deadline=None)
NUMBERS = [field.name for field in fields(Concentration) if field.name not in {"positions", "status"}]


def of(book: Lots, *, net: bool = False) -> Concentration:
    return concentration(book.dollars, book.portfolio, book.symbol, book.count, net=net)


def assert_close(got: Concentration, wanted: Concentration) -> None:
    for name in NUMBERS:
        np.testing.assert_allclose(getattr(got, name), getattr(wanted, name), rtol=1e-12, err_msg=name)


@examples
@given(book=lots())
def test_numbers_of_positions_lie_between_one_and_the_symbols(book: Lots) -> None:
    result = of(book)
    some = result.unique_symbols > 0
    np.testing.assert_array_equal(np.isnan(result.hhi), ~some)
    slack = 1 + 1e-9
    assert (result.effective_number[some] * slack >= 1).all()
    assert (result.entropy_number[some] * slack >= result.effective_number[some]).all()
    assert (result.unique_symbols[some] * slack >= result.entropy_number[some]).all()
    assert (result.top_1[some] <= result.top_3[some] * slack).all()
    assert (result.top_3[some] <= result.top_10[some] * slack).all()
    assert (result.top_10[some] <= slack).all()


@examples
@given(book=lots())
def test_figures_follow_from_the_weights_of_symbols(book: Lots) -> None:
    result = of(book)
    for p in range(book.count):
        own = book.portfolio == p
        held = np.array([np.abs(book.dollars[own & (book.symbol == s)]).sum() for s in range(SYMBOLS)])
        assert result.positions[p] == own.sum()
        assert result.unique_symbols[p] == (held > 0).sum()
        if held.sum():
            weight = np.sort(held / held.sum())[::-1]
            np.testing.assert_allclose(result.hhi[p], 10_000 * (weight**2).sum(), rtol=1e-12)
            np.testing.assert_allclose(
                [result.top_1[p], result.top_3[p], result.top_10[p]], [weight[:n].sum() for n in (1, 3, 10)], rtol=1e-12
            )


@examples
@given(pair=shuffled_lots())
def test_the_order_of_lots_does_not_matter(pair: tuple[Lots, Lots]) -> None:
    assert_close(of(pair[1]), of(pair[0]))
    assert_close(of(pair[1], net=True), of(pair[0], net=True))


@examples
@given(pair=split_lots())
def test_splitting_a_lot_changes_the_count_of_positions_only(pair: tuple[Lots, Lots]) -> None:
    assert_close(of(pair[1]), of(pair[0]))
    assert of(pair[1]).positions.sum() == of(pair[0]).positions.sum() + 1


@examples
@given(book=lots(), factor=st.sampled_from([2.0, -1.0, 0.001]))
def test_size_and_side_of_a_book_do_not_matter(book: Lots, factor: float) -> None:
    assert_close(of(book.scaled(factor)), of(book))
    assert_close(of(book.scaled(factor), net=True), of(book, net=True))


@examples
@given(book=lots(), codes=st.permutations(range(100, 100 + SYMBOLS)))
def test_only_equality_of_symbols_counts(book: Lots, codes: list[int]) -> None:
    assert_close(of(replace(book, symbol=np.array(codes)[book.symbol])), of(book))


@examples
@given(holdings=st.integers(1, 60), size=st.integers(1, 10_000))
def test_equal_holdings_count_as_many_as_they_are(holdings: int, size: int) -> None:
    result = concentration(np.full(holdings, float(size)), np.zeros(holdings, dtype=np.int64), np.arange(holdings), 1)
    np.testing.assert_allclose([result.effective_number[0], result.entropy_number[0]], holdings, rtol=1e-12)
    np.testing.assert_allclose(result.top_3[0], min(3, holdings) / holdings, rtol=1e-12)


@examples
@given(book=lots(least=1))
def test_a_hedged_symbol_counts_gross_and_not_net(book: Lots) -> None:
    hedge = replace(book.taken(np.arange(len(book.dollars))), dollars=-book.dollars)
    both = Lots(
        *(np.concatenate([getattr(book, n), getattr(hedge, n)]) for n in ("dollars", "portfolio", "symbol", "sector")),
        book.count,
    )
    assert_close(of(both), of(book))
    assert np.isnan(of(both, net=True).hhi).all()
    assert not of(both, net=True).unique_symbols.any()


@examples
@given(book=lots(unknown=True))
def test_a_lot_of_unknown_value_is_a_position_without_weight(book: Lots) -> None:
    known = book.taken(np.flatnonzero(~np.isnan(book.dollars)))
    assert_close(of(book), of(known))
    assert_close(of(book, net=True), of(known, net=True))
    np.testing.assert_array_equal(of(book).positions, np.bincount(book.portfolio, minlength=book.count))


@examples
@given(book=lots(unknown=True))
def test_the_status_says_why_a_book_has_no_concentration(book: Lots) -> None:
    result = of(book)
    for p in range(book.count):
        own = book.dollars[book.portfolio == p]
        wanted = ConcentrationStatus.OK
        if not len(own):
            wanted = ConcentrationStatus.NO_ACTIVE_POSITIONS
        elif not np.nansum(np.abs(own)):
            wanted = ConcentrationStatus.ZERO_TOTAL_VALUE
        assert result.status[p] == wanted
        assert np.isnan(result.hhi[p]) == (wanted != ConcentrationStatus.OK)
