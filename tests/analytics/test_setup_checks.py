from __future__ import annotations

import pytest
from django.test import override_settings

from analytics.models import StressScenario
from analytics.services.demo import seed_demo
from analytics.services.reference import seed_reference
from analytics.setup_checks import demo, reference_data
from portfolios.models import User
from sigmasight.core.setup_checks import Verdict

pytestmark = pytest.mark.django_db


def test_missing_reference_data_is_a_failure_that_names_the_command() -> None:
    finding = reference_data()
    assert finding.verdict is Verdict.FAILED
    assert "seed_demo --reference" in finding.message
    seed_reference()
    assert reference_data().verdict is Verdict.OK
    StressScenario.objects.filter(slot=21).delete()
    assert reference_data().verdict is Verdict.FAILED


def test_a_missing_demo_is_worth_a_warning_only() -> None:
    assert demo().verdict is Verdict.WARNING
    seed_demo()
    assert demo().message == "5 accounts with 84 positions"


def test_demo_accounts_that_can_log_in_to_production_are_a_failure() -> None:
    seed_demo()
    with override_settings(DEMO_ALLOWED=False):
        assert demo().verdict is Verdict.FAILED
        User.objects.update(is_active=False)
        assert demo().verdict is Verdict.OK
