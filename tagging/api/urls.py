"""Paths of this app below /api/v1; fixed ones stand before those with an id."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
