"""Nobody sees or changes what is not his: every operation with other people's ids, without a token, with a dead one."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from django.test import Client

from portfolios.models import Portfolio, User
from portfolios.services.tokens import AdminToken, UserToken
from tests.contract.cases import BAD_TOKENS, ids_in_lists, ids_used, joined
from tests.contract.conftest import client_for, require_served
from tests.contract.examples import EXAMPLES
from tests.contract.holdings import STAFF, everything_of, holdings_of, unknown_id
from tests.contract.operations import Operation, all_operations
from tests.contract.requests import UUID_SHAPE, read, send, without_ids
from tests.contract.validation import problems
from tests.demo_fixtures import DemoResults

pytestmark = [pytest.mark.django_db(databases=["default", "ai"]), pytest.mark.usefixtures("held_once")]
HELD = ("individual", "high_net_worth")

PUBLIC = {
    "login", "register", "onboardingRegister", "onboardingCsvTemplate", "dataTestDemo", "dataDemo", "root", "health",
    "healthPrerequisites", "debugRoutes", "healthLive", "healthReady", "healthStatus", "admin_login",
}  # fmt: skip
OWNER, STRANGER = "individual", "high_net_worth"
GUARDED = [pytest.param(one, id=one.operation_id) for one in all_operations() if not one.public]
OWN_THINGS = [pytest.param(one, id=one.operation_id) for one in all_operations() if not one.public and not one.admin]
IDS = [
    pytest.param(one, number, name, id=f"{one.operation_id}-{number}-{name}")
    for one in all_operations()
    for number, name in ids_used(one)
]
IDS_IN_LISTS = [
    pytest.param(one, number, name, id=f"{one.operation_id}-{number}-{name}")
    for one in all_operations()
    for number, name in ids_in_lists(one)
]


def test_the_public_operations_are_these() -> None:
    assert {operation.operation_id for operation in all_operations() if operation.public} == PUBLIC


@pytest.mark.parametrize("way", BAD_TOKENS)
@pytest.mark.parametrize("operation", GUARDED)
def test_without_a_good_token_nothing_is_told_or_done(
    demo_results: DemoResults, operation: Operation, way: str
) -> None:
    require_served(operation)
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


@pytest.mark.parametrize(("operation", "number", "name"), IDS)
def test_foreign_and_unknown_ids_are_the_same_404(
    demo_results: DemoResults, operation: Operation, number: int, name: str
) -> None:
    """Staff have no foreign ids; for them only unknown ones are tried."""
    require_served(operation)
    stranger, owner = holdings_of(STRANGER), holdings_of(OWNER)
    client = client_for(demo_results, operation, stranger.account)
    refusals = []
    for one in [unknown_id()] if operation.admin else [unknown_id(), getattr(owner, name)]:
        answer = send(client, operation, EXAMPLES[operation.operation_id][number](stranger.mixed(name, one)))
        body = read(answer)
        assert answer.status_code == 404, f"{name} {one}: {body}"
        assert not problems(operation, 404, body)
        refusals.append(without_ids(body))
    assert len(set(refusals)) == 1, refusals


@pytest.mark.parametrize(("operation", "number", "name"), IDS_IN_LISTS)
def test_a_foreign_id_among_ones_own_is_a_404(
    demo_results: DemoResults, operation: Operation, number: int, name: str
) -> None:
    require_served(operation)
    stranger, owner = holdings_of(STRANGER), holdings_of(OWNER)
    client = client_for(demo_results, operation, stranger.account)
    refusals = []
    for other in (unknown_id(), getattr(owner, name)):
        call = EXAMPLES[operation.operation_id][number](stranger)
        answer = send(client, operation, joined(call, getattr(stranger, name), other))
        assert answer.status_code == 404, read(answer)
        refusals.append(without_ids(read(answer)))
    assert refusals[0] == refusals[1]


@pytest.mark.parametrize("operation", OWN_THINGS)
def test_no_answer_names_anything_of_others(demo_results: DemoResults, operation: Operation) -> None:
    require_served(operation)
    stranger = holdings_of(STRANGER)
    holdings_of(OWNER)
    others = everything_of("demo_individual") | everything_of("demo_familyoffice")
    client = client_for(demo_results, operation, stranger.account)
    for example in EXAMPLES[operation.operation_id]:
        answer = send(client, operation, example(stranger))
        assert answer.status_code < 500
        assert not set(UUID_SHAPE.findall(json.dumps(read(answer)))) & others
