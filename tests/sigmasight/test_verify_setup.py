"""`verify_setup` on the real servers of the test run, whole and with one part broken at a time."""

from __future__ import annotations

import datetime as dt
import socket
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connections
from django.test import override_settings
from django.utils import timezone

from analytics.services.demo import seed_demo
from analytics.services.reference import seed_reference
from sigmasight.core import server_checks, setup_checks
from sigmasight.core.backups.making import NAME_FORM
from sigmasight.core.backups.manifest import Copied, Manifest, write
from sigmasight.core.partitions import ensure_all, monthly_models, partitions

pytestmark = pytest.mark.django_db(databases=["default", "ai"])
CHECKS = {
    "core database", "AI database", "pgvector", "migrations", "broker", "cache", "secret key", "calendar", "prices",
    "live sources", "reference data", "demo", "months", "backup",
}  # fmt: skip


def verify(*options: str) -> tuple[int, dict[str, tuple[str, str]]]:
    """Exit code, and for each check its verdict and its message."""
    out, code = StringIO(), 0
    try:
        call_command("verify_setup", *options, stdout=out, no_color=True)
    except SystemExit as end:
        code = int(str(end.code))
    found = {}
    for line in out.getvalue().splitlines():
        verdict, rest = line.split(maxsplit=1)
        name, message = rest.split("  ", maxsplit=1)
        found[name.strip()] = (verdict, message.strip())
    return code, found


@pytest.fixture
def reference() -> None:
    seed_reference()


@pytest.mark.usefixtures("reference")
def test_a_whole_set_up_passes_with_a_line_for_every_part() -> None:
    seed_demo()
    code, found = verify()
    assert code == 0
    assert set(found) >= CHECKS
    assert {name for name, (verdict, _) in found.items() if verdict == "failed"} == set()
    assert found["core database"][1].startswith("PostgreSQL 18.")


@pytest.mark.usefixtures("reference")
def test_warnings_pass_unless_it_is_strict() -> None:
    code, found = verify()
    assert (code, found["demo"][0], found["secret key"][0]) == (0, "warning", "warning")
    assert verify("--strict")[0] == 1


def test_missing_reference_data_fails_and_says_what_to_do() -> None:
    code, found = verify()
    assert code == 1
    assert found["reference data"][0] == "failed"
    assert "seed_demo --reference" in found["reference data"][1]


@pytest.mark.usefixtures("reference")
def test_a_migration_that_is_not_applied_fails_and_says_what_to_do() -> None:
    with connections["default"].cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'tagging'")
    code, found = verify()
    assert code == 1
    assert found["migrations"] == ("failed", "{'default': 1, 'ai': 0} are not applied: python manage.py migrate_all")


@pytest.mark.usefixtures("reference")
def test_months_are_told_and_whether_there_is_room_to_read_them_all(monkeypatch: pytest.MonkeyPatch) -> None:
    made = ensure_all(dt.date(2041, 1, 1), dt.date(2041, 1, 31))
    parts = len(partitions(model._meta.db_table for model in monthly_models()))
    assert len(made) == 8
    assert verify()[1]["months"][0] == "ok"
    monkeypatch.setattr(server_checks, "LOCKS_HELD", 0.01)
    verdict, told = verify()[1]["months"]
    assert verdict == "warning"
    # Three indexes each.
    assert (
        f"{parts} partitions of 4 tables: set max_locks_per_transaction of PostgreSQL to {parts * 400} or more" in told
    )


@pytest.mark.usefixtures("reference")
def test_a_missing_extension_fails_and_says_what_to_do() -> None:
    with connections["ai"].cursor() as cursor:
        cursor.execute("DROP EXTENSION vector CASCADE")
    code, found = verify()
    assert code == 1
    assert found["pgvector"][0] == "failed"
    assert "CREATE EXTENSION vector" in found["pgvector"][1]


@pytest.mark.usefixtures("reference")
def test_a_broker_that_does_not_answer_fails_and_hides_nothing() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    with override_settings(CELERY_BROKER_URL=f"redis://127.0.0.1:{port}/0"):
        code, found = verify()
    assert code == 1
    assert found["broker"][0] == "failed"
    assert str(port) in found["broker"][1]
    assert set(found) >= CHECKS
    assert found["cache"][0] == "ok"


@pytest.mark.usefixtures("reference")
def test_a_price_source_that_cannot_be_used_fails_with_its_reason() -> None:
    with override_settings(MARKETDATA_SOURCE="files:/nowhere"):
        code, found = verify()
    assert code == 1
    assert found["prices"][0] == "failed"
    assert "holds no daily_prices" in found["prices"][1]


@pytest.fixture
def exploding_check() -> Iterator[None]:
    @setup_checks.register("exploding")
    def explode() -> setup_checks.Finding:
        raise ArithmeticError("two\nlines")

    yield
    del setup_checks._checks["exploding"]


@pytest.mark.usefixtures("reference", "exploding_check")
def test_a_check_that_raises_has_failed_with_its_error_in_one_line() -> None:
    code, found = verify()
    assert code == 1
    assert found["exploding"] == ("failed", "ArithmeticError: two lines")
    assert set(found) >= CHECKS


def test_the_secret_is_never_shown() -> None:
    secret = "s3cret-" + "x" * 60
    with override_settings(SECRET_KEY=secret):
        _, found = verify()
    assert found["secret key"] == ("ok", "set")
    password = connections["default"].settings_dict["PASSWORD"]
    assert not [message for _, message in found.values() if secret in message or password in message]


@pytest.mark.usefixtures("reference")
def test_the_age_of_the_last_backup_is_told(tmp_path: Path) -> None:
    with override_settings(BACKUP_DIRECTORY=str(tmp_path)):
        assert verify()[1]["backup"] == ("warning", f"none in {tmp_path}: python manage.py backup")
        for age, verdict in ((50, "warning"), (2, "ok")):
            folder = tmp_path / (timezone.now() - dt.timedelta(hours=age)).strftime(NAME_FORM)
            folder.mkdir()
            copied = Copied("d", 1, "", 1, "18.6", "18.6", {}, {}, {})
            write(folder, Manifest("1", "", "", {"core": copied, "ai": copied}))
            found = verify()[1]["backup"]
            assert found[0] == verdict
            assert f"{folder.name}, {age} hours old" in found[1]
