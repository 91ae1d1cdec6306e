"""Whether the figures of a text stand in the data it was written from.

A figure is found if some number of the data, rounded as the text rounds it, is the same: "$0.8 million", "about $801,000" and
"$800,671" all are 800671, "24.9 %" is -24.93 or 0.2493. Small whole numbers without a unit (counts, ranks), days and years are
not figures; nor is what stands in a sentence with a link, which tells of the web and not of the data.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence

# Names that hold numbers without being figures.
NAMES = re.compile(
    r"S&P\s?500|SP500|Russell\s?\d+|Nasdaq[- ]?\d+|Dow\s?30|\b\d{1,2} (?:January|February|March|April|May|June|July|August|September"
    r"|October|November|December)\b|\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]* \d{1,2}(?:, ?\d{4})?\b|\d{4}-\d{2}-\d{2}",
    re.IGNORECASE,
)
FIGURE = re.compile(
    r"(?<![\w.,])(?P<dollar>\$\s?)?(?P<number>\d[\d,]*(?:\.\d+)?)\s?(?P<unit>%|percent\b|million\b|billion\b|thousand\b|bn\b|[kmMB]\b)?"
)
IN_DATA = re.compile(r"\d[\d,]*(?:\.\d+)?(?:[eE][-+]?\d+)?")
STRIKE = re.compile(r"[CP](\d{8})\b")
SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
SCALES = {"thousand": 1e3, "k": 1e3, "million": 1e6, "m": 1e6, "billion": 1e9, "bn": 1e9, "b": 1e9}
PERCENTS = ("%", "percent")
COUNTS_UP_TO = 31
YEARS = range(1900, 2101)
STRIKE_SCALE = 1_000
SLACK = 1e-9


def numbers_of(texts: Iterable[str]) -> list[float]:
    """Every number of the data, its sign aside, ascending; strikes of contracts too."""
    found: set[float] = set()
    for text in texts:
        found.update(float(number.replace(",", "")) for number in IN_DATA.findall(text))
        found.update(int(strike) / STRIKE_SCALE for strike in STRIKE.findall(text))
    return sorted(found)


def unfounded(text: str, known: Sequence[float]) -> tuple[list[str], int]:
    """The figures of a text that are not among the known numbers, as written, and how many figures there are in all."""
    missing: dict[str, None] = {}
    count = 0
    for sentence in SENTENCE.split(text):
        if "http" in sentence or "](" in sentence:
            continue
        for match in FIGURE.finditer(NAMES.sub(" ", sentence)):
            if not _is_figure(match):
                continue
            count += 1
            if not _is_known(match, known):
                missing[match.group().strip()] = None
    return list(missing), count


def _is_figure(match: re.Match[str]) -> bool:
    if match["dollar"] or match["unit"] or "." in match["number"]:
        return True
    value = int(match["number"].replace(",", ""))
    return value > COUNTS_UP_TO and value not in YEARS


def _is_known(match: re.Match[str], known: Sequence[float]) -> bool:
    written = match["number"].replace(",", "").rstrip(".")
    unit = (match["unit"] or "").lower()
    scale = SCALES.get(unit, 1.0)
    value, slack = float(written) * scale, _last_digit(written) * scale / 2
    if _near(known, value, slack):
        return True
    return unit in PERCENTS and _near(known, value / 100, slack / 100)


def _last_digit(written: str) -> float:
    """What one of the last digit that says something is worth: 0.1 of 24.9, 100,000 of 800000."""
    if "." in written:
        return float(10.0 ** -len(written.partition(".")[2]))
    stripped = written.rstrip("0")
    return float(10.0 ** (len(written) - len(stripped))) if stripped else 1.0


def _near(known: Sequence[float], value: float, slack: float) -> bool:
    place = bisect_left(known, value - slack - SLACK)
    return place < len(known) and known[place] <= value + slack + SLACK
