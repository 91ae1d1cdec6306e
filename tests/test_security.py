"""SECURITY.md names tests that are there, and what none of them shows is shown here."""

from __future__ import annotations

import ast
import io
import json
import re
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client

from portfolios.models import User

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "SECURITY.md").read_text()


def test_every_test_that_is_named_is_there() -> None:
    named = re.findall(r"`(tests/[\w/.]+)(?:::(\w+))?`", TEXT)
    assert len(named) > 35
    missing = []
    for place, function in named:
        path = ROOT / place
        if not path.exists():
            missing.append(place)
        elif function:
            defined = {node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)}
            missing += [] if function in defined else [f"{place}::{function}"]
    assert missing == []


def test_every_setting_that_is_named_is_there() -> None:
    known = (ROOT / ".env.example").read_text()
    named = set(re.findall(r"`([A-Z]+_[A-Z_]+)(?:=[\w.]+)?`", TEXT))
    assert len(named) > 10
    assert {name for name in named if not re.search(rf"^#?{name}=", known, re.MULTILINE)} == set()


@pytest.mark.django_db
@pytest.mark.parametrize("place", ["/admin/login/", "/admin/"])
def test_the_console_loads_from_here_alone(client: Client, place: str) -> None:
    if place == "/admin/":
        client.force_login(User.objects.create_superuser("boss@example.com", "long-enough-secret"))
    answer = client.get(place)
    assert answer.status_code == 200
    header = answer["Content-Security-Policy"]
    policy = {name: set(values) for name, *values in (part.split() for part in header.split(";"))}
    assert policy["default-src"] == {"'self'"}
    assert policy["frame-ancestors"] == policy["object-src"] == {"'none'"}
    nonces = {value for value in policy["script-src"] if value.startswith("'nonce-")}
    assert policy["script-src"] - nonces == {"'self'", "'unsafe-eval'"}
    assert not [value for values in policy.values() for value in values if "*" in value or "http" in value]
    # What stands in the page itself carries the nonce of this answer.
    own = re.findall(r"<script(?![^>]*\bsrc=)([^>]*)>", answer.content.decode())
    scripts = [words for words in own if "application/json" not in words]
    assert {word for words in scripts for word in re.findall(r'nonce="([^"]+)"', words)} == {n[7:-1] for n in nonces}
    assert all("nonce=" in words for words in scripts)
    assert (answer["X-Frame-Options"], answer["X-Content-Type-Options"]) == ("DENY", "nosniff")


def test_the_roles_can_be_printed() -> None:
    out = io.StringIO()
    call_command("roles", "--json", stdout=out)
    lines = {line["where"]: line for line in json.loads(out.getvalue())}
    assert {word for line in lines.values() for word in line["viewer"]} == {"look", "open"}
    assert lines["portfolios.User"]["operator"] == ["look"]
    assert lines["portfolios.User"]["admin"] == ["look", "add", "change", "delete"]
    assert lines["analytics.BatchRun"]["operator"] == ["look", "run_batch", "repair_data"]
    assert "run_batch" not in lines["analytics.BatchRun"]["viewer"]
    call_command("roles", stdout=out)
    assert re.search(r"^auth\.Group +- +- +look, add, change, delete$", out.getvalue(), re.MULTILINE)
