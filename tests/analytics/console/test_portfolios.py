"""The pages of portfolios in the console: figures, gaps with their reasons, explanations, search, permissions and what they cost."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from analytics.services.diversification import diversification
from analytics.services.explained_measures import OF_THE_BOOK
from analytics.services.explained_tables import EVERY_TABLE, REBUILT
from analytics.services.explanations import explain
from analytics.services.reasons import in_words
from analytics.services.replays import replays
from analytics.services.reverse_stress import reverse_stress
from analytics.services.risk_contributions import risk_contributions
from analytics.services.stress import StressTest, stress_test_of
from portfolios.models import Portfolio
from sigmasight.core import clock
from sigmasight.core.alerts.models import Alert, AlertStatus, Severity
from sigmasight.core.console.charts import usd
from sigmasight.core.templatetags.humane import in_unit, share
from tests.analytics.services.conftest import BOOKS, book_of
from tests.factories import PortfolioFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("demo_results")]
LIST = "/admin/console/portfolios/"
EVIL = '<script>alert(1)</script>=HYPERLINK("//x")' + "W" * 200


@pytest.fixture
def viewer(client: Client) -> Client:
    user = UserFactory(is_staff=True)
    user.groups.add(Group.objects.get(name="viewer"))
    client.force_login(user)
    return client


def page_of(book: Portfolio, more: str = "") -> str:
    return f"{LIST}{book.pk}/{more}"


def text_of(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return unescape(re.sub(r"<[^>]+>", " ", answer.content.decode()))


@pytest.mark.parametrize("name", BOOKS)
def test_the_page_shows_the_figures_of_the_services(viewer: Client, name: str) -> None:
    book = book_of(name)
    text = text_of(viewer, page_of(book))
    for metric, measure in OF_THE_BOOK.items():
        value = explain(book.user, book.pk, metric)[1].value
        assert measure.title in text
        assert in_unit(value, measure.unit) in text
    stress = stress_test_of(book.pk, book.results_as_of)
    assert isinstance(stress, StressTest)
    assert all(usd(one.dollars) in text and one.name in text for one in stress.scenarios)
    for lot in risk_contributions(book.user, book.pk)[1].lots:
        assert lot.symbol in text


def test_every_figure_and_table_leads_to_its_explanation(viewer: Client) -> None:
    book = book_of("hedge_fund")
    html = viewer.get(page_of(book)).content.decode()
    leads = {name: page_of(book, f"explain/{name}/") for name in (*OF_THE_BOOK, *EVERY_TABLE)}
    assert [name for name, address in leads.items() if f'href="{address}"' not in html] == []
    for name in ("net_asset_value", "var_95_1d", "portfolio_correlation", "stress_test", "positions", "replays"):
        measure = OF_THE_BOOK.get(name) or EVERY_TABLE[name]
        text = text_of(viewer, leads[name])
        assert measure.formula in text
        assert f"{book.results_as_of}" in text


@pytest.mark.parametrize("name", BOOKS)
def test_the_page_tells_what_a_large_loss_would_take_and_what_the_past_would_do(viewer: Client, name: str) -> None:
    book = book_of(name)
    text = text_of(viewer, page_of(book))
    reverse, past = reverse_stress(book.user, book.pk)[1], replays(book.user, book.pk)[1]
    moves = [one.market_move for one in reverse.reaches if one.market_move is not None]
    told = [one for one in past.replays if one.pnl is not None]
    assert len(moves) > 0
    assert len(told) == 4
    assert all(share(move) in text for move in moves)
    assert all(usd(one.pnl or 0.0) in text and one.episode.short_name in text for one in told)
    assert "prices of that time are not stored (the S&P 500's begin" in text


@pytest.mark.parametrize("name", BOOKS)
def test_the_page_tells_how_the_risk_is_spread_or_why_not(viewer: Client, name: str) -> None:
    book = book_of(name)
    text, found = text_of(viewer, page_of(book)), diversification(book.user, book.pk)[1]
    if found.spread is None:
        assert re.search(rf"How the risk is spread.{{1,200}}Not computed: {in_words(found.reason)}\.", text, re.DOTALL)
        return
    assert re.search(rf"Effective bets\s+{found.spread.effective_bets:.2f}\s", text)
    assert re.search(rf"Diversification ratio\s+{found.spread.diversification_ratio:.2f}\s", text)
    assert all(cluster["nickname"] in text for cluster in found.clusters)


def test_losses_that_no_move_makes_are_told_as_such(viewer: Client) -> None:
    book = book_of("hedge_fund")
    book.snapshots.filter(snapshot_date=book.results_as_of).update(net_asset_value=10**9)
    text = text_of(viewer, page_of(book))
    assert re.search(r"25 %\s+\$250,000,000\s+not reached\s+not reached\s+–", text)
    assert re.search(r"No fall by up to 99 % loses more than \$[\d,]{9}\.", text)


def test_what_is_rebuilt_from_prices_is_not_in_the_report(viewer: Client) -> None:
    book = book_of("hedge_fund")
    report = text_of(viewer, page_of(book, "report/html/"))
    assert [one.title for one in REBUILT.values() if one.title in report] == []


@pytest.mark.parametrize("metric", ["factor_exposure", "stress_pnl", "value_at_risk", "var_contribution"])
def test_rows_lead_to_the_explanation_of_their_own_figure(viewer: Client, metric: str) -> None:
    book = book_of("hedge_fund")
    html = viewer.get(page_of(book)).content.decode()
    links = [unescape(link) for link in re.findall(rf'href="([^"]*/explain/{metric}/\?of=[^"]*)"', html)]
    assert len(links) > 5
    for link in (links[0], links[-1]):
        of = parse_qs(urlsplit(link).query)["of"][0]
        found = explain(book.user, book.pk, metric, of)[1]
        text = text_of(viewer, link)
        assert f"{found.measure.title}, {of}" in text
        assert in_unit(found.value, found.measure.unit) in text
    assert viewer.get(page_of(book, f"explain/{metric}/?of=none")).status_code == 404


def test_what_was_skipped_says_why(viewer: Client) -> None:
    book = book_of("family_office_private")
    text = text_of(viewer, page_of(book))
    assert "Not computed: factor exposures (the book holds nothing with a market price)" in text
    assert "Left out of stress scenarios (no listed proxy): FO_" in text
    explained = text_of(viewer, page_of(book, "explain/var_95_1d/"))
    assert "No value: the book holds nothing with a market price" in explained
    assert "FO_ART_COLLECTIVE" in explained


def test_a_book_without_results_and_one_that_was_changed(viewer: Client) -> None:
    assert "has no results yet" in text_of(viewer, page_of(PortfolioFactory()))
    book = book_of("hedge_fund")
    Portfolio.objects.filter(pk=book.pk).update(dirty_from=book.results_as_of)
    assert "was changed from" in text_of(viewer, page_of(book))


def test_earlier_days_and_days_that_are_none(viewer: Client) -> None:
    book = book_of("hedge_fund")
    assert "as of 2025-10-17" in text_of(viewer, page_of(book, "?date=2025-10-19"))
    assert "has no results on or before" in text_of(viewer, page_of(book, "?date=1999-01-04"))
    for nonsense in ("yesterday", "2025-02-30"):
        assert viewer.get(page_of(book, f"?date={nonsense}")).status_code == 404


def test_unknown_portfolios_and_figures(viewer: Client) -> None:
    deleted = PortfolioFactory(is_active=False, deleted_at="2025-01-01T00:00:00Z")
    for address in (f"{LIST}{uuid4()}/", page_of(deleted), page_of(book_of("hedge_fund"), "explain/shoe_size/")):
        assert viewer.get(address).status_code == 404


def test_only_staff_who_may_see_portfolios(client: Client) -> None:
    book = book_of("hedge_fund")
    addresses = (LIST, page_of(book), page_of(book, "explain/hhi/"))
    client.force_login(book.user)
    assert {client.get(address).status_code for address in addresses} == {302}
    client.force_login(UserFactory(is_staff=True))
    assert {client.get(address).status_code for address in addresses} == {403}


def test_search_by_name_and_owner(viewer: Client) -> None:
    book = book_of("hedge_fund")
    for words in (book.name, book.user.email.upper(), "hedge demo_"):
        assert book.name in text_of(viewer, f"{LIST}?q={words}")
    text = text_of(viewer, f"{LIST}?q=nobody-has-this")
    assert "No portfolio has all of these words" in text
    assert book.name not in text


def test_the_list_shows_the_published_night(viewer: Client) -> None:
    book = book_of("family_office_private")
    fresh = PortfolioFactory(name="Just opened")
    text = text_of(viewer, LIST)
    assert usd(float(book.snapshots.get(snapshot_date=book.results_as_of).net_asset_value)) in text
    assert re.search(r"partly\s+2 skipped", text)
    assert re.search(rf"{fresh.name}.*no results yet", text, re.DOTALL)


def test_a_fixed_number_of_queries(viewer: Client) -> None:
    counts = {"list": [], "page": []}
    for name in ("family_office_public", "hedge_fund"):
        for kind, address in (("list", LIST), ("page", page_of(book_of(name)))):
            viewer.get(address)
            with CaptureQueriesContext(connection) as statements:
                viewer.get(address)
            counts[kind].append(len(statements))
        PortfolioFactory.create_batch(5)
    assert len(set(counts["list"])) == len(set(counts["page"])) == 1
    assert counts["page"][0] <= 30


def test_open_alerts_of_the_portfolio_are_shown_to_those_who_may(viewer: Client) -> None:
    book, other, now = book_of("hedge_fund"), book_of("family_office_public"), clock.now()
    for number, portfolio in enumerate((book, book, other)):
        Alert.objects.create(
            rule="nav-jump", subject_key=str(number), severity=Severity.CRITICAL, title="A jump", message=f"It moved by {number} <b>%.",
            as_of="session 2025-11-20", portfolio_id=portfolio.pk, first_seen=now, last_seen=now,
            status=AlertStatus.RESOLVED if number == 1 else AlertStatus.OPEN, resolved_at=now if number == 1 else None,
        )  # fmt: skip
    html = viewer.get(page_of(book)).content.decode()
    assert "1 open alert" in html
    assert "It moved by 0 &lt;b&gt;%." in html
    assert not {"It moved by 1", "It moved by 2"} & set(re.findall(r"It moved by \d", html))
    someone = UserFactory(is_staff=True)
    someone.user_permissions.add(Permission.objects.get(codename="view_portfolio"))
    viewer.force_login(someone)
    assert "It moved by" not in viewer.get(page_of(book)).content.decode()


def test_hostile_names_are_text(viewer: Client) -> None:
    book = book_of("hedge_fund")
    Portfolio.objects.filter(pk=book.pk).update(name=EVIL, account_name=EVIL[:100])
    for address in (LIST, page_of(book), page_of(book, "explain/hhi/")):
        html = viewer.get(address).content.decode()
        assert "<script>alert" not in html
        assert "&lt;script&gt;alert" in html


def test_the_record_leads_to_the_page_and_back(viewer: Client) -> None:
    book = book_of("hedge_fund")
    record = reverse("admin:portfolios_portfolio_change", args=[book.pk])
    assert f'href="{page_of(book)}"' in viewer.get(record).content.decode()
    assert f'href="{page_of(book)}"' in viewer.get(reverse("admin:portfolios_portfolio_changelist")).content.decode()
    assert f'href="{record}"' in viewer.get(page_of(book)).content.decode()
