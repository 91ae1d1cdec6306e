"""The pages of the API in a real browser: complete, without a complaint, and without asking anybody but this server."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from tests.browser.chromium import PROGRAM, Page, browser
from tests.browser.web_server import web_server
from tests.contract.published import published_schema

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no Chromium is installed here (apt-get install chromium)")
OPERATIONS = [described for item in published_schema()["paths"].values() for described in item.values()]

# How many operations were seen so far: the page makes those alone that are in sight.
SCROLLED = """(window.seen ??= new Set(), window.scrollBy(0, 800),
    document.querySelectorAll('.opblock').forEach(block => window.seen.add(block.id)), window.seen.size)"""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The pages ask no database."""
    with web_server() as address:
        yield address


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    with browser(tmp_path / "profile") as tab:
        yield tab


def test_swagger_shows_every_operation_with_its_example(server: str, page: Page) -> None:
    page.open(f"{server}/docs")
    page.wait_for("document.querySelectorAll('.opblock').length")
    page.wait_for(f"{SCROLLED} == {len(OPERATIONS)}")
    page.run("window.scrollTo(0, 0)")
    assert page.run("document.title") == settings.SPECTACULAR_SETTINGS["TITLE"]
    login = "#operations-Authentication-login"
    clicked = "(found => found ? (found.click(), true) : (window.scrollBy(0, 400), false))"
    page.wait_for(f"{clicked}(document.querySelector('{login} .opblock-summary-control'))")
    text = page.wait_for(f"document.querySelector('{login} .body-param__example')?.textContent")
    assert "demo_individual@sigmasight.com" in text
    nothing_from_outside(server, page)


def test_redoc_shows_every_operation(server: str, page: Page) -> None:
    page.open(f"{server}/redoc")
    page.wait_for("document.querySelector('[data-section-id^=\"tag/\"]') !== null")
    shown = "new Set([...document.querySelectorAll('[data-section-id*=\"/operation/\"]')].map(e => e.dataset.sectionId)).size"
    page.wait_for(f"{shown} >= {len(OPERATIONS)}")
    assert page.run("document.body.innerText.includes('API docs by Redocly')")
    nothing_from_outside(server, page)


def nothing_from_outside(server: str, page: Page) -> None:
    time.sleep(0.5)
    page.run("1")
    assert [address for address in page.requests if not address.startswith((f"{server}/", "data:", "blob:"))] == []
    assert page.complaints == []
