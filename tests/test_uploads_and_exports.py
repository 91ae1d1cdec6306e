"""What people hand in and take out, as an attacker would have it: archives, bombs, names with paths, formulas."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse
from import_export.formats.base_formats import CSV

from assistant.models import KnowledgeDocument
from portfolios.models import Portfolio, User
from portfolios.services.position_files import FileRefused, read_table
from sigmasight.core.tables import ExportedTable, ImportedTable
from tests.demo_fixtures import DemoResults
from tests.factories import PortfolioFactory

ROOT = Path(__file__).resolve().parents[1]
pytestmark = pytest.mark.django_db(databases=["default", "ai"])
HEADER = "Symbol,Quantity,Entry Price Per Share,Entry Date"
LOT = "AAPL,10,100.00,2026-01-05"
WEIGHTS = "admin:marketdata_sectorbenchmarkweight"


def zipped(name: str = "xl/workbook.xml", size: int = 20_000_000) -> bytes:
    """A small file that unpacks to a large one."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, b"0" * size)
    return out.getvalue()


@pytest.fixture
def owner(settings: Any) -> DemoResults:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    User.objects.create_user("demo_owner@sigmasight.com", "long-enough-secret")
    return DemoResults("", None)  # type: ignore[arg-type]


def hand_in(owner: DemoResults, name: str, content: bytes, **fields: str) -> HttpResponse:
    form = {
        "portfolio_name": "Book", "account_name": "Account", "account_type": "taxable", "equity_balance": "1000",
        "csv_file": SimpleUploadedFile("given.csv", content), **fields,
    }  # fmt: skip
    form["csv_file"].name = name  # type: ignore[attr-defined]
    return owner.client("demo_owner").post("/api/v1/onboarding/create-portfolio", form)


@pytest.mark.parametrize(
    "content", [zipped(), gzip.compress(b"0" * 20_000_000), b"\x00" * 100, "a\0b".encode("utf-16")]
)
def test_packed_files_are_no_positions_and_are_not_unpacked(content: bytes) -> None:
    with pytest.raises(FileRefused):
        read_table("positions.csv", content)


@pytest.mark.parametrize("name", ["book.xlsx", "book.csv.gz", "book.zip", "book.csv\0.exe"])
def test_only_csv_files_are_taken_whatever_is_in_them(owner: DemoResults, name: str) -> None:
    answer = hand_in(owner, name, f"{HEADER}\n{LOT}\n".encode())
    assert answer.status_code in (400, 422)
    assert not Portfolio.objects.exists()


@pytest.mark.parametrize(
    "name", ["../../../etc/cron.d/book.csv", "/etc/passwd.csv", "C:\\x\\..\\book.csv", "$(reboot).csv"]
)
def test_the_name_of_a_file_is_a_name_and_no_place(owner: DemoResults, name: str, tmp_path: Any, settings: Any) -> None:
    settings.MEDIA_ROOT = str(tmp_path)
    answer = hand_in(owner, name, f"{HEADER}\n{LOT}\n".encode())
    assert answer.status_code == 201, answer.content
    assert list(tmp_path.iterdir()) == []


def test_zero_bytes_in_a_cell_are_told_and_not_stored(owner: DemoResults) -> None:
    answer = hand_in(owner, "book.csv", f"{HEADER}\nAA\0PL,10,100.00,2026-01-05\n".encode())
    assert (answer.status_code, Portfolio.objects.count()) == (400, 0)


def test_zero_bytes_in_a_field_are_told_and_not_stored(owner: DemoResults) -> None:
    answer = hand_in(owner, "book.csv", f"{HEADER}\n{LOT}\n".encode(), portfolio_name="Bo\0ok")
    assert (answer.status_code, Portfolio.objects.count()) == (422, 0)


def test_a_packed_body_is_not_unpacked(owner: DemoResults) -> None:
    body = gzip.compress(json.dumps({"csv_content": "symbol\n" + "A\n" * 5_000_000}).encode())
    answer = owner.client("demo_owner").post(
        f"/api/v1/target-prices/{PortfolioFactory(user=User.objects.get()).pk}/import-csv", body, "application/json",
        headers={"Content-Encoding": "gzip"},
    )  # fmt: skip
    assert answer.status_code == 422


def test_a_large_upload_is_refused_unread(owner: DemoResults, settings: Any) -> None:
    settings.API_MAX_UPLOAD_BYTES = 1_000
    assert hand_in(owner, "book.csv", b"x" * 2_000).status_code == 413


@pytest.fixture
def boss(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("boss@example.com", "long-enough-secret"))
    client.raise_request_exception = False
    return client


def console_forms() -> Iterator[tuple[Any, list[Any]]]:
    for one in admin.site._registry.values():
        if isinstance(one, ExportedTable):
            yield one, one.get_export_formats()
        if isinstance(one, ImportedTable):
            yield one, one.get_import_formats()


def test_tables_leave_and_come_as_csv_alone() -> None:
    assert {form for _, forms in console_forms() for form in forms} == {CSV}
    assert len(list(console_forms())) > 20


def test_an_excel_file_is_not_opened(boss: Client) -> None:
    for name, form in (("weights.xlsx", "0"), ("weights.csv", "1"), ("weights.csv", "0")):
        given = {"import_file": SimpleUploadedFile(name, zipped()), "format": form, "resource": ""}
        answer = boss.post(reverse(f"{WEIGHTS}_import"), given)
        assert answer.status_code == 200
        assert answer.context["form"].errors


@pytest.mark.parametrize(
    "given",
    [
        {"import_file_name": "../../../../etc/passwd", "original_file_name": "/etc/passwd", "format": "0"},
        {"import_file_name": "gone", "original_file_name": "a.csv", "format": "0"},
        {"import_file_name": "gone", "original_file_name": "a.csv", "format": "7"},
        {"import_file_name": "gone", "original_file_name": "a.csv", "format": "x"},
    ],
)
def test_confirming_what_was_not_shown_reads_nothing(boss: Client, given: dict[str, str]) -> None:
    cache.delete("django-import-export-gone")
    answer = boss.post(reverse(f"{WEIGHTS}_process_import"), {**given, "resource": ""}, follow=True)
    assert answer.status_code == 200
    assert "root:" not in answer.content.decode()


@pytest.mark.parametrize(("content", "status"), [("a\0b", 200), ("x" * 3_000_000, 400)])
def test_texts_for_the_assistant_are_bounded_and_clean(boss: Client, content: str, status: int) -> None:
    given = {"scope": "global", "slug": "s", "chunk_no": "0", "title": "t", "content": content, "metadata": "{}"}
    answer = boss.post(reverse("admin:assistant_knowledgedocument_add"), given)
    assert answer.status_code == status
    assert not KnowledgeDocument.objects.exists()


NAMED = re.compile(r"attachment; filename=\"?[A-Za-z0-9_.-]+\.csv\"?")


def test_one_place_writes_csv_and_nothing_unpacks() -> None:
    found = [
        (path.name, words)
        for app in ("sigmasight", "marketdata", "portfolios", "tagging", "analytics", "assistant")
        for path in (ROOT / app).rglob("*.py")
        for words in re.findall(
            r"csv\.writer|DictWriter|zipfile|tarfile|openpyxl|pickle\.load|yaml\.load", path.read_text()
        )
    ]
    assert found == [("csv_export.py", "csv.writer")]


def test_every_table_leaves_under_a_plain_name(boss: Client) -> None:
    request = RequestFactory().get("/")
    for one, _ in console_forms():
        if isinstance(one, ExportedTable):
            assert re.fullmatch(r"[A-Za-z0-9-]+\.csv", one.get_export_filename(request, None, CSV())), one


def test_formulas_of_people_leave_the_api_as_text(owner: DemoResults) -> None:
    book = PortfolioFactory(user=User.objects.get(), opening_equity=100_000)
    client, address = owner.client("demo_owner"), f"/api/v1/portfolios/{book.pk}/equity-changes"
    notes = ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "rent;=1+1"]
    for note in notes:
        change = {"change_type": "CONTRIBUTION", "amount": "5", "change_date": str(book.equity_as_of), "notes": note}
        assert client.post(address, change, "application/json").status_code == 201
    answer = client.get(f"{address}/export")
    assert NAMED.fullmatch(answer["Content-Disposition"])
    found = [row["notes"] for row in csv.DictReader(io.StringIO(answer.content.decode(), newline=""))]
    assert len(found) == len(notes)
    for cell in found:
        assert not re.search(r"(^|[;\t])\s*[=+\-@]", cell), cell
