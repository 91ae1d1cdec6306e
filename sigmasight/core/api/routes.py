"""Paths of the API: every one is served with and without its final slash, so that no body is lost in a redirect."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.urls import URLPattern, URLResolver, include, path
from django.urls.resolvers import RoutePattern
from rest_framework.views import APIView

# A step down costs as much as a dozen patterns.
WORTH_A_BRANCH = 12


def endpoint(route: str, view: type[APIView], name: str, **initkwargs: Any) -> list[URLPattern]:
    """The two spellings of one path; `route` is given without the final slash."""
    handler = view.as_view(**initkwargs)
    return [path(route, handler, name=name), path(f"{route}/", handler, name=f"{name}-slash")]


def by_segment(patterns: Iterable[URLPattern]) -> list[URLPattern | URLResolver]:
    """The same paths as a tree: a request is held against a few segments instead of hundreds of patterns. Of two that fit, a
    fixed segment wins over a variable one."""
    ordered = sorted(patterns, key=lambda pattern: ["<" in part for part in str(pattern.pattern).split("/")])
    branches: dict[str, list[URLPattern]] = {}
    for pattern in ordered:
        segment, slash, _ = str(pattern.pattern).partition("/")
        branches.setdefault(segment + slash, []).append(pattern)
    tree: list[URLPattern | URLResolver] = []
    for segment, inner in branches.items():
        if segment.endswith("/") and len(inner) >= WORTH_A_BRANCH:
            tree.append(path(segment, include(by_segment(_without(segment, pattern) for pattern in inner))))
        else:
            tree.extend(inner)
    return tree


def _without(segment: str, pattern: URLPattern) -> URLPattern:
    rest = RoutePattern(str(pattern.pattern).removeprefix(segment), name=pattern.name, is_endpoint=True)
    return URLPattern(rest, pattern.callback, pattern.default_args, pattern.name)


def without_slash_twins(endpoints: list[tuple[str, str, str, Any]], **_: Any) -> list[tuple[str, str, str, Any]]:
    """For the published schema: one spelling of each path, and nothing but the API."""
    return [entry for entry in endpoints if not entry[0].endswith("/") or entry[0] == "/"]
