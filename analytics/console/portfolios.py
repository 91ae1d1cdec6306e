"""The portfolios of all people, what one of them is exposed to, and where its figures come from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.dateparse import parse_date

from analytics.report.document import ClientReport, client_report
from analytics.report.html import render_html
from analytics.report.sections import HEADLINES, headlines, sections
from analytics.report.wording import engine_name, left_out_sentences, skipped_sentences
from analytics.services.explained_tables import EVERY_TABLE, REBUILT
from analytics.services.explanations import explain, explain_table
from analytics.services.extremes import outlook_of
from analytics.services.factsheet import factsheet
from analytics.services.listed_books import found_portfolios, listed_books
from analytics.services.reasons import in_words
from portfolios.models import Portfolio
from sigmasight.core.alerts.console import shown
from sigmasight.core.alerts.reading import open_alerts
from sigmasight.core.console import pages
from sigmasight.core.console.pages import ConsolePage
from sigmasight.core.console.sections import Section
from sigmasight.core.errors import DomainError

PERMISSION = "portfolios.view_portfolio"
MOST_ROWS = 50


def _pdf(report: ClientReport) -> bytes:
    # Its library takes tenths of a second to load, which every start of the web server would wait for.
    from analytics.report.pdf import render_pdf

    return render_pdf(report)


FORMS: dict[str, Callable[[ClientReport], str | bytes]] = {"html": render_html, "pdf": _pdf}


def portfolios_page(request: HttpRequest) -> HttpResponse:
    words = request.GET.get("q", "").strip()
    listed = Paginator(found_portfolios(words), settings.CONSOLE_ROWS).get_page(request.GET.get("page"))
    context = {"books": listed_books(list(listed.object_list)), "shown": listed, "q": words}
    return pages.show(request, "analytics/console/portfolios.html", context)


def portfolio_page(request: HttpRequest, portfolio_id: UUID) -> HttpResponse:
    portfolio = undeleted(portfolio_id)
    alerts = [shown(one) for one in open_alerts(portfolio.pk)] if request.user.has_perm("core.view_alert") else None
    context: dict[str, Any] = {"portfolio": portfolio, "subtitle": portfolio.name, "alerts": alerts}
    try:
        sheet = factsheet(portfolio, wanted_day(request))
    except DomainError as error:
        return pages.show(request, "analytics/console/portfolio.html", context | {"trouble": error.message})
    parts = sections(sheet, most=MOST_ROWS, outlook=outlook_of(sheet))
    context |= {
        "sheet": sheet,
        "headlines": headlines(sheet, HEADLINES),
        "figures": headlines(sheet),
        "pictured": [one for one in parts if one.pictures or one.missing],
        "tabled": [one for one in parts if one.tables],
        "gaps": [*skipped_sentences(sheet.skipped), *left_out_sentences(sheet.left_out)],
    }
    return pages.show(request, "analytics/console/portfolio.html", context)


def explain_page(request: HttpRequest, portfolio_id: UUID, metric: str) -> HttpResponse:
    portfolio = undeleted(portfolio_id)
    try:
        if metric in EVERY_TABLE:
            _, found = explain_table(portfolio.user, portfolio.pk, metric)
        else:
            _, found = explain(portfolio.user, portfolio.pk, metric, request.GET.get("of", ""))
    except DomainError as error:
        raise Http404 from error
    context = {
        "portfolio": portfolio,
        "found": found,
        "is_table": metric in EVERY_TABLE,
        "is_rebuilt": metric in REBUILT,
        "subtitle": f"{found.measure.title}, {found.of}" if found.of else found.measure.title,
        "facts": [(name.replace("_", " "), value) for name, value in found.facts.items() if value not in (None, "")],
        "engine": engine_name(found.measure.engine),
        "why": in_words(found.reason) if found.reason else "",
        "skipped": [(symbol, in_words(reason)) for symbol, reason in found.skipped],
    }
    return pages.show(request, "analytics/console/explanation.html", context)


def report_view(request: HttpRequest, portfolio_id: UUID, form: str) -> HttpResponse:
    """The report as a file; the browser shows the HTML one and keeps the PDF."""
    if form not in FORMS:
        raise Http404
    portfolio = undeleted(portfolio_id)
    try:
        report = client_report(portfolio, wanted_day(request))
    except DomainError as error:
        context = {"portfolio": portfolio, "subtitle": portfolio.name, "trouble": error.message}
        return pages.show(request, "analytics/console/portfolio.html", context, status=error.status)
    content_type, shown = ("application/pdf", "attachment") if form == "pdf" else ("text/html; charset=utf-8", "inline")
    answer = HttpResponse(FORMS[form](report), content_type=content_type)
    answer["Content-Disposition"] = f'{shown}; filename="{report.file_name(form)}"'
    return answer


def undeleted(portfolio_id: UUID) -> Portfolio:
    """A portfolio with its owner; staff may see anybody's."""
    return get_object_or_404(Portfolio.objects.select_related("user"), pk=portfolio_id, deleted_at=None)


def wanted_day(request: HttpRequest) -> dt.date | None:
    """The day asked for by `?date=`, None for the newest."""
    text = request.GET.get("date", "")
    try:
        day = parse_date(text)
    except ValueError:
        day = None
    if text and day is None:
        raise Http404
    return day


pages.register(
    ConsolePage(
        "Portfolio overview", "portfolios/", PERMISSION, portfolios_page, icon="monitoring", section=Section.BOOKS
    )
)
pages.register(
    ConsolePage("Portfolio", "portfolios/<uuid:portfolio_id>/", PERMISSION, portfolio_page, parent="portfolios/")
)
pages.register(
    ConsolePage(
        "Explanation",
        "portfolios/<uuid:portfolio_id>/explain/<slug:metric>/",
        PERMISSION,
        explain_page,
        parent="portfolios/",
    )
)
pages.register(
    ConsolePage(
        "Report", "portfolios/<uuid:portfolio_id>/report/<slug:form>/", PERMISSION, report_view, parent="portfolios/"
    )
)
