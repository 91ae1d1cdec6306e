"""The dashboard is made of panels that the apps register in their `console` modules. A panel whose source is down says so; the
others stay."""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db import DatabaseError, transaction
from django.http import HttpRequest
from django.utils import timezone
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
    link : name of the address where one sees more.
    """

    title: str
    permission: str
    template: str
    load: Callable[[], dict[str, Any]]
    icon: str = "monitoring"
    order: int = 50
    wide: bool = False
    link: str = ""


@dataclass(frozen=True)
class Drawn:
    """A panel with its figures; `trouble` in place of them where they could not be had."""

    panel: Panel
    as_of: dt.datetime
    milliseconds: float
    figures: dict[str, Any] = field(default_factory=dict)
    trouble: str = ""


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
    return [_draw(panel) for panel in sorted(mine, key=lambda panel: panel.order)]


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
