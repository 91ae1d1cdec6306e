"""The report of a portfolio, on screen, on paper and by command: its figures, its form, its gaps, and names that mean harm."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from html import unescape
from io import BytesIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from pypdf import PdfReader

from analytics.report.document import client_report
from analytics.report.html import render_html
from analytics.report.pdf import render_pdf
from analytics.services.explained_measures import OF_THE_BOOK
from analytics.services.explanations import explain
from portfolios.models import Portfolio, User
from sigmasight.core import clock
from sigmasight.core.templatetags.humane import in_unit
from tests.analytics.services.conftest import book_of
from tests.demo_fixtures import DemoResults
from tests.factories import PortfolioFactory, UserFactory

pytestmark = pytest.mark.django_db
EVIL = '=HYPERLINK("//x")<script>alert(1)</script>../../etc/passwd\r\nX-Evil: 1 中文 😀 ' + "W" * 150
GREEK = "Σφραγίς Łódź – Ångström, 5 % − β"


@pytest.fixture
def hedge(demo_results: DemoResults) -> Portfolio:
    return book_of("hedge_fund")


@pytest.fixture
def private(demo_results: DemoResults) -> Portfolio:
    return book_of("family_office_private")


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("root@example.com", "secret-enough-1"))
    return client


def text_of(pdf: bytes) -> str:
    """Words set apart by single blanks, as tables and lines break them anywhere."""
    return " ".join(" ".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages).split())


def words_of(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def shown_figures(book: Portfolio) -> list[str]:
    return [in_unit(explain(book.user, book.pk, name)[1].value, OF_THE_BOOK[name].unit) for name in OF_THE_BOOK]


def test_both_forms_hold_the_figures_of_the_services(hedge: Portfolio) -> None:
    report = client_report(hedge)
    for text in (text_of(render_pdf(report)), words_of(render_html(report))):
        assert [figure for figure in shown_figures(hedge) if figure not in text] == []
        assert all(name in text for name in (hedge.name, hedge.user.full_name, f"{hedge.results_as_of}"))
        assert "2008 Financial Crisis Replay" in text
        assert all(measure.title in text for measure in OF_THE_BOOK.values())
        assert "Prices are simulated" in text


def test_what_is_missing_is_said_with_its_reason(private: Portfolio) -> None:
    report = client_report(private)
    for text in (text_of(render_pdf(report)), words_of(render_html(report))):
        assert "Not computed: factor exposures (the book holds nothing with a market price)." in text
        assert "Left out of stress scenarios (no listed proxy): FO_" in text


def test_words_are_cut_and_numbers_never(private: Portfolio) -> None:
    report = client_report(private)
    [positions] = [one for one in report.sections if one.name == "positions"]
    [table] = positions.tables
    rows = [["Word" * 40, *["123,456,789,012,345.67"] * (len(table.columns) - 1)]]
    columns = [replace(column, numeric=at > 0) for at, column in enumerate(table.columns)]
    wide = replace(positions, tables=[replace(table, columns=columns, rows=rows)])
    text = text_of(render_pdf(replace(report, sections=[wide])))
    assert text.count("123,456,789,012,345.67") == len(columns) - 1
    assert "Word" * 40 not in text
    assert "Word" * 3 in text


def test_pages_of_the_pdf_are_a4_numbered_and_listed(hedge: Portfolio) -> None:
    reader = PdfReader(BytesIO(render_pdf(client_report(hedge))))
    pages = [" ".join(page.extract_text().split()) for page in reader.pages]
    assert all(f"Page {at} of {len(pages)}" in page for at, page in enumerate(pages, start=1))
    assert {tuple(round(side) for side in page.mediabox[2:]) for page in reader.pages} == {(595, 842)}
    assert all(hedge.name in page for page in pages)
    assert reader.metadata is not None
    assert reader.metadata.title == hedge.name
    assert {"Stress scenarios", "Positions", "How the figures are made"} <= {one.title for one in reader.outline}


def test_fonts_are_embedded(hedge: Portfolio) -> None:
    fonts = PdfReader(BytesIO(render_pdf(client_report(hedge)))).pages[0]["/Resources"]["/Font"].values()
    descriptors = [font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"] for font in fonts]
    assert len(descriptors) == 2
    assert all("/FontFile2" in one.get_object() for one in descriptors)


def test_the_same_figures_make_the_same_file(hedge: Portfolio) -> None:
    for render in (render_pdf, render_html):
        assert render(client_report(hedge)) == render(client_report(hedge))


def test_the_html_is_well_formed_and_loads_nothing(hedge: Portfolio) -> None:
    html = render_html(client_report(hedge))
    root = ElementTree.fromstring(html.removeprefix("<!DOCTYPE html>"))
    assert len(root.findall(".//figure")) == 11
    assert not {element.tag for element in root.iter()} & {"script", "link", "img", "iframe", "object"}
    assert not re.search(r"(?:src|href)=|url\(|@import", html)
    names = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(names) == len(set(names)) == 22


def test_letters_of_other_alphabets_are_in_the_pdf(hedge: Portfolio) -> None:
    Portfolio.objects.filter(pk=hedge.pk).update(name=GREEK)
    assert GREEK in text_of(render_pdf(client_report(book_of("hedge_fund"))))


def test_names_that_mean_harm_are_text(staff: Client, hedge: Portfolio) -> None:
    Portfolio.objects.filter(pk=hedge.pk).update(name=EVIL, account_name=EVIL[:100])
    User.objects.filter(pk=hedge.user.pk).update(full_name=EVIL)
    address = f"/admin/console/portfolios/{hedge.pk}/report"
    html, pdf = staff.get(f"{address}/html/"), staff.get(f"{address}/pdf/")
    assert "<script>alert" not in html.content.decode()
    assert words_of(EVIL.replace("<", "&lt;").replace(">", "&gt;")) in words_of(html.content.decode())
    # What the font has no sign for is a question mark.
    assert "<script>alert(1)</script>../../etc/passwdX-Evil: 1 ?? ?" in text_of(pdf.content)
    for answer in (html, pdf):
        name = re.fullmatch(
            r'(?:inline|attachment); filename="([a-z0-9-]+\.(?:pdf|html))"', answer["Content-Disposition"]
        )
        assert name is not None
        assert len(name.group(1)) < 80
        assert "X-Evil" not in answer


def test_a_name_without_latin_letters_still_names_a_file(hedge: Portfolio) -> None:
    Portfolio.objects.filter(pk=hedge.pk).update(name="中文")
    assert client_report(book_of("hedge_fund")).file_name("pdf") == f"portfolio-{hedge.results_as_of}.pdf"


def test_a_book_that_holds_nothing_and_one_that_owes(staff: Client, hedge: Portfolio, private: Portfolio) -> None:
    hedge.positions.update(deleted_at=clock.now())
    private.snapshots.update(net_asset_value=-1)
    for book, told in (
        (hedge, "The book holds nothing."),
        (private, "No sector weights: the net asset value is not positive."),
    ):
        for text in (text_of(render_pdf(client_report(book))), words_of(render_html(client_report(book)))):
            assert told in text
            assert "nan" not in text.split()
        assert staff.get(f"/admin/console/portfolios/{book.pk}/").status_code == 200


def test_the_console_hands_both_out_to_staff_alone(staff: Client, hedge: Portfolio) -> None:
    address = f"/admin/console/portfolios/{hedge.pk}/report"
    assert staff.get(f"{address}/pdf/").content.startswith(b"%PDF-")
    assert staff.get(f"{address}/html/")["Content-Type"] == "text/html; charset=utf-8"
    assert (
        f'href="{address}/pdf/?date={hedge.results_as_of}"'
        in staff.get(f"/admin/console/portfolios/{hedge.pk}/").content.decode()
    )
    assert staff.get(f"{address}/docx/").status_code == 404
    fresh = staff.get(f"/admin/console/portfolios/{PortfolioFactory().pk}/report/pdf/")
    assert fresh.status_code == 400
    assert "has no results yet" in fresh.content.decode()
    for person, status in ((UserFactory(is_staff=True), 403), (hedge.user, 302)):
        staff.force_login(person)
        assert staff.get(f"{address}/pdf/").status_code == status


def test_the_command_writes_a_file(hedge: Portfolio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    call_command("report", hedge.name.upper())
    [file] = tmp_path.iterdir()
    assert file.name == f"longshort-equity-hedge-fund-style-portfolio-{hedge.results_as_of}.pdf"
    assert file.read_bytes() == render_pdf(client_report(hedge))


def test_the_command_writes_an_earlier_day_as_html(hedge: Portfolio, tmp_path: Path) -> None:
    file = tmp_path / "old.html"
    call_command("report", str(hedge.pk), "--date", "2025-10-19", "--output", str(file))
    assert "Portfolio report as of 17 October 2025" in file.read_text()


def test_the_command_refuses_what_it_cannot_do(hedge: Portfolio, tmp_path: Path) -> None:
    twins = PortfolioFactory.create_batch(2, name="Twin")
    gone = PortfolioFactory(is_active=False, deleted_at="2025-01-01T00:00:00Z")
    for wanted, told in (
        ("Nobody's", "no portfolio with the id or the name"), (str(gone.pk), "no portfolio"), (twins[0].name, str(twins[1].pk)),
        (str(twins[0].pk), "has no results yet"),
    ):  # fmt: skip
        with pytest.raises(CommandError, match=re.escape(told)):
            call_command("report", wanted, "--output", str(tmp_path / "x.pdf"))
    with pytest.raises(CommandError, match="its first are of"):
        call_command("report", hedge.name, "--date", "1999-01-04", "--output", str(tmp_path / "x.pdf"))
    with pytest.raises(CommandError, match="cannot be written"):
        call_command("report", hedge.name, "--output", str(tmp_path / "nowhere" / "x.pdf"))
    assert list(tmp_path.iterdir()) == []
