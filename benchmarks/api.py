"""Measure the REST API: the demo's hedge fund, under the production server, against the program this one replaces.

``python benchmarks/api.py`` builds its own throw-away database with a hundred nights of the demo, starts the command of the
Dockerfile on it and asks every endpoint one after the other (milliseconds of one caller) and with eight connections at once
(requests a second). Nothing else should run meanwhile: the caller shares the machine with the server and its database.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import json
import os
import secrets
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
LAST_SESSION = dt.date(2025, 11, 20)
EVENING = "2025-11-20T21:30:00-05:00"
ACCOUNT, PASSWORD = "demo_hedgefundstyle@sigmasight.com", "demo12345"
BOOK = "hedge_fund"
CONNECTIONS = 8
WARM_UP = 40


@dataclass(frozen=True)
class Own:
    """A path below /api/v1 the reference has nothing for: the median wanted in milliseconds, and the body of a POST."""

    path: str
    goal_ms: float
    body: str = ""
    reference_ms: float | None = None
    reference_rate: float | None = None

    @property
    def goal_rate(self) -> float:
        return 1000 / self.goal_ms


@dataclass(frozen=True)
class Endpoint:
    """A path below /api/v1 and what the reference needs for it: milliseconds (median), requests a second at eight connections."""

    path: str
    reference_ms: float
    reference_rate: float
    body: str = ""

    @property
    def goal_ms(self) -> float:
        return self.reference_ms * (0.5 if self.reference_ms > 10 else 0.7)

    @property
    def goal_rate(self) -> float:
        return self.reference_rate * (2.0 if self.reference_ms > 10 else 1.5)


ENDPOINTS = (
    Endpoint("data/portfolios", 5.9, 148),
    Endpoint("data/portfolio/{book}/complete", 164, 4.1),
    Endpoint("data/positions/details?portfolio_id={book}", 27, 33),
    Endpoint("analytics/portfolio/{book}/overview", 11.6, 92),
    Endpoint("analytics/portfolio/{book}/correlation-matrix", 55, 16),
    Endpoint("analytics/portfolio/{book}/diversification-score", 17.5, 32),
    Endpoint("analytics/portfolio/{book}/factor-exposures", 12.1, 92),
    Endpoint("analytics/portfolio/{book}/stress-test", 12.2, 104),
    Endpoint("analytics/portfolio/{book}/sector-exposure", 20.5, 31),
    Endpoint("analytics/portfolio/{book}/volatility", 6.0, 135),
    Endpoint("data/prices/historical/{book}", 131, 4.8),
    Endpoint("data/prices/quotes?symbols={symbols}", 67, 9.8),
    Own("analytics/portfolio/{book}/risk", 20),
    Own("analytics/portfolio/{book}/performance", 50),
    Own("analytics/portfolio/{book}/explain?metric=var_95_1d", 20),
    # Everything is revalued.
    Own("analytics/portfolio/{book}/reverse-stress", 100),
    Own("analytics/portfolio/{book}/replays", 100),
    Own("analytics/portfolio/{book}/diversification", 100),
    Own("analytics/portfolio/{book}/what-if", 100, body='{"trades": [{"symbol": "SPY", "quantity": -100}]}'),
)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=200, help="one after the other, by endpoint")
    parser.add_argument("--seconds", type=float, default=3.0, help="of eight connections, by endpoint")
    parser.add_argument("--only", default="", metavar="TEXT", help="endpoints whose path contains it")
    parser.add_argument("--plain", action="store_true", help="do not accept compressed answers")
    parser.add_argument("--json", type=Path, metavar="FILE")
    return parser.parse_args()


class Caller:
    """One kept-alive connection that sends the same request again and again. Little is done here, so that little is measured."""

    def __init__(self, port: int, path: str, headers: dict[str, str], body: str = "") -> None:
        if body:
            headers = headers | {"Content-Type": "application/json", "Content-Length": str(len(body))}
        lines = [
            f"{'POST' if body else 'GET'} {path} HTTP/1.1",
            f"Host: 127.0.0.1:{port}",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        self.request = ("\r\n".join(lines) + "\r\n\r\n" + body).encode()
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def call(self) -> int:
        """The size of the answer in bytes.

        Raises
        ------
        RuntimeError if it is not 200.
        """
        self.socket.sendall(self.request)
        head, _, body = self._until(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError((head + b"\n" + body)[:600].decode(errors="replace"))
        fields = dict(line.split(b": ", 1) for line in head.lower().split(b"\r\n")[1:])
        length = int(fields[b"content-length"])
        while len(body) < length:
            body += self._more()
        return length

    def close(self) -> None:
        self.socket.close()

    def _until(self, end: bytes) -> tuple[bytes, bytes, bytes]:
        heard = b""
        while end not in heard:
            heard += self._more()
        return heard.partition(end)

    def _more(self) -> bytes:
        part = self.socket.recv(1 << 18)
        if not part:
            raise RuntimeError("the server hung up")
        return part


def one_after_the_other(
    port: int, path: str, headers: dict[str, str], count: int, body: str = ""
) -> tuple[float, float, int]:
    """Median and 95th percentile in milliseconds, and the size of an answer."""
    caller = Caller(port, path, headers, body)
    times = []
    for _ in range(count):
        started = time.perf_counter()
        size = caller.call()
        times.append(1000 * (time.perf_counter() - started))
    caller.close()
    return statistics.median(times), statistics.quantiles(times, n=20)[18], size


def all_at_once(port: int, path: str, headers: dict[str, str], seconds: float, body: str = "") -> float:
    """Requests a second over `CONNECTIONS` connections."""
    counts = [0] * CONNECTIONS
    failures: list[Exception] = []
    end = time.perf_counter() + seconds

    def keep_calling(number: int) -> None:
        try:
            caller = Caller(port, path, headers, body)
            while time.perf_counter() < end:
                caller.call()
                counts[number] += 1
            caller.close()
        except (OSError, RuntimeError) as failure:
            failures.append(failure)

    started = time.perf_counter()
    threads = [threading.Thread(target=keep_calling, args=(number,)) for number in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return sum(counts) / (time.perf_counter() - started)


def build_demo(environment: dict[str, str]) -> None:
    """The demo's books and a hundred nights of results."""
    os.environ.update(
        environment | {"DJANGO_SETTINGS_MODULE": "sigmasight.settings", "LOG_LEVEL": "WARNING", "SIGMASIGHT_NOW": EVENING,
                       "DEBUG": "0", "SIGMASIGHT_EMBEDDED_CHILD": "1"}
    )  # fmt: skip
    import django

    django.setup()
    from django.core.management import call_command

    from analytics.batch.night import Request, run_night
    from analytics.services.demo import seed_demo

    call_command("migrate_all", verbosity=0)
    seed_demo()
    run_night(Request(source="simulated", session=LAST_SESSION))
    from django.db import connections

    with connections["default"].cursor() as cursor:
        cursor.execute("ANALYZE")
    connections.close_all()


def server_command(port: int) -> list[str]:
    """The command of the Dockerfile, on this machine's loopback and with this Python."""
    line = [line for line in (ROOT / "Dockerfile").read_text().splitlines() if line.startswith("CMD ")][-1]
    words: list[str] = json.loads(line.removeprefix("CMD "))
    replaced = {"0.0.0.0": "127.0.0.1", "8000": str(port), "0.0.0.0:8000": f"127.0.0.1:{port}"}
    return [sys.executable, "-m", *(replaced.get(word, word) for word in words)]


@contextlib.contextmanager
def serving(environment: dict[str, str], processes: int = 2) -> Iterator[int]:
    """The port of the production server with so many processes."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    production = {
        "PRODUCTION": "1", "SECRET_KEY": secrets.token_urlsafe(64), "ALLOWED_HOSTS": "127.0.0.1", "SECURE_SSL_REDIRECT": "0",
        "MARKETDATA_SOURCE": "simulated", "SIGMASIGHT_NOW": EVENING, "LOG_LEVEL": "WARNING",
        "WEB_CONCURRENCY": str(processes), "PYTHONWARNINGS": "ignore",
    }  # fmt: skip
    kept = {name: value for name, value in os.environ.items() if name not in ("DEBUG", "SIGMASIGHT_EMBEDDED_CHILD")}
    process = subprocess.Popen(
        server_command(port), cwd=ROOT, env=kept | environment | production, start_new_session=True
    )
    try:
        deadline = time.monotonic() + 60
        while True:
            with contextlib.suppress(OSError, RuntimeError):
                Caller(port, "/health/live", {}).call()
                break
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("The server does not start.")
            time.sleep(0.2)
        yield port
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def token_of(port: int) -> str:
    body = json.dumps({"email": ACCOUNT, "password": PASSWORD})
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(
            f"POST /api/v1/auth/login HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode()
        )
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    return str(json.loads(answer[answer.index(b"{") : answer.rindex(b"}") + 1])["access_token"])


def measure(port: int, options: argparse.Namespace) -> list[dict[str, Any]]:
    from sigmasight.core.demo import rows

    book = next(row["id"] for row in rows("portfolios") if row["portfolio"] == BOOK)
    symbols = ",".join(row["symbol"] for row in rows("positions") if row["portfolio"] == BOOK)
    headers = {"Authorization": f"Bearer {token_of(port)}", "Accept-Encoding": "identity" if options.plain else "gzip"}
    measured = []
    for endpoint in ENDPOINTS:
        if options.only not in endpoint.path:
            continue
        path = "/api/v1/" + endpoint.path.format(book=book, symbols=symbols)
        name = endpoint.path.format(book="{id}", symbols="...").partition("?")[0]
        row: dict[str, Any] = {"endpoint": name, "reference_p50_ms": endpoint.reference_ms,
                               "reference_rate": endpoint.reference_rate, "goal_p50_ms": round(endpoint.goal_ms, 2),
                               "goal_rate": round(endpoint.goal_rate, 1)}  # fmt: skip
        try:
            one_after_the_other(port, path, headers, WARM_UP, endpoint.body)
            all_at_once(port, path, headers, 0.3, endpoint.body)
            p50, p95, size = one_after_the_other(port, path, headers, options.requests, endpoint.body)
            rate = all_at_once(port, path, headers, options.seconds, endpoint.body)
            row |= {"p50_ms": round(p50, 2), "p95_ms": round(p95, 2), "rate": round(rate, 1), "bytes": size,
                    "met": p50 <= endpoint.goal_ms and rate >= endpoint.goal_rate}  # fmt: skip
        except RuntimeError as failure:
            row |= {"failure": str(failure), "met": False}
        measured.append(row)
        show(row)
    return measured


def heading() -> None:
    print(f"{'endpoint':<46} {'p50 ms':>8} {'goal':>7} {'p95 ms':>8} {'req/s':>8} {'goal':>7} {'bytes':>8}")


def show(row: dict[str, Any]) -> None:
    if "failure" in row:
        print(f"{row['endpoint']:<46} {row['failure'].splitlines()[0]}")
        return
    print(
        f"{row['endpoint']:<46} {row['p50_ms']:>8.2f} {row['goal_p50_ms']:>7.2f} {row['p95_ms']:>8.2f} {row['rate']:>8.1f} "
        f"{row['goal_rate']:>7.1f} {row['bytes']:>8}  {'met' if row['met'] else 'missed'}",
        flush=True,
    )


def main(options: argparse.Namespace) -> None:
    from sigmasight.embedded import Stack

    memory_disk = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with (
        tempfile.TemporaryDirectory(prefix="sigmasight-bench-", dir=memory_disk) as folder,
        Stack(Path(folder) / "s", throwaway=True) as stack,
    ):
        stack.ensure_database("bench")
        environment = stack.environment("bench")
        started = time.perf_counter()
        build_demo(environment)
        print(f"the demo's nights to {LAST_SESSION} computed in {time.perf_counter() - started:.0f} s")
        with serving(environment) as port:
            print(" ".join(server_command(port)[2:]))
            heading()
            measured = measure(port, options)
        met = sum(row["met"] for row in measured)
        print(f"{met} of {len(measured)} endpoints meet the goal: half the median and twice the rate of the reference, 0.7 and 1.5 "
              "times where it takes no more than 10 ms; where it has nothing of the kind a median of our own.")  # fmt: skip
        if options.json:
            options.json.write_text(
                json.dumps({"server": server_command(0)[2:], "endpoints": measured}, indent=2) + "\n"
            )


if __name__ == "__main__":
    main(arguments())
