"""Reads a vector file and holds what the product computes against it, value by value, at the file's own tolerances."""

from __future__ import annotations

import importlib
import json
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from tests.vectors.registry import ADAPTERS

DIRECTORY = Path(__file__).parent
MISSING = object()
EXACT = "exact"
# What the original computes, what other libraries say, and remarks: shown for comparison, never the target.
INFORMATION = ("note", "why", "recursion", "barone_adesi_whaley", "library_deviation_from_exact")
RATIOS = ("leverage_", "net_leverage", "percentages_of_equity", "weight_of_equity_")


@dataclass
class Report:
    """How one file compares: values compared, values that are information only, the worst error as a share of its tolerance."""

    name: str
    compared: int = 0
    information: int = 0
    worst: float = 0.0
    worst_at: str = ""
    failures: list[str] = field(default_factory=list)
    cases: frozenset[str] = frozenset()

    def fail(self, path: tuple[str, ...], message: str) -> None:
        self.failures.append(f"{'/'.join(path)}: {message}")


def load_adapters() -> None:
    for file in sorted(DIRECTORY.glob("adapters_*.py")):
        importlib.import_module(f"tests.vectors.{file.stem}")


def vector_names() -> list[str]:
    return sorted(file.stem for file in DIRECTORY.glob("*.json"))


def check(name: str) -> Report:
    """Compare one file with what its adapter produces.

    Raises
    ------
    KeyError if the file has no adapter.
    """
    vector = json.loads((DIRECTORY / f"{name}.json").read_text())
    produced = ADAPTERS[name](vector["inputs"])
    return compare(name, vector["expected"], produced, vector["tolerance"], cases=case_names(vector["inputs"]))


def case_names(inputs: Any) -> frozenset[str]:
    """Every `id` the inputs give, at any depth."""
    parts = inputs.values() if isinstance(inputs, dict) else inputs if isinstance(inputs, list) else ()
    own = {inputs["id"]} if isinstance(inputs, dict) and isinstance(inputs.get("id"), str) else set()
    return frozenset(own.union(*(case_names(part) for part in parts)))


def compare(
    name: str, expected: Any, produced: Any, tolerance: dict[str, Any], *, cases: frozenset[str] = frozenset()
) -> Report:
    """Hold what was produced against what is expected; `cases` are keys that name a case and never a field."""
    report = Report(name, cases=cases)
    _walk(report, expected, produced, tolerance, None, ())
    return report


def _is_bound(rule: Any) -> bool:
    return rule == EXACT or (isinstance(rule, dict) and set(rule) <= {"rel", "abs"} and bool(rule))


def _is_information(key: str, cases: frozenset[str]) -> bool:
    # Only fields are told apart by their name: the case n82_reference_window is a target like any other.
    if key in cases:
        return False
    return key.startswith(("reference_", "quantlib_")) or "_reference" in key or key in INFORMATION


def _count(expected: Any) -> int:
    if isinstance(expected, dict):
        return sum(_count(value) for value in expected.values())
    if isinstance(expected, list):
        return sum(_count(value) for value in expected)
    return 1


def _rule_for(key: str, tolerance: dict[str, Any], inherited: Any) -> Any:
    rule = tolerance.get(key, MISSING)
    if _is_bound(rule):
        return rule
    if "ratios" in tolerance and key.startswith(RATIOS):
        return tolerance["ratios"]
    return inherited


def _walk(
    report: Report, expected: Any, produced: Any, tolerance: dict[str, Any], inherited: Any, path: tuple[str, ...]
) -> None:
    if isinstance(expected, dict):
        blocks = tolerance.get("compare_against")
        for key, value in expected.items():
            here = (*path, key)
            if _is_information(key, report.cases) or (blocks and blocks in expected and key != blocks):
                report.information += _count(value)
                continue
            # A tolerance block named after a case is the whole tolerance of that case.
            inner = tolerance.get(key)
            scope = inner if isinstance(inner, dict) and not _is_bound(inner) else tolerance
            rule = _rule_for(key, scope, inherited if scope is tolerance else None)
            given = produced.get(key, MISSING) if isinstance(produced, dict) else MISSING
            if given is MISSING and _needed(value, scope, rule, report.cases):
                report.fail(here, "is not produced")
                continue
            _walk(report, value, given, scope, rule, here)
    elif isinstance(expected, list):
        if produced is MISSING:
            report.information += _count(expected)
            return
        given_list = list(produced) if produced is not None else []
        if len(given_list) != len(expected):
            report.fail(path, f"{len(given_list)} values, expected {len(expected)}")
            return
        for index, (value, given) in enumerate(zip(expected, given_list, strict=True)):
            _walk(report, value, given, tolerance, inherited, (*path, str(index)))
    else:
        _leaf(report, expected, produced, tolerance, inherited, path)


def _default(tolerance: dict[str, Any]) -> Any:
    return tolerance.get("default", tolerance.get("money", MISSING))


def _needed(expected: Any, tolerance: dict[str, Any], rule: Any, cases: frozenset[str]) -> bool:
    """Whether anything below has to be produced."""
    if isinstance(expected, dict):
        return any(
            _needed(
                v,
                t if isinstance(t := tolerance.get(k), dict) and not _is_bound(t) else tolerance,
                _rule_for(k, tolerance, rule),
                cases,
            )
            for k, v in expected.items()
            if not _is_information(k, cases)
        )
    if isinstance(expected, list):
        return any(_needed(value, tolerance, rule, cases) for value in expected)
    # A count is exact without a tolerance of its own.
    return (
        rule not in (None, MISSING)
        or _default(tolerance) is not MISSING
        or not _is_number(expected)
        or _is_count(expected)
    )


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or value is None:
        return False
    if isinstance(value, (int, float)):
        return True
    return isinstance(value, str) and _decimal(value) is not None


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _decimal(value: Any) -> Decimal | None:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None


def _leaf(
    report: Report, expected: Any, produced: Any, tolerance: dict[str, Any], inherited: Any, path: tuple[str, ...]
) -> None:
    rule = inherited if inherited is not None else _default(tolerance)
    if rule is MISSING and _is_number(expected):
        if not _is_count(expected):
            report.information += 1
            return
        rule = EXACT
    report.compared += 1
    if expected is None:
        if produced is not None and not _is_nan(produced):
            report.fail(path, f"{produced!r}, expected null")
        return
    if isinstance(expected, (bool, str)) and not _is_number(expected):
        if produced != expected:
            report.fail(path, f"{produced!r}, expected {expected!r}")
        return
    if produced is None or _is_nan(produced) or _decimal(produced) is None:
        report.fail(path, f"{produced!r}, expected {expected!r}")
        return
    wanted, given = Decimal(str(expected)), Decimal(str(produced))
    if rule == EXACT:
        if wanted != given:
            report.fail(path, f"{produced!r}, expected exactly {expected!r}")
        return
    allowed = Decimal(str(rule.get("abs", 0))) + Decimal(str(rule.get("rel", 0))) * abs(wanted)
    error = abs(wanted - given)
    share = float(error / allowed) if allowed else (0.0 if error == 0 else float("inf"))
    if share > report.worst:
        report.worst, report.worst_at = share, "/".join(path)
    if error > allowed:
        report.fail(path, f"{produced!r}, expected {expected!r} within {float(allowed):.3g}, off by {float(error):.3g}")


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and value != value
