"""The operations console in a real browser, on the demo's books: one login, every page at the width of a desk and of a phone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from django.contrib import admin
from django.db import connections
from django.urls import reverse

from analytics.audits.catalogue import AUDITS
from analytics.audits.runs import audit_now
from analytics.audits.scope import Scope
from sigmasight.core.console import pages
from tests.analytics.raised import raise_alerts
from tests.analytics.spoiled import spoil_prices
from tests.browser.chromium import PROGRAM, Page, browser
from tests.browser.web_server import web_server
from tests.demo_fixtures import EVENING, DemoResults, copy_of, evening_in

pytestmark = [
    pytest.mark.django_db(databases=["default", "ai"]),
    pytest.mark.skipif(PROGRAM is None, reason="no Chromium is installed here (apt-get install chromium)"),
    pytest.mark.timeout(300),
]
DESK, PHONE = (1280, 900), (390, 844)
# What sticks out to the right of the window, by its selector; lists scroll within themselves.
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
STEP = """
    INSERT INTO batch_steps (seconds, run_id, phase, name, shard_no, status, done, total, unit, started_at, completed_at)
    SELECT '{{}}', id, {}, now(), {} FROM batch_run_history WHERE status = 'running'
"""
BUSY = "document.readyState == 'complete' && !document.querySelector('[aria-busy=true]')"


@pytest.fixture(scope="module")
def server(demo_database: DemoResults, django_db_blocker: Any) -> Iterator[str]:
    """On a copy of the demo's database: what a login leaves behind there is nobody's business."""
    with (
        django_db_blocker.unblock(),
        copy_of(demo_database.database) as database,
        _with_something_wrong(database),
        web_server(
            DATABASE_URL=_address("DATABASE_URL", database),
            AI_DATABASE_URL=_address("AI_DATABASE_URL", str(connections["ai"].settings_dict["NAME"])),
            SIGMASIGHT_NOW=EVENING,
            CONSOLE_ROWS="8",
        ) as address,
    ):
        yield address


@pytest.fixture(scope="module")
def console(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A tab in which demo staff is logged in."""
    with browser(tmp_path_factory.mktemp("console") / "profile") as tab:
        tab.open(f"{server}/admin/login/?next=/admin/")
        tab.wait_for("document.querySelector('#login-form')")
        tab.run(
            "document.querySelector('#id_username').value = 'demo_admin@sigmasight.com';"
            "document.querySelector('#id_password').value = 'demo12345';"
            "document.querySelector('#login-form').submit()"
        )
        tab.wait_for("location.pathname == '/admin/'")
        yield tab


@contextmanager
def _with_something_wrong(database: str) -> Iterator[None]:
    """The pages of data quality, of alerts and of audits have something to show."""
    with evening_in(database):
        spoil_prices()
        raise_alerts()
        audit_now(AUDITS["market-data"], Scope())
    yield


def _address(variable: str, database: str) -> str:
    return urlsplit(os.environ[variable])._replace(path=f"/{database}").geturl()


def visit(tab: Page, server: str, path: str) -> None:
    tab.complaints.clear()
    _resize(tab, DESK)
    tab.send("Page.navigate", url=f"{server}{path}")
    tab.wait_for(f"location.pathname == '{urlsplit(path).path}' && {BUSY}")


def _resize(tab: Page, size: tuple[int, int]) -> None:
    width, height = size
    tab.send(
        "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=size == PHONE
    )


def faults(tab: Page) -> list[str]:
    """What is wrong with the page that is shown: complaints of the browser, and being wider than the window."""
    found = list(tab.complaints)
    for size in (DESK, PHONE):
        _resize(tab, size)
        if (beyond := tab.run(SIDEWAYS)) > 0:
            found.append(f"{beyond} px wider than a window of {size[0]}")
    return found


def every_page() -> list[str]:
    tables = [
        reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist") for model in admin.site._registry
    ]
    own = [page.url() for page in pages.all_pages() if "<" not in page.path]
    fixed = ("index", "second_step_set_up", "password_change", "marketdata_dailyprice_export", "portfolios_position_add",
             "auth_group_add", "django_celery_beat_periodictask_add")  # fmt: skip
    return [*(reverse(f"admin:{name}") for name in fixed), *own, *tables]


def test_every_page_is_whole_and_fits(server: str, console: Page) -> None:
    wrong = {}
    for path in every_page():
        visit(console, server, path)
        if found := faults(console):
            wrong[path] = found
    assert wrong == {}


def test_forms_of_rows_are_whole_and_fit(server: str, console: Page) -> None:
    wrong = {}
    for table in ("portfolios_portfolio", "portfolios_position", "portfolios_portfoliosnapshot", "analytics_batchrun",
                  "portfolios_user", "marketdata_security", "marketdata_dailyprice"):  # fmt: skip
        visit(console, server, reverse(f"admin:{table}_changelist"))
        row = console.run("document.querySelector('#result_list a[href*=\"/change/\"]')?.pathname")
        assert row, table
        visit(console, server, row)
        found = faults(console)
        if deletion := console.run("document.querySelector('a[href$=\"/delete/\"]')?.pathname"):
            visit(console, server, deletion)
            found += faults(console)
        if found:
            wrong[row] = found
    assert wrong == {}


def test_rows_of_an_inline_lead_to_their_pages_without_a_mouse(server: str, console: Page) -> None:
    visit(console, server, reverse("admin:portfolios_portfolio_changelist"))
    visit(console, server, console.run("document.querySelector('#result_list a[href*=\"/change/\"]').pathname"))
    link = "document.querySelector('.inline-related p a[href*=\"/portfolios/position/\"]')"
    assert console.run(f"{link}.focus(), document.activeElement == {link}")


def portfolio_pages(tab: Page, server: str) -> list[str]:
    """The page of a portfolio and an explanation, by the links one clicks."""
    visit(tab, server, reverse("admin:console_portfolios"))
    book = tab.run("[...document.querySelectorAll('table.rows a')].find(a => a.textContent.includes('Hedge')).pathname")
    visit(tab, server, book)
    return [book, tab.run("document.querySelector('.figures a').pathname")]


def test_the_pages_of_a_portfolio_are_whole_and_fit(server: str, console: Page) -> None:
    wrong = {}
    for path in portfolio_pages(console, server):
        visit(console, server, path)
        assert console.run("document.querySelector('h2').textContent.trim()") != ""
        if found := faults(console):
            wrong[path] = found
    assert wrong == {}


def audit_page(tab: Page, server: str) -> str:
    """The page of an audit, by the link one clicks."""
    visit(tab, server, reverse("admin:console_audits"))
    return str(tab.run("document.querySelector('table.rows a').pathname"))


def test_the_page_of_an_audit_is_whole_and_fits(server: str, console: Page) -> None:
    visit(console, server, audit_page(console, server))
    assert console.run("document.querySelector('table.rows .badge').textContent") == "error"
    assert faults(console) == []


def test_the_prices_of_a_symbol_are_whole_and_fit(server: str, console: Page) -> None:
    visit(console, server, reverse("admin:console_data_quality_symbol", args=["MSFT"]))
    assert faults(console) == []


def test_a_repair_is_looked_at_and_left(server: str, console: Page) -> None:
    visit(console, server, reverse("admin:console_repairs"))
    look_at_a_merge(console)
    assert "METB" in console.run("document.querySelector('.looked form').textContent")
    assert faults(console) == []


def look_at_a_merge(tab: Page) -> None:
    tab.run(
        "document.querySelector('[name=old]').value = 'META'; document.querySelector('[name=new]').value = 'METB';"
        "document.querySelector('#merge [name=action]').click()"
    )
    tab.wait_for("document.readyState == 'complete' && document.querySelector('.looked')")


def test_an_alert_is_acknowledged_and_muted_by_its_forms(server: str, console: Page) -> None:
    visit(console, server, reverse("admin:console_alerts"))
    last = "[...document.querySelectorAll('.alert')].at(-1)"
    console.run(f"{last}.querySelectorAll('summary').forEach(one => one.click())")
    assert faults(console) == []
    console.run(f"{last}.querySelector('select[name=hours]').value = '8'")
    console.run(f"{last}.querySelector('button[value=mute]').click()")
    console.wait_for(f"{BUSY} && document.body.innerText.includes('Muted until')")
    console.run(f"{last}.querySelector('input[name=note]').value = 'Looked at by the desk'")
    console.run(f"{last}.querySelector('button[value=acknowledge]').click()")
    console.wait_for(f"{BUSY} && document.body.innerText.includes('Looked at by the desk')")
    assert faults(console) == []


def test_nobody_else_is_asked_for_anything(server: str, console: Page) -> None:
    visit(console, server, "/admin/")
    outside = {one for one in console.requests if not one.startswith((server, "data:", "about:"))}
    assert outside == set()
    assert console.run("document.fonts.ready.then(fonts => [...fonts].some(font => font.status == 'loaded'))")


def test_the_dashboard_is_worked_with_the_keyboard(server: str, console: Page) -> None:
    visit(console, server, "/admin/")
    reached = []
    for _ in range(12):
        press(console, "Tab", 9)
        reached.append(console.run("document.activeElement.tagName + ' ' + (document.activeElement.href || '')"))
    assert len(set(reached)) >= 5
    assert any("/admin/" in one for one in reached)


def press(tab: Page, key: str, code: int) -> None:
    for kind in ("keyDown", "keyUp"):
        tab.send("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code)


def test_a_section_of_the_sidebar_is_opened_with_the_keyboard(server: str, console: Page) -> None:
    visit(console, server, "/admin/")
    for _ in range(12):
        press(console, "Tab", 9)
        if console.run("document.activeElement.matches('h2') && document.activeElement.textContent.includes('Books')"):
            break
    assert console.run("document.activeElement.getAttribute('aria-expanded')") == "false"
    press(console, "Enter", 13)
    console.wait_for("document.activeElement.getAttribute('aria-expanded') == 'true'")
    press(console, "Tab", 9)
    assert console.run("document.activeElement.pathname") == reverse("admin:console_portfolios")


def test_a_section_opens_and_the_theme_turns_dark(server: str, console: Page) -> None:
    visit(console, server, "/admin/")
    entry = "[...document.querySelectorAll('#nav-sidebar-apps a')].find(a => a.pathname.includes('dailyprice'))"
    hidden = f"getComputedStyle({entry}.closest('ol')).display"
    assert console.run(hidden) == "none"
    console.run(
        "[...document.querySelectorAll('#nav-sidebar-apps h2')].find(h => h.textContent.includes('Market data')).click()"
    )
    console.wait_for(f"{hidden} != 'none'")
    light = console.run("getComputedStyle(document.querySelector('.console .card')).backgroundColor")
    console.run("document.documentElement.classList.add('dark')")
    assert console.run("getComputedStyle(document.querySelector('.console .card')).backgroundColor") != light
    assert console.complaints == []


def test_the_policy_lets_no_foreign_script_run(server: str, console: Page) -> None:
    visit(console, server, "/admin/")
    console.run(
        "window.ran = false; window.added = document.createElement('script'); added.textContent = 'window.ran = true'"
    )
    console.run("document.body.append(added)")
    assert console.run("document.body.contains(added) && window.ran") is False


def run_pages(tab: Page, server: str) -> list[str]:
    """The pages of the last runs, latest first."""
    visit(tab, server, "/admin/console/batch/")
    pathnames: list[str] = tab.run("[...document.querySelectorAll('#runs th a')].map(a => a.pathname)")
    return pathnames


def test_a_run_is_started_watched_without_reloading_and_cancelled(
    server: str, console: Page, demo_database: DemoResults
) -> None:
    """The workers are played by statements: what they write is seen on the page that is open."""
    visit(console, server, "/admin/console/batch/")
    console.run("django.jQuery('#id_portfolio').select2('open'), 1")
    console.run(
        "(box => { box.value = 'Hedge'; box.dispatchEvent(new Event('input')) })(document.querySelector('.select2-search__field'))"
    )
    offered = "[...document.querySelectorAll('.select2-results__option[aria-selected]')].map(one => one.textContent)"
    console.wait_for(f"{offered}.length == 1")
    assert "Hedge" in console.run(offered)[0]
    console.run("django.jQuery('#id_portfolio').select2('close'), 1")
    console.run("document.querySelector('form[action$=\"/batch/start/\"]').submit()")
    console.wait_for(f"location.pathname == '/admin/console/batch/start/' && {BUSY}")
    assert faults(console) == []
    console.run("document.querySelector('form[method=post][action$=\"/batch/start/\"]').submit()")
    console.wait_for(f"location.pathname == '/admin/console/batch/' && {BUSY}")
    console.run("window.still_here = true")
    shown = "document.querySelector('#live progress').value"
    assert console.run(shown) == 0
    with psycopg.connect(_address("DATABASE_URL", f"{demo_database.database}_copy"), autocommit=True) as database:
        database.execute(STEP.format("'1', 'prices', 0, 'completed', 0, 0, ''", "now()"))  # type: ignore[arg-type]
        console.wait_for(f"{shown} == 3")
        database.execute(STEP.format("'2', 'phase 2', 0, 'completed', 4, 4, 'portfolios'", "now()"))  # type: ignore[arg-type]
        database.execute(STEP.format("'2', 'phase 2', 1, 'running', 0, 1, 'portfolios'", "NULL"))  # type: ignore[arg-type]
        console.wait_for(f"{shown} == 45")
        assert console.run("document.querySelector('#live-said').textContent").endswith("P&L and snapshots")
        assert faults(console) == []
        console.run("document.querySelector('#live a.danger').click()")
        console.wait_for(f"location.pathname.endsWith('/cancel/') && {BUSY}")
        console.run("document.querySelector('form button.danger').click()")
        console.wait_for("document.querySelector('#live .notice')?.textContent.includes('Asked to stop')")
        assert console.run("window.still_here === undefined")
        visit(console, server, "/admin/console/batch/")
        console.run("window.still_here = true")
        database.execute(
            "UPDATE batch_run_history SET status = 'cancelled', completed_at = now() WHERE status = 'running'"
        )
        console.wait_for("document.querySelector('#live .notice')?.textContent.includes('has ended')")
    assert console.run("window.still_here && !document.querySelector('#live').hasAttribute('hx-get')")
    assert console.run("document.querySelector('#runs .badge').textContent") == "Cancelled"
    assert console.complaints == []


def test_pages_of_runs_are_whole_and_fit(server: str, console: Page) -> None:
    runs = run_pages(console, server)
    one, other = (run.rstrip("/").rpartition("/")[2] for run in (runs[-1], runs[0]))
    wrong = {}
    for path in (
        runs[-1],
        f"{runs[-1]}retry/",
        f"{runs[-1]}cancel/",
        f"/admin/console/batch/compare/?first={one}&second={other}",
    ):
        visit(console, server, path)
        if found := faults(console):
            wrong[path] = found
    assert wrong == {}
    visit(console, server, runs[-1])
    console.run(
        "(box => { box.value = 'risk'; box.dispatchEvent(new Event('input')) })(document.querySelector('#id_text'))"
    )
    console.wait_for("[...document.querySelectorAll('#log-lines tbody tr')].length == 2")


def test_pictures_are_taken_where_they_are_wanted(server: str, console: Page) -> None:
    """`CONSOLE_PICTURES=folder` keeps pictures of the main pages, for the README and for looking at."""
    folder = os.environ.get("CONSOLE_PICTURES")
    if not folder:
        pytest.skip("CONSOLE_PICTURES names no folder")
    book, explanation = portfolio_pages(console, server)
    shown = {
        "dashboard": "/admin/", "positions": reverse("admin:portfolios_position_changelist"),
        "portfolios": reverse("admin:console_portfolios"), "portfolio": book, "explanation": explanation,
        "data-quality": reverse("admin:console_data_quality"),
        "symbol": reverse("admin:console_data_quality_symbol", args=["MSFT"]), "repairs": reverse("admin:console_repairs"),
        "batch": "/admin/console/batch/", "batch-start": "/admin/console/batch/start/?phase=", "batch-run": run_pages(console, server)[-1],
        "alerts": reverse("admin:console_alerts"),
        "audits": reverse("admin:console_audits"), "audit": audit_page(console, server),
    }  # fmt: skip
    for name, path in shown.items():
        for width, size in (("desk", DESK), ("phone", PHONE)):
            visit(console, server, path)
            _resize(console, size)
            if name == "repairs":
                look_at_a_merge(console)
            console.picture(Path(folder) / f"console-{name}-{width}.png")
