"""Checks of the analytics floor: reference data and the demo."""

from __future__ import annotations

from django.conf import settings

from analytics.models import FactorDefinition, StressScenario
from analytics.services.demo import STAFF_EMAIL
from analytics.services.demo_book import user_ids
from marketdata.models import SectorBenchmarkWeight
from portfolios.models import Position, User
from sigmasight.core.setup_checks import Finding, failed, ok, register, warning

FACTORS = 13
SCENARIOS = 22


@register("reference data")
def reference_data() -> Finding:
    factors, scenarios = FactorDefinition.objects.count(), StressScenario.objects.count()
    newest = SectorBenchmarkWeight.objects.order_by("-asof_date").values_list("asof_date", flat=True).first()
    found = f"{factors} factors, {scenarios} stress scenarios, sector weights of {newest or 'no date'}"
    if factors < FACTORS or scenarios < SCENARIOS or newest is None:
        return failed(f"{found}: python manage.py seed_demo --reference")
    return ok(found)


@register("demo")
def demo() -> Finding:
    accounts = User.objects.filter(email__in=[*user_ids(), STAFF_EMAIL], is_active=True)
    if not settings.DEMO_ALLOWED:
        if accounts.exists():
            return failed("accounts with a published password can log in: delete or deactivate them")
        return ok("not here, as it should be")
    if not accounts.exists():
        return warning("not seeded: python manage.py seed_demo")
    lots = Position.objects.filter(portfolio__user__in=accounts, deleted_at=None).count()
    return ok(f"{accounts.count()} accounts with {lots} positions")
