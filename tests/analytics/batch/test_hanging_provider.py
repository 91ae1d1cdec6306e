"""A source that takes connections and never answers costs a run its deadlines, and no more."""

from __future__ import annotations

import socket
import time

import pytest

from tests.analytics.batch.servers import TARGET, CoreDatabase, create, drop

pytestmark = [pytest.mark.servers, pytest.mark.timeout(900)]


def test_a_run_against_a_source_that_hangs_ends(seeded: CoreDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=512) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        for name in ("YAHOO_BASE_URL", "FMP_BASE_URL", "POLYGON_BASE_URL", "FRED_BASE_URL"):
            monkeypatch.setenv(name, address)
        for name in ("FMP_API_KEY", "POLYGON_API_KEY", "FRED_API_KEY"):
            monkeypatch.setenv(name, "unused")
        for name, seconds in (("TIMEOUT_SECONDS", "0.5"), ("DEADLINE_SECONDS", "3"), ("ATTEMPTS", "1")):
            monkeypatch.setenv(f"PROVIDER_{name}", seconds)
        database = create("hanging", seeded.name)
        try:
            began = time.monotonic()
            done = database.manage("run_batch", "--inline", "--source", "live", "--date", TARGET, check=False)
            assert done.returncode == 1
            assert "no_prices" in done.stderr
            assert time.monotonic() - began < 200
            assert database.one("SELECT array_agg(status) FROM batch_run_history") == ["failed"]
            assert database.one("SELECT count(*) FROM portfolio_snapshots") == 0
        finally:
            drop(database.name)
