"""Audits as rows: their page in the console shows them better."""

from __future__ import annotations

from django.contrib import admin

from analytics.models import AuditRun
from sigmasight.core.admin import ComputedAdmin, long_text, number, short_id
from sigmasight.core.console.sections import Section


@admin.register(AuditRun)
class AuditRunAdmin(ComputedAdmin):
    section = Section.BATCH
    icon = "rule"
    title = "Audits done"
    off_sidebar = True
    list_display = [
        short_id("id", "audit run"), "audit", "created_at", "status", "trigger", number("checks", 0), number("errors", 0),
        number("warnings", 0), number("information", 0), long_text("error"),
    ]  # fmt: skip
    list_filter = ["audit", "status", "trigger"]
    date_hierarchy = "created_at"
