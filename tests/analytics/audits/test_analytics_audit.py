"""The audit of the endpoints: what they tell of the demo's books, and that they are not believed where they disagree."""

from __future__ import annotations

import copy
import datetime as dt
import functools
from typing import Any

import pytest
from django.db import connection
from django.db.models import F

from analytics.api import urls
from analytics.audits import agreement, answers, owner_agreement
from analytics.audits.comparisons import Comparisons
from analytics.audits.endpoints import Answer, Answers, ask, ask_owner, ask_portfolio, owner_routes, portfolio_routes
from analytics.models import PortfolioRisk
from portfolios.models import Portfolio, PortfolioSnapshot
from sigmasight.core.audits import Severity
from tests.analytics.audits.command import audit, findings
from tests.demo_fixtures import LAST_SESSION

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("demo_results")]
INVESTOR, PRIVATE = "Demo Individual", "Demo Family Office Private Opportunities"


def book(account: str = INVESTOR) -> Portfolio:
    return Portfolio.objects.select_related("user").get(account_name=account)


@functools.cache
def as_answered(account: str = INVESTOR) -> Answers:
    """Asked once: nothing of the demo changes between the tests that take it."""
    return ask_portfolio(book(account))


def changed(endpoint: str, *path: str | int, to: object, account: str = INVESTOR) -> Answers:
    """The answers with one figure changed."""
    said = copy.deepcopy(as_answered(account))
    place: Any = (said.of if endpoint in said.of else said.explained)[endpoint].body
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = to
    return said


def test_one_portfolio_is_told_in_business_words_and_agrees_with_itself() -> None:
    code, report = audit("analytics", "--portfolio", INVESTOR)
    assert code == 0
    assert report["counts"] == {"checks": 4, "error": 0, "warning": 0, "information": 0}
    by_name = {one["name"]: one for one in report["checks"]}
    told = " ".join(by_name[f"Answers of {INVESTOR}"]["told"])
    assert "worth $515,556 at 2025-11-20, gross exposure 99.4 % and net exposure 99.4 % of it" in told
    assert "Beta 0.85, volatility 12.7 % a year; on one day in twenty it loses more than $7,287." in told
    assert (
        "Largest stress loss -$186,298 (-36.1 % of equity) in 'Dot-Com Crash Replay (2000-2002)', of 22 scenarios."
        in told
    )
    assert by_name[f"Agreement of {INVESTOR}"]["looked_at"]["comparisons"] > 400


def test_every_endpoint_of_a_portfolio_and_of_all_is_asked() -> None:
    routes = {str(one.pattern) for one in urls.urlpatterns if hasattr(one.callback.cls, "get")}
    wanted = {one for one in routes if one.startswith(("analytics/", "data/portfolio/")) and "batch_run_id" not in one}
    asked = {str(one.pattern) for one in (portfolio_routes() | owner_routes()).values()}
    explained = "analytics/portfolio/<str:portfolio_id>/explain"
    assert {one for one in wanted if not one.endswith("/")} - asked == {explained}
    assert len(as_answered().explained) > 40


def test_a_book_of_private_holdings_says_why_it_knows_little() -> None:
    one = answers.check_answers(book(PRIVATE), as_answered(PRIVATE))
    assert {finding.severity for finding in one.findings} == {Severity.INFORMATION}
    assert "Beta and volatility are not known: insufficient data." in one.told
    assert agreement.check_agreement(book(PRIVATE), as_answered(PRIVATE)).findings == ()


@pytest.mark.parametrize(
    ("place", "to", "told"),
    [
        (("portfolio-overview", "net_asset_value"), 1.0, "cash plus net exposure and net asset value"),
        (("portfolio-overview", "leverage"), 3.0, "leverage and gross exposure over equity: 3 against"),
        (("portfolio-overview", "position_count", "long_count"), 3, "long, short and option lots and all lots: 5 against 16"),
        (("portfolio-sector-exposure", "data", "portfolio_weights", "ETFs"), 0.9, "sector weights and gross exposure"),
        (("portfolio-sector-exposure", "data", "over_underweight", "Energy"), 0.9, "Energy: distance from the benchmark"),
        (("portfolio-concentration", "data", "effective_num_positions"), 2, "10,000 over HHI"),
        (("portfolio-market-beta", "data", "market_beta_weighted"), 2.0, "beta and market beta"),
        (("factor-exposures", "factors", 0, "exposure_dollar"), 5.0, "dollars and beta times equity"),
        (("position-factor-exposures", "positions", 0, "exposures", "Market Beta (90D)"), 9.0, "beta in both lists of lots"),
        (("portfolio-risk", "data", "contributions", 0, "component_var"), 1e6, "contributions to value at risk and the whole"),
        (("portfolio-risk", "data", "value_at_risk", 0, "expected_shortfall"), 1.0, "the shortfall is at least as large"),
        (("portfolio-risk", "data", "variance", "factor_share"), 2.0, "factor and specific share of variance and one"),
        (("portfolio-risk-metrics", "risk_metrics", "var_95_1d"), 1.0, "as in the risk metrics"),
        (("stress-test", "data", "scenarios", 0, "impact", "percentage_impact"), -1.0, "percent of equity"),
        (("stress-test", "data", "scenarios", 0, "loss_exceeds_equity"), True, "whether the loss exceeds equity"),
        (("portfolio-performance", "data", "attribution", 0, "pnl"), 1e6, "P&L by symbol and of the window"),
        (("correlation-matrix", "data", "matrix", "AAPL", "MSFT"), 0.99, "correlation of AAPL with MSFT, both ways"),
        (("diversification-score", "diversification_score"), 1.0, "diversification score and portfolio correlation"),
        (("portfolio-complete", "holdings", 0, "market_value"), 0.0, "market value of the lots and net exposure"),
        (("portfolio-what-if", "data", "before", "net"), 0.0, "net exposure before a trade: 0 against"),
        (("portfolio-what-if", "data", "after", "cash"), 0.0, "cash after a purchase: 0 against"),
        (("hhi", "data", "value"), 1.0, "HHI and its explanation"),
        (("portfolio-snapshot", "daily_pnl"), 1.0, "daily pnl as answered and as stored: 1 against"),
    ],
)  # fmt: skip
def test_two_endpoints_that_disagree_are_found(place: tuple[str | int, ...], to: object, told: str) -> None:
    one = agreement.check_agreement(book(), changed(str(place[0]), *place[1:], to=to))
    assert any(told in finding.what and finding.severity is Severity.ERROR for finding in one.findings), one.findings


def test_an_answer_of_another_day_is_an_error() -> None:
    said = changed("portfolio-overview", "calculation_date", to="2025-11-19")
    (finding,) = answers.check_answers(book(), said).findings
    assert (finding.severity, finding.what) == (Severity.ERROR, "answers with results of 2025-11-19")


def test_an_endpoint_that_breaks_off_is_an_error() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE benchmarks_sector_weights RENAME TO mislaid")
    code, found = findings("analytics", f"Answers of {INVESTOR}", "--portfolio", INVESTOR)
    assert code == 1
    assert "answers 500" in {one["subject"]: one["what"] for one in found}["portfolio-sector-exposure"]


def test_results_that_are_lacking_are_a_warning_for_whoever_holds_stocks() -> None:
    PortfolioRisk.objects.filter(portfolio=book(), calculation_date=LAST_SESSION).delete()
    code, found = findings("analytics", f"Answers of {INVESTOR}", "--portfolio", INVESTOR)
    assert code == 0
    assert any(one["severity"] == "warning" and "portfolio-risk" in one["what"] for one in found)


def test_a_snapshot_that_does_not_fit_its_lots_is_found_by_the_endpoints() -> None:
    PortfolioSnapshot.objects.filter(portfolio=book(), snapshot_date=LAST_SESSION).update(
        net_exposure=F("net_exposure") - 1000
    )
    code, found = findings("analytics", f"Agreement of {INVESTOR}", "--portfolio", INVESTOR)
    assert code == 1
    assert any("net sector weights and net exposure" in one["what"] for one in found)


def test_a_book_that_was_changed_after_its_results_is_not_compared() -> None:
    changed_book = book()
    changed_book.dirty_from = dt.date(2025, 11, 1)
    (finding,) = agreement.check_agreement(changed_book, as_answered()).findings
    assert finding.severity is Severity.WARNING
    assert "changed after the results" in finding.what


def test_portfolios_of_one_person_make_the_whole() -> None:
    books = [book("Demo Family Office Public Growth"), book(PRIVATE)]
    said = ask_owner(books[0].user)
    own = {one.pk: as_answered(one.account_name) for one in books}
    check = functools.partial(owner_agreement.check_owner, "x@example.com", books, own=lambda one: own[one.pk])
    assert check(said).findings == ()
    said.of["aggregate-overview"].body["net_asset_value"] += 10
    told = " ".join(finding.what for finding in check(said).findings)
    assert "net asset value of each and of all" in told
    assert "both spellings of the path to the overview" in told


def test_a_book_without_equity_is_not_blamed_for_what_is_over_it() -> None:
    said = changed("portfolio-overview", "net_asset_value", to=-1.0)
    for factor in said.of["factor-exposures"].body["factors"]:
        factor["beta"] = None
    told = " ".join(finding.what for finding in agreement.check_agreement(book(), said).findings)
    assert "dollars and beta times equity" not in told
    owner = ask_owner(book().user)
    said.of["stress-test"].body["data"] = None
    check = owner_agreement.check_owner("x@example.com", [book()], owner, own=lambda one: said)
    assert "impact of each and of all" not in " ".join(finding.what for finding in check.findings)


def test_a_portfolio_without_results_is_named() -> None:
    Portfolio.objects.filter(account_name=INVESTOR).update(results_as_of=None)
    code, found = findings("analytics", "Portfolios with results")
    assert code == 0
    assert [one["subject"] for one in found] == [INVESTOR]


def test_an_owner_sees_nothing_of_others() -> None:
    route = portfolio_routes()["portfolio-overview"]
    stranger = book("Demo Hedge Fund Style").user
    assert ask(stranger, route, {"portfolio_id": str(book().pk)}).status == 404


def test_what_is_unknown_agrees_with_unknown_alone() -> None:
    found = Comparisons("x", "y", Answers({"a": Answer(200, {"b": None})}))
    found.same("two unknown", None, None, 0)
    found.same("one unknown", None, 1.0, 0)
    assert (found.count, [one.what for one in found.findings]) == (1, ["one unknown: unknown against 1"])
