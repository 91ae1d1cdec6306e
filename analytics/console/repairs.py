"""The page of repairs: each is looked at first, then done by whoever types its word."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict

from analytics.console.fields import day_or_none, needed_day
from analytics.services.clearing import Scope
from analytics.services.hand_repairs import Effect, Repair, perform
from analytics.services.repair_history import last_repairs, marked_portfolios
from analytics.services.repair_kinds import (
    ApplySplit,
    ClearCalculations,
    MergeSymbol,
    RerollPortfolio,
    ReseedDemo,
    portfolio_named,
)
from analytics.services.repairs import compute_missing
from analytics.services.run_states import current_run
from marketdata.services.missed_splits import parse_ratio
from portfolios.models import User
from sigmasight.core.console import pages
from sigmasight.core.console.pages import ConsolePage
from sigmasight.core.console.sections import Section
from sigmasight.core.errors import DomainError

REPAIR, RUN = "analytics.repair_data", "analytics.run_batch"


@dataclass(frozen=True)
class Kind:
    """A repair as the page offers it. `given` : names of the fields its template asks for; `read` makes the repair of them."""

    name: str
    title: str
    what: str
    given: tuple[str, ...]
    read: Callable[[QueryDict], Repair]

    @property
    def template(self) -> str:
        return f"analytics/console/repair_{self.name}.html"


def _clear(given: QueryDict) -> Repair:
    return ClearCalculations(Scope(given.get("whose") == "everybody", day_or_none(given.get("first"))))


KINDS = (
    Kind(
        "reroll", "Roll a portfolio again", "Has one portfolio computed anew from a day on, by the next run.",
        ("portfolio", "first"),
        lambda given: RerollPortfolio(portfolio_named(given.get("portfolio", "")), needed_day(given.get("first"))),
    ),
    Kind(
        "merge", "Merge a renamed symbol",
        "Gives prices, splits, contracts, lots, targets and results of an old symbol to the new one.", ("old", "new"),
        lambda given: MergeSymbol(given.get("old", ""), given.get("new", "")),
    ),
    Kind(
        "split", "Apply a missed split",
        "Records a split that no source told of: lots, targets and returns count new shares from its day on.",
        ("symbol", "day", "ratio"),
        lambda given: ApplySplit(
            given.get("symbol", ""), needed_day(given.get("day")), parse_ratio(given.get("ratio", ""))
        ),
    ),
    Kind(
        "clear", "Clear calculations", "Deletes results; prices, books and entries stay, and the next run computes anew.",
        ("whose", "first"), _clear,
    ),
    Kind(
        "reseed", "Reseed the demo", "Stores what is missing of the demo, or brings all of it back to its first day.",
        ("anew",), lambda given: ReseedDemo(anew=given.get("anew") == "on"),
    ),
)  # fmt: skip


def repairs_page(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return _show(request, given=request.GET, opened=request.GET.get("kind", ""))
    pages.require(request, REPAIR)
    staff = request.user
    assert isinstance(staff, User)
    if request.POST.get("action") == "compute":
        return _compute(request, staff)
    kind = next((one for one in KINDS if one.name == request.POST.get("kind")), None)
    try:
        if kind is None:
            raise DomainError("unknown_repair", "There is no such repair; nothing was changed.")
        repair = kind.read(request.POST)
        if request.POST.get("action") == "do":
            _confirmed(repair, request.POST.get("word", ""))
            effect = perform(staff, repair, request.POST.get("seen", ""))
            messages.success(request, f"{effect.done}. {_follows(effect)}")
            return HttpResponseRedirect(request.path)
        return _show(request, given=request.POST, opened=kind.name, looked=(kind, repair, repair.look()))
    except DomainError as error:
        messages.error(request, error.message)
        return _show(request, given=request.POST, opened=kind.name if kind else "")


def _confirmed(repair: Repair, word: str) -> None:
    if word.strip().lower() != repair.word.lower():
        raise DomainError("not_confirmed", f"To do it, type {repair.word}; nothing was changed.")


def _follows(effect: Effect) -> str:
    again = [book for book in effect.books if book.first is not None]
    return f"The next run computes {len(again)} portfolios anew from {effect.first} on." if again else "It is done."


def _compute(request: HttpRequest, staff: User) -> HttpResponse:
    pages.require(request, RUN)
    try:
        run = compute_missing(staff)
        messages.success(request, f"Run {str(run.pk)[:8]} computes on the workers what is marked or missing.")
    except DomainError as error:
        messages.error(request, error.message)
    return HttpResponseRedirect(request.path)


def _show(
    request: HttpRequest, *, given: QueryDict, opened: str, looked: tuple[Kind, Repair, Effect] | None = None
) -> HttpResponse:
    context: dict[str, Any] = {
        "kinds": [kind for kind in KINDS if kind.name != "reseed" or settings.DEMO_ALLOWED],
        "given": given, "opened": opened, "running": current_run(), "marked": marked_portfolios(), "last": last_repairs(),
        "may_repair": request.user.has_perm(REPAIR), "may_run": request.user.has_perm(RUN),
    }  # fmt: skip
    if looked is not None:
        kind, repair, effect = looked
        sent = [(name, given.get(name, "")) for name in kind.given]
        context |= {"looked": kind, "word": repair.word, "effect": effect, "sent": sent}
    return pages.show(request, "analytics/console/repairs.html", context)


pages.register(
    ConsolePage(
        title="Repairs", path="repairs/", permission="analytics.view_batchrun", view=repairs_page, icon="build",
        section=Section.BATCH,
    )
)  # fmt: skip
