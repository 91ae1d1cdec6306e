"""What a backup is made of, and what it does when something is wrong."""

from __future__ import annotations

import datetime as dt
import fcntl
import hashlib
import io
import os
import re
import shutil
import signal
import stat
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from sigmasight.core.backups import facts, making, manifest, programs
from sigmasight.core.backups.alerts import late_backup
from sigmasight.core.backups.making import back_up, backups_in
from sigmasight.core.backups.places import Place
from sigmasight.core.backups.restoring import django_at
from sigmasight.core.errors import Conflict, DomainError


def test_the_manifest_says_what_the_files_are(backup: Path, tiny: dict[str, Place]) -> None:
    core = manifest.read(backup).databases["core"]
    content = (backup / "core.dump").read_bytes()
    assert (core.bytes, core.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert core.rows == {"public.prices_2026_01": 2, "public.prices_2026_02": 3}
    assert (core.database, facts.major(core.server), core.extensions.keys()) == (tiny["core"].database, 18, {"vector"})


def test_only_its_owner_reads_a_backup(backup: Path) -> None:
    assert stat.S_IMODE(backup.parent.stat().st_mode) == stat.S_IMODE(backup.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in backup.iterdir()} == {0o600}


def test_a_second_backup_keeps_so_many_and_touches_nothing_else(backup: Path) -> None:
    older = backup.with_name("20200101T000000Z")
    shutil.copytree(backup, older)
    stranger = backup.with_name("notes")
    stranger.mkdir()
    cut = backup.with_name("20190101T000000Z")
    shutil.copytree(backup, cut)
    (cut / manifest.NAME).unlink()
    backup = backup.rename(backup.with_name("20210101T000000Z"))
    newest = back_up(backup.parent, keep=2)
    assert backups_in(backup.parent) == [backup, newest]
    assert stranger.is_dir()
    assert cut.is_dir()
    assert not older.exists()


def test_a_failed_backup_leaves_nothing_and_removes_none(
    backup: Path, tiny: dict[str, Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = backup.rename(backup.with_name("20210101T000000Z"))
    monkeypatch.setattr(making, "LOCK_WAIT", "100ms")
    with tiny["core"].connect() as connection:
        connection.execute("LOCK TABLE ONLY prices IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(DomainError, match="pg_dump failed for tiny_"):
            back_up(backup.parent, keep=1)
    assert [path.name for path in kept.parent.iterdir() if path.name != ".lock"] == [kept.name]


def test_what_a_killed_backup_left_is_swept_away(backup: Path) -> None:
    left = backup.with_name(".20200101T000000Z.unfinished")
    left.mkdir()
    backup.rename(backup.with_name("20210101T000000Z"))
    back_up(backup.parent)
    assert not left.exists()
    assert len(backups_in(backup.parent)) == 2


def test_two_backups_do_not_go_to_one_place_at_once(backup: Path) -> None:
    with (backup.parent / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(Conflict, match="Another backup"):
            back_up(backup.parent)


def test_no_room_is_said_before_anything_is_written(
    tiny: dict[str, Place], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: type("Usage", (), {"free": 0}))
    with pytest.raises(DomainError, match=r"0 MiB free; the backup may take"):
        back_up(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def old_program(folder: Path, version: str = "14.2") -> Path:
    folder.mkdir(exist_ok=True)
    for name in ("pg_dump", "pg_restore"):
        (folder / name).write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) {version}'\n")
        (folder / name).chmod(0o755)
    return folder


def test_a_client_that_is_too_old_says_what_to_install(
    tiny: dict[str, Place], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "_folders", [])
    monkeypatch.setattr(programs, "VERSIONED", tmp_path / "none")
    monkeypatch.setenv("PATH", str(old_program(tmp_path / "bin")))
    with pytest.raises(
        CommandError, match=r"pg_dump of PostgreSQL 18 or newer .* here is 14\.2 .*postgresql-client-18"
    ):
        call_command("backup", "--output", str(tmp_path / "backups"))
    assert not (tmp_path / "backups").exists()


def test_the_nearest_client_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = [old_program(tmp_path / major, major) for major in ("19", "18", "17")]
    monkeypatch.setattr(programs, "_folders", [lambda folder=folder: folder for folder in folders])
    assert programs.program("pg_dump", least=18).path == tmp_path / "18" / "pg_dump"
    assert programs.program("pg_dump", least=19).path == tmp_path / "19" / "pg_dump"


def test_the_password_stands_in_no_command_line(
    tiny: dict[str, Place], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[str] = []
    started = subprocess.Popen

    def noting(command: Any, **options: Any) -> Any:
        commands.append(" ".join(str(word) for word in command))
        return started(command, **options)

    monkeypatch.setattr(subprocess, "Popen", noting)
    back_up(tmp_path)
    assert sum("pg_dump --format" in command for command in commands) == 2
    assert tiny["core"].password
    assert not [command for command in commands if tiny["core"].password in command]
    assert tiny["core"].password not in repr(tiny)


def test_rows_written_meanwhile_are_in_neither_dump_nor_counts(
    tiny: dict[str, Place], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = making.run

    def written_meanwhile(command: list[Any], place: Place, *rest: Any) -> None:
        real(command, place, *rest)
        if place.label == "core" and "--format=custom" in command:
            with place.connect() as connection:
                connection.execute("INSERT INTO prices VALUES ('2026-02-20', 1)")

    monkeypatch.setattr(making, "run", written_meanwhile)
    assert manifest.read(back_up(tmp_path)).databases["core"].rows["public.prices_2026_02"] == 3


def test_an_unreachable_server_is_named(tiny: dict[str, Place], tmp_path: Path) -> None:
    with (
        django_at(tiny | {"ai": tiny["ai"].named("nowhere")}),
        pytest.raises(DomainError, match=r"nowhere at .* cannot be reached"),
    ):
        back_up(tmp_path)


def test_a_backup_told_to_stop_leaves_nothing(tiny: dict[str, Place], tmp_path: Path) -> None:
    dumping = (
        "SELECT pid FROM pg_stat_activity WHERE datname = %s AND query LIKE 'LOCK TABLE%%' AND wait_event_type = 'Lock'"
    )
    seen: list[str] = []

    def stop_while_it_waits(connection: Any) -> None:
        while connection.execute(dumping, [tiny["core"].database]).fetchone() is None:
            time.sleep(0.02)
        seen.extend(path.suffix for path in tmp_path.iterdir() if path.is_dir())
        os.kill(os.getpid(), signal.SIGTERM)

    with tiny["core"].connect() as locking, tiny["ai"].connect(autocommit=True) as connection:
        locking.execute("LOCK TABLE ONLY prices IN ACCESS EXCLUSIVE MODE")
        stopper = threading.Thread(target=stop_while_it_waits, args=[connection])
        stopper.start()
        with pytest.raises(SystemExit) as end:
            call_command("backup", "--output", str(tmp_path))
        stopper.join()
        while connection.execute(dumping, [tiny["core"].database]).fetchone() is not None:
            time.sleep(0.02)
    assert (end.value.code, seen) == (143, [".unfinished"])
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_a_late_backup_is_an_alert_and_a_missing_one_too(backup: Path, settings: Any) -> None:
    def told() -> list[tuple[str, str]]:
        return [(one.severity.label, one.message.split(" in ")[0]) for one in late_backup()]

    settings.BACKUP_DIRECTORY = ""
    assert told() == []
    settings.BACKUP_DIRECTORY = str(backup.parent)
    assert told() == []
    for hours, severity in ((50, "warning"), (90, "critical")):
        backup = backup.rename(
            backup.with_name((timezone.now() - dt.timedelta(hours=hours)).strftime(making.NAME_FORM))
        )
        assert told() == [(severity, f"The last complete backup is {hours} hours old")]
    (backup / manifest.NAME).unlink()
    assert told() == [("critical", "There is no complete backup")]


@pytest.mark.parametrize("keep", ["0", "-1"])
def test_at_least_one_is_kept(tiny: dict[str, Place], tmp_path: Path, keep: str) -> None:
    with pytest.raises(CommandError, match="Keep one"):
        call_command("backup", "--output", str(tmp_path), "--keep", keep)


def test_the_command_tells_what_it_made(tiny: dict[str, Place], settings: Any, tmp_path: Path) -> None:
    settings.BACKUP_DIRECTORY = str(tmp_path)
    out = io.StringIO()
    call_command("backup", stdout=out)
    assert re.search(r"Z: \d rows in 0\.0 MiB, read back\.", out.getvalue())
