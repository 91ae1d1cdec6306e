"""Paths as a tree of segments."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, path
from django.urls.resolvers import RegexPattern, URLResolver

from sigmasight.core.api import routes


def view(request: HttpRequest, **given: str) -> HttpResponse:
    return HttpResponse()


FLAT = [
    path("tags", view, name="tags"),
    path("tags/", view, name="tags-slash"),
    path("tags/<str:tag_id>", view, name="tag"),
    path("tags/defaults", view, name="defaults"),
    path("tags/<str:tag_id>/positions", view, name="positions"),
    path("tags/all/positions", view, name="all"),
    path("books/<str:book>/lots/<str:lot>", view, {"kind": "lot"}, name="lot"),
]


@pytest.fixture(params=[1, 100], ids=["tree", "list"])
def tree(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> URLResolver:
    monkeypatch.setattr(routes, "WORTH_A_BRANCH", request.param)
    return URLResolver(RegexPattern(r"^/"), routes.by_segment(FLAT))


@pytest.mark.parametrize(
    ("asked", "name", "given"),
    [
        ("/tags", "tags", {}),
        ("/tags/", "tags-slash", {}),
        ("/tags/7", "tag", {"tag_id": "7"}),
        ("/tags/defaults", "defaults", {}),
        ("/tags/7/positions", "positions", {"tag_id": "7"}),
        ("/tags/all/positions", "all", {}),
        ("/books/1/lots/2", "lot", {"book": "1", "lot": "2", "kind": "lot"}),
    ],
)
def test_every_path_is_found_and_fixed_ones_first(
    tree: URLResolver, asked: str, name: str, given: dict[str, Any]
) -> None:
    match = tree.resolve(asked)
    assert (match.url_name, match.kwargs) == (name, given)


@pytest.mark.parametrize("asked", ["/", "/tag", "/tags/7/", "/tags/7/lots", "/books", "/books/1/lots/2/3"])
def test_no_other_path_is_served(tree: URLResolver, asked: str) -> None:
    with pytest.raises(Resolver404):
        tree.resolve(asked)
