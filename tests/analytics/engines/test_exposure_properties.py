"""What holds for the exposures of every book, by sign and by sector."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.engines.exposure import Exposures, Ratios, exposures, ratios
from analytics.engines.sector import PSEUDO_SECTORS, active_weights, sector_dollars
from tests.analytics.engines.book_strategies import SECTORS, Lots, lots, shuffled_lots, split_lots

examples = settings(max_examples=100, deadline=None)
DOLLARS = ("long", "short", "gross", "net")
COUNTS = ("long_count", "short_count", "lot_count")
weights = st.dictionaries(
    st.sampled_from(["Energy", "Financials", "Healthcare", "Technology", *PSEUDO_SECTORS]),
    st.integers(0, 100).map(lambda n: n / 100),
)


def of(book: Lots) -> Exposures:
    return exposures(book.dollars, book.portfolio, book.count)


def by_sector(book: Lots) -> tuple[np.ndarray, np.ndarray]:
    return sector_dollars(book.dollars, book.portfolio, book.sector, book.count, SECTORS)


def assert_same(got: object, wanted: object, names: tuple[str, ...]) -> None:
    for name in names:
        np.testing.assert_array_equal(getattr(got, name), getattr(wanted, name), err_msg=name)


@examples
@given(book=lots(unknown=True))
def test_every_book_is_the_sum_of_its_known_lots(book: Lots) -> None:
    result = of(book)
    for p in range(book.count):
        own = [float(v) for v in book.dollars[book.portfolio == p]]
        known = [v for v in own if v == v]
        long, short = sum(v for v in known if v > 0), sum(v for v in known if v < 0)
        assert (result.long[p], result.short[p]) == (long, short)
        assert (result.gross[p], result.net[p]) == (sum(abs(v) for v in known), sum(known))
        assert (result.long_count[p], result.short_count[p]) == (sum(v > 0 for v in known), sum(v < 0 for v in known))
        assert result.lot_count[p] == len(own)


@examples
@given(pair=shuffled_lots())
def test_the_order_of_lots_does_not_matter(pair: tuple[Lots, Lots]) -> None:
    assert_same(of(pair[1]), of(pair[0]), DOLLARS + COUNTS)
    np.testing.assert_array_equal(by_sector(pair[1]), by_sector(pair[0]))


@examples
@given(pair=split_lots())
def test_splitting_a_lot_changes_counts_only(pair: tuple[Lots, Lots]) -> None:
    whole, parts = pair
    assert_same(of(parts), of(whole), DOLLARS)
    assert of(parts).lot_count.sum() == of(whole).lot_count.sum() + 1
    np.testing.assert_array_equal(by_sector(parts), by_sector(whole))


@examples
@given(book=lots(), equity=st.integers(1, 1_000_000).map(float))
def test_doubling_a_book_doubles_dollars_and_leverage(book: Lots, equity: float) -> None:
    single, double = of(book), of(book.scaled(2))
    base = np.full(book.count, equity)
    for name in DOLLARS:
        np.testing.assert_array_equal(getattr(double, name), 2 * getattr(single, name), err_msg=name)
    assert_same(double, single, COUNTS)
    np.testing.assert_array_equal(ratios(double, base).leverage, 2 * ratios(single, base).leverage)
    assert_same(ratios(double, 2 * base), ratios(single, base), ("leverage", "net_leverage", "long", "short"))


@examples
@given(book=lots())
def test_turning_a_book_over_swaps_long_and_short(book: Lots) -> None:
    there, back = of(book), of(book.scaled(-1))
    np.testing.assert_array_equal(back.long, -there.short)
    np.testing.assert_array_equal(back.net, -there.net)
    np.testing.assert_array_equal(back.gross, there.gross)
    np.testing.assert_array_equal(back.short_count, there.long_count)


@examples
@given(book=lots())
def test_a_book_does_not_depend_on_the_others(book: Lots) -> None:
    together = of(book)
    for p in range(book.count):
        own = book.dollars[book.portfolio == p]
        alone = exposures(own, np.zeros(len(own), dtype=np.int64), 1)
        for name in DOLLARS + COUNTS:
            assert getattr(alone, name)[0] == getattr(together, name)[p], name


@examples
@given(book=lots(), equity=st.integers(-1000, 1000).map(float))
def test_ratios_are_unknown_without_equity_and_cash_is_not(book: Lots, equity: float) -> None:
    result, share = of(book), ratios(of(book), np.full(book.count, equity))
    np.testing.assert_array_equal(share.cash + result.net, np.full(book.count, equity))
    for field in fields(Ratios):
        if field.name != "cash":
            assert np.isnan(getattr(share, field.name)).all() == (equity <= 0), field.name


@examples
@given(book=lots(unknown=True))
def test_sectors_add_up_to_the_book(book: Lots) -> None:
    result, (gross, net) = of(book), by_sector(book)
    np.testing.assert_array_equal(gross.sum(axis=1), result.gross)
    np.testing.assert_array_equal(net.sum(axis=1), result.net)
    assert (np.abs(net) <= gross).all()


@examples
@given(portfolio=weights, benchmark=weights)
def test_active_weights_cover_both_sides(portfolio: dict[str, float], benchmark: dict[str, float]) -> None:
    result = active_weights(portfolio, benchmark)
    active = result.over_underweight
    assert set(active) == set(portfolio) | set(benchmark)
    for name, weight in active.items():
        assert weight == portfolio.get(name, 0.0) - benchmark.get(name, 0.0)
    real = {name: weight for name, weight in active.items() if name not in PSEUDO_SECTORS}
    most, least = max(real.values(), default=0.0), min(real.values(), default=0.0)
    over, under = result.largest_overweight, result.largest_underweight
    assert (over is None) == (most <= 0)
    assert (under is None) == (least >= 0)
    assert over is None or real[over] == most
    assert under is None or real[under] == least
