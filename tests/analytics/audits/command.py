"""The command as a person runs it: its exit code and the JSON it prints."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

from django.core.management import call_command

from sigmasight.core.audits import SCHEMA


def audit(subject: str, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Exit code and report of `manage.py audit SUBJECT --json ...`."""
    code, printed = printed_by(subject, "--json", *arguments)
    report: dict[str, Any] = json.loads(printed)
    assert report["schema"] == SCHEMA
    assert report["audit"] == subject
    return code, report


def printed_by(*arguments: str) -> tuple[int, str]:
    """Exit code and what is printed."""
    out, code = StringIO(), 0
    try:
        call_command("audit", *arguments, stdout=out)
    except SystemExit as stopped:
        code = int(stopped.code or 0)
    return code, out.getvalue()


def findings(subject: str, check: str, *arguments: str) -> tuple[int, list[dict[str, str]]]:
    """Exit code and findings of one check."""
    code, report = audit(subject, "--check", check, *arguments)
    (only,) = report["checks"]
    return code, only["findings"]
