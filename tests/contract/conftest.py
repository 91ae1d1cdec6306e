"""What the contract's tests share: the accounts they call with, and the list of keys nobody announced."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from tests.contract import samples
from tests.contract.holdings import STAFF, held
from tests.contract.operations import Operation
from tests.contract.requests import is_served
from tests.demo_fixtures import DemoResults

UNANNOUNCED: dict[str, set[str]] = defaultdict(set)


@pytest.fixture(scope="module")
def held_once(request: pytest.FixtureRequest, demo_results: DemoResults, django_db_blocker: Any) -> Iterator[None]:
    """The module's tests find the holdings of its books `HELD` stored; what one of them changes is rolled back after it."""
    with django_db_blocker.unblock(), held(request.module.HELD), django_db_blocker.block():
        yield


@pytest.fixture(autouse=True)
def _fresh_cache(request: pytest.FixtureRequest) -> None:
    """No attempt of another test counts against a limit, and no cached answer outlives its rows."""
    if "db" in request.fixturenames or request.node.get_closest_marker("django_db"):
        cache.clear()


def client_for(demo: DemoResults, operation: Operation, account: str) -> Client:
    """A client of the account, of staff where the operation wants that, of nobody where it is public."""
    if operation.public:
        return Client(raise_request_exception=False)
    return demo.client(STAFF, admin=True) if operation.admin else demo.client(account)


def require_served(operation: Operation) -> None:
    """Fail in one line where no route takes the operation."""
    __tracebackhide__ = True
    if not is_served(operation):
        pytest.fail(f"{operation} is not served", pytrace=False)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if samples.WRITING:
        samples.write()
    if (output := getattr(session.config, "workeroutput", None)) is not None:
        output["unannounced"] = {operation_id: sorted(places) for operation_id, places in UNANNOUNCED.items()}


class FromWorkers:
    """What the workers of a divided run found is told by the one who reports."""

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        for operation_id, places in getattr(node, "workeroutput", {}).get("unannounced", {}).items():
            UNANNOUNCED[operation_id].update(places)


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(FromWorkers())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if any(UNANNOUNCED.values()):
        terminalreporter.section("Keys the contract does not name")
        for operation_id, places in sorted(UNANNOUNCED.items()):
            if places:
                terminalreporter.write_line(f"{operation_id}: {', '.join(sorted(places))}")
