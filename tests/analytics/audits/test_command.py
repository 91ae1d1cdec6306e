"""What the command says, to people and programs, where there is nothing, too much, or something it does not know."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.management import CommandError

from analytics.audits.catalogue import AUDITS, Audit, Step, run_audit
from analytics.audits.scope import Scope
from portfolios.models import Portfolio
from sigmasight.core.audits import MOST_FINDINGS, AuditReport, Check, Finding, Nothing, Severity, check
from tests.analytics.audits.command import audit, printed_by
from tests.factories import PortfolioFactory, PositionFactory, UserFactory

pytestmark = pytest.mark.django_db
NOTHING = Nothing("no lot is held", "Load positions.")


def a_finding(severity: Severity = Severity.ERROR) -> Finding:
    return Finding(severity, "AAPL", "is wrong", "Demo", "Mend it.")


@pytest.mark.parametrize("subject", AUDITS)
def test_an_audit_of_nothing_passes_nothing(subject: str) -> None:
    _, report = audit(subject)
    silent = [one["name"] for one in report["checks"] if not one["findings"]]
    assert silent == []


def test_people_read_what_was_seen_what_is_wrong_and_what_to_do() -> None:
    lot = PositionFactory(portfolio__account_name="Savings")
    type(lot).objects.update(quantity=0)
    code, text = printed_by("data", "--check", "quantities of lots")
    assert code == 1
    assert "WRONG    Quantities of lots                 lots 1" in text
    assert f"error        {lot.symbol} LONG (Savings, " in text
    assert "Correct the lot" in text
    assert text.splitlines()[-1] == "1 check, 0 without a finding: 1 error, 0 warnings, 0 for information."


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["data", "--date", "2025-11-20"], "audit data does not take --date; it takes --portfolio."),
        (["prices", "--sample", "5"], "it takes no limits"),
        (["calculations", "--sample", "0"], "--sample must be at least 1"),
        (["data", "--portfolio", "Savings"], "no portfolio with the id or account name 'Savings'"),
        (["data", "--check", "Weather"], "has no check 'Weather'; it has Demo accounts"),
    ],
)
def test_what_it_does_not_know_is_refused(arguments: list[str], said: str) -> None:
    with pytest.raises(CommandError, match=said) as refused:
        printed_by(*arguments)
    assert refused.value.returncode == 2


def test_an_account_name_of_two_people_is_refused() -> None:
    for _ in range(2):
        PortfolioFactory(account_name="Savings")
    with pytest.raises(CommandError, match="Several portfolios"):
        printed_by("data", "--portfolio", "Savings")


def test_a_check_that_breaks_off_is_an_error_and_the_others_are_done() -> None:
    def broken() -> Check:
        Portfolio.objects.raw("SELECT nonsense")[0]
        raise AssertionError

    def writes() -> Check:
        UserFactory()
        raise AssertionError

    def sound() -> Check:
        return check("Sound", {"lots": 1}, [], nothing=NOTHING)

    steps = [Step("Broken", broken), Step("Writes", writes), Step("Sound", sound)]
    report = run_audit(Audit("x", "X", "", frozenset(), lambda scope: steps), Scope())
    assert [one.counts[Severity.ERROR] for one in report.checks] == [1, 1, 0]
    assert "read-only" in report.checks[1].findings[0].what
    assert report.failed()


def test_warnings_count_where_it_is_strict() -> None:
    one = check("Try", {"lots": 1}, [a_finding(Severity.WARNING)], nothing=NOTHING)
    report = AuditReport("x", "X", {}, dt.datetime.now(dt.UTC), (one,))
    assert (report.failed(), report.failed(strict=True)) == (False, True)


def test_the_worst_findings_are_kept_and_all_are_counted() -> None:
    many = [a_finding(Severity.INFORMATION)] * MOST_FINDINGS + [a_finding()]
    one = check("Try", {"lots": 1}, many, nothing=NOTHING)
    assert one.findings[0].severity is Severity.ERROR
    assert len(one.findings) == MOST_FINDINGS
    assert one.counts == {Severity.ERROR: 1, Severity.WARNING: 0, Severity.INFORMATION: MOST_FINDINGS}
    assert one.told == ("1 more findings are counted but not listed",)


def test_a_check_of_nothing_says_so() -> None:
    one = check("Try", {"lots": 0}, [], nothing=NOTHING)
    assert one.findings[0].what == "nothing to check: no lot is held"
    assert one.counts[Severity.WARNING] == 1
