"""The dashboard is made of panels that the apps register in their `console` modules. A panel whose source is down says so; the
others stay."""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.text import slugify
from redis.exceptions import RedisError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Panel:
    """A part of the dashboard.

    title, icon : its heading.
    permission : who sees it.
    template : draws what `load` returns; inherits from nothing.
    load : the figures; may raise OSError, DatabaseError or RedisError where their source is down.
    order : place on the page, small first.
    wide : takes the whole width.
    late : asked for by the page once it is there: for sources that take their time (workers answering over the broker).
    link : name of the address where one sees more.
    """

    title: str
    permission: str
    template: str
    load: Callable[[], dict[str, Any]]
    icon: str = "monitoring"
    order: int = 50
    wide: bool = False
    late: bool = False
    link: str = ""

    @property
    def slug(self) -> str:
        return slugify(self.title)


@dataclass(frozen=True)
class Drawn:
    """A panel with its figures; `trouble` in place of them where they could not be had, neither where it is still to come."""

    panel: Panel
    as_of: dt.datetime
    milliseconds: float
    figures: dict[str, Any] = field(default_factory=dict)
    trouble: str = ""
    to_come: bool = False


_panels: dict[str, Panel] = {}


def register(panel: Panel) -> Panel:
    """Put a panel on the dashboard.

    Raises
    ------
    ValueError for a title that is taken.
    """
    if panel.title in _panels:
        raise ValueError(f"Two panels of the dashboard are called {panel.title!r}.")
    _panels[panel.title] = panel
    return panel


def unregister(title: str) -> None:
    """Take a panel away again."""
    _panels.pop(title, None)


def drawn(request: HttpRequest) -> list[Drawn]:
    """The panels that this person may see, with their figures."""
    mine = [panel for panel in _panels.values() if request.user.has_perm(panel.permission)]
    return [
        Drawn(panel, timezone.now(), 0.0, to_come=True) if panel.late else _draw(panel)
        for panel in sorted(mine, key=lambda panel: panel.order)
    ]


def panel_view(request: HttpRequest, slug: str) -> HttpResponse:
    """One panel alone, for the dashboard that asks for the late ones."""
    panel = next((one for one in _panels.values() if one.slug == slug), None)
    if panel is None:
        raise Http404
    if not request.user.has_perm(panel.permission):
        raise PermissionDenied
    return render(request, "console/panel.html", {"drawn": _draw(panel)})


def _draw(panel: Panel) -> Drawn:
    began = time.perf_counter()
    figures, trouble = {}, ""
    try:
        # A failed statement must not spoil the transaction that the request may be in.
        with transaction.atomic():
            figures = panel.load()
    except (OSError, DatabaseError, RedisError) as error:
        log.warning("Panel %s has no figures: %s: %s", panel.title, type(error).__name__, error)
        trouble = "not reachable"
    except Exception:  # one broken panel must not take the page
        log.exception("Panel %s is broken", panel.title)
        trouble = "not available; the server's log says why"
    return Drawn(panel, timezone.now(), round(1000 * (time.perf_counter() - began), 1), figures, trouble)
