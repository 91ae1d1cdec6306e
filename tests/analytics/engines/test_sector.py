"""Sector weights of many books at once are those of each book alone."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analytics.engines.sector import ActiveWeights, active_weights, active_weights_of_books

NAMES = ("ETFs", "Energy", "Financials", "Technology", "Unclassified", "Utilities")
SHARES = st.sampled_from([0.0, 0.05, 0.1, 0.1, 0.4])
BOOKS = st.lists(st.lists(SHARES, min_size=len(NAMES), max_size=len(NAMES)), min_size=1, max_size=6)


@given(BOOKS, st.dictionaries(st.sampled_from(NAMES[1:4]), SHARES))
def test_many_books_against_a_benchmark_are_as_each_alone(
    books: list[list[float]], benchmark: dict[str, float]
) -> None:
    weights = np.array(books)
    together = active_weights_of_books(weights, weights != 0, benchmark, NAMES)
    for row, active in zip(weights, together, strict=True):
        assert active == active_weights({n: float(w) for n, w in zip(NAMES, row, strict=True) if w}, benchmark)


def test_of_equal_distances_the_last_name_is_the_largest_and_the_first_the_smallest() -> None:
    weights = np.array([[0.0, 0.3, 0.3, 0.0, 0.0, 0.0]])
    assert active_weights_of_books(weights, weights != 0, {"Technology": 0.2, "Utilities": 0.2}, NAMES) == [
        ActiveWeights(
            {"Energy": 0.3, "Financials": 0.3, "Technology": -0.2, "Utilities": -0.2}, "Financials", "Technology"
        )
    ]
