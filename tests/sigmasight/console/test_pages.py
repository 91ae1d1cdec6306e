"""Pages that apps put into the console, and the charts on them."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import reload

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import NoReverseMatch, clear_url_caches

import sigmasight.urls
from portfolios.models import User
from sigmasight.core.console import pages
from sigmasight.core.console.pages import ConsolePage
from sigmasight.core.console.sections import Section
from sigmasight.core.console.sidebar import sidebar
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def plain(request: HttpRequest, number: int = 0) -> HttpResponse:
    return pages.show(request, "console/page.html", {"subtitle": f"no. {number}"} if number else None)


@pytest.fixture
def two_pages() -> Iterator[None]:
    pages.register(ConsolePage("Try", "try/", "analytics.view_batchrun", plain, section=Section.BATCH))
    pages.register(ConsolePage("Part", "try/<int:number>/", "analytics.run_batch", plain, parent="try/"))
    _read_urls_again()
    yield
    pages.unregister("try/")
    pages.unregister("try/<int:number>/")
    _read_urls_again()


def _read_urls_again() -> None:
    clear_url_caches()
    reload(sigmasight.urls)
    clear_url_caches()


def viewer() -> User:
    user = UserFactory(is_staff=True)
    user.groups.add(Group.objects.get(name="viewer"))
    return user


@pytest.mark.usefixtures("two_pages")
def test_a_page_has_an_address_an_entry_and_a_trail(client: Client) -> None:
    client.force_login(User.objects.create_superuser("root@example.com", "secret-enough-1"))
    text = client.get("/admin/console/try/7/").content.decode()
    assert '<a href="/admin/console/try/">Try</a>' in text
    assert "Part: no. 7" in text
    assert 'aria-current="page"' in text


@pytest.mark.usefixtures("two_pages")
def test_a_page_asks_for_its_permission(client: Client) -> None:
    client.force_login(viewer())
    assert client.get("/admin/console/try/").status_code == 200
    assert client.get("/admin/console/try/7/").status_code == 403
    client.logout()
    assert client.get("/admin/console/try/").status_code == 302


@pytest.mark.usefixtures("two_pages")
def test_the_sidebar_shows_what_one_may_see() -> None:
    request = RequestFactory().get("/admin/console/try/")
    request.user = viewer()
    entries = {group["title"]: [one["title"] for one in group["items"]] for group in sidebar(request)}
    assert entries[None] == ["Dashboard", "Alerts"]
    assert "Try" in entries["Batch"]
    assert "Positions" in entries["Books"]
    assert "Roles" not in entries["People & access"]


def test_a_page_in_the_sidebar_captures_nothing() -> None:
    with pytest.raises(ValueError, match="sidebar"):
        pages.register(ConsolePage("Try", "x/<int:number>/", "a.b", plain, section=Section.BATCH))


def test_a_path_is_taken_once_and_ends_with_a_slash() -> None:
    with pytest.raises(ValueError, match="slash"):
        pages.register(ConsolePage("Try", "x", "a.b", plain))
    page = pages.register(ConsolePage("Try", "x/", "a.b", plain))
    try:
        with pytest.raises(ValueError, match="Two pages"):
            pages.register(page)
        with pytest.raises(NoReverseMatch):
            page.url()
    finally:
        pages.unregister("x/")


def test_every_table_stands_in_the_sidebar_once() -> None:
    request = RequestFactory().get("/admin/")
    request.user = User.objects.create_superuser("root@example.com", "secret-enough-1")
    links = [one["link"] for group in sidebar(request) for one in group["items"]]
    assert len(links) == len(set(links))
    shown = [one for one in admin.site._registry.values() if not getattr(one, "off_sidebar", False)]
    assert len([link for link in links if "/console/" not in link]) == len(shown) + 1
