"""Pages of our own inside the console. An app registers them in its `console` module; address, entry in the sidebar, check of the
permission and breadcrumbs come by themselves. docs/console.md shows how."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path, reverse

from sigmasight.core.console.sections import Section

View = Callable[..., HttpResponse]
PARAMETER = re.compile(r"<[^>]*>")
READS = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True)
class ConsolePage:
    """A page of the console.

    title : heading, entry in the sidebar, last breadcrumb.
    path : below `/admin/console/`, as `django.urls.path` takes it, with the final slash: "batch/", "batch/<uuid:run_id>/".
    permission : what a person must hold ("analytics.view_batchrun"); the same page with POST may ask for more itself.
    view : takes the request and what the path captured.
    icon : name of a Material symbol; the font is shipped.
    section : where it stands in the sidebar; None: it is reached from other pages alone.
    parent : path of the page above it, for the breadcrumbs.
    """

    title: str
    path: str
    permission: str
    view: View
    icon: str = "article"
    section: Section | None = None
    parent: str | None = None

    @property
    def name(self) -> str:
        """Name of the address: `admin:console_batch` for "batch/", `admin:console_batch_run_id` for "batch/<uuid:run_id>/"."""
        words = PARAMETER.sub(lambda found: found.group().strip("<>").rpartition(":")[2], self.path)
        return "console_" + re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")

    def url(self, **captured: Any) -> str:
        return reverse(f"admin:{self.name}", kwargs=captured)

    def allows(self, request: HttpRequest) -> bool:
        return request.user.has_perm(self.permission)


_pages: dict[str, ConsolePage] = {}


def register(page: ConsolePage) -> ConsolePage:
    """Put a page into the console. Pages of a section stand in the order in which they were registered.

    Raises
    ------
    ValueError for a path that is taken or has no final slash, or a page for the sidebar whose path captures something.
    """
    if page.path in _pages:
        raise ValueError(f"Two pages of the console have the path {page.path!r}.")
    if not page.path.endswith("/") or page.path.startswith("/"):
        raise ValueError(f"The path {page.path!r} must end with a slash and not begin with one.")
    if page.section is not None and "<" in page.path:
        raise ValueError(f"{page.path!r} captures something: it cannot stand in the sidebar.")
    _pages[page.path] = page
    return page


def unregister(path: str) -> None:
    """Take a page out again."""
    _pages.pop(path, None)


def all_pages() -> list[ConsolePage]:
    """Every page, in the order of registration."""
    return list(_pages.values())


def urls(wrap: Callable[[View], View], given: Iterable[ConsolePage] | None = None) -> list[URLPattern]:
    """The addresses of pages, by default of all; `wrap` is the site's `admin_view`."""
    chosen = all_pages() if given is None else given
    return [path(f"console/{page.path}", wrap(_guarded(page)), name=page.name) for page in chosen]


def _guarded(page: ConsolePage) -> View:
    @wraps(page.view)
    def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not page.allows(request):
            raise PermissionDenied(f"This page asks for the permission {page.permission}.")
        if request.method not in READS and not _may_do_something(request):
            raise PermissionDenied("Your role looks and changes nothing. Ask an admin if it should.")
        request.console_page = page  # type: ignore[attr-defined]
        return page.view(request, *args, **kwargs)

    return view


def _may_do_something(request: HttpRequest) -> bool:
    """Whether a person holds any permission beyond looking: viewers post nowhere, whatever a page forgets to ask for."""
    codes = request.user.get_all_permissions()
    return any(not code.rpartition(".")[2].startswith("view_") for code in codes)


def require(request: HttpRequest, permission: str) -> None:
    """For views that do more than show: refuse whoever may not.

    Raises
    ------
    PermissionDenied.
    """
    if not request.user.has_perm(permission):
        raise PermissionDenied(f"This asks for the permission {permission}.")


def show(
    request: HttpRequest, template: str, context: dict[str, Any] | None = None, *, status: int = 200
) -> HttpResponse:
    """Render a template that extends "console/page.html", with the frame of the console around it.

    `title` in the context replaces the page's own title; `subtitle` stands beside it.
    """
    from django.contrib import admin

    page: ConsolePage = request.console_page  # type: ignore[attr-defined]
    given = context or {}
    frame = {
        **admin.site.each_context(request),
        "title": page.title,
        "page": page,
        "breadcrumbs": [(above.title, above.url()) for above in _above(page)],
        "is_fullwidth": "1",
    }
    return render(request, template, frame | given, status=status)


def _above(page: ConsolePage) -> list[ConsolePage]:
    chain: list[ConsolePage] = []
    while page.parent is not None and (parent := _pages.get(page.parent)) is not None and parent not in chain:
        chain.insert(0, parent)
        page = parent
    return chain
