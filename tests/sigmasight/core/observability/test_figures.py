"""What Prometheus reads: counted over processes, read from tables in a fixed number of statements, and for operators alone."""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, StreamingHttpResponse
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from prometheus_client.parser import text_string_to_metric_families

from analytics.models import BatchRun, RunStatus
from assistant.llm.events import Usage
from assistant.models import AIRequestMetric
from assistant.services.request_metrics import record_request
from marketdata.models import ProviderRequest, ProviderState
from sigmasight.core import clock
from sigmasight.core.alerts.models import Alert, Severity
from sigmasight.core.observability import counters, exposition
from sigmasight.core.observability.counters import flush
from sigmasight.core.observability.middleware import IN_FLIGHT, STREAMS, RequestLog
from tests.factories import PortfolioFactory, UserFactory

pytestmark = pytest.mark.django_db(databases=["default", "ai"])
TOKEN = "a-token-of-some-length"
Sample = Callable[..., float | None]


@pytest.fixture(autouse=True)
def _figures_of_this_test(settings: Any) -> Iterator[None]:
    """Counters of its own, on the real server."""
    flush()
    settings.REDIS_KEY_PREFIX = f"figures-{os.urandom(6).hex()}"
    yield
    flush()
    counters._client().delete(counters._key("counted"), counters._key("open"))


@pytest.fixture
def scraped(client: Client) -> Callable[[], Sample]:
    """Scrape; the answer looks a sample up by name and labels, None if it is not there."""

    def scrape() -> Sample:
        answer = client.get("/metrics")
        assert answer.status_code == 200
        families = text_string_to_metric_families(answer.content.decode())
        samples = {(one.name, *sorted(one.labels.items())): one.value for family in families for one in family.samples}
        return lambda name, **labels: samples.get((f"sigmasight_{name}", *sorted(labels.items())))

    return scrape


def test_requests_are_counted_by_route_method_and_status(client: Client, scraped: Callable[[], Sample]) -> None:
    for path in ("/api/v1/data/portfolios", "/api/v1/data/portfolios/", "/health/live", "/nowhere", "/elsewhere"):
        client.get(path)
    sample = scraped()
    route = {"route": "/api/v1/data/portfolios", "method": "GET", "status": "401"}
    assert sample("request_seconds_count", **route) == 2
    assert sample("request_seconds_bucket", **route, le="+Inf") == 2
    assert sample("request_seconds_count", route="none", method="GET", status="404") == 2


def test_an_id_in_a_path_is_no_label(client: Client, scraped: Callable[[], Sample]) -> None:
    for number in (1, 2):
        client.get(f"/api/v1/data/portfolio/{number}0000000-0000-4000-8000-000000000000/complete")
    route = "/api/v1/data/portfolio/<str:portfolio_id>/complete"
    assert scraped()("request_seconds_count", route=route, method="GET", status="401") == 2


def test_streams_are_counted_while_they_are_open() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield str(counters._levels[STREAMS.name]).encode()

    async def view(request: HttpRequest) -> Any:
        return StreamingHttpResponse(pieces())

    async def served(read: bool) -> list[bytes]:
        response = await RequestLog(view)(RequestFactory().get("/chat"))  # type: ignore[arg-type, misc]
        return [piece async for piece in response] if read else []

    before = counters._levels.get(IN_FLIGHT.name, 0)
    open_before = counters._levels.get(STREAMS.name, 0)
    assert asyncio.run(served(read=True)) == [str(open_before + 1).encode()]
    assert asyncio.run(served(read=False)) == []
    gc.collect()
    assert counters._levels[STREAMS.name] == open_before
    assert counters._levels[IN_FLIGHT.name] == before


def test_a_request_that_ends_while_garbage_is_collected_blocks_nobody() -> None:
    with counters._lock:
        IN_FLIGHT.move(0)


def test_a_forked_worker_adds_what_it_counted_itself(scraped: Callable[[], Sample]) -> None:
    series = counters.declared()["sigmasight_slow_statements"]
    series.add("default")  # type: ignore[union-attr, call-arg]
    child = os.fork()
    if child == 0:
        series.add("default", by=2)  # type: ignore[union-attr, call-arg]
        os._exit(0 if flush() else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert scraped()("slow_statements_total", database="default") == 3


def test_nothing_is_lost_while_the_broker_is_away(settings: Any, scraped: Callable[[], Sample]) -> None:
    there = settings.REDIS_URL
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    counters.declared()["sigmasight_slow_statements"].add("ai")  # type: ignore[union-attr, call-arg]
    assert not flush()
    sample = scraped()
    assert (sample("scrape_up", part="counters"), sample("database_up", database="ai")) == (0, 1)
    settings.REDIS_URL = there
    assert scraped()("slow_statements_total", database="ai") == 1


def test_the_last_night_is_told(scraped: Callable[[], Sample]) -> None:
    assert scraped()("batch_last_status", status="none") == 1
    now = clock.now()
    BatchRun.objects.create(
        kind="nightly", trigger="beat", source="simulated", status=RunStatus.PARTIAL, started_at=now, completed_at=now,
        phase_durations={"phase_2_5": 1.5, "total_duration": 9}, total_jobs=7, completed_jobs=6, failed_jobs=1,
    )  # fmt: skip
    sample = scraped()
    assert (sample("batch_last_status", status="partial"), sample("batch_last_status", status="completed")) == (1, 0)
    assert sample("batch_last_phase_seconds", phase="2.5") == 1.5
    assert sample("batch_last_phase_seconds", phase="3") is None
    assert sample("batch_last_jobs", state="failed") == 1
    assert sample("batch_last_finished_timestamp_seconds") == pytest.approx(now.timestamp())


def test_sources_queues_and_databases_are_told(scraped: Callable[[], Sample], settings: Any) -> None:
    ProviderState.objects.create(provider="fmp", breaker="open")
    for outcome, spent in (("ok", 100), ("timeout", 300)):
        ProviderRequest.objects.create(
            provider="fmp", operation="prices", outcome=outcome, latency_ms=spent, started_at=clock.now()
        )
    sample = scraped()
    assert sample("provider_breaker", provider="fmp", state="open") == 1
    assert sample("provider_requests_day", provider="fmp", outcome="failure") == 1
    assert sample("provider_latency_seconds", provider="fmp", quantile="0.5") == pytest.approx(0.2)
    assert sample("queue_tasks", queue=settings.WORKER_QUEUES[0]) == 0
    assert (sample("database_connections", database="default", state="active") or 0) >= 1


def test_open_alerts_are_told(scraped: Callable[[], Sample]) -> None:
    now = clock.now()
    Alert.objects.create(rule="x", severity=Severity.CRITICAL, title="t", message="m", first_seen=now, last_seen=now)
    sample = scraped()
    assert [sample("alerts_open", severity=one) for one in ("critical", "warning")] == [1, 0]
    assert sample("alerts_evaluated_timestamp_seconds") is None


def test_turns_of_the_assistant_are_told(scraped: Callable[[], Sample], settings: Any) -> None:
    settings.AI_PRICES = {"gpt-4o": [2.5, 10]}
    record_request(
        user_id=UserFactory().pk, conversation_id=None, message_id=None, model="gpt-4o", usage=Usage(1000, 100, 1100),
        first_token_ms=800, total_latency_ms=2000, tools=(),
    )  # fmt: skip
    sample = scraped()
    assert sample("ai_tokens_total", model="gpt-4o", kind="input") == 1000
    assert sample("ai_usd_total", model="gpt-4o") == pytest.approx(0.0035)
    assert sample("chat_first_token_seconds_bucket", le="1.0") == 1
    assert sample("chat_first_token_seconds_bucket", le="0.5") == 0
    assert AIRequestMetric.objects.count() == 1


def test_a_scrape_takes_the_same_statements_however_much_there_is(client: Client) -> None:
    def statements() -> int:
        cache.clear()
        with CaptureQueriesContext(connection) as seen:
            assert client.get("/metrics").status_code == 200
        return len([one for one in seen if "SAVEPOINT" not in one["sql"]])

    run = BatchRun.objects.create(kind="nightly", trigger="beat", source="simulated", target_to=clock.market_today())
    PortfolioFactory()
    few = statements()
    PortfolioFactory.create_batch(5)
    for number in range(20):
        ProviderState.objects.create(provider=f"p{number}")
        ProviderRequest.objects.create(provider=f"p{number}", operation="prices", outcome="ok", started_at=clock.now())
    BatchRun.objects.create(
        kind="portfolio",
        trigger="beat",
        source="simulated",
        scope_portfolio=PortfolioFactory(),
        target_to=run.target_to,
    )
    assert statements() == few
    assert few <= 14


def test_a_broken_part_takes_no_other(
    client: Client, scraped: Callable[[], Sample], monkeypatch: pytest.MonkeyPatch
) -> None:
    scraped()
    monkeypatch.setitem(exposition._parts, "batch", (lambda: 1 / 0, True))
    sample = scraped()
    assert sample("scrape_up", part="batch") == 0
    assert sample("scrape_up", part="queues") == 1


@pytest.mark.parametrize("path", ["/metrics", "/health/deep"])
def test_for_operators_alone(client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setattr("sigmasight.core.observability.views.examine", list)

    def status(**how: Any) -> int:
        return client.get(path, **how).status_code

    assert status() == 200
    assert status(REMOTE_ADDR="203.0.113.5") == 404
    assert status(headers={"X-Forwarded-For": "203.0.113.5"}) == 404
    assert client.post(path).status_code == 405
    settings.PRODUCTION = True
    assert status() == 404
    settings.METRICS_TOKEN = TOKEN
    assert status() == 404
    assert status(headers={"Authorization": f"Bearer {TOKEN}x"}) == 404
    assert status(REMOTE_ADDR="203.0.113.5", headers={"Authorization": f"Bearer {TOKEN}"}) == 200
