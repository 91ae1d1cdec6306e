"""The section of the factsheet that tells which sectors made the difference to the S&P 500."""

from __future__ import annotations

from analytics.report import pictures
from analytics.report.parts import Rows, Section, number, words
from analytics.services.factsheet import Factsheet
from sigmasight.core.templatetags.humane import share

NAME, TITLE = "sector_attribution", "Difference to the S&P 500 by sector"


def attribution(sheet: Factsheet) -> Section:
    """Allocation and selection by sector over the window of the performance, with their bars."""
    if sheet.performance is None:
        missing = "The difference needs two sessions with results; there is one so far."
        return Section(NAME, TITLE, sheet.as_of, missing=missing)
    found = sheet.performance.sectors
    if found.reason is not None:
        return Section(NAME, TITLE, sheet.as_of, missing=f"{found.reason}.")
    columns = [
        words("Sector", 1.6), number("Weight"), number("Benchmark"), number("Allocation"), number("Selection"), number("Together"),
    ]  # fmt: skip
    rows = [
        [one.sector, share(one.weight), share(one.benchmark_weight), share(one.allocation, 2), share(one.selection, 2), share(one.total, 2)]
        for one in found.sectors
    ]  # fmt: skip
    sums = [share(sum(getattr(one, name) for one in found.sectors), 2) for name in ("allocation", "selection", "total")]
    note = (
        f"From the close of {found.first} to that of {found.last} the book made {share(found.portfolio_return, 2)}, the sector funds "
        f"at the index's weights {share(found.benchmark_return, 2)}; the effects make the difference. Allocation: more or less held "
        "of a sector than the index; selection: what was held in it beside its fund. Weights are means, shorts negative."
    )
    notes = [note]
    if found.weights_since is not None and found.first is not None and found.weights_since > found.first:
        notes.append(f"Weights of the index are known since {found.weights_since}; earlier sessions take those.")
    table = Rows("Mean weights and effects", columns, [*rows, ["All", share(1.0), share(1.0), *sums]])
    return Section(NAME, TITLE, sheet.as_of, [pictures.attribution_bars(found)], [table], notes)
