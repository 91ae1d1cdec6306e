"""Every ledger of vector 21, day by day, at the vector's own tolerances."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.vectors.adapters_ledger import equity_rollforward

VECTOR = json.loads((Path(__file__).parents[2] / "vectors" / "21_equity_rollforward.json").read_text())
TOLERANCE = VECTOR["tolerance"]


@pytest.fixture(scope="module")
def ledgers() -> dict[str, Any]:
    return equity_rollforward(VECTOR["inputs"])


def same(name: str, got: Any, wanted: Any) -> bool:
    if wanted is None or name in ("date", "stale_symbols"):
        return bool(got == wanted)
    tolerance = TOLERANCE.get(name, TOLERANCE["money"])
    difference = abs(Decimal(str(got)) - Decimal(str(wanted)))
    allowed = Decimal(str(tolerance.get("abs", 0))) + Decimal(str(tolerance.get("rel", 0))) * abs(Decimal(str(wanted)))
    return difference <= allowed


@pytest.mark.parametrize("case", VECTOR["expected"])
def test_ledger(ledgers: dict[str, Any], case: str) -> None:
    days = VECTOR["expected"][case]
    assert len(ledgers[case]) == len(days)
    off = [
        (day["date"], name, got[name], wanted)
        for got, day in zip(ledgers[case], days, strict=True)
        for name, wanted in day.items()
        if (got[name] is None and wanted is not None) or not same(name, got[name], wanted)
    ]
    assert not off
