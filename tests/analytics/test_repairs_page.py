"""The page of repairs and the command: looked at, confirmed, done; refused to whoever may not; never more than was agreed to."""

from __future__ import annotations

import datetime as dt
import re
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from analytics.models import BatchRun
from marketdata.models import Security, Split
from portfolios.models import Portfolio, PortfolioSnapshot, Position, User
from sigmasight.core.models import ManualChange
from tests.factories import PortfolioFactory, UserFactory

pytestmark = [pytest.mark.django_db(databases=["default", "ai"]), pytest.mark.usefixtures("demo_results")]
PAGE = "/admin/console/repairs/"
MERGE = {"kind": "merge", "old": "META", "new": "METB"}
SPLIT = {"kind": "split", "symbol": "AAPL", "day": "2025-11-10", "ratio": "4:1"}


def of_role(client: Client, role: str) -> User:
    user = UserFactory(is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    client.force_login(user)
    return user


@pytest.fixture
def operator(client: Client) -> User:
    return of_role(client, "operator")


def hedge_fund() -> Portfolio:
    return Portfolio.objects.get(account_name="Demo Hedge Fund Style")


def text(answer: Any) -> str:
    assert answer.status_code == 200
    return " ".join(re.sub(r"<[^>]*>", " ", answer.content.decode()).split())


def look(client: Client, given: dict[str, str]) -> Any:
    return client.post(PAGE, {"action": "look", **given})


def confirm(client: Client, given: dict[str, str], **changed: str) -> str:
    """Look, type the word, press the button; what the page says then."""
    shown = look(client, given)
    sent = {
        "action": "do",
        "seen": shown.context["effect"].fingerprint,
        "word": shown.context["word"],
        **given,
        **changed,
    }
    answer = client.post(PAGE, sent, follow=True)
    assert answer.status_code == 200
    return " ".join(str(message) for message in answer.context["messages"])


def command(*arguments: str) -> str:
    out = StringIO()
    call_command("repair", *arguments, stdout=out)
    return out.getvalue()


def test_a_viewer_sees_what_was_repaired_and_repairs_nothing(client: Client) -> None:
    of_role(client, "viewer")
    shown = text(client.get(PAGE))
    assert "your role shows what was done" in shown
    assert "Look first" not in shown
    for action in ("look", "do", "compute"):
        assert client.post(PAGE, {"action": action, **MERGE}).status_code == 403
    assert Position.objects.filter(symbol="META").exists()


def test_forms_ask_for_their_token(operator: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(operator)
    assert look(strict, MERGE).status_code == 403


@pytest.mark.usefixtures("operator")
def test_it_tells_what_it_would_do_and_changes_nothing(client: Client) -> None:
    shown = text(look(client, MERGE))
    assert "what it would do" in shown
    assert "daily_prices 606" in shown
    assert hedge_fund().name in shown
    assert "type METB" in shown
    assert not Security.objects.filter(symbol="METB").exists()
    assert not BatchRun.objects.filter(kind="fix").exists()


def test_it_is_done_once_it_is_confirmed_and_then_there_is_nothing_to_do(client: Client, operator: User) -> None:
    assert "Merged META into METB. The next run computes 1 portfolios anew" in confirm(client, MERGE)
    assert not Position.objects.filter(symbol="META").exists()
    assert {entry.user for entry in ManualChange.objects.all()} == {operator}
    assert "nothing to do" in text(look(client, MERGE))
    assert "Merged a symbol" in text(client.get(PAGE))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"word": ""}, "type METB"),
        ({"word": "META"}, "type METB"),
        ({"seen": ""}, "Look again"),
        ({"seen": "0" * 32}, "Look again"),
        ({"new": "METC", "word": "METC"}, "Look again"),
    ],
)
@pytest.mark.usefixtures("operator")
def test_what_was_not_agreed_to_is_not_done(client: Client, changed: dict[str, str], said: str) -> None:
    assert said in confirm(client, MERGE, **changed)
    assert Position.objects.filter(symbol="META").count() == 1
    assert not ManualChange.objects.exists()


@pytest.mark.usefixtures("operator")
def test_a_run_at_work_is_named_and_waited_for(client: Client) -> None:
    now = timezone.now()
    run = BatchRun.objects.create(
        kind="nightly", trigger="beat", source="simulated", status="running", started_at=now, heartbeat_at=now
    )
    assert f"Run {run.pk} is running" in text(look(client, SPLIT))
    assert f"Run {str(run.pk)[:8]} is at work" in text(client.get(PAGE))
    assert not Split.objects.filter(security__symbol="AAPL").exists()


@pytest.mark.usefixtures("operator")
def test_each_repair_is_done_from_its_form(client: Client) -> None:
    assert "rolled again from 2025-11-19" in confirm(
        client, {"kind": "reroll", "portfolio": hedge_fund().name.lower(), "first": "2025-11-19"}
    )
    assert hedge_fund().dirty_from == dt.date(2025, 11, 19)
    assert "Applied the split 4:1 of AAPL" in confirm(client, SPLIT)
    assert "Cleared the calculations of the demo" in confirm(
        client, {"kind": "clear", "whose": "demo", "first": "2025-11-20"}
    )
    assert not PortfolioSnapshot.objects.filter(snapshot_date="2025-11-20").exists()
    hedge_fund().delete()
    assert "Seeded what was missing" in confirm(client, {"kind": "reseed"})
    assert hedge_fund().results_as_of is None


@pytest.mark.usefixtures("operator")
def test_without_a_demo_none_is_offered(client: Client, settings: Any) -> None:
    settings.DEMO_ALLOWED = False
    assert "Reseed the demo" not in text(client.get(PAGE))
    assert "no demo here" in text(look(client, {"kind": "reseed", "anew": "on"}))


@pytest.mark.parametrize(
    "given",
    [
        {"kind": "drop tables"},
        {"kind": "reroll", "portfolio": "' OR 1=1 --", "first": "2025-11-10"},
        {"kind": "reroll", "portfolio": "\x00", "first": "2025-11-10"},
        {"kind": "reroll", "portfolio": "{id}", "first": "tomorrow"},
        {"kind": "reroll", "portfolio": "{id}", "first": ""},
        {"kind": "reroll", "portfolio": "{id}", "first": "0001-01-01"},
        {"kind": "merge", "old": "<script>alert(1)</script>", "new": "x"},
        {"kind": "split", "symbol": "AAPL", "day": "2025-11-10", "ratio": "1e999999"},
        {"kind": "split", "symbol": "AAPL", "day": "2199-11-10", "ratio": "4:1"},
        {"kind": "clear", "whose": "demo", "first": "2025-02-31"},
    ],
)
@pytest.mark.usefixtures("operator")
def test_what_makes_no_sense_is_refused_with_a_reason(client: Client, given: dict[str, str]) -> None:
    answer = look(client, {name: value.replace("{id}", str(hedge_fund().pk)) for name, value in given.items()})
    assert answer.status_code == 200
    assert [message.level_tag for message in answer.context["messages"]] == ["error"]
    assert b"<script>alert" not in answer.content
    assert not ManualChange.objects.exists()


@pytest.mark.usefixtures("operator")
def test_a_name_that_several_portfolios_have_is_not_guessed(client: Client) -> None:
    twin = PortfolioFactory(name=hedge_fund().name)
    shown = text(look(client, {"kind": "reroll", "portfolio": twin.name, "first": "2025-11-10"}))
    assert str(twin.pk) in shown


@pytest.mark.usefixtures("operator")
def test_what_is_marked_is_computed_on_request(client: Client) -> None:
    Portfolio.objects.filter(pk=hedge_fund().pk).update(dirty_from=dt.date(2025, 11, 20))
    answer = client.post(PAGE, {"action": "compute"}, follow=True)
    run = BatchRun.objects.get(params__job_type="run-batch")
    assert str(run.pk)[:8] in text(answer)


@pytest.mark.usefixtures("operator")
def test_the_page_asks_a_fixed_number_of_questions(client: Client) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as questions:
            text(client.get(PAGE))
        return len(questions)

    asked()
    before = asked()
    for number in range(8):
        run = BatchRun.objects.create(
            kind="fix", trigger="admin", source="simulated", status="completed", params={"job_type": "apply-split"}
        )
        run.log.create(message=f"Applied {number}")
    Portfolio.objects.update(dirty_from=dt.date(2025, 11, 20))
    assert before + 1 >= asked()
    assert before <= 15


def test_the_command_tells_asks_and_does(capsys: pytest.CaptureFixture[str]) -> None:
    told = command("merge-symbol", "META", "METB", "--dry-run")
    assert re.search(r"daily_prices +606 rows", told)
    assert "Nothing was changed (--dry-run)." in told
    with pytest.raises(CommandError, match="--yes"):
        command("merge-symbol", "META", "METB")
    assert Position.objects.filter(symbol="META").exists()
    assert "Merged META into METB." in command("merge-symbol", "META", "METB", "--yes")
    assert ManualChange.objects.first().user.email == "demo_admin@sigmasight.com"  # type: ignore[union-attr]
    assert "There is nothing to do." in command("merge-symbol", "META", "METB", "--yes")


def test_the_command_rolls_and_computes() -> None:
    told = command(
        "reroll", str(hedge_fund().pk), "2025-11-20", "--yes", "--by", "DEMO_ADMIN@sigmasight.com", "--compute"
    )
    assert "completed" in told
    assert hedge_fund().dirty_from is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("split", "AAPL", "2025-11-10", "4:0", "--yes"), "whole numbers"),
        (("merge-symbol", "META", "MSFT", "--yes"), "two securities"),
        (("reroll", "nobody's", "2025-11-10", "--yes"), "no portfolio"),
        (("clear", "--yes", "--by", "demo_hnw@sigmasight.com"), "No active staff account"),
        (("split", "AAPL", "10.11.2025", "4:1"), "invalid"),
        ((), "REPAIR"),
    ],
)
def test_the_command_refuses_with_a_reason(arguments: tuple[str, ...], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        command(*arguments)
    assert not ManualChange.objects.exists()


def test_without_a_single_superuser_the_command_asks_who() -> None:
    User.objects.create_superuser("second@example.com", "secret-enough-1")
    with pytest.raises(CommandError, match="--by"):
        command("reseed-demo", "--yes")


@pytest.mark.usefixtures("operator")
def test_the_batch_page_tells_in_words_what_a_repair_was(client: Client) -> None:
    BatchRun.objects.create(
        kind="fix", trigger="admin", source="simulated", status="completed", params={"job_type": "apply-split"}
    )
    page = client.get("/admin/console/batch/").content.decode()
    assert "<td>Applied a split</td>" in page
