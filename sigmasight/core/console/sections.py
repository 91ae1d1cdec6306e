"""The sections of the sidebar: every table and every page stands in one of them."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from django.contrib.admin import ModelAdmin


class Section(StrEnum):
    """In the order of the sidebar; the first has no heading."""

    START = ""
    BOOKS = "Books"
    MARKET_DATA = "Market data"
    RESULTS = "Analytics results"
    BATCH = "Batch"
    ASSISTANT = "Assistant"
    PEOPLE = "People & access"
    SCHEDULES = "Schedules"


# Where the tables of an app stand unless their ModelAdmin says otherwise by `section`.
HOMES = {
    "core": Section.BATCH,
    "marketdata": Section.MARKET_DATA,
    "portfolios": Section.BOOKS,
    "tagging": Section.BOOKS,
    "analytics": Section.RESULTS,
    "assistant": Section.ASSISTANT,
    "django_celery_beat": Section.SCHEDULES,
}


def section_of(model_admin: ModelAdmin[Any]) -> Section:
    """Where a table stands."""
    return getattr(model_admin, "section", None) or HOMES.get(model_admin.opts.app_label, Section.PEOPLE)
