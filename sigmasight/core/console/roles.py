"""Three roles of staff as groups: viewer looks, operator runs and mends, admin also looks after people and access.

What a role may do with a table is said by the table's ModelAdmin (`writers`, `readers`); permissions that a model declares itself
(`run_batch`) are the operator's unless the ModelAdmin says otherwise. The groups are set to exactly this after every migration:
who wants another cut makes a group of his own.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from django.apps import AppConfig
from django.apps import apps as installed
from django.apps.registry import Apps
from django.contrib.admin import ModelAdmin
from django.db import DEFAULT_DB_ALIAS


class Role(StrEnum):
    """From the least to the most."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"
    NOBODY = "nobody"


ROLES = (Role.VIEWER, Role.OPERATOR, Role.ADMIN)


def keep_roles(app_config: AppConfig, using: str = DEFAULT_DB_ALIAS, apps: Apps = installed, **_: Any) -> None:
    """Give the groups what their roles may do with the tables of one app. Called after every migration."""
    if using != DEFAULT_DB_ALIAS:
        return
    try:
        groups, permissions = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    except LookupError:
        return
    granted = dict(_granted(app_config.label))
    if not granted:
        return
    from django.contrib.auth.management import create_permissions

    create_permissions(app_config, verbosity=0, using=using, apps=apps)
    known = {
        row.codename: row for row in permissions.objects.using(using).filter(content_type__app_label=app_config.label)
    }
    for role in ROLES:
        group, _created = groups.objects.using(using).get_or_create(name=role.value)
        due = {known[code].pk for code, least in granted.items() if code in known and at_least(role, least)}
        held = set(group.permissions.filter(content_type__app_label=app_config.label).values_list("pk", flat=True))
        group.permissions.add(*(due - held))
        group.permissions.remove(*(held - due))


def _granted(app_label: str) -> Iterator[tuple[str, Role]]:
    """Codenames of an app's permissions with the least role that holds them."""
    from django.contrib import admin

    for model, model_admin in admin.site._registry.items():
        if model._meta.app_label == app_label:
            yield from granted_by(model_admin)


def granted_by(model_admin: ModelAdmin[Any]) -> Iterator[tuple[str, Role]]:
    """The permissions on one table with the least role that holds them."""
    name = model_admin.opts.model_name
    yield f"view_{name}", getattr(model_admin, "readers", Role.VIEWER)
    for verb in ("add", "change", "delete"):
        yield f"{verb}_{name}", getattr(model_admin, "writers", Role.ADMIN)
    special = getattr(model_admin, "special_permissions", {})
    for codename, _title in model_admin.opts.permissions:
        yield codename, special.get(codename, Role.OPERATOR)


def at_least(role: Role, least: Role) -> bool:
    order = list(Role)
    return order.index(role) >= order.index(least)


def is_role(group: Any) -> bool:
    """Whether a group is one of the three, which the code sets and nobody edits."""
    return group is not None and group.name in ROLES
