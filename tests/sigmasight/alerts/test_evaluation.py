"""A look opens, keeps and ends alerts; two at once do it once."""

from __future__ import annotations

import datetime as dt
import threading

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from portfolios.models import User
from sigmasight.core import clock
from sigmasight.core.alerts import own_rules, rules
from sigmasight.core.alerts.evaluation import evaluate
from sigmasight.core.alerts.handling import acknowledge, resolve
from sigmasight.core.alerts.models import Alert, AlertRuleState, Severity
from sigmasight.core.alerts.reading import count_by_severity, open_alerts, watch
from sigmasight.core.alerts.rules import Rule
from tests.sigmasight.alerts.conftest import Table

pytestmark = pytest.mark.django_db


def test_a_condition_is_one_alert_however_often_it_is_seen(table: Table) -> None:
    table.lay("a", "b")
    assert evaluate().opened == 2
    table.lay("a", "b", message="It pours.")
    assert evaluate().opened == 0
    alert = Alert.objects.get(subject_key="a")
    assert (alert.count, alert.message, alert.status, alert.title) == (2, "It pours.", "open", "A leak")
    assert alert.last_seen > alert.first_seen


def test_what_is_gone_resolves_itself_and_may_come_again(table: Table) -> None:
    table.lay("a", "b")
    evaluate()
    table.lay("b")
    assert evaluate().resolved == 1
    assert [one.subject_key for one in open_alerts()] == ["b"]
    table.lay("a", "b")
    assert evaluate().opened == 1
    assert Alert.objects.filter(subject_key="a").count() == 2


def test_the_database_holds_one_standing_alert_of_a_subject(table: Table) -> None:
    table.lay("a")
    evaluate()
    alert = Alert.objects.get()
    alert.pk = None
    with pytest.raises(IntegrityError, match="alert_one_standing"), transaction.atomic():
        alert.save()


def test_an_acknowledged_alert_that_gets_worse_is_open_again(table: Table, operator: User) -> None:
    table.lay("a")
    evaluate()
    acknowledge(operator, Alert.objects.get().pk)
    table.lay("a", message="It drips still.")
    evaluate()
    assert Alert.objects.get().status == "acknowledged"
    table.lay("a", severity=Severity.CRITICAL)
    evaluate()
    assert (Alert.objects.get().status, Alert.objects.get().severity) == ("open", Severity.CRITICAL)
    assert count_by_severity()[Severity.CRITICAL] == 1


def test_a_rule_that_fails_is_an_alert_and_stops_no_other(table: Table) -> None:
    rules.register(Rule("broken", "Broken", lambda: 1 / 0, "", "", "", ""))
    rules.register(Rule("rule-failed", "Rule failed", own_rules.failed_rules, "", "", "", "", last=True))
    table.lay("a")
    assert evaluate().failed == ["broken"]
    told = {one.rule: one for one in open_alerts()}
    assert set(told) == {"leak", "rule-failed"}
    assert "ZeroDivisionError" in told["rule-failed"].message
    rules.unregister("broken")
    evaluate()
    assert [one.rule for one in open_alerts()] == ["leak"]


def test_alerts_of_a_failing_rule_stay_as_they_were(table: Table) -> None:
    table.lay("a")
    evaluate()
    table.trouble = OSError("password=secret")
    evaluate()
    assert [one.subject_key for one in open_alerts()] == ["a"]
    assert AlertRuleState.objects.get(rule="leak").error == "OSError"


def test_a_rule_that_is_gone_leaves_nothing_standing(table: Table) -> None:
    table.lay("a")
    evaluate()
    rules.unregister("leak")
    evaluate()
    assert open_alerts() == []
    assert not AlertRuleState.objects.exists()


def test_what_is_over_is_kept_for_a_year_and_a_bit(table: Table, operator: User) -> None:
    table.lay("a", "b")
    evaluate()
    for days, alert in zip((399, 401), Alert.objects.order_by("pk"), strict=True):
        resolve(operator, alert.pk)
        Alert.objects.filter(pk=alert.pk).update(resolved_at=clock.now() - dt.timedelta(days=days))
    table.lay()
    evaluate()
    assert [one.subject_key for one in Alert.objects.all()] == ["a"]


def test_facts_that_did_not_change_are_not_looked_at_again(table: Table) -> None:
    versions = iter(("1", "1", "2", "2"))
    table.change(facts=lambda: next(versions))
    for expected in (1, 1, 2):
        evaluate()
        assert table.looks == expected
    evaluate(again=True)
    assert table.looks == 3


def test_a_lingering_alert_outlives_a_short_absence(table: Table) -> None:
    table.change(lingers=dt.timedelta(minutes=15))
    table.lay("a")
    with time_machine.travel("2026-03-02T12:00:00Z", tick=False) as time:
        evaluate()
        table.lay()
        for minutes, standing in ((10, 1), (5, 0)):
            time.shift(dt.timedelta(minutes=minutes))
            evaluate()
            assert len(open_alerts()) == standing


def test_resolved_by_hand_it_comes_back_while_its_condition_holds(table: Table, operator: User) -> None:
    table.lay("a")
    evaluate()
    resolve(operator, Alert.objects.get().pk)
    assert open_alerts() == []
    assert evaluate().opened == 1


def test_statements_do_not_grow_with_what_is_found(table: Table) -> None:
    counts = []
    for many in (2, 40):
        Alert.objects.all().delete()
        for half in (many, many // 2):
            table.lay(*(str(n) for n in range(half)), message=str(half))
            with CaptureQueriesContext(connection) as asked:
                evaluate()
            counts.append(len(asked))
    assert counts[0] == counts[2]
    assert counts[1] == counts[3]


def test_names_of_rules_are_taken_once(table: Table) -> None:
    with pytest.raises(ValueError, match="Two rules"):
        rules.register(rules._rules["leak"])
    with pytest.raises(ValueError, match="no name"):
        rules.register(Rule("No Name", "", table.check, "", "", "", ""))


def test_whoever_does_not_look_is_known_to_be_blind(table: Table) -> None:
    assert watch().blind
    evaluate()
    assert not watch().blind
    AlertRuleState.objects.update(evaluated_at=clock.now() - dt.timedelta(hours=1))
    assert watch().blind


@pytest.mark.django_db(transaction=True)
def test_two_looks_at_once_open_it_once(table: Table) -> None:
    both = threading.Barrier(2)
    table.lay("a")
    failures: list[BaseException] = []

    def look() -> None:
        try:
            both.wait(10)
            evaluate()
        except BaseException as error:  # noqa: BLE001 - told by the test
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=look) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failures == []
    assert [(one.subject_key, one.count) for one in Alert.objects.all()] == [("a", 2)]
