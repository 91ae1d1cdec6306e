"""What a model reads is whole JSON of at most so many characters; what was left out are rows, and it is said how many."""

from __future__ import annotations

import datetime as dt
import json
import time
from decimal import Decimal
from typing import Any

import pytest

from assistant.tools.figures import best_first, known, percent, percent_of, price, quantity, rounded, usd
from assistant.tools.results import EXECUTION, failed, fit, found

TOLD = {"data_as_of": dt.date(2025, 11, 20), "simulated": True}


def rows(count: int, size: int = 80) -> list[dict[str, Any]]:
    return [{"place": n, "text": "x" * size} for n in range(count)]


def test_what_fits_is_left_as_it_is() -> None:
    text, dropped = fit({"rows": rows(3)}, TOLD, 1_000)
    assert json.loads(text) == {"meta": {"data_as_of": "2025-11-20", "simulated": True}, "data": {"rows": rows(3)}}
    assert dropped == {}


@pytest.mark.parametrize("most", [600, 1_500, 5_000])
def test_rows_are_dropped_from_the_end_and_counted(most: int) -> None:
    text, dropped = fit({"total": 100, "rows": rows(100)}, TOLD, most)
    read = json.loads(text)
    kept = read["data"]["rows"]
    assert len(text) <= most
    assert len(text) > most - 220, "no more than needed"
    assert [row["place"] for row in kept] == list(range(len(kept)))
    assert read["meta"]["dropped_rows"] == dropped == {"rows": 100 - len(kept)}
    assert read["data"]["total"] == 100


def test_the_longest_lists_give_rows_first_and_all_keep_some() -> None:
    data = {"symbols": [{"symbol": f"S{n}", "bars": rows(60, 20)} for n in range(10)], "few": rows(2)}
    text, dropped = fit(data, TOLD, 10_000)
    read = json.loads(text)["data"]
    counts = [len(one["bars"]) for one in read["symbols"]]
    assert len(read["symbols"]) == 10
    assert len(read["few"]) == 2
    assert min(counts) > 5
    assert max(counts) - min(counts) <= max(counts) / 2 + 1
    assert dropped == {"symbols[].bars": 600 - sum(counts)}


def test_rows_with_lists_of_words_go_as_rows() -> None:
    data = {"tags": [{"name": f"T{n}", "symbols": ["AAPL"] * 20} for n in range(50)]}
    text, dropped = fit(data, TOLD, 2_000)
    assert {len(row["symbols"]) for row in json.loads(text)["data"]["tags"]} == {20}
    assert list(dropped) == ["tags"]


def test_long_texts_go_as_paragraphs_and_at_last_as_a_field() -> None:
    text, dropped = fit({"paragraphs": ["x" * 300] * 30, "title": "T"}, TOLD, 2_000)
    assert set(json.loads(text)["data"]["paragraphs"]) == {"x" * 300}
    assert list(dropped) == ["paragraphs"]
    text, dropped = fit({"only": "x" * 30_000}, TOLD, 2_000)
    assert json.loads(text)["data"] == {"only": None}
    assert dropped == {"only": 1}


def test_cutting_much_takes_no_time() -> None:
    data = {"symbols": [{"symbol": f"S{n}", "bars": rows(125, 30)} for n in range(60)]}
    begun = time.perf_counter()
    text, _ = fit(data, TOLD, 10_000)
    assert time.perf_counter() - begun < 1
    assert len(text) <= 10_000


def test_the_envelope_holds_everything_and_the_browser_gets_a_count() -> None:
    result = found(
        {"rows": rows(100), "worth": Decimal("1.50"), "day": dt.date(2025, 1, 2)},
        TOLD,
        most=1_000,
        requested={"limit": 500},
        applied={"limit": 100},
    )
    assert len(result.envelope["data"]["rows"]) == 100
    assert result.envelope["data"]["worth"] == 1.5
    assert result.envelope["data"]["day"] == "2025-01-02"
    assert result.envelope["meta"]["truncated"] is True
    assert result.envelope["meta"]["requested"] == {"limit": 500}
    assert result.envelope["meta"]["applied"] == {"limit": 100}
    assert result.summary["data"] == {"rows": 100}
    assert result.summary["error"] is None
    assert len(json.dumps(result.summary)) < 1_000
    assert not result.failed


def test_a_failure_has_no_data_and_says_whether_to_try_again() -> None:
    result = failed(EXECUTION, "The data could not be read.", retryable=True, requested={})
    told = {"type": "execution_error", "message": "The data could not be read.", "retryable": True}
    assert result.envelope["data"] is None
    assert result.envelope["error"] == told | {"details": {}}
    assert json.loads(result.text) == {"data": None, "error": told}
    assert result.summary["error"]["message"] == "The data could not be read."
    assert result.failed


def test_what_is_not_known_sorts_last_and_not_as_zero() -> None:
    assert sorted([None, -1.0, 2.0, 0.0], key=best_first) == [2.0, 0.0, -1.0, None]


def test_numbers_have_few_digits_and_unknown_ones_are_none() -> None:
    assert [usd(value) for value in (Decimal("1234567.89"), 12.345, -0.001, 0, None, float("nan"))] == [
        1234568, 12.35, 0.0, 0.0, None, None,
    ]  # fmt: skip
    assert [price(value) for value in (154.626, Decimal("6.81999"), None)] == [154.63, 6.82, None]
    assert [percent_of(value) for value in (Decimal("0.16529"), -0.00001, None)] == [16.53, 0.0, None]
    assert percent(7.123456) == 7.12
    assert rounded(float("inf")) is None
    assert [quantity(Decimal(value)) for value in ("10.0000", "0.2500")] == [10, 0.25]
    assert known({"a": None, "b": "", "c": [], "d": 0, "e": False}) == {"d": 0, "e": False}
