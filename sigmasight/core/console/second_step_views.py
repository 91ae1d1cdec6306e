"""The pages of the second step: giving a code, setting the app up, new backup codes."""

from __future__ import annotations

from base64 import b32encode
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect

from sigmasight.core.console import second_step

WRONG = "That code is not right. Codes of the app change every 30 seconds; after a few wrong ones wait a moment."
View = Callable[[HttpRequest], HttpResponse]


def _for_staff(view: View) -> View:
    """For people who gave the password of a staff account; the second step may still be missing."""

    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        if not (request.user.is_active and request.user.is_staff):
            return redirect_to_login(request.get_full_path(), reverse("admin:login"))
        return view(request)

    return never_cache(csrf_protect(guarded))


@_for_staff
def ask(request: HttpRequest) -> HttpResponse:
    """Ask for a code, and go on to where the person wanted to go."""
    if not second_step.is_due(request.user):
        return redirect(_next(request))
    if not second_step.is_set_up(request.user):
        return redirect(f"{reverse('admin:second_step_set_up')}?{request.GET.urlencode()}")
    if request.method == "POST":
        if device := second_step.is_right(request.user, request.POST.get("code", "")):
            second_step.take(request, device)
            return redirect(_next(request))
        messages.error(request, WRONG)
    return _page(request, "console/second_step.html", title="Second step", next=_next(request))


@_for_staff
def set_up(request: HttpRequest) -> HttpResponse:
    """Show the QR code, take a first code of the app, then show the backup codes once."""
    if second_step.is_set_up(request.user) and not request.user.is_verified():  # type: ignore[union-attr]
        return redirect("admin:second_step")
    if request.method == "POST":
        if done := second_step.confirm(request.user, request.POST.get("code", "")):
            device, codes = done
            second_step.take(request, device)
            return _page(request, "console/backup_codes.html", title="Backup codes", codes=codes, next=_next(request))
        messages.error(request, WRONG)
    device = second_step.begin(request.user)
    return _page(
        request, "console/second_step_set_up.html", title="Set the second step up", next=_next(request),
        qr_code=second_step.qr_code(device), secret=_in_fours(device.bin_key),
    )  # fmt: skip


@_for_staff
def new_codes(request: HttpRequest) -> HttpResponse:
    """New backup codes in place of the old ones."""
    if not request.user.is_verified():  # type: ignore[union-attr]
        return redirect("admin:second_step")
    if request.method != "POST":
        return redirect("admin:second_step_set_up")
    codes = second_step.renew_backup_codes(request.user)
    return _page(request, "console/backup_codes.html", title="Backup codes", codes=codes, next=reverse("admin:index"))


def _page(request: HttpRequest, template: str, **context: Any) -> HttpResponse:
    return render(request, template, {**admin.site.each_context(request), **context})


def _next(request: HttpRequest) -> str:
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if safe else reverse("admin:index")


def _in_fours(key: bytes) -> str:
    text = b32encode(key).decode().rstrip("=")
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))
