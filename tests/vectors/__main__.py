"""``python -m tests.vectors``: every vector file against the product, a line each."""

from __future__ import annotations

import os
import sys

from tests.vectors.reader import check, load_adapters, vector_names
from tests.vectors.registry import ADAPTERS


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sigmasight.settings")
    load_adapters()
    bad = 0
    print(f"{'file':<42} {'compared':>8} {'information':>11} {'worst error / tolerance':>24}")
    for name in vector_names():
        if name not in ADAPTERS:
            bad += 1
            print(f"{name:<42} no adapter")
            continue
        report = check(name)
        bad += bool(report.failures)
        print(
            f"{name:<42} {report.compared:>8} {report.information:>11} {report.worst:>24.3g}  {'FAILED' if report.failures else 'ok'}"
        )
        for failure in report.failures[:12]:
            print(f"    {failure}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
