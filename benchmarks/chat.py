"""Measure the chat: what it adds to the vendor's own time to the first word, and what idle streams cost.

``python benchmarks/chat.py`` builds a throw-away demo, starts the production server on it with a loopback vendor behind it, and asks
turn after turn: from the last byte of the question to the first word, less what the vendor takes for the same when asked directly. Then
one server process holds hundreds of answers open on which the vendor has fallen silent. Nothing else should run meanwhile.
"""

from __future__ import annotations

import argparse
import json
import socket
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from api import EVENING, build_demo, server_command, serving, token_of

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
GOAL_ADDED_MS, GOAL_STREAMS, GOAL_MIB = 50.0, 500, 300.0
MIB = 1 << 20


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=100)
    parser.add_argument("--streams", type=int, default=GOAL_STREAMS)
    parser.add_argument("--json", type=Path, metavar="FILE")
    return parser.parse_args()


class Asked:
    """A POST whose streamed answer is read as far as wanted."""

    def __init__(self, port: int, path: str, body: dict[str, Any], token: str) -> None:
        text = json.dumps(body).encode()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: application/json\r\nAccept: text/event-stream, */*\r\nContent-Length: {len(text)}\r\n\r\n"
        )
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.heard = b""
        self.started = time.perf_counter()
        self.socket.sendall(head.encode() + text)

    def until(self, mark: bytes) -> float:
        """Milliseconds from the question to the mark.

        Raises
        ------
        RuntimeError if the answer ends before it.
        """
        while mark not in self.heard:
            part = self.socket.recv(65_536)
            if not part or b"event: error" in part:
                raise RuntimeError((self.heard + part)[-600:].decode(errors="replace"))
            self.heard += part
        return 1000 * (time.perf_counter() - self.started)

    def close(self) -> None:
        self.socket.close()


def conversation(port: int, token: str) -> str:
    asked = Asked(port, "/api/v1/chat/conversations", {"mode": "green"}, token)
    asked.until(b'"provider_thread_id"')
    found = json.loads(asked.heard[asked.heard.index(b"{") : asked.heard.rindex(b"}") + 1])
    asked.close()
    return str(found["id"])


def turn(port: int, token: str, talk: str) -> Asked:
    return Asked(port, "/api/v1/chat/send", {"conversation_id": talk, "text": "How am I placed?"}, token)


def first_word(port: int, vendor: Any, key: str, turns: int) -> dict[str, Any]:
    """Milliseconds to the first word: of the vendor, of the chat, and what the chat adds (by percentile)."""
    token, talk = token_of(port), ""
    own, ours = [], []
    vendor_port = int(vendor.url.split(":")[2].split("/")[0])
    for number in range(turns + 10):
        if number % 20 == 0:
            talk = conversation(port, token)
        asked = turn(port, token, talk)
        through = asked.until(b"event: token")
        asked.until(b"event: done")
        asked.close()
        # The very request that the chat made.
        direct = Asked(vendor_port, "/v1/responses", vendor.bodies()[-1], key)
        alone = direct.until(b"response.output_text.delta")
        direct.close()
        if number >= 10:
            ours.append(through)
            own.append(alone)
    added = [one - other for one, other in zip(ours, own, strict=True)]
    return {
        "turns": turns, "vendor_p50_ms": round(statistics.median(own), 2), "chat_p50_ms": round(statistics.median(ours), 2),
        "added_p50_ms": round(statistics.median(added), 2), "added_p95_ms": round(statistics.quantiles(added, n=20)[18], 2),
        "goal_p95_ms": GOAL_ADDED_MS,
    }  # fmt: skip


def idle_streams(port: int, vendor: Any, count: int) -> dict[str, Any]:
    """Memory of one server process with so many answers open at once on which nothing comes."""
    token = token_of(port)
    warm = turn(port, token, conversation(port, token))
    warm.until(b"event: token")
    before = resident(port)
    open_ones = []
    for _ in range(count):
        asked = turn(port, token, conversation(port, token))
        asked.until(b"event: token")
        open_ones.append(asked)
    after = resident(port)
    heartbeat = open_ones[0].until(b"event: heartbeat")
    for asked in (*open_ones, warm):
        asked.close()
    deadline = time.monotonic() + 60
    while vendor.open and time.monotonic() < deadline:
        time.sleep(0.1)
    return {
        "streams": count, "idle_mib": round(before, 1), "with_streams_mib": round(after, 1),
        "kib_a_stream": round(1024 * (after - before) / count, 1), "first_heartbeat_s": round(heartbeat / 1000, 1),
        "vendor_streams_left_open": vendor.open, "goal_mib": GOAL_MIB,
    }  # fmt: skip


def resident(port: int) -> float:
    """MiB of the one process that answers on the port."""
    import psutil

    listening = {
        one.pid
        for one in psutil.net_connections("tcp")
        if one.laddr and one.laddr.port == port and one.status == psutil.CONN_LISTEN and one.pid
    }
    family = [
        process for pid in listening for process in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    ]
    return max(process.memory_info().rss for process in family) / MIB


def main() -> None:
    options = arguments()
    from sigmasight.embedded.stack import Stack

    stack = Stack(Path(tempfile.mkdtemp(prefix="sigmasight-bench-")), throwaway=True).start()
    try:
        stack.ensure_database("core")
        environment = stack.environment("core")
        print("building the demo ...", flush=True)
        build_demo(environment)
        from tests.fake_ai.script import Answer
        from tests.fake_ai.server import KEY, running

        with running() as vendor:
            chat = environment | {
                "OPENAI_BASE_URL": vendor.url, "OPENAI_API_KEY": KEY, "THROTTLE_CHAT": "100000/min", "CHAT_TURN_SECONDS": "600",
                "OPENAI_TIMEOUT_SECONDS": "600",
            }  # fmt: skip
            vendor.otherwise = Answer("You are long and levered.")
            with serving(chat) as port:
                first = first_word(port, vendor, KEY, options.turns)
            vendor.otherwise = Answer("One moment", hold_after=1)
            with serving(chat, processes=1) as port:
                idle = idle_streams(port, vendor, options.streams)
    finally:
        stack.stop()
    print(f"\nFirst word over {first['turns']} turns, two server processes (as of {EVENING[:10]}):")
    print(f"  vendor alone p50 {first['vendor_p50_ms']} ms, chat p50 {first['chat_p50_ms']} ms")
    print(f"  added p50 {first['added_p50_ms']} ms, p95 {first['added_p95_ms']} ms (goal below {GOAL_ADDED_MS:.0f} ms)")
    print(f"{idle['streams']} idle streams in one process ({server_command(0)[2]}):")
    print(f"  {idle['idle_mib']} MiB before, {idle['with_streams_mib']} MiB with them (goal below {GOAL_MIB:.0f} MiB),")
    print(f"  {idle['kib_a_stream']} KiB a stream; first heartbeat after {idle['first_heartbeat_s']} s;")
    print(f"  {idle['vendor_streams_left_open']} streams of the vendor left open after their readers went")
    if options.json:
        options.json.write_text(json.dumps({"first_word": first, "idle_streams": idle}, indent=2) + "\n")


if __name__ == "__main__":
    main()
