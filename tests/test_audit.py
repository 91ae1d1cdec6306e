"""`make audit` against a server of advisories on this machine, and against none."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MENDED = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.0"}]}]
FLAW = {
    "id": "PYSEC-2026-1",
    "summary": "a flaw",
    "aliases": ["CVE-2026-1"],
    "affected": [{"package": {"name": "leaky", "ecosystem": "PyPI"}, "ranges": MENDED}],
}


class Advisories(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        body = json.dumps({"vulns": [FLAW]} if asked["package"]["name"] == "leaky" else {}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words: object) -> None:
        return


@pytest.fixture
def advisories() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Advisories)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def audit(folder: Path, port: int, *pins: str) -> subprocess.CompletedProcess[str]:
    (folder / "pins.txt").write_text("\n".join(pins))
    environment = os.environ | {"AUDIT_OSV_URL": f"http://127.0.0.1:{port}/v1/query", "NO_PROXY": "127.0.0.1"}
    return subprocess.run(
        [sys.executable, ROOT / ".ci" / "audit", folder / "pins.txt"], env=environment, capture_output=True, text=True
    )


def test_an_audit_tells_what_is_known_and_what_is_not(advisories: ThreadingHTTPServer, tmp_path: Path) -> None:
    port = advisories.server_address[1]
    clean = audit(tmp_path, port, "sound==1.0", "whole[extra]==2.0  # a reason")
    assert (clean.returncode, clean.stdout.strip()) == (0, "2 packages, no known vulnerability.")
    found = audit(tmp_path, port, "sound==1.0", "leaky==1.0")
    assert (found.returncode, found.stdout.strip()) == (1, "leaky 1.0: PYSEC-2026-1 (CVE-2026-1), mended in 2.0")


def test_without_the_service_nothing_is_green(tmp_path: Path) -> None:
    unreached = audit(tmp_path, 1, "sound==1.0")
    assert (unreached.returncode, unreached.stdout) == (3, "")
    assert unreached.stderr.startswith("NOT AUDITED")


def test_every_package_is_pinned_exactly() -> None:
    lines = [
        line for name in ("requirements.txt", "requirements-dev.txt") for line in (ROOT / name).read_text().splitlines()
    ]
    pins = [line.split("#")[0].strip() for line in lines]
    assert [
        pin for pin in pins if pin and pin != "-r requirements.txt" and not re.fullmatch(r"[\w.\[\]-]+==[\w.]+", pin)
    ] == []
