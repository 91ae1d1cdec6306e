"""The page of data quality, and that of one symbol's prices."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from analytics.console.dashboard import coverage
from analytics.console.fields import day_or_none, needed_day, price, row_id
from analytics.services import price_desk
from analytics.services.price_findings import TITLES, Findings, Kind, price_findings
from analytics.services.price_quality import price_quality
from analytics.services.symbol_quality import SymbolQuality, symbol_quality
from marketdata.services.acceptance import STORABLE
from portfolios.models import User
from sigmasight.core.console import pages
from sigmasight.core.console.charts import Series, line_chart, ranked_bars
from sigmasight.core.console.pages import ConsolePage
from sigmasight.core.console.sections import Section
from sigmasight.core.errors import DomainError, NotFound

REPAIR = "analytics.repair_data"
LARGEST_PAGE = 10_000
HERE = "analytics/console/"


def data_quality_page(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        return _act(request)
    if request.GET.get("part") == "refetches":
        return _refetches(request)
    kind = Kind(request.GET["kind"]) if request.GET.get("kind") in list(Kind) else None
    symbol, number = request.GET.get("symbol", ""), _page(request)
    rows = settings.CONSOLE_ROWS
    found = price_findings(kind=kind, symbol=symbol, page=number, rows=rows)
    context = {
        "findings": found, "quality": price_quality(), "bars": _bars(found), "coverage": coverage()["chart"],
        "refetches": price_desk.last_refetches(), "kinds": [(one, TITLES[one], found.counts[one]) for one in Kind],
        "kind": kind, "symbol": symbol, "may_repair": request.user.has_perm(REPAIR), "storable": STORABLE,
        "all": sum(found.counts.values()), "first_row": (number - 1) * rows + 1,
        "before": _address(kind, symbol, number - 1) if number > 1 else "",
        "after": _address(kind, symbol, number + 1) if number * rows < found.total else "",
    }  # fmt: skip
    return pages.show(request, f"{HERE}data_quality.html", context)


def symbol_page(request: HttpRequest, symbol: str) -> HttpResponse:
    if request.method == "POST":
        return _act(request)
    if request.GET.get("part") == "refetches":
        return _refetches(request, symbol)
    try:
        found = symbol_quality(symbol)
    except NotFound as error:
        raise Http404 from error
    context = {
        "found": found, "findings": found.findings, "line": _line(found), "may_repair": request.user.has_perm(REPAIR),
        "storable": STORABLE, "refetches": price_desk.last_refetches(found.security.symbol), "subtitle": found.security.symbol,
        "newest": found.findings.session,
    }  # fmt: skip
    return pages.show(request, f"{HERE}symbol_quality.html", context)


def _refetches(request: HttpRequest, symbol: str = "") -> HttpResponse:
    """The last requests alone, for a page that waits for one."""
    return render(request, f"{HERE}refetches.html", {"refetches": price_desk.last_refetches(symbol)})


def _act(request: HttpRequest) -> HttpResponse:
    """Do what a button asks for, tell what came of it, and show the page again."""
    pages.require(request, REPAIR)
    staff, given = request.user, request.POST
    assert isinstance(staff, User)
    acts: dict[str, Callable[[], str]] = {
        "refetch": lambda: _refetch(staff, row_id(given.get("security")), day_or_none(given.get("day"))),
        "accept": lambda: price_desk.accept(staff, row_id(given.get("row"))),
        "accept_row": lambda: price_desk.accept_row(staff, row_id(given.get("row"))),
        "dismiss": lambda: price_desk.dismiss(staff, row_id(given.get("row"))),
        "override": lambda: price_desk.override(
            staff, row_id(given.get("security")), needed_day(given.get("day")), price(given.get("price")),
            given.get("reason", ""), unusual=given.get("unusual") == "on",
        ),
        "take_back": lambda: price_desk.take_back(staff, row_id(given.get("decision"))),
    }  # fmt: skip
    act = acts.get(given.get("action", ""))
    try:
        if act is None:
            raise DomainError("unknown_action", "There is no such action; nothing was changed.")
        messages.success(request, act())
    except DomainError as error:
        messages.error(request, error.message)
    return HttpResponseRedirect(request.get_full_path())


def _refetch(staff: User, security_id: int, since: dt.date | None) -> str:
    run = price_desk.refetch(staff, security_id, since)
    return f"Run {str(run.pk)[:8]} asks the source again for {', '.join(run.params['symbols'])}; below stands what comes of it."


def _page(request: HttpRequest) -> int:
    text = request.GET.get("page", "1")
    return min(max(int(text), 1), LARGEST_PAGE) if text.isascii() and text.isdigit() and len(text) < 9 else 1


def _address(kind: Kind | None, symbol: str, number: int) -> str:
    given = {"kind": kind or "", "symbol": symbol, "page": number}
    return f"?{urlencode({name: value for name, value in given.items() if value})}"


def _bars(found: Findings) -> str:
    items = [(TITLES[kind], float(count)) for kind, count in found.counts.items()]
    return ranked_bars(
        "Findings by kind", items, fmt="{:,.0f}".format, description="How many findings there are of each kind."
    )


def _line(found: SymbolQuality) -> str:
    line = found.line
    series = [Series("mark" if found.is_contract else "close", line.usable)]
    series += [Series("suspect", line.suspect, "bad")] if any(line.suspect) else []
    series += [Series("entered by hand", line.by_hand, "warn")] if any(line.by_hand) else []
    name = "Mark by session" if found.is_contract else "Close by session, raw as traded"
    return line_chart(
        f"{name}, dollars per share", [day.isoformat() for day in line.sessions], series, fmt=lambda value: f"${value:,.2f}",
        description=f"{found.security.symbol} over {len(line.sessions)} sessions; gaps where there is no price.",
    )  # fmt: skip


pages.register(
    ConsolePage(
        title="Data quality",
        path="data-quality/",
        permission="marketdata.view_dailyprice",
        view=data_quality_page,
        icon="verified",
        section=Section.MARKET_DATA,
    )
)
pages.register(
    ConsolePage(
        title="Prices of a symbol",
        path="data-quality/<path:symbol>/",
        permission="marketdata.view_dailyprice",
        view=symbol_page,
        parent="data-quality/",
    )
)
