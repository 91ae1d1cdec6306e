"""Every vector file passes at its own tolerance."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from tests.vectors.reader import DIRECTORY, case_names, check, compare, load_adapters, vector_names
from tests.vectors.registry import ADAPTERS

load_adapters()


@pytest.mark.parametrize("name", vector_names())
def test_vector_file(name: str, record_property: pytest.RecordProperty) -> None:
    assert name in ADAPTERS, f"{name}.json has no adapter"
    report = check(name)
    record_property("compared", report.compared)
    record_property("worst", report.worst)
    assert report.compared > 0
    assert not report.failures, "\n".join(report.failures[:20])


def spoilt(value: Any) -> Any:
    """The same structure with every value wrong beyond any tolerance."""
    if isinstance(value, dict):
        return {key: spoilt(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [spoilt(inner) for inner in value]
    if value is None:
        return 1.0
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return value + 1e6 * (1 + abs(value))
    try:
        return str(Decimal(value) + 10**6)
    except ArithmeticError:
        return f"not {value}"


def leaves(value: Any) -> int:
    if isinstance(value, (dict, list)):
        return sum(leaves(inner) for inner in (value.values() if isinstance(value, dict) else value))
    return 1


@pytest.mark.parametrize("name", vector_names())
def test_every_compared_value_can_fail(name: str) -> None:
    vector = json.loads((DIRECTORY / f"{name}.json").read_text())
    expected, tolerance, cases = vector["expected"], vector["tolerance"], case_names(vector["inputs"])
    assert not compare(name, expected, expected, tolerance, cases=cases).failures
    report = compare(name, expected, spoilt(expected), tolerance, cases=cases)
    assert len(report.failures) == report.compared
    assert report.compared + report.information == leaves(expected)


def test_a_count_is_exact_even_without_a_tolerance() -> None:
    assert compare("x", {"observations": 90}, {"observations": 91}, {"beta": {"abs": 1}}).failures
    assert compare("x", {"observations": 90}, {}, {"beta": {"abs": 1}}).failures == ["observations: is not produced"]


def test_a_wrong_value_is_noticed() -> None:
    report = compare("x", {"a": {"beta": 1.0}}, {"a": {"beta": 1.0 + 2e-6}}, {"default": {"rel": 1e-6}})
    assert report.failures == ["a/beta: 1.000002, expected 1.0 within 1e-06, off by 2e-06"]


def test_a_missing_value_is_noticed() -> None:
    assert compare("x", {"a": 1.0}, {}, {"default": {"abs": 1}}).failures == ["a: is not produced"]


def test_a_zero_is_not_null() -> None:
    assert compare("x", {"a": None}, {"a": 0.0}, {"default": {"abs": 1}}).failures


def test_figures_of_the_original_are_information() -> None:
    report = compare("x", {"reference_pnl": 1.0, "beta_capped_reference": 2.0}, {}, {"default": {"abs": 0.1}})
    assert (report.compared, report.information, report.failures) == (0, 2, [])


def test_a_case_is_a_target_whatever_its_name() -> None:
    cases = case_names({"cases": [{"id": "n82_reference_window"}]})
    expected, rule = {"n82_reference_window": {"beta": 1.0}}, {"default": {"abs": 0.1}}
    assert compare("x", expected, {"n82_reference_window": {"beta": 1.2}}, rule, cases=cases).failures
    assert compare("x", expected, {}, rule, cases=cases).failures
