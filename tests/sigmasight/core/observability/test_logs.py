"""Log lines: their form, the ids they carry, and that nobody's input breaks them."""

from __future__ import annotations

import io
import logging
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from celery import shared_task
from tqdm import tqdm

from sigmasight.core.observability.context import ids, note, observed
from sigmasight.core.observability.logs import Console, configuration
from tests.logged import Written

ROOT = Path(__file__).resolve().parents[4]
RUN = "1a2b3c4d-0000-4000-8000-000000000000"
log = logging.getLogger("test.lines")


def test_a_line_is_one_object_with_the_time_in_utc(logged: Callable[..., Written]) -> None:
    text = logged("json")
    log.warning("Prices of %s are late\nby a day", "AAPL", extra={"facts": {"sessions": 1}})
    line = text.lines("test")[0]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("time"))
    assert line == {
        "level": "WARNING",
        "logger": "test.lines",
        "message": "Prices of AAPL are late\nby a day",
        "sessions": 1,
    }


def test_lines_carry_the_ids_of_the_work_at_hand_and_of_what_is_around_it(logged: Callable[..., Written]) -> None:
    text = logged("json")
    with observed(run_id=RUN, phase="2.5"), observed(shard=3, portfolio_id=None):
        note(user_id="u1")
        log.info("inside")
    log.info("outside")
    inside, outside = text.lines("test")
    assert {name: inside[name] for name in ("run_id", "phase", "shard", "user_id")} == {
        "run_id": RUN, "phase": "2.5", "shard": "3", "user_id": "u1",
    }  # fmt: skip
    assert set(outside) == {"time", "level", "logger", "message"}


def test_a_line_for_people_shows_the_ids_cut_short(logged: Callable[..., Written]) -> None:
    text = logged("line")
    with observed(run_id=RUN, phase="3", shard=12):
        log.info("rolled")
    assert text.getvalue().endswith("INFO    test.lines: rolled [run 1a2b3c4d phase 3 shard 12]\n")


def test_an_exception_is_told_with_its_kind(logged: Callable[..., Written]) -> None:
    text = logged("json")
    try:
        raise LookupError("no such session")
    except LookupError:
        log.exception("It failed")
    line = text.lines("test")[0]
    assert line["exception_type"] == "LookupError"
    assert line["exception"].startswith("Traceback")
    assert line["exception"].endswith("LookupError: no such session")


@pytest.mark.parametrize("kind", ["json", "line"])
def test_input_cannot_forge_a_line(logged: Callable[..., Written], kind: str) -> None:
    text = logged(kind)
    log.info("Unknown symbol %s", "X\n2026-01-01 00:00:00 CRITICAL sigmasight: all is lost\x1b[2J")
    assert not [line for line in text.getvalue().splitlines() if line.startswith("2026-01-01 00:00:00 CRITICAL")]
    assert "\x1b" not in text.getvalue()


def test_a_line_that_cannot_be_written_does_not_show_its_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    Console("line").emit(logging.makeLogRecord({"name": "test", "msg": "%d logins", "args": ("hunter2hunter2",)}))
    assert capsys.readouterr().err == "A log line of test could not be written: TypeError\n"


def test_progress_bars_stay_whole() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen = Terminal()
    with tqdm(total=4, file=screen, desc="Risk", mininterval=0) as bar:
        bar.update(2)
        Console("line", screen).emit(logging.makeLogRecord({"name": "x", "msg": "a note", "levelname": "INFO"}))
    note_line = next(line for line in re.split(r"[\r\n]", screen.getvalue()) if "a note" in line)
    assert "Risk" not in note_line


def test_nothing_is_left_outside_of_any_work() -> None:
    with observed(run_id=RUN):
        note(portfolio_id="p")
    assert ids() == {}


def test_libraries_with_handlers_of_their_own_lose_them() -> None:
    loggers = configuration("json", "INFO")["loggers"]
    for name in ("django", "django.server", "celery.task", "uvicorn.error"):
        assert loggers[name] == {"handlers": [], "propagate": True}


def crash(statement: str, **environment: str) -> str:
    """What a process of this installation writes when it ends with this statement."""
    told = {"LOG_FORMAT": "json", "SIGMASIGHT_TESTING": "0", "SECRET_KEY": "s" * 60}
    program = f"import django; django.setup()\n{statement}"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "sigmasight.settings"} | told | environment,
    )  # fmt: skip
    return done.stdout + done.stderr


def test_the_last_words_of_a_process_go_through_the_log() -> None:
    told = crash(
        "from django.conf import settings\nraise ValueError(f'refused: {settings.SECRET_KEY} {settings.DATABASES}')"
    )
    line: dict[str, Any] = Written(told).lines("sigmasight")[0]
    assert (line["level"], line["exception_type"]) == ("CRITICAL", "ValueError")
    assert "s" * 60 not in told
    assert os.environ["DATABASE_URL"].split(":")[2].split("@")[0] not in told


def test_a_database_address_that_cannot_be_read_is_not_quoted() -> None:
    told = crash("pass", DATABASE_URL="postgresql://sigma:pa55/word@db.example.com/core")
    assert "DATABASE_URL cannot be read" in told
    assert "pa55" not in told


@shared_task(name="tests.counts")
def counts(number: int) -> int:
    log.info("counting")
    return number + 1


def test_a_task_says_its_name_and_id_in_every_line_and_when_it_ends(logged: Callable[..., Written]) -> None:
    text = logged("json")
    counts.apply([1], task_id="id-of-the-task")
    counting, end = text.lines()
    assert {counting["task_id"], end["task_id"]} == {"id-of-the-task"}
    assert (counting["task"], end["state"], end["logger"]) == ("tests.counts", "success", "sigmasight.tasks")
    assert ids() == {}


def test_a_routine_task_that_goes_well_is_no_news(logged: Callable[..., Written]) -> None:
    text = logged("json")
    counts.apply([1], headers={"periodic_task_name": "Every minute"})
    assert [line["logger"] for line in text.lines()] == ["test.lines"]
