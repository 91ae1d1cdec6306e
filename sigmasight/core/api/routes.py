"""Paths of the API: every one is served with and without its final slash, so that no body is lost in a redirect."""

from __future__ import annotations

from typing import Any

from django.urls import URLPattern, path
from rest_framework.views import APIView


def endpoint(route: str, view: type[APIView], name: str, **initkwargs: Any) -> list[URLPattern]:
    """The two spellings of one path; `route` is given without the final slash."""
    handler = view.as_view(**initkwargs)
    return [path(route, handler, name=name), path(f"{route}/", handler, name=f"{name}-slash")]


def without_slash_twins(endpoints: list[tuple[str, str, str, Any]], **_: Any) -> list[tuple[str, str, str, Any]]:
    """For the published schema: one spelling of each path, and nothing but the API."""
    return [entry for entry in endpoints if not entry[0].endswith("/") or entry[0] == "/"]
