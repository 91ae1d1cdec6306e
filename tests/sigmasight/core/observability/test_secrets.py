"""Secrets never reach the log: leaks are provoked where they happen, and everything that was written is searched for them."""

from __future__ import annotations

import json
import logging
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
import requests
from celery import current_app, shared_task
from celery.contrib.testing.worker import start_worker
from django.test import Client
from openai import OpenAI

from assistant.llm.client import ModelError, vendor_errors
from marketdata.providers.base import ProviderError
from marketdata.providers.transport import JsonClient, RetryPolicy
from portfolios.services.tokens import issue_user_token
from sigmasight.core.observability.context import observed
from sigmasight.core.observability.masking import MASK, mask, masked
from tests.factories import UserFactory
from tests.fake_ai.server import running
from tests.logged import Written
from tests.marketdata.providers.loopback import Loopback

pytestmark = pytest.mark.django_db(databases=["default", "ai"])
SECRET = "q7/K+z9 Wm=Xv3&Rt5"
FORMS = (SECRET, quote(SECRET, safe=""), SECRET.replace(" ", "+"), json.dumps(SECRET)[1:-1])
NOBODY = "http://127.0.0.1:9"


@pytest.fixture(params=["json", "line"])
def told(request: pytest.FixtureRequest, logged: Callable[..., Written]) -> Iterator[Written]:
    """Everything that any library logs at DEBUG; the secret must not be in it."""
    text = logged(request.param, logging.DEBUG)
    yield text
    assert text.getvalue()
    for form in FORMS:
        assert form not in text.getvalue()


@pytest.mark.parametrize("name", ["FMP_API_KEY", "POLYGON_API_KEY", "FRED_API_KEY"])
def test_of_a_source_of_prices(told: Written, settings: Any, name: str) -> None:
    setattr(settings, name, SECRET)
    server = Loopback()
    server.fault("/prices", body=f"no such key: {SECRET}")
    for base in (server.base_url, NOBODY):
        client = JsonClient("fmp", base, api_key=SECRET, key_parameter="apikey", retry=RetryPolicy(attempts=1))
        try:
            client.get("/prices", {"symbol": "AAPL"})
        except ProviderError:
            logging.getLogger("test").exception("Prices failed")
    server.close()


def test_of_a_source_that_is_asked_past_our_client(told: Written) -> None:
    """Nobody has told the masks of this key: its place in the URL gives it away."""
    try:
        requests.get(f"{NOBODY}/v3/quote", params={"apikey": SECRET, "symbol": "A"}, timeout=1)
    except requests.ConnectionError as error:
        logging.getLogger("test").error("Quotes failed: %s", error, exc_info=True)


def test_of_somebody_who_logs_in(told: Written, client: Client) -> None:
    person = UserFactory()
    for path in ("/api/v1/auth/login", "/api/v1/admin/auth/login"):
        client.post(path, {"email": person.email, "password": SECRET}, content_type="application/json")
        client.post(path, json.dumps({"email": 1, "password": SECRET}), content_type="application/json")
    client.post("/admin/login/", {"username": person.email, "password": SECRET})


def test_of_a_login_that_breaks(told: Written, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*given: Any, **named: Any) -> None:
        raise RuntimeError(f"cannot check {given} {named}")

    monkeypatch.setattr("django.contrib.auth.hashers.check_password", broken)
    monkeypatch.setattr("portfolios.models.User.check_password", lambda user, password: broken(password=password))
    person = UserFactory()
    client.raise_request_exception = False
    body = {"email": person.email, "password": SECRET}
    assert client.post("/api/v1/auth/login", body, content_type="application/json").status_code == 500
    assert "cannot check" in told.getvalue()


def test_of_a_database_that_refuses(told: Written) -> None:
    for address in (
        f"postgresql://core:{quote(SECRET, safe='')}@127.0.0.1:9/core",
        f"host=127.0.0.1 port=9 password='{SECRET}'",
    ):
        try:
            psycopg.connect(address, connect_timeout=1)
        except psycopg.Error as error:
            logging.getLogger("test").exception("%s refused: %s", address, error)


def test_of_an_address_that_was_not_escaped(told: Written) -> None:
    spaceless = SECRET.replace(" ", "")
    logging.getLogger("test").error("bad DATABASE_URL postgresql://core:%s@db/core", spaceless)
    assert spaceless not in told.getvalue()


def test_of_the_language_models_vendor(told: Written) -> None:
    key = f"sk-proj-{SECRET.replace(' ', '').replace('/', '').replace('+', '').replace('&', '').replace('=', '')}"
    with running() as vendor:
        for base in (vendor.url, f"{NOBODY}/v1"):
            try:
                with vendor_errors():
                    OpenAI(api_key=key, base_url=base, max_retries=0).responses.create(model="m", input="hello")
            except ModelError:
                logging.getLogger("test").exception("The model failed with %s", key)
    assert key not in told.getvalue()


def test_of_a_token(told: Written, client: Client) -> None:
    token, _ = issue_user_token(UserFactory())
    logging.getLogger("test").warning(
        "%s %r", f"Authorization: Bearer {token}", {"headers": [(b"authorization", token.encode())]}
    )
    client.get(f"/api/v1/auth/me?access_token={token}", headers={"Authorization": f"Bearer {token}"})
    assert token.split(".")[2][:20] not in told.getvalue()


def test_of_a_webhook(told: Written, settings: Any) -> None:
    settings.ALERT_WEBHOOK_URL = f"https://chat.example.com/hooks/{quote(SECRET, safe='')}"
    try:
        requests.post(settings.ALERT_WEBHOOK_URL.replace("https://chat.example.com", NOBODY), timeout=1)
    except requests.ConnectionError:
        logging.getLogger("test").exception("The webhook %s failed", settings.ALERT_WEBHOOK_URL)


def test_of_an_exception_with_notes_causes_and_what_it_was_called_with(told: Written, settings: Any) -> None:
    settings.FRED_API_KEY = SECRET

    def inner(password: str) -> None:
        error = ValueError(f"bad password={password!r}")
        error.add_note(f"api_key: {password}")
        raise error

    try:
        try:
            inner(SECRET)
        except ValueError as error:
            raise KeyError({"client_secret": SECRET}) from error
    except KeyError as error:
        logging.getLogger("test").exception("It broke: %r", error, stack_info=True)
        logging.getLogger("test").error(
            "%s", "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
        )


@shared_task(name="tests.leaky")
def leaky(password: str, key: str = "") -> None:
    raise RuntimeError(f"no entry with password={password!r}")


def _worker_meets_secrets(told: Written) -> None:
    with start_worker(current_app, perform_ping_check=False, queues=["leaks"], loglevel="DEBUG"):
        with observed(request_id="asked-by-me"):
            leaky.apply_async([SECRET], {"key": SECRET}, queue="leaks", ignore_result=True)
            current_app.send_task("tests.unknown", kwargs={"password": SECRET}, queue="leaks", ignore_result=True)
        deadline = time.monotonic() + 20
        while not ("unregistered" in told.getvalue() and "no entry" in told.getvalue()) and time.monotonic() < deadline:
            time.sleep(0.02)


def test_of_a_task(told: Written, settings: Any) -> None:
    """A real worker: a task that fails, and one it does not know, whose message it tells. In a thread without database connections,
    since a worker that starts shuts those it finds."""
    # It sets Django up once more, and would take this test's handler away.
    settings.LOGGING_CONFIG = None
    worker = threading.Thread(target=_worker_meets_secrets, args=(told,))
    worker.start()
    worker.join(60)
    failed = next(line for line in told.getvalue().splitlines() if "no entry" in line)
    assert "asked-by" in failed
    assert "leaky" in failed
    assert "unregistered" in told.getvalue()


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("redis://:hunter2hunter@127.0.0.1:6379/0", "redis://:***@127.0.0.1:6379/0"),
        ("postgresql://u:p@ss/w#rd@db/core", "postgresql://u:***@db/core"),
        ("https://0123456789abcdef0123@sentry.example.com/7", "https://***@sentry.example.com/7"),
        ("GET /x?symbol=A&apikey=abc123&limit=5", "GET /x?symbol=A&apikey=***&limit=5"),
        ('{"password": "it\\"s me", "email": "a@b.c"}', '{"password": ***, "email": "a@b.c"}'),
        ("{'new_password1': \"it's me\", 'limit': 3}", "{'new_password1': ***, 'limit': 3}"),
        ('body "{\\"token\\": \\"abc def\\", \\"n\\": 1}"', 'body "{\\"token\\": ***, \\"n\\": 1}"'),
        ("Authorization: Bearer abcdefgh.ijkl", "Authorization: Bearer ***"),
        ("Cookie: sessionid=abc; csrftoken=def", "Cookie: ***"),
        ("key sk-proj-abcdefghijklmnop refused", "key sk-*** refused"),
        ("pbkdf2_sha256$1000$salt$hash= stored", "*** stored"),
        ("https://hooks.slack.com/services/T0/B0/xyz", "https://hooks.slack.com/services/***"),
    ],
)  # fmt: skip
def test_places_where_secrets_stand(text: str, left: str) -> None:
    assert mask(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "GET /api/v1/data/portfolios 200 12.3 ms 3 statements",
        "1200 input_tokens, 300 output_tokens of max_tokens 8000",
        "Portfolio KEYSTONE: phase 2.5 took 3.2 s; token_count 5",
        "connection to server at \"127.0.0.1\", port 9 failed: Connection refused",
        "The password is too short.",
        "Risk of $1,000,000 at sigmasight.core.bulk",
    ],
)  # fmt: skip
def test_ordinary_lines_stay_as_they_are(text: str) -> None:
    assert mask(text) == text


def test_fields_are_known_by_their_names_however_deep() -> None:
    report = {
        "request": {"headers": [["Cookie", "a=1"], {"Authorization": "x"}], "data": {"api_key": 5, "tokens": 7}},
        "n": 1.5,
    }
    assert masked(report) == {
        "request": {"headers": [["Cookie", "a=1"], {"Authorization": MASK}], "data": {"api_key": MASK, "tokens": 7}}, "n": 1.5,
    }  # fmt: skip


@pytest.mark.parametrize("piece", ["://a:", "eyJabcde-", 'password": "', "bearer ", "cookie=", "a" * 9, "'token': '"])
def test_a_hostile_text_is_looked_through_in_no_time(piece: str) -> None:
    """Each place is looked at once, not once for every beginning: the test would not end otherwise."""
    mask(piece * (80_000 // len(piece)))
