"""What every HTTP client does alike: retries within bounds, errors told apart, keys kept out of sight."""

from __future__ import annotations

import datetime as dt
import email.utils
import logging
import time

import pytest

from marketdata.providers.base import Outcome, ProviderError
from marketdata.providers.limits import TokenBucket
from marketdata.providers.transport import JsonClient, RetryPolicy, redact, retry_after_seconds
from tests.marketdata.providers.conftest import ONCE, QUICK
from tests.marketdata.providers.loopback import Loopback

KEY = "s3cr3t/key+of=mine"


def client(server: Loopback, retry: RetryPolicy = ONCE, timeout: float = 0.3) -> JsonClient:
    return JsonClient("fmp", server.base_url, api_key=KEY, key_parameter="apikey", timeout=timeout, retry=retry)


def failure(asked: JsonClient) -> ProviderError:
    with pytest.raises(ProviderError) as raised:
        asked.get("/thing", {"symbol": "ABC"})
    return raised.value


def test_the_key_travels_in_the_query_or_as_a_bearer_token(server: Loopback) -> None:
    server.serve("/thing", {"ok": True})
    assert client(server).get("/thing") == {"ok": True}
    JsonClient("polygon", server.base_url, api_key=KEY).get("/thing")
    by_query, by_header = server.requests
    assert by_query.query["apikey"] == KEY
    assert "apikey" not in by_header.query
    assert by_header.headers["Authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (400, Outcome.MALFORMED),
        (401, Outcome.UNAUTHORIZED),
        (402, Outcome.UNAUTHORIZED),
        (403, Outcome.UNAUTHORIZED),
        (404, Outcome.NOT_FOUND),
        (429, Outcome.RATE_LIMITED),
        (500, Outcome.SERVER_ERROR),
        (503, Outcome.SERVER_ERROR),
    ],
)
def test_statuses_are_told_apart(server: Loopback, status: int, outcome: Outcome) -> None:
    server.fault("/thing", status=status)
    error = failure(client(server))
    assert (error.outcome, error.http_status) == (outcome, status)


@pytest.mark.parametrize(("status", "requests"), [(429, 2), (500, 2), (404, 1), (401, 1), (400, 1)])
def test_only_429_and_5xx_are_asked_again(server: Loopback, status: int, requests: int) -> None:
    server.fault("/thing", status=status)
    failure(client(server, QUICK))
    assert len(server.requests) == requests


def test_a_timeout_is_asked_again(server: Loopback) -> None:
    server.serve("/thing", [1])
    server.fault("/thing", hang=1.0, times=1)
    assert client(server, QUICK, timeout=0.15).get("/thing") == [1]


def test_a_hang_is_a_timeout(server: Loopback) -> None:
    server.fault("/thing", hang=1.0)
    assert failure(client(server, timeout=0.15)).outcome is Outcome.TIMEOUT


def test_a_cut_connection_is_unreachable_and_not_asked_again(server: Loopback) -> None:
    server.fault("/thing", cut=True)
    assert failure(client(server, QUICK)).outcome is Outcome.UNREACHABLE
    assert len(server.requests) == 1


def test_no_server_is_unreachable() -> None:
    error = failure(JsonClient("fred", "http://127.0.0.1:9", api_key=KEY, key_parameter="api_key", retry=QUICK))
    assert error.outcome is Outcome.UNREACHABLE
    assert KEY not in str(error)


@pytest.mark.parametrize("body", ["<html>maintenance</html>", "", '{"half": '])
def test_an_answer_that_is_no_json_is_malformed(server: Loopback, body: str) -> None:
    server.serve("/thing", body)
    assert failure(client(server)).outcome is Outcome.MALFORMED


def test_retry_after_is_obeyed(server: Loopback) -> None:
    slept: list[float] = []
    server.serve("/thing", [1])
    server.fault("/thing", status=429, headers={"Retry-After": "7"}, times=1)
    patient = RetryPolicy(attempts=2, first_wait=0.01, deadline=60.0, sleep=slept.append)
    assert client(server, patient).get("/thing") == [1]
    assert slept == [7.0]


def test_a_retry_after_beyond_the_deadline_ends_it_at_once(server: Loopback) -> None:
    server.fault("/thing", status=429, headers={"Retry-After": "3600"})
    started = time.monotonic()
    error = failure(client(server, RetryPolicy(attempts=5, deadline=10.0)))
    assert error.retry_after == 3600.0
    assert time.monotonic() - started < 2.0
    assert len(server.requests) == 1


def test_waits_grow_with_jitter_and_stay_bounded(server: Loopback) -> None:
    slept: list[float] = []
    server.fault("/thing", status=500)
    failure(client(server, RetryPolicy(attempts=6, first_wait=1.0, longest_wait=4.0, deadline=1e6, sleep=slept.append)))
    assert len(slept) == 5
    assert all(0.0 <= wait <= bound for wait, bound in zip(slept, (1.0, 2.0, 4.0, 4.0, 4.0), strict=True))
    assert len(set(slept)) > 1


def test_the_deadline_bounds_everything(server: Loopback) -> None:
    server.fault("/thing", hang=1.0)
    started = time.monotonic()
    failure(client(server, RetryPolicy(attempts=50, first_wait=0.01, longest_wait=0.02, deadline=0.4), timeout=0.15))
    assert time.monotonic() - started < 0.8


def test_our_own_limit_is_not_asked_again_and_reaches_nobody(server: Loopback) -> None:
    limiter = TokenBucket("fmp", rate=0.001, burst=1)
    limiter.acquire(0.0)
    limited = JsonClient("fmp", server.base_url, limiter=limiter, retry=QUICK)
    error = failure(limited)
    assert (error.outcome, error.http_status) == (Outcome.RATE_LIMITED, None)
    assert server.requests == []


def test_retry_after_reads_seconds_and_dates() -> None:
    assert retry_after_seconds("12") == 12.0
    soon = email.utils.format_datetime(dt.datetime.now(dt.UTC) + dt.timedelta(seconds=30), usegmt=True)
    assert 27.0 < (retry_after_seconds(soon) or 0.0) <= 30.0
    assert retry_after_seconds("tomorrow") is None
    assert retry_after_seconds(None) is None


@pytest.mark.parametrize("fault", [{"status": 401, "body": f"apikey={KEY} is bad"}, {"cut": True}, {"hang": 1.0}])
def test_keys_are_kept_out_of_errors_and_their_causes(server: Loopback, fault: dict[str, object]) -> None:
    server.fault("/thing", **fault)
    error = failure(client(server, timeout=0.15))
    assert KEY not in str(error)
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None


def test_keys_are_kept_out_of_the_logs_of_urllib3(server: Loopback, caplog: pytest.LogCaptureFixture) -> None:
    server.serve("/thing", [1])
    with caplog.at_level(logging.DEBUG):
        client(server).get("/thing", {"symbol": "ABC"})
    assert "symbol=ABC" in caplog.text
    assert "s3cr3t" not in caplog.text


def test_redaction_knows_plain_and_encoded_keys_and_key_parameters() -> None:
    shown = redact(f"GET /x?apiKey=abc&a=1 {KEY} s3cr3t%2Fkey%2Bof%3Dmine crumb=zz", KEY)
    assert shown == "GET /x?apiKey=***&a=1 *** *** crumb=***"


def test_a_base_url_without_a_scheme_is_refused() -> None:
    with pytest.raises(ValueError, match="must begin with http"):
        JsonClient("fmp", "financialmodelingprep.com")
