"""The report of a portfolio for a client: what stands on its pages, whatever they are printed with."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.text import slugify

from analytics.report.parts import Headline, Section
from analytics.report.sections import HEADLINES, headlines, sections
from analytics.report.wording import left_out_sentences, skipped_sentences
from analytics.services.explained_measures import OF_THE_BOOK
from analytics.services.explained_tables import TABLES
from analytics.services.factsheet import Factsheet, factsheet
from analytics.services.measure import Measure
from portfolios.models import Portfolio
from sigmasight.core.console.drawings import Drawing, drawing_of

LONGEST_NAME = 60
STANDING = (
    "Figures are of the close of the session they are dated with, in US dollars unless they say otherwise. Losses in value at risk and "
    "expected shortfall are positive. They describe what was held then and what models make of the past; they are no forecast and no "
    "advice."
)


@dataclass(frozen=True)
class Picture:
    """A drawing of a section, or why there is none."""

    section: Section
    drawing: Drawing | None

    @property
    def title(self) -> str:
        return self.section.title if self.drawing is None else self.drawing.title


@dataclass(frozen=True)
class ClientReport:
    """warnings : what a reader must know first. figures : all of `OF_THE_BOOK`. methods : title and text of how they are made.
    gaps : what is missing, as sentences."""

    title: str
    account: str
    owner: str
    as_of: dt.date
    warnings: Sequence[str]
    headlines: Sequence[Headline]
    figures: Sequence[Headline]
    pictures: Sequence[Picture]
    sections: Sequence[Section]
    methods: Sequence[tuple[str, str]]
    gaps: Sequence[str]

    def file_name(self, suffix: str) -> str:
        """A name for its file that every system takes, whatever the portfolio is called."""
        return f"{slugify(self.title)[:LONGEST_NAME].strip('-') or 'portfolio'}-{self.as_of}.{suffix}"


def client_report(portfolio: Portfolio, day: dt.date | None = None) -> ClientReport:
    """The report of a portfolio (with its owner) at its published session, or at the last one on or before a day.

    Raises
    ------
    DomainError for a portfolio without results. NotFound for a day before the first of them.
    """
    sheet = factsheet(portfolio, day)
    parts = sections(sheet)
    return ClientReport(
        title=portfolio.name,
        account=f"{portfolio.account_name}, {portfolio.get_account_type_display()}",
        owner=portfolio.user.full_name or portfolio.user.email,
        as_of=sheet.as_of,
        warnings=_warnings(sheet),
        headlines=headlines(sheet, HEADLINES),
        figures=headlines(sheet),
        pictures=_pictures(parts),
        sections=[one for one in parts if one.tables],
        methods=[(one.title, _method(one)) for one in (*OF_THE_BOOK.values(), *TABLES.values())],
        gaps=[*skipped_sentences(sheet.skipped), *left_out_sentences(sheet.left_out)],
    )


def _pictures(parts: Sequence[Section]) -> list[Picture]:
    drawn: list[Picture] = []
    for section in parts:
        if section.missing:
            drawn.append(Picture(section, None))
        for figure in section.pictures:
            drawn.append(Picture(section, drawing_of(figure, f"picture-{len(drawn) + 1}")))
    return drawn


def _warnings(sheet: Factsheet) -> list[str]:
    found = []
    if sheet.simulated:
        found.append("Prices are simulated: every figure is made up and says nothing of the market.")
    if sheet.changed_from is not None:
        found.append(
            f"The book was changed from {sheet.changed_from} on; these figures are those of {sheet.as_of} as published."
        )
    if sheet.snapshot.stale_count or sheet.snapshot.missing_count:
        found.append(
            f"{sheet.snapshot.stale_count} positions stand at a price older than the session, {sheet.snapshot.missing_count} were "
            "never priced."
        )
    return found


def _method(measure: Measure) -> str:
    text = measure.formula[:1].upper() + measure.formula[1:] + "."
    if measure.window:
        least = f", at least {measure.minimum}" if measure.minimum else ""
        text += f" Window: {measure.window} sessions{least}."
    return f"{text} Source: {measure.source}." if measure.source else text
