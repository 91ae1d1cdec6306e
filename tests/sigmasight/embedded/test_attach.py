"""Which database a command of the clone takes: what was asked for now, else what the last demo filled."""

from __future__ import annotations

from pathlib import Path

import pytest

from sigmasight.embedded import attach
from sigmasight.embedded.stack import Stack


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "state"
    for name in ("DATABASE_URL", "AI_DATABASE_URL", "REDIS_URL", "SIGMASIGHT_DATABASE", "MARKETDATA_SOURCE"):
        # Setting first lets the fixture put back what the code under test leaves in the environment.
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("SIGMASIGHT_STATE", str(folder))
    return folder


def test_simulated_prices_unless_told_otherwise(state: Path) -> None:
    attach.choose_price_source([])
    assert (attach.chosen_database(state), attach.chosen_source()) == ("simulated", "simulated")


@pytest.mark.parametrize("words", [["--prices", "{}"], ["--prices={}"], ["--json", "x", "--prices", "{}"]])
def test_every_directory_has_a_database_of_its_own(state: Path, tmp_path: Path, words: list[str]) -> None:
    chosen = set()
    for directory in (tmp_path / "one", tmp_path / "two"):
        directory.mkdir()
        attach.choose_price_source([word.format(directory) for word in words])
        assert attach.chosen_source() == f"files:{directory}"
        chosen.add(attach.chosen_database(state))
    assert len(chosen) == 2


def test_stand_ins_have_a_database_apart(state: Path, tmp_path: Path) -> None:
    attach.choose_price_source(["--prices", str(tmp_path)])
    without = attach.chosen_database(state)
    attach.choose_price_source(["--proxies", "--prices", str(tmp_path)])
    assert attach.chosen_source() == f"files-with-proxies:{tmp_path}"
    assert attach.chosen_database(state) != without


def test_a_directory_that_is_not_there_leaves_nothing_behind(state: Path, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="There is no directory"):
        attach.choose_price_source(["--prices", str(tmp_path / "nowhere")])
    assert not state.exists()


def test_a_demo_that_brought_nothing_leaves_later_commands_on_the_old_database(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attach, "_running", Stack(state))
    attach.choose_price_source([])
    attach.remember_database()
    attach.choose_price_source(["--live"])
    monkeypatch.delenv("SIGMASIGHT_DATABASE")
    assert attach.chosen_database(state) == "simulated"


def test_a_demo_that_brought_results_is_what_later_commands_see(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attach, "_running", Stack(state))
    attach.choose_price_source(["--live"])
    attach.remember_database()
    monkeypatch.delenv("SIGMASIGHT_DATABASE")
    assert (attach.chosen_database(state), attach.chosen_source()) == ("live", "live")


@pytest.mark.parametrize("name", ['live"; DROP', "Großes", "x" * 60])
def test_a_name_that_is_no_database_name_is_refused(state: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGMASIGHT_DATABASE", name)
    with pytest.raises(ValueError, match="small letters"):
        attach.chosen_database(state)
