"""What rules write about the books of the demo: figures of the results tables, dated, ranked, and told so that they can be read."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest

from analytics.models import EngineResult, PortfolioRisk, StressScenario, StressTestResult
from assistant.models import InsightSeverity, InsightType
from assistant.prompts.fence import encode
from assistant.services import insight_points as points
from assistant.services.insight_drafts import BRIEF, DETAILED, Assignment, Briefing, Draft
from assistant.services.insight_evidence import SECTIONS, Evidence, gather
from assistant.services.insight_numbers import numbers_of, unfounded
from assistant.services.insight_points import CRITICAL, INFO, NORMAL, WARNING, Point, gravest, ranked, rated
from assistant.services.insight_rules import write
from portfolios.models import Portfolio, PortfolioSnapshot
from tests.assistant.tools.asking import ACCOUNTS, books_of, person

pytestmark = [pytest.mark.django_db(databases=["default", "ai"]), pytest.mark.usefixtures("demo_results")]

DOCUMENT = Path(__file__).parents[3] / "docs" / "insights.md"
BOOKS = [(account, number) for account in ACCOUNTS for number in range(2 if account == "demo_familyoffice" else 1)]


def money(value: Decimal | float) -> str:
    return f"${abs(float(value)):,.0f}"


def text_of(draft: Draft) -> str:
    return "\n".join([draft.title, draft.summary, *draft.key_findings, *draft.recommendations])


@pytest.mark.parametrize(("account", "number"), BOOKS)
def test_every_type_says_something_of_every_book(account: str, number: int) -> None:
    book = books_of(person(account))[number]
    found = gather(book.user, book)
    for kind in InsightType.values:
        draft = write(found, Assignment(kind, question="What would hurt me most?" if kind == "custom" else None))
        assert 0 < len(draft.title) <= 200, kind
        assert draft.summary.startswith("As of the close of 20 November 2025 net asset value (NAV) is $"), kind
        assert len(set(draft.key_findings)) == len(draft.key_findings) >= 2, kind
        assert draft.recommendations, kind
        assert draft.severity in InsightSeverity.values, kind
        assert all("Prices are simulated" in text for text in (draft.summary, draft.data_limitations)), kind
        assert (draft.model, draft.provider, draft.cost_usd) == ("rules", "rules", 0), kind
        whole = text_of(draft) + draft.full_analysis + draft.data_limitations
        assert not re.search(
            r"\bNone\b|\bnan\b|\{|\}|\$-|--\$|  |\.\.|insufficient_data|no_public|symbol_skipped", whole
        ), kind
        assert draft.full_analysis.startswith(f"# {draft.title}\n"), kind


@pytest.mark.parametrize(("account", "number"), BOOKS)
def test_few_figures_are_not_results_themselves(account: str, number: int) -> None:
    """Those few are sums, differences and shares of results; sizes of trades among them."""
    book = books_of(person(account))[number]
    found = gather(book.user, book)
    known = numbers_of([encode(found.data)])
    for kind in InsightType.values:
        draft = write(found, Assignment(kind))
        missing, figures = unfounded("\n".join([draft.title, draft.summary, *draft.key_findings]), known)
        assert len(missing) <= max(4, figures // 5), (kind, missing)


def test_the_figures_are_those_of_the_tables(hedge_fund: Portfolio, evidence: Evidence) -> None:
    session = hedge_fund.results_as_of
    assert session is not None
    night = PortfolioSnapshot.objects.get(portfolio=hedge_fund, snapshot_date=session)
    risk = PortfolioRisk.objects.get(portfolio=hedge_fund, calculation_date=session)
    stress = StressTestResult.objects.get(portfolio=hedge_fund, calculation_date=session)
    worst = min(range(len(stress.correlated_pnl)), key=lambda slot: stress.correlated_pnl[slot])
    draft = write(evidence, Assignment("morning_briefing", briefing=Briefing(verbosity=DETAILED)))
    told = text_of(draft)
    assert money(night.net_asset_value) in draft.summary
    assert f"The book made {money(night.daily_pnl)} on 20 November 2025" in told
    assert f"Gross exposure is {money(night.gross_exposure)}" in told
    assert f"{money(night.long_value)} long, {money(night.short_value)} short" in told
    assert (
        f"Worst of {len(stress.correlated_pnl)} stress scenarios: {StressScenario.objects.get(slot=worst).name}" in told
    )
    assert money(stress.correlated_pnl[worst]) in told
    assert risk.var_95_1d is not None
    assert risk.es_95_1d is not None
    tails = write(evidence, Assignment("volatility_analysis"))
    assert f"should lose {money(risk.var_95_1d)}" in text_of(tails)
    assert f"on average then {money(risk.es_95_1d)}" in text_of(tails)
    assert f"{100 * float(night.realized_volatility_21d or 0):.1f} % a year" in tails.title


def test_severities_follow_the_bounds() -> None:
    assert [rated(value, (20, 35, 50)) for value in (None, 0, 19.9, 20, 35, 50, 90)] == [1, 1, 1, 2, 3, 4, 4]
    found = [
        Point("a", "a", NORMAL, 10),
        Point("b", "b", WARNING, 1),
        Point("c", "c", NORMAL, -20),
        Point("d", "d", INFO),
    ]
    assert [point.topic for point in ranked(found)] == ["b", "c", "a", "d"]
    assert gravest(found) == InsightSeverity.WARNING
    assert gravest([*found, Point("e", "e", CRITICAL)]) == InsightSeverity.CRITICAL
    assert gravest([]) == InsightSeverity.INFO


def test_a_loss_beyond_the_value_at_risk_is_critical(evidence: Evidence) -> None:
    at_99 = evidence.section("risk")["value_at_risk"][0]["1d_99pct"]["var_usd"]
    moved = evidence.section("movers")
    moved["portfolio"] |= {"day_pnl_usd": -(at_99 + 1), "day_return_pct": -3.1}
    draft = write(evidence, Assignment("daily_summary"))
    assert draft.severity == "critical"
    assert f"beyond the 99 % value at risk of {money(at_99)}" in draft.key_findings[0]
    assert draft.title.startswith(f"20 November 2025: down {money(at_99 + 1)} (-3.10 %)")


def test_a_book_without_prices_says_why_there_is_no_volatility() -> None:
    book = books_of(person("demo_familyoffice"))[1]
    draft = write(gather(book.user, book), Assignment("volatility_analysis"))
    assert draft.severity == "info"
    assert draft.key_findings[0] == "No volatility: the book holds nothing with a market price."
    assert "no value at risk: the book holds nothing with a market price" in draft.data_limitations
    trade = [one for one in draft.recommendations if one.startswith("Selling about")]
    assert not trade, "private holdings cannot be sold in a market"


def test_coverage_is_told_where_holdings_do_not_count() -> None:
    book = books_of(person("demo_hnw"))[0]
    found = gather(book.user, book)
    covered = EngineResult.objects.get(portfolio=book, calculation_date=book.results_as_of).results["factor_analysis"][
        "coverage"
    ]
    assert found.quality()["risk"] == {"status": "partial", "coverage_pct": round(100 * covered, 2)}
    limits = write(found, Assignment("daily_summary")).data_limitations
    assert f"value at risk {100 * covered:.1f} %" in limits


def test_a_briefing_is_as_long_and_about_what_the_reader_wants(evidence: Evidence) -> None:
    brief = write(evidence, Assignment("morning_briefing", briefing=Briefing(verbosity=BRIEF)))
    usual = write(evidence, Assignment("morning_briefing"))
    long = write(evidence, Assignment("morning_briefing", briefing=Briefing(verbosity=DETAILED)))
    assert len(brief.key_findings) < len(usual.key_findings) < len(long.key_findings)
    assert "| --- |" not in brief.full_analysis
    assert "| --- |" in usual.full_analysis
    assert any(one.startswith("Market: S&P 500") for one in usual.key_findings)
    quiet = write(evidence, Assignment("morning_briefing", briefing=Briefing(include_market_overview=False)))
    assert not any(one.startswith("Market:") for one in quiet.key_findings)
    rates = write(evidence, Assignment("morning_briefing", briefing=Briefing(focus_areas=("interest rates",))))
    assert "rate scenarios" in rates.key_findings[1]
    assert "News were not looked up." in usual.data_limitations
    assert "News" not in write(evidence, Assignment("daily_summary")).data_limitations


def test_a_question_is_answered_by_what_bears_on_it(evidence: Evidence) -> None:
    draft = write(evidence, Assignment("custom", question="Do my hedges work, and is META too large?"))
    assert draft.title == "Do my hedges work, and is META too large?"
    assert "hedging positions" in " ".join(draft.key_findings[:4])
    assert any("META" in one for one in draft.key_findings)
    assert "not held" not in draft.data_limitations
    stranger = write(evidence, Assignment("custom", question="Would COST help, is SPY enough, what of VAR?"))
    assert "COST is not held in this book." in stranger.data_limitations
    other = write(evidence, Assignment("custom", question="Qwertz?"))
    assert "No finding bears on the words of the question" in other.data_limitations


def test_what_is_gathered_is_kept_with_its_reasons(evidence: Evidence) -> None:
    context = evidence.context()
    assert set(SECTIONS) <= set(context)
    assert context["as_of"] == "2025-11-20"
    assert context["simulated"] is True
    assert all(context[name] is not None or context["missing"][name] for name in SECTIONS)
    assert len(encode(context)) < 60_000
    assert {told["status"] for told in evidence.quality().values()} == {"complete"}


def test_a_portfolio_without_a_night_is_told_so(hedge_fund: Portfolio) -> None:
    Portfolio.objects.filter(pk=hedge_fund.pk).update(results_as_of=None)
    hedge_fund.refresh_from_db()
    found = gather(hedge_fund.user, hedge_fund)
    for kind in InsightType.values:
        draft = write(found, Assignment(kind))
        assert draft.severity == "info", kind
        assert draft.summary.startswith("No night has been computed for this portfolio yet"), kind
        assert draft.recommendations[0].startswith("Let the first night be computed"), kind


def test_the_bounds_of_the_docs_are_those_of_the_code() -> None:
    rows = re.findall(r"^\| ([a-z].+) \| (.+) \| (.+) \| (.+) \|$", DOCUMENT.read_text(), re.MULTILINE)[1:-1]
    told = [tuple(float(cell.split()[0]) for cell in cells) for _, *cells in rows]
    coded = (
        points.WORST_STRESS, points.VALUE_AT_RISK, points.VOLATILITY, points.DRAWDOWN, points.GROSS, points.BETA, points.LARGEST,
        points.SECTOR, points.TILT, points.CORRELATION, points.SOURCE,
    )  # fmt: skip
    assert told == list(coded)
