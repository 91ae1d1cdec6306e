"""What a start costs: a command loads what it needs, not what the nightly run needs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Each of them costs a tenth of a second or more, and belongs to prices, to the calendar or to the assistant.
HEAVY = (
    "pandas",
    "pyarrow",
    "exchange_calendars",
    "yfinance",
    "curl_cffi",
    "lxml",
    "openai",
    "mibian",
    "scipy.optimize",
    "sentry_sdk",
    "prometheus_client",
)


def test_starting_the_web_server_loads_nothing_heavy() -> None:
    program = (
        "import sys, django; django.setup()\n"
        "from django.urls import get_resolver; get_resolver().url_patterns\n"
        f"print(*(name for name in {HEAVY!r} if name in sys.modules))"
    )
    environment = {
        "DJANGO_SETTINGS_MODULE": "sigmasight.settings",
        "DATABASE_URL": "postgresql://none",
        "AI_DATABASE_URL": "postgresql://none",
        "REDIS_URL": "redis://none/0",
    }
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []
