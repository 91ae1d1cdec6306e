"""How the console looks: unfold's settings, with our own style sheet, icon and colours. Every file is served by ourselves."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse


def styles(request: HttpRequest) -> str:
    return static("console/console.css")


def scripts(request: HttpRequest) -> str:
    return static("console/keyboard.js")


def icon(request: HttpRequest) -> str:
    return static("console/icon.svg")


def password_page(request: HttpRequest) -> str:
    return reverse("admin:password_change")


def second_step_page(request: HttpRequest) -> str:
    return reverse("admin:second_step_set_up")


BLUE = {
    "50": "oklch(97% .014 254.604)",
    "100": "oklch(93.2% .032 255.585)",
    "200": "oklch(88.2% .059 254.128)",
    "300": "oklch(80.9% .105 251.813)",
    "400": "oklch(70.7% .165 254.624)",
    "500": "oklch(62.3% .214 259.815)",
    "600": "oklch(54.6% .245 262.881)",
    "700": "oklch(48.8% .243 264.376)",
    "800": "oklch(42.4% .199 265.638)",
    "900": "oklch(37.9% .146 265.522)",
    "950": "oklch(28.2% .091 267.935)",
}
THEME: dict[str, Any] = {
    "SITE_TITLE": "SigmaSight operations",
    "SITE_HEADER": "SigmaSight operations",
    "SITE_URL": None,
    "SITE_ICON": "sigmasight.core.console.look.icon",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": "sigmasight.core.console.look.icon"}],
    "STYLES": ["sigmasight.core.console.look.styles"],
    "SCRIPTS": ["sigmasight.core.console.look.scripts"],
    "SHOW_VIEW_ON_SITE": False,
    "BORDER_RADIUS": "6px",
    "COLORS": {"primary": BLUE},
    "LOGIN": {"form": "portfolios.login_form.ConsoleLoginForm"},
    "ACCOUNT": {
        "navigation": [
            {"title": "Change password", "link": "sigmasight.core.console.look.password_page"},
            {"title": "Second step of the login", "link": "sigmasight.core.console.look.second_step_page"},
        ]
    },
    "SIDEBAR": {"show_search": True, "navigation": "sigmasight.core.console.sidebar.sidebar"},
}
