"""A headless Chromium, driven over its DevTools protocol: open a page, run a script in it, tell what it loaded and complained of."""

from __future__ import annotations

import base64
import contextlib
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from websockets.sync.client import ClientConnection, connect

PATIENCE = 60.0
PROGRAM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@dataclass
class Page:
    """One tab. `requests` are the addresses it asked for, `complaints` its failures, exceptions and console errors."""

    socket: ClientConnection
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    _calls: int = 0

    def open(self, address: str) -> None:
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.send(f"{domain}.enable")
        self.send("Page.navigate", url=address)

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """The answer to a command; what happened meanwhile is noted."""
        self._calls += 1
        number = self._calls
        self.socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            heard = json.loads(self.socket.recv(timeout=PATIENCE))
            if heard.get("id") == number:
                if "error" in heard:
                    raise RuntimeError(f"{method}: {heard['error']['message']}")
                return heard["result"]
            self._note(heard.get("method", ""), heard.get("params", {}))

    def run(self, script: str) -> Any:
        """The value of an expression in the page; promises are waited for."""
        answer = self.send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            fault = answer["exceptionDetails"]
            raise RuntimeError(fault.get("exception", {}).get("description", fault["text"]))
        return answer["result"].get("value")

    def wait_for(self, script: str) -> Any:
        """The value of an expression once it is truthy."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if value := self.run(script):
                return value
            time.sleep(0.1)
        raise TimeoutError(f"{script} did not become true. {self.complaints}")

    def picture(self, file: Path) -> None:
        file.write_bytes(base64.b64decode(self.send("Page.captureScreenshot", format="png")["data"]))

    def _note(self, event: str, told: dict[str, Any]) -> None:
        if event == "Network.requestWillBeSent":
            self.requests.append(told["request"]["url"])
        elif event == "Network.loadingFailed" and not told.get("canceled"):
            self.complaints.append(f"not loaded: {told['errorText']}")
        elif event == "Runtime.exceptionThrown":
            self.complaints.append(told["exceptionDetails"].get("exception", {}).get("description", "exception"))
        elif event == "Runtime.consoleAPICalled" and told["type"] in ("error", "assert"):
            self.complaints.append(" ".join(str(one.get("value", one.get("description"))) for one in told["args"]))
        elif event == "Log.entryAdded" and told["entry"]["level"] == "error":
            self.complaints.append(f"{told['entry']['text']} {told['entry'].get('url', '')}")


@contextmanager
def browser(profile: Path) -> Iterator[Page]:
    """A tab of a browser of its own, whose profile is kept in the folder."""
    process = subprocess.Popen(
        [
            str(PROGRAM), "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--window-size=1280,1600",
            "--remote-debugging-port=0", f"--user-data-dir={profile}", "about:blank",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        port = _port(profile / "DevToolsActivePort")
        with urlopen(
            Request(f"http://127.0.0.1:{port}/json/new?about:blank", method="PUT"), timeout=PATIENCE
        ) as answer:
            address = json.load(answer)["webSocketDebuggerUrl"]
        with connect(address, max_size=None, open_timeout=PATIENCE) as socket:
            yield Page(socket)
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        process.kill()


def _port(file: Path) -> int:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with contextlib.suppress(FileNotFoundError, IndexError, ValueError):
            return int(file.read_text().split()[0])
        time.sleep(0.05)
    raise TimeoutError("Chromium does not say where it listens.")
