"""Bringing backups back: what is refused, what becomes of what was there, and everything into an empty server."""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connections

from analytics.models import PortfolioRisk
from analytics.services.checksum import results_checksum
from analytics.services.demo import seed_demo
from assistant.models import KnowledgeDocument
from portfolios.models import Portfolio
from sigmasight.core.backups import manifest, restoring
from sigmasight.core.backups.making import back_up
from sigmasight.core.backups.places import Place, configured, elsewhere
from sigmasight.core.backups.restoring import django_at, restore
from sigmasight.core.errors import Conflict, DomainError
from sigmasight.core.partitions import partitions
from sigmasight.embedded.stack import Stack
from tests.sigmasight.core.backups.conftest import closes, databases, maintain

PRICES = [100, 101, 102, 103, 104]


def change(place: Place) -> None:
    """What is there now is not what was backed up."""
    with place.connect() as connection:
        connection.execute("UPDATE prices SET close = 1")


def rewrite(backup: Path, **changed: Any) -> None:
    """Another manifest, whole in itself, with other facts about core."""
    whole = manifest.read(backup)
    core = replace(whole.databases["core"], **changed)
    manifest.write(backup, replace(whole, databases=whole.databases | {"core": core}))


def test_empty_databases_are_filled(backup: Path, tiny: dict[str, Place]) -> None:
    for place in tiny.values():
        maintain(place, "DROP DATABASE {} WITH (FORCE)", place.database)
    maintain(tiny["core"], "CREATE DATABASE {}", tiny["core"].database)
    done = restore(backup)
    assert closes(tiny["core"]) == PRICES
    assert {label: (one.rows, one.replaced) for label, one in done.items()} == {"core": (5, ""), "ai": (0, "")}
    assert databases(tiny["core"]) == {tiny["core"].database}


def test_what_is_there_is_not_overwritten(backup: Path, tiny: dict[str, Place]) -> None:
    change(tiny["core"])
    with pytest.raises(Conflict, match=f"Not empty: {tiny['core'].database}.*--replace"):
        restore(backup)
    assert closes(tiny["core"]) == [1] * 5


def test_a_view_alone_is_something_too(backup: Path, tiny: dict[str, Place]) -> None:
    maintain(tiny["ai"], "DROP DATABASE {} WITH (FORCE)", tiny["ai"].database)
    maintain(tiny["ai"], "CREATE DATABASE {}", tiny["ai"].database)
    with tiny["ai"].connect() as connection:
        connection.execute("CREATE VIEW days AS SELECT 1 AS day")
    with pytest.raises(Conflict, match=tiny["ai"].database):
        restore(backup, {"core": tiny["core"].named(f"{tiny['core'].database}_other"), "ai": tiny["ai"]})
    with tiny["ai"].connect() as connection:
        connection.execute("DROP VIEW days; CREATE TABLE texts (id int)")


def test_what_was_replaced_is_kept_under_another_name(backup: Path, tiny: dict[str, Place]) -> None:
    change(tiny["core"])
    with tiny["core"].connect() as still_connected:
        done = restore(backup, replace=True)
        assert still_connected.pgconn.socket
    assert closes(tiny["core"]) == PRICES
    assert closes(tiny["core"].named(done["core"].replaced)) == [1] * 5


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"rows": {"public.prices_2026_01": 3}}, "rows_differ"),
        ({"server": "99.1"}, "99.1"),
        ({"extensions": {"psychic": "1"}}, "psychic"),
    ],
)
def test_a_restore_that_fails_leaves_what_was_there(
    backup: Path, tiny: dict[str, Place], changed: dict[str, Any], words: str
) -> None:
    change(tiny["core"])
    rewrite(backup, **changed)
    with pytest.raises(DomainError) as refused:
        restore(backup, replace=True)
    assert words in f"{refused.value.code} {refused.value.message}"
    assert closes(tiny["core"]) == [1] * 5
    assert {name for place in tiny.values() for name in databases(place)} == {place.database for place in tiny.values()}


def test_either_both_are_put_in_place_or_none(
    backup: Path, tiny: dict[str, Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    change(tiny["core"])
    real = restoring._rename

    def refused_for_ai(place: Place, names: list[tuple[str, str]]) -> None:
        if place.label == "ai":
            raise Conflict("database_in_use", "in use")
        real(place, names)

    monkeypatch.setattr(restoring, "_rename", refused_for_ai)
    with pytest.raises(Conflict):
        restore(backup, replace=True)
    assert closes(tiny["core"]) == [1] * 5
    assert databases(tiny["core"]) == {tiny["core"].database}


def test_long_names_stay_apart_and_are_not_cut_by_the_server() -> None:
    long = {
        label: Place(label, {"dbname": f"{'risk_of_all_our_clients_in_europe_'}{label}"}) for label in ("core", "ai")
    }
    names = [
        restoring.beside(place, what) for place in long.values() for what in ("restoring", "replaced_20261129t093904")
    ]
    assert len({name[:63] for name in names}) == 4
    assert max(len(name) for name in names) <= 63


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def spoil(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def other_rows(path: Path) -> None:
    content = json.loads(path.read_text())
    content["databases"]["core"]["rows"] = {}
    path.write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("name", "damage", "words"),
    [
        ("ai.dump", spoil, "SHA-256 differs"),
        ("core.dump", cut, "bytes, not"),
        ("core.dump", Path.unlink, "core.dump is missing"),
        ("manifest.json", cut, "cannot be read"),
        ("manifest.json", other_rows, "was changed after"),
        ("manifest.json", Path.unlink, "no backup, or one that was cut off"),
    ],
)
def test_a_damaged_backup_changes_nothing(
    backup: Path, tiny: dict[str, Place], name: str, damage: Any, words: str
) -> None:
    change(tiny["core"])
    damage(backup / name)
    with pytest.raises(CommandError, match=words):
        call_command("restore", str(backup), "--replace", "--yes")
    assert closes(tiny["core"]) == [1] * 5


def test_a_backup_of_a_newer_version_is_refused(backup: Path, tiny: dict[str, Place]) -> None:
    rewrite(backup, migrations={"analytics": ["0001_initial", "9999_of_tomorrow"]})
    with pytest.raises(DomainError, match=r"analytics\.9999_of_tomorrow\): install that version"):
        restore(backup, replace=True)


def test_replacing_asks_first(backup: Path, tiny: dict[str, Place]) -> None:
    change(tiny["core"])
    with pytest.raises(CommandError, match="Say --yes"):
        call_command("restore", str(backup), "--replace")
    assert closes(tiny["core"]) == [1] * 5


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["core=postgresql://a@h/core"], "ai shall go"),
        (["core=postgresql://a:secret@h/core", "ai=postgresql://a@h/ai"], "PGPASSWORD"),
        (["other=postgresql://a@h/core"], "'other' is neither"),
        (["core=nonsense", "ai=postgresql://a@h/ai"], "cannot be read"),
        (["core=postgresql://a@h", "ai=postgresql://a@h/ai"], "names no database"),
    ],
)
def test_wrong_addresses_say_what_to_write(words: list[str], said: str) -> None:
    with pytest.raises(DomainError, match=said) as refused:
        elsewhere(words)
    assert "secret" not in refused.value.message


def test_core_and_ai_do_not_go_into_one_database(backup: Path, tiny: dict[str, Place]) -> None:
    with pytest.raises(DomainError, match="the same database"):
        restore(backup, dict.fromkeys(tiny, tiny["core"]), replace=True)


@pytest.fixture
def demo(django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, Place]]:
    """The demo's users and books, two months of a result and sixty texts with embeddings, committed."""
    usual = configured()
    places = {label: place.named(f"{place.database}_kept") for label, place in usual.items()}
    with django_db_blocker.unblock():
        for label, place in places.items():
            connections[restoring.ALIASES[label]].close()
            maintain(place, "DROP DATABASE IF EXISTS {} WITH (FORCE)", place.database)
            maintain(place, f'CREATE DATABASE {{}} TEMPLATE "{usual[label].database}"', place.database)
        with django_at(places):
            seed_demo()
            for day in ("2025-07-31", "2025-08-01"):
                PortfolioRisk.objects.create(portfolio=Portfolio.objects.first(), calculation_date=day, var_95_1d=7)
            KnowledgeDocument.objects.bulk_create(
                KnowledgeDocument(scope="global", slug=f"text-{n}", title="t", content="c", embedding=direction(n))
                for n in range(60)
            )
            yield places
        for place in places.values():
            maintain(place, "DROP DATABASE IF EXISTS {} WITH (FORCE)", place.database)


def direction(n: int) -> list[float]:
    return [1.0 if place == n else 0.001 * place for place in range(1536)]


@pytest.fixture
def empty_server() -> Iterator[Stack]:
    folder = Path(tempfile.mkdtemp(prefix="sigmasight-test-"))
    with Stack(folder, throwaway=True) as stack:
        yield stack


@pytest.mark.servers
def test_everything_comes_back_on_an_empty_server(
    demo: dict[str, Place], empty_server: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, months, folder = results_checksum(), partitions(["portfolio_risk"]), back_up(tmp_path)
    monkeypatch.setenv("PGPASSWORD", empty_server.record["password"])
    server = f"postgresql://sigmasight@127.0.0.1:{empty_server.record['postgres']}"
    words, out = [f"core={server}/core", f"ai={server}/ai"], io.StringIO()
    call_command("restore", str(folder), "--into", *words, stdout=out)
    assert " failed " not in out.getvalue()
    assert "all applied in both databases" in out.getvalue()
    with django_at(elsewhere(words)):
        assert connections["default"].settings_dict["PORT"] == str(empty_server.record["postgres"])
        assert results_checksum() == before
        assert partitions(["portfolio_risk"]) == months
        with connections["ai"].cursor() as cursor:
            cursor.execute("SET enable_seqscan = off")
            nearest = "SELECT slug FROM ai_kb_documents ORDER BY embedding <=> %s::vector LIMIT 1"
            cursor.execute(f"EXPLAIN {nearest}", [str(direction(41))])
            assert "knowledge_document_embedding" in str(cursor.fetchall())
            cursor.execute(nearest, [str(direction(41))])
            assert cursor.fetchone() == ("text-41",)
