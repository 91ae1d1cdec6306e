"""Nobody sees or changes what is not his: every operation with other people's ids, without a token, with a dead one."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client

from portfolios.models import Portfolio, User
from portfolios.services.tokens import AdminToken, UserToken
from tests.contract.conftest import client_for
from tests.contract.examples import EXAMPLES, Call
from tests.contract.holdings import IDS, STAFF, STAFF_IDS, Holdings, everything_of, holdings_of, unknown_id
from tests.contract.operations import Operation, operations_now
from tests.contract.requests import UUID_SHAPE, is_served, read, send, without_ids
from tests.contract.validation import problems
from tests.demo_fixtures import DemoResults

pytestmark = pytest.mark.django_db

PUBLIC = {
    "login", "register", "onboardingRegister", "onboardingCsvTemplate", "dataTestDemo", "dataDemo", "root", "health",
    "healthPrerequisites", "debugRoutes", "healthLive", "healthReady", "healthStatus", "admin_login",
}  # fmt: skip
OWNER, STRANGER = "individual", "high_net_worth"


def _guarded() -> list[object]:
    return [pytest.param(one, id=one.operation_id) for one in operations_now() if not one.public]


class _Probe:
    """Holdings whose ids are their own names: shows which of them a call uses."""

    holdings = Holdings(account="demo_hnw", symbol="AAPL", **{name: f"<{name}>" for name in (*IDS, "repair")})

    @classmethod
    def used(cls, operation: Operation, number: int) -> list[str]:
        call = EXAMPLES[operation.operation_id][number](cls.holdings)
        text = json.dumps([dict(call.path), dict(call.query), call.body])
        return [name for name in dict.fromkeys((*IDS, *STAFF_IDS)) if f"<{name}>" in text]


def _foreign() -> Iterator[object]:
    for operation in operations_now():
        for number in range(len(EXAMPLES[operation.operation_id])):
            for name in _Probe.used(operation, number):
                yield pytest.param(operation, number, name, id=f"{operation.operation_id}-{number}-{name}")


def _in_lists() -> Iterator[object]:
    for operation in operations_now():
        for number in range(len(EXAMPLES[operation.operation_id])):
            call = EXAMPLES[operation.operation_id][number](_Probe.holdings)
            for name in _Probe.used(operation, number):
                if not operation.admin and _joined(call, f"<{name}>", "other") != call:
                    yield pytest.param(operation, number, name, id=f"{operation.operation_id}-{number}-{name}")


def _joined(call: Call, own: str, other: str) -> Call:
    """The call with another id beside one's own in every list of ids."""

    def join(value: Any) -> Any:
        return [*value, other] if isinstance(value, list) and own in value else value

    query = {
        key: f"{value},{other}" if key.endswith("_ids") and value == own else join(value)
        for key, value in call.query.items()
    }
    body = {key: join(value) for key, value in call.body.items()} if isinstance(call.body, dict) else call.body
    return replace(call, query=query, body=body)


def test_the_public_operations_are_these() -> None:
    assert {operation.operation_id for operation in operations_now() if operation.public} == PUBLIC


@pytest.mark.parametrize("way", ["none", "nonsense", "expired", "deactivated", "of the other kind"])
@pytest.mark.parametrize("operation", _guarded())
def test_without_a_good_token_nothing_is_told_or_done(
    demo_results: DemoResults, operation: Operation, way: str
) -> None:
    assert is_served(operation), f"{operation} is not served"
    who = holdings_of(OWNER)
    books = list(Portfolio.objects.values_list("pk", "name", "deleted_at"))
    call = EXAMPLES[operation.operation_id][0](who)
    answer = send(_bad_client(demo_results, operation, who.account, way), operation, call)
    body = read(answer)
    assert answer.status_code == 401, body
    assert answer["WWW-Authenticate"] == "Bearer"
    assert not problems(operation, 401, body)
    assert not UUID_SHAPE.search(json.dumps(body))
    assert list(Portfolio.objects.values_list("pk", "name", "deleted_at")) == books


def _bad_client(demo: DemoResults, operation: Operation, account: str, way: str) -> Client:
    account = STAFF if operation.admin else account
    if way == "none":
        return Client(raise_request_exception=False)
    if way == "nonsense":
        return Client(headers={"Authorization": "Bearer nonsense"}, raise_request_exception=False)
    if way == "of the other kind":
        return demo.client(STAFF, admin=not operation.admin)
    if way == "deactivated":
        client = demo.client(account, admin=operation.admin)
        User.objects.filter(email=f"{account}@sigmasight.com").update(is_active=False)
        return client
    expired = AdminToken() if operation.admin else UserToken()
    expired["sub"], expired["iat"] = str(User.objects.get(email=f"{account}@sigmasight.com").pk), 0
    expired.set_exp(lifetime=dt.timedelta(seconds=-1))
    return Client(headers={"Authorization": f"Bearer {expired}"}, raise_request_exception=False)


@pytest.mark.parametrize(("operation", "number", "name"), list(_foreign()))
def test_foreign_and_unknown_ids_are_the_same_404(
    demo_results: DemoResults, operation: Operation, number: int, name: str
) -> None:
    """Staff have no foreign ids; for them only unknown ones are tried."""
    assert is_served(operation), f"{operation} is not served"
    stranger, owner = holdings_of(STRANGER), holdings_of(OWNER)
    client = client_for(demo_results, operation, stranger.account)
    ids = [unknown_id()] if operation.admin else [unknown_id(), getattr(owner, name)]
    refusals = []
    for one in ids:
        call = EXAMPLES[operation.operation_id][number](stranger.mixed(name, one))
        answer = send(client, operation, call)
        body = read(answer)
        assert answer.status_code == 404, f"{one}: {answer.status_code} {body}"
        assert not problems(operation, 404, body)
        refusals.append(without_ids(body))
    assert len(set(refusals)) == 1, refusals


@pytest.mark.parametrize(("operation", "number", "name"), list(_in_lists()))
def test_a_foreign_id_among_ones_own_is_a_404(
    demo_results: DemoResults, operation: Operation, number: int, name: str
) -> None:
    assert is_served(operation), f"{operation} is not served"
    stranger, owner = holdings_of(STRANGER), holdings_of(OWNER)
    client = client_for(demo_results, operation, stranger.account)
    refusals = []
    for other in (unknown_id(), getattr(owner, name)):
        call = EXAMPLES[operation.operation_id][number](stranger)
        answer = send(client, operation, _joined(call, getattr(stranger, name), other))
        assert answer.status_code == 404, read(answer)
        refusals.append(without_ids(read(answer)))
    assert refusals[0] == refusals[1]


@pytest.mark.parametrize("operation", [one for one in _guarded() if not one.values[0].admin])  # type: ignore[attr-defined]
def test_no_answer_names_anything_of_others(demo_results: DemoResults, operation: Operation) -> None:
    assert is_served(operation), f"{operation} is not served"
    stranger = holdings_of(STRANGER)
    holdings_of(OWNER)
    others = everything_of("demo_individual") | everything_of("demo_familyoffice")
    for example in EXAMPLES[operation.operation_id]:
        answer = send(client_for(demo_results, operation, stranger.account), operation, example(stranger))
        named = set(UUID_SHAPE.findall(json.dumps(read(answer))))
        assert answer.status_code < 500
        assert not named & others
