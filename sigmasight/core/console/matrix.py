"""Who may do what, read from the admin classes and pages that say it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sigmasight.core.console import pages
from sigmasight.core.console.roles import ROLES, Role, at_least, granted_by

VERBS = {"view": "look", "add": "add", "change": "change", "delete": "delete"}


@dataclass(frozen=True)
class Line:
    """A table or page, and what each role may do with it; nothing: it is not shown."""

    where: str
    may: dict[str, list[str]]


def matrix() -> list[Line]:
    """Every table of the console by app and name, then every page."""
    from django.contrib import admin

    tables: list[Line] = []
    holders: dict[str, Role] = {}
    for model, model_admin in sorted(admin.site._registry.items(), key=lambda one: one[0]._meta.label):
        granted = dict(granted_by(model_admin))
        holders |= {f"{model._meta.app_label}.{code}": least for code, least in granted.items()}
        words = {_word(code, model._meta.model_name or ""): least for code, least in granted.items()}
        tables.append(Line(model._meta.label, {role.value: _held(words.items(), role) for role in ROLES}))
    for page in pages.all_pages():
        least = holders.get(page.permission, Role.NOBODY)
        tables.append(Line(f"/{page.path}", {role.value: _held([("open", least)], role) for role in ROLES}))
    return tables


def _word(codename: str, model_name: str) -> str:
    verb, _, of = codename.partition("_")
    return VERBS[verb] if verb in VERBS and of == model_name else codename


def _held(words: Iterable[tuple[str, Role]], role: Role) -> list[str]:
    return [word for word, least in words if least is not Role.NOBODY and at_least(role, least)]
