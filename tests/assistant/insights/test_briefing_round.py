"""Briefings written before anybody asks."""

from __future__ import annotations

from typing import Any

import pytest

from assistant.models import Insight
from assistant.services.briefing_round import waiting_portfolios, write_briefing
from assistant.services.insights import MOST_A_DAY
from assistant.tasks import briefings as tasks
from portfolios.models import Portfolio
from tests.assistant.tools.asking import books_of, person

pytestmark = [pytest.mark.django_db(databases=["default", "ai"]), pytest.mark.usefixtures("demo_results")]


def test_it_is_off_unless_switched_on(settings: Any) -> None:
    assert list(waiting_portfolios()) == []
    assert tasks.write_briefings() == 0
    settings.BRIEFINGS_EVERY_MORNING = True
    assert len(list(waiting_portfolios())) == 5


def test_every_portfolio_with_new_results_gets_one(hedge_fund: Portfolio) -> None:
    written = write_briefing(hedge_fund.pk)
    assert written is not None
    assert (written.insight.insight_type, written.reused) == ("morning_briefing", False)
    assert tasks.write_briefing(str(hedge_fund.pk)) == "nothing new"
    Portfolio.objects.filter(pk=hedge_fund.pk).update(dirty_from=hedge_fund.results_as_of)
    assert write_briefing(hedge_fund.pk) is not None


def test_portfolios_that_are_gone_or_empty_of_results_wait_for_nothing(settings: Any) -> None:
    settings.BRIEFINGS_EVERY_MORNING = True
    public, private = books_of(person("demo_familyoffice"))
    Portfolio.objects.filter(pk=public.pk).update(results_as_of=None)
    Portfolio.objects.filter(pk=private.pk).update(is_active=False)
    assert not {public.pk, private.pk} & set(waiting_portfolios())
    assert write_briefing(private.pk) is None


def test_the_limit_of_the_day_is_told(hedge_fund: Portfolio) -> None:
    Insight.objects.bulk_create(
        Insight(
            portfolio=hedge_fund, insight_type="custom", title="x", summary="x", model_used="rules", provider="rules"
        )
        for _ in range(MOST_A_DAY)
    )
    assert "insights were written for this portfolio today" in tasks.write_briefing(str(hedge_fund.pk))
