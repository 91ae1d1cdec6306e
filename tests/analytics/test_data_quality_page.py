"""The page of data quality: what it finds in spoiled prices, what each button does, who may press it, what it costs."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from analytics.batch import refresh
from analytics.models import BatchRun
from analytics.services.price_findings import Kind, price_findings
from marketdata.models import DailyPrice, PriceCorrection, PriceDecision, PriceRejection, Security
from portfolios.models import User
from sigmasight.core.models import ManualChange
from tests.analytics.spoiled import GAP, JUMP, STALE_FROM, a_contract, spoil_prices
from tests.factories import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("demo_results")]
PAGE = "/admin/console/data-quality/"
QUERIES = 20


@pytest.fixture(autouse=True)
def _spoiled(db: None) -> None:
    cache.clear()
    spoil_prices()


def of_role(client: Client, role: str) -> User:
    user = UserFactory(is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    client.force_login(user)
    return user


@pytest.fixture
def operator(client: Client) -> User:
    return of_role(client, "operator")


def text(client: Client, address: str = PAGE) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return " ".join(re.sub(r"<[^>]*>", " ", answer.content.decode()).split())


def press(client: Client, action: str, **given: Any) -> str:
    """What the page says after a button was pressed."""
    answer = client.post(PAGE, {"action": action, **given}, follow=True)
    assert answer.status_code == 200
    return " ".join(str(message) for message in answer.context["messages"])


def security(symbol: str) -> Security:
    return Security.objects.get(symbol=symbol)


def jump() -> DailyPrice:
    return DailyPrice.objects.get(security__symbol="MSFT", date=JUMP)


def test_every_fault_is_found_with_its_evidence() -> None:
    found = price_findings(rows=100)
    assert found.counts == {
        Kind.NO_SOURCE: 1, Kind.STALE: 1, Kind.GAP: 1, Kind.SUSPECT: 1, Kind.REFUSED: 2, Kind.OPTION: 1
    }  # fmt: skip
    rows = {(one.symbol, one.kind): one for one in found.rows}
    gap = rows["AAPL", Kind.GAP]
    assert (gap.first, gap.last, gap.sessions) == (*GAP, 2)
    before, after = (DailyPrice.objects.get(security__symbol="AAPL", date=day) for day in ("2025-10-03", "2025-10-08"))
    assert (gap.previous, gap.value) == (float(before.close), float(after.close))
    stale = rows["JNJ", Kind.STALE]
    assert (stale.first, stale.sessions) == (dt.date(2025, 11, 14), 4)
    assert stale.first is not None
    assert stale.first < STALE_FROM
    suspect = rows["MSFT", Kind.SUSPECT]
    assert (suspect.first, suspect.row, suspect.value) == (JUMP, jump().pk, float(jump().close))
    assert suspect.move == pytest.approx(1, abs=0.1)
    assert rows["NOWHERE", Kind.NO_SOURCE].why == "not_found: no such symbol"
    assert rows["MSFT", Kind.REFUSED].value == 513.5
    assert (rows["GONE", Kind.REFUSED].security_id, rows["GONE", Kind.REFUSED].value) == (None, None)
    assert rows[a_contract().symbol, Kind.OPTION].why == "never quoted, valued by model"


def test_findings_are_filtered_and_turned_page_by_page() -> None:
    assert [one.symbol for one in price_findings(kind=Kind.REFUSED).rows] == ["GONE", "MSFT"]
    assert {one.symbol for one in price_findings(symbol="ms").rows} == {"MSFT"}
    assert price_findings(symbol="MS", exactly=True).total == 0
    assert price_findings(symbol="%").total == price_findings(symbol="_SFT").total == 0
    pages = [price_findings(page=number, rows=3) for number in (1, 2, 3)]
    assert [len(one.rows) for one in pages] == [3, 3, 1]
    assert [row for one in pages for row in one.rows] == price_findings(rows=100).rows


def test_a_viewer_sees_findings_and_changes_nothing(client: Client) -> None:
    of_role(client, "viewer")
    assert "not found: no such symbol" in text(client)
    assert "Refetch" not in text(client)
    for address in (PAGE, f"{PAGE}MSFT/"):
        assert client.post(address, {"action": "accept", "row": jump().pk}).status_code == 403
    assert jump().quality == "suspect"


def test_staff_without_a_role_is_not_let_in(client: Client) -> None:
    client.force_login(UserFactory(is_staff=True))
    assert client.get(PAGE).status_code == 403
    assert client.get(f"{PAGE}MSFT/").status_code == 403


def test_buttons_ask_for_the_token_of_the_form(operator: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(operator)
    assert strict.post(PAGE, {"action": "accept", "row": jump().pk}).status_code == 403
    assert jump().quality == "suspect"


def test_a_suspect_price_is_accepted_and_noted(client: Client, operator: User) -> None:
    assert "Accepted the suspect price" in press(client, "accept", row=jump().pk)
    assert jump().quality == "ok"
    entry = ManualChange.objects.get()
    assert (entry.user, entry.object_repr) == (operator, "MSFT")
    assert "MSFT on 2025-10-15" in entry.change_message
    assert "already" in press(client, "accept", row=jump().pk)
    assert ManualChange.objects.count() == 1


def test_a_price_is_entered_and_taken_back(client: Client, operator: User) -> None:
    before = jump().close
    told = press(
        client, "override", security=jump().security_id, day=JUMP, price="512.5", reason="doubled by the source"
    )
    assert "512.5" in told
    assert (float(jump().close), jump().source) == (512.5, "staff")
    decision = PriceDecision.objects.get()
    assert (decision.decided_by_id, decision.reason) == (operator.pk, "doubled by the source")
    assert PriceCorrection.objects.filter(processed_at=None, security__symbol="MSFT", from_date=JUMP).exists()
    assert "Set the price of MSFT on 2025-10-15 to 512.5" in text(client, f"{PAGE}MSFT/")
    assert "Took back" in press(client, "take_back", decision=decision.pk)
    assert (jump().close, jump().quality) == (before, "suspect")


def test_refused_rows_are_stored_or_dismissed(client: Client, operator: User) -> None:
    stored = PriceRejection.objects.get(symbol="MSFT")
    assert "Stored" in press(client, "accept_row", row=stored.pk)
    assert float(DailyPrice.objects.get(security__symbol="MSFT", date=stored.date).close) == 513.5
    gone = PriceRejection.objects.get(symbol="GONE")
    assert "Nothing of this row" in press(client, "accept_row", row=gone.pk)
    assert "Dismissed" in press(client, "dismiss", row=gone.pk)
    assert price_findings(kind=Kind.REFUSED).total == 0


def test_a_gap_is_filled_by_asking_again(client: Client, operator: User) -> None:
    told = press(client, "refetch", security=security("AAPL").pk, day=GAP[0])
    assert b'hx-trigger="load delay:2s"' in client.get(PAGE).content
    run = BatchRun.objects.get(params__has_key="securities")
    assert (str(run.pk)[:8] in told, run.requested_by) == (True, operator)
    refresh.refresh(str(run.pk))
    run.refresh_from_db()
    assert run.status == "completed", run.error_summary
    assert price_findings(symbol="AAPL", kind=Kind.GAP).total == 0
    assert "AAPL from 2025-10-06 on: 2 sessions new" in text(client)
    assert "2 sessions new" in text(client, f"{PAGE}AAPL/?part=refetches")
    assert "Nobody has asked" in text(client, f"{PAGE}MSFT/")
    assert ManualChange.objects.get().object_repr == "AAPL"


def test_what_no_source_knows_is_told(client: Client, operator: User) -> None:
    press(client, "refetch", security=security("NOWHERE").pk)
    run = BatchRun.objects.get(params__has_key="securities")
    refresh.refresh(str(run.pk))
    run.refresh_from_db()
    assert run.status == "partial"
    assert "NOWHERE" in client.get(f"{PAGE}?part=refetches").content.decode()
    assert price_findings(kind=Kind.NO_SOURCE).total == 1


def test_nobody_asks_beside_a_run(client: Client, operator: User) -> None:
    now = timezone.now()
    run = BatchRun.objects.create(
        kind="nightly", trigger="beat", source="simulated", status="running", started_at=now, heartbeat_at=now
    )
    assert str(run.pk) in press(client, "refetch", security=security("AAPL").pk)
    assert not ManualChange.objects.exists()


@pytest.mark.parametrize(
    "given",
    [
        {"action": "drop"},
        {"action": "accept", "row": "1; DROP TABLE daily_prices"},
        {"action": "accept", "row": "٣"},
        {"action": "accept", "row": "9" * 30},
        {"action": "accept", "row": "999999999"},
        {"action": "take_back"},
        {"action": "refetch", "security": "1", "day": "2025-13-45"},
        {"action": "refetch", "security": "999999999", "day": "2025-10-06"},
        {"action": "override", "security": "{id}", "day": "2025-10-15", "price": "<script>", "reason": "x"},
        {"action": "override", "security": "{id}", "day": "2025-10-15", "price": "NaN", "reason": "x"},
        {"action": "override", "security": "{id}", "day": "2025-10-15", "price": "-1", "reason": "x"},
        {"action": "override", "security": "{id}", "day": "2025-10-15", "price": "1e400000", "reason": "x"},
        {"action": "override", "security": "{id}", "day": "", "price": "510", "reason": "x"},
        {"action": "override", "security": "{id}", "day": "2099-01-02", "price": "510", "reason": "x"},
        {"action": "override", "security": "{id}", "day": "2025-10-15", "price": "510", "reason": "\x00 "},
    ],
)
@pytest.mark.usefixtures("operator")
def test_what_makes_no_sense_changes_nothing(client: Client, given: dict[str, str]) -> None:
    known = str(security("MSFT").pk)
    answer = client.post(PAGE, {key: value.replace("{id}", known) for key, value in given.items()}, follow=True)
    assert [message.level_tag for message in answer.context["messages"]] == ["error"]
    assert jump().source == "simulated"
    assert not PriceDecision.objects.exists()
    assert not ManualChange.objects.exists()


@pytest.mark.usefixtures("operator")
def test_texts_of_others_are_shown_as_text(client: Client) -> None:
    PriceRejection.objects.filter(symbol="GONE").update(reason="<script>alert(1)</script>")
    shown = client.get(PAGE, {"symbol": '"><script>alert(2)</script>', "kind": "nothing", "page": "-7"})
    assert shown.status_code == 200
    for page in (shown, client.get(PAGE)):
        assert b"<script>alert" not in page.content


@pytest.mark.usefixtures("operator")
def test_a_symbol_shows_its_line_its_sources_and_what_is_wrong(client: Client) -> None:
    found = text(client, reverse("admin:console_data_quality_symbol", args=["MSFT"]))
    assert "Close by session, raw as traded" in found
    assert "2025-10-15: suspect $" in found
    assert "simulated" in found
    assert "close outside range" in found
    assert text(client, f"{PAGE}{a_contract().symbol}/").count("Mark by session") >= 1
    Security.objects.filter(symbol="NOWHERE").update(symbol="NO/WHERE?#")
    assert "not found: no such symbol" in text(
        client, reverse("admin:console_data_quality_symbol", args=["NO/WHERE?#"])
    )
    assert "NO/WHERE?#" in text(client)
    assert client.get(f"{PAGE}NOSUCH/").status_code == 404
    assert client.get(f"{PAGE}%00/").status_code == 404


@pytest.mark.usefixtures("operator")
@pytest.mark.parametrize("place", ["", "MSFT/"])
def test_the_pages_ask_a_fixed_number_of_questions(client: Client, place: str) -> None:
    def asked() -> int:
        with CaptureQueriesContext(
            connection,
        ) as questions:
            assert client.get(f"{PAGE}{place}").status_code == 200
        return len(questions)

    asked()
    before = asked()
    DailyPrice.objects.filter(security__symbol__in=["MSFT", "NVDA"], date__gte="2025-09-01").update(quality="suspect")
    for day in range(1, 20):
        PriceRejection.objects.create(symbol="MSFT", date=dt.date(2025, 9, day), provider="x", reason="r", payload={})
    assert asked() == before <= QUERIES
