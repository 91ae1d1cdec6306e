"""`python -m tests.fake_ai --port 8765`: the practice vendor by hand."""

from __future__ import annotations

import argparse

import uvicorn

from tests.fake_ai.server import KEY, FakeAI, configuration


def main() -> None:
    parser = argparse.ArgumentParser(description="A vendor of no language model, for trying the assistant without one.")
    parser.add_argument("--port", type=int, default=8765)
    parser.add_argument("--key", default=KEY, help="the key it wants; empty for none")
    asked = parser.parse_args()
    print(f"OPENAI_BASE_URL=http://127.0.0.1:{asked.port}/v1 OPENAI_API_KEY={asked.key}", flush=True)
    uvicorn.Server(configuration(FakeAI(asked.key), asked.port)).run()


if __name__ == "__main__":
    main()
