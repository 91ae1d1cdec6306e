"""Where in the console the things are that alerts are about."""

from __future__ import annotations

from collections.abc import Mapping

from django.urls import reverse


def run(named: Mapping[str, str]) -> str:
    return reverse("admin:console_batch_run_id", args=[named["run"]])


def runs(named: Mapping[str, str]) -> str:
    return reverse("admin:console_batch")


def portfolio(named: Mapping[str, str]) -> str:
    return reverse("admin:console_portfolios_portfolio_id", args=[named["portfolio"]])


def coverage(named: Mapping[str, str]) -> str:
    return reverse("admin:analytics_sessioncoverage_change", args=[named["coverage"]])


def schedule(named: Mapping[str, str]) -> str:
    return reverse("admin:django_celery_beat_periodictask_changelist")


def audit(named: Mapping[str, str]) -> str:
    return reverse("admin:console_audits_run_id", args=[named["audit"]])
