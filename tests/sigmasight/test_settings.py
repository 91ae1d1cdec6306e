"""The settings against their environment, each time in a process of its own."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SECRET = "a-secret-of-more-than-fifty-characters-" + "0123456789" * 3
SERVERS = {
    "DATABASE_URL": "postgresql://user:secret@db.example.com:5432/core",
    "AI_DATABASE_URL": "postgresql://user:secret@ai.example.com:5432/ai",
    "REDIS_URL": "redis://broker.example.com:6379/4",
}
PRODUCTION = {"PRODUCTION": "1", "SECRET_KEY": SECRET, "ALLOWED_HOSTS": "risk.example.com", **SERVERS}
# Read by the clock, the embedded servers, the database client, the web server and the compose file instead of the settings.
READ_ELSEWHERE = {
    "SIGMASIGHT_STATE", "SIGMASIGHT_DATABASE", "SIGMASIGHT_NOW", "POSTGRES_PASSWORD", "PGPASSWORD", "WEB_CONCURRENCY",
    "BACKUP_VOLUME", "SIGMASIGHT_PG_BIN", "SIGMASIGHT_VALKEY_BIN", "SIGMASIGHT_PG_OS_USER",
}  # fmt: skip
# Set by the project for its own processes, never by people.
INTERNAL = {"SIGMASIGHT_TESTING", "SIGMASIGHT_EMBEDDED_CHILD", "SIGMASIGHT_MIGRATING"}


def settings_with(values: dict[str, str], question: str = "") -> subprocess.CompletedProcess[str]:
    """Import the settings with this environment alone (an empty value hides a line of a developer's .env), print an answer."""
    bare = dict.fromkeys(SERVERS, "") | {"PATH": os.environ["PATH"], "DEBUG": "0", "PRODUCTION": "0"}
    program = f"from sigmasight import settings; {question}"
    return subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=bare | values, capture_output=True, text=True)


def answer(values: dict[str, str], expression: str) -> str:
    done = settings_with(values, f"print({expression})")
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def refusal(values: dict[str, str]) -> str:
    done = settings_with(values)
    assert done.returncode != 0
    assert "ImproperlyConfigured" in done.stderr
    return done.stderr.strip().splitlines()[-1]


@pytest.mark.parametrize(
    "secret", ["development-only-secret-key-never-used-in-production", "too-short", "change-me-" + "x" * 60]
)
def test_production_refuses_a_secret_that_is_none(secret: str) -> None:
    assert "SECRET_KEY" in refusal(PRODUCTION | {"SECRET_KEY": secret})


def test_production_refuses_to_start_without_a_secret() -> None:
    assert "SECRET_KEY" in refusal({name: value for name, value in PRODUCTION.items() if name != "SECRET_KEY"})


def test_production_refuses_debug() -> None:
    assert "DEBUG" in refusal(PRODUCTION | {"DEBUG": "1"})


def test_production_refuses_missing_hosts() -> None:
    assert "ALLOWED_HOSTS" in refusal({name: value for name, value in PRODUCTION.items() if name != "ALLOWED_HOSTS"})


def test_production_starts_with_everything_set_and_is_secure() -> None:
    names = ("DEBUG", "SECURE_SSL_REDIRECT", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "DEMO_ALLOWED")
    told = answer(PRODUCTION, ", ".join(f"settings.{name}" for name in names))
    assert told == "False True True True False"


@pytest.mark.parametrize("missing", sorted(SERVERS))
def test_partly_set_servers_name_the_missing_one(missing: str) -> None:
    message = refusal({name: value for name, value in SERVERS.items() if name != missing})
    assert message.partition(" too:")[0].endswith(f"Set {missing}")


def test_production_never_uses_the_embedded_servers() -> None:
    message = refusal({name: value for name, value in PRODUCTION.items() if name not in SERVERS})
    assert all(name in message for name in SERVERS)
    assert "production" in message


def test_development_secret_and_hosts_do_without_being_set() -> None:
    assert answer(SERVERS, "settings.SECRET_KEY == settings.DEVELOPMENT_SECRET, 'localhost' in settings.ALLOWED_HOSTS") == (
        "True True"
    )  # fmt: skip


def test_broker_results_and_cache_are_kept_apart() -> None:
    told = answer(
        SERVERS, "settings.CELERY_BROKER_URL, settings.CELERY_RESULT_BACKEND, settings.CACHES['default']['LOCATION']"
    )
    assert [url.rsplit("/", 1)[1] for url in told.split()] == ["4", "5", "6"]


def test_a_prefix_keeps_two_installations_on_one_broker_apart() -> None:
    told = answer(SERVERS | {"REDIS_KEY_PREFIX": "second"}, "*settings.WORKER_QUEUES")
    assert told.split() == ["second.default", "second.marketdata", "second.batch", "second.assistant"]


def variables_of_the_settings() -> set[str]:
    names = set()
    for node in ast.walk(ast.parse((ROOT / "sigmasight" / "settings.py").read_text())):
        if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            function = ast.unparse(node.func)
            if function == "env" or function.startswith(("env.", "os.environ.get")):
                names.add(node.args[0].value)
    return names | set(SERVERS)


def documented() -> dict[str, str]:
    found = re.findall(r"^#?([A-Z][A-Z0-9_]*)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE)
    return dict(found)


def test_the_example_names_every_variable_the_settings_read() -> None:
    wanted = variables_of_the_settings()
    assert "BATCH_COVERAGE_FLOOR" in wanted
    assert wanted - INTERNAL - set(documented()) == set()


def test_the_example_names_nothing_that_nobody_reads() -> None:
    assert set(documented()) - variables_of_the_settings() - READ_ELSEWHERE == set()


def test_the_example_itself_sets_nothing() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == []


def test_every_line_of_the_example_holds_a_value_alone() -> None:
    """A remark behind a value would become part of it, and a remark in place of the secret key a well-known secret."""
    assert [name for name, value in documented().items() if re.search(r"[\s#]", value)] == []
    assert documented()["SECRET_KEY"] == ""


def test_numbers_of_the_example_are_the_defaults_of_the_settings() -> None:
    names = [n for n, value in documented().items() if re.fullmatch(r"[\d.]+", value)]
    switches = {"PRODUCTION", "DEBUG", "DETERMINISTIC_UUIDS", "SECURE_SSL_REDIRECT", "OPEN_REGISTRATION"}
    names = [n for n in names if n not in switches]
    program = f"{{n: getattr(settings, n) for n in {names!r} if hasattr(settings, n)}}"
    told: dict[str, float] = ast.literal_eval(answer(SERVERS, program))
    assert "BATCH_SHARD_PORTFOLIOS" in told
    assert told == {n: float(documented()[n]) for n in told}


def test_production_hardens_the_console() -> None:
    told = answer(
        PRODUCTION,
        "settings.SECOND_STEP, settings.SESSION_COOKIE_NAME, settings.SESSION_COOKIE_SECURE, settings.SESSION_COOKIE_HTTPONLY, "
        "settings.PASSWORD_HASHERS[0].rpartition('.')[2], len(settings.AUTH_PASSWORD_VALIDATORS)",
    )
    assert told == "required __Host-sessionid True True Argon2PasswordHasher 5"
    assert answer(SERVERS, "settings.SECOND_STEP") == "optional"
    assert "SECOND_STEP" in refusal(PRODUCTION | {"SECOND_STEP": "sometimes"})


def test_tls_that_a_database_url_asks_for_holds() -> None:
    urls = {name: f"{SERVERS[name]}?sslmode=verify-full" for name in ("DATABASE_URL", "AI_DATABASE_URL")}
    told = answer(
        PRODUCTION | urls,
        "*(settings.DATABASES[alias]['OPTIONS'][key] for alias in ('default', 'ai') for key in ('sslmode', 'connect_timeout'))",
    )
    assert told == "verify-full 10 verify-full 2"


def test_pages_that_may_call_are_written_out() -> None:
    assert "CORS_ALLOWED_ORIGINS" in refusal(SERVERS | {"CORS_ALLOWED_ORIGINS": "https://app.example.com,*"})
    wrong = ["*", "null", "https://*.example.com", "app.example.com", "https://app.example.com/", "https://a@b.com", ""]
    told = answer(SERVERS, f"[o for o in {[*wrong, 'https://app.example.com:8443']} if settings.ORIGIN.fullmatch(o)]")
    assert told == "['https://app.example.com:8443']"


def test_production_lets_no_page_call_unless_it_is_named_and_over_tls() -> None:
    assert answer(PRODUCTION, "settings.CORS_ALLOWED_ORIGINS") == "[]"
    assert "https" in refusal(PRODUCTION | {"CORS_ALLOWED_ORIGINS": "http://app.example.com"})
    named = PRODUCTION | {"CORS_ALLOWED_ORIGINS": "https://app.example.com:8443"}
    assert answer(named, "settings.CORS_ALLOWED_ORIGINS") == "['https://app.example.com:8443']"
