"""What every read tells caches: whose it is, which version it is, and that a known version need not be sent again."""

from __future__ import annotations

import gzip
import json

import pytest

from tests.contract.conftest import client_for, require_served
from tests.contract.examples import EXAMPLES
from tests.contract.holdings import holdings_of
from tests.contract.operations import Operation, all_operations, operations
from tests.contract.requests import read, send
from tests.demo_fixtures import DemoResults

pytestmark = [pytest.mark.django_db(databases=["default", "ai"]), pytest.mark.usefixtures("held_once")]
HELD = ("individual",)
LATER = "2025-11-20T21:34:00-05:00"  # the demo's evening four minutes on
READS = [
    pytest.param(one, id=one.operation_id)
    for one in all_operations()
    if one.method == "GET" and not one.public and not one.admin
]


@pytest.mark.parametrize("operation", READS)
def test_a_known_version_is_not_sent_again(
    demo_results: DemoResults, operation: Operation, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_served(operation)
    who = holdings_of("individual")
    client = client_for(demo_results, operation, who.account)
    call = EXAMPLES[operation.operation_id][0](who)
    first = send(client, operation, call)
    read(first)
    assert first["Cache-Control"] == "private, no-cache"
    client.defaults["HTTP_IF_NONE_MATCH"] = first["ETag"]
    monkeypatch.setenv("SIGMASIGHT_NOW", LATER)
    second = send(client, operation, call)
    assert (second.status_code, second.content, second["ETag"]) == (304, b"", first["ETag"])
    assert second["Cache-Control"] == "private, no-cache"


def test_another_version_is_sent(demo_results: DemoResults) -> None:
    operation, who = operations()["dataPortfolios"], holdings_of("individual")
    client = client_for(demo_results, operation, who.account)
    client.defaults["HTTP_IF_NONE_MATCH"] = '"of-yesterday"'
    assert send(client, operation, EXAMPLES["dataPortfolios"][0](who)).status_code == 200


def test_large_answers_are_compressed_for_those_who_ask(demo_results: DemoResults) -> None:
    operation, who = operations()["dataPositionsDetails"], holdings_of("hedge_fund")
    client = client_for(demo_results, operation, who.account)
    call = EXAMPLES["dataPositionsDetails"][0](who)
    plain = send(client, operation, call)
    assert "Content-Encoding" not in plain
    client.defaults["HTTP_ACCEPT_ENCODING"] = "gzip, deflate, br"
    small = send(client, operation, call)
    assert small["Content-Encoding"] == "gzip"
    assert len(small.content) < len(plain.content) / 2
    assert json.loads(gzip.decompress(small.content)) == plain.json()
    assert "Accept-Encoding" in small["Vary"]
    client.defaults["HTTP_IF_NONE_MATCH"] = small["ETag"]
    assert send(client, operation, call).status_code == 304
