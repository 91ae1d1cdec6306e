"""Measure onboarding: a portfolio of fifty lots from CSV to complete analytics of the latest session, its symbols known already.

``python benchmarks/import_csv.py`` builds a throw-away demo, then imports the same file again and again as new portfolios and computes
each in this process: milliseconds of taking in the file, of the run, and of reading the first page, for lots bought lately and a
year ago (whose ledger is rolled through every session since).
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import io
import json
import statistics
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

from api import EVENING, LAST_SESSION, build_demo

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
GOAL_MS = 1_000
# Lots bought a week before the latest session, and a hundred sessions before it.
ENTRIES = (dt.date(2025, 11, 13), dt.date(2025, 6, 30))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lots", type=int, default=50)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--json", type=Path, metavar="FILE")
    return parser.parse_args()


def file_of(lots: int, entry: dt.date) -> bytes:
    """A CSV of stocks that the demo knows, some of them short."""
    from marketdata.models import DailyPrice

    rows = (
        DailyPrice.objects.filter(date=entry, quality="ok", security__option_contract=None)
        .order_by("security__symbol")
        .values_list("security__symbol", "close")
    )
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(
        ["Symbol", "Quantity", "Entry Price Per Share", "Entry Date", "Investment Class", "Investment Subtype",
         "Underlying Symbol", "Strike Price", "Expiration Date", "Option Type", "Exit Date", "Exit Price Per Share"]
    )  # fmt: skip
    for number, (symbol, close) in enumerate(rows[:lots]):
        quantity = -100 if number % 10 == 9 else 100
        writer.writerow(
            [symbol, quantity, f"{close:.2f}", entry.isoformat(), "PUBLIC", "STOCK", "", "", "", "", "", ""]
        )
    return text.getvalue().encode()


def once(user: Any, number: int, content: bytes) -> dict[str, float]:
    """Milliseconds of each step."""
    from django.test import Client

    from analytics.batch.night import Request, run_night
    from portfolios.services.onboarding import NewAccount, import_portfolio
    from portfolios.services.tokens import issue_user_token

    account = NewAccount(
        portfolio_name=f"Import {number}", account_name=f"Import {number}", account_type="taxable", description="",
        equity=Decimal(2_000_000),
    )  # fmt: skip
    started = time.perf_counter()
    book = import_portfolio(user, account, "positions.csv", content).portfolio
    taken = time.perf_counter()
    outcome = run_night(Request(source="simulated", portfolio_id=book.pk, session=LAST_SESSION))
    computed = time.perf_counter()
    client = Client(headers={"Authorization": f"Bearer {issue_user_token(user)[0]}"})
    overview = client.get(f"/api/v1/analytics/portfolio/{book.pk}/overview").json()
    read = time.perf_counter()
    if outcome.run is None or outcome.run.status != "completed" or not overview.get("position_count"):
        status = outcome.run.status if outcome.run else "not begun"
        raise SystemExit(f"The import did not end as it should: {status} {outcome.notes} {list(overview)}")
    steps = {"import": taken - started, "run": computed - taken, "read": read - computed, "all": read - started}
    return {name: 1000 * seconds for name, seconds in steps.items()}


def main() -> None:
    options = arguments()
    from sigmasight.embedded.stack import Stack

    stack = Stack(Path(tempfile.mkdtemp(prefix="sigmasight-bench-")), throwaway=True).start()
    try:
        stack.ensure_database("core")
        print("building the demo ...", flush=True)
        build_demo(stack.environment("core"))
        from portfolios.models import User

        user = User.objects.get(email="demo_individual@sigmasight.com")
        results = []
        for place, entry in enumerate(ENTRIES):
            content = file_of(options.lots, entry)
            lots = content.count(b"\n") - 1
            # The first one loads what a process loads once.
            runs = [once(user, 100 * place + number, content) for number in range(options.repeat + 1)][1:]
            found = {name: round(statistics.median(run[name] for run in runs), 1) for name in runs[0]}
            results.append({"entry": entry.isoformat(), "lots": lots, **found})
    finally:
        stack.stop()
    print(f"\nCSV to complete analytics of {EVENING[:10]}, median of {options.repeat}, milliseconds (goal {GOAL_MS}):")
    print(f"{'bought on':>12} {'lots':>5} {'import':>8} {'run':>8} {'read':>7} {'all':>8}")
    for row in results:
        print(
            f"{row['entry']:>12} {row['lots']:>5} {row['import']:>8.0f} {row['run']:>8.0f} {row['read']:>7.0f} {row['all']:>8.0f}"
        )
    if options.json:
        options.json.write_text(json.dumps({"goal_ms": GOAL_MS, "results": results}, indent=2) + "\n")


if __name__ == "__main__":
    main()
