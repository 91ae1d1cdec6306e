"""The sidebar: the pages and tables that a person may see, by section."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib.admin import ModelAdmin
from django.http import HttpRequest
from django.urls import reverse

from sigmasight.core.console import pages
from sigmasight.core.console.sections import Section, section_of


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """What unfold draws at the side: sections with the pages and tables that this person may see."""
    entries: dict[Section, list[dict[str, Any]]] = {section: [] for section in Section}
    entries[Section.START].append(_entry(request, "Dashboard", "dashboard", reverse("admin:index")))
    for page in pages.all_pages():
        if page.section is not None and page.allows(request):
            entries[page.section].append(_entry(request, page.title, page.icon, page.url()))
    for model_admin, title in sorted(_tables(request), key=lambda one: one[1]):
        address = reverse(f"admin:{model_admin.opts.app_label}_{model_admin.opts.model_name}_changelist")
        icon = getattr(model_admin, "icon", "table_rows")
        entries[section_of(model_admin)].append(_entry(request, title, icon, address))
    return [
        {"title": section.value or None, "separator": False, "collapsible": bool(section), "items": items}
        for section, items in entries.items()
        if items
    ]


def _tables(request: HttpRequest) -> Iterator[tuple[ModelAdmin[Any], str]]:
    from django.contrib import admin

    for model_admin in admin.site._registry.values():
        if model_admin.has_view_or_change_permission(request) and not getattr(model_admin, "off_sidebar", False):
            title = getattr(model_admin, "title", "") or str(model_admin.opts.verbose_name_plural)
            yield model_admin, title[:1].upper() + title[1:]


def _entry(request: HttpRequest, title: str, icon: str, address: str) -> dict[str, Any]:
    at_index = address == reverse("admin:index")
    active = request.path == address if at_index else request.path.startswith(address)
    return {"title": title, "icon": icon, "link": address, "active": lambda _: active}
