"""The second step of a staff login: a code of an authenticator app (TOTP, RFC 6238), or one of ten backup codes.

Whether staff must have it is the setting SECOND_STEP: "required" or "optional"; who has set it up must always use it.
"""

from __future__ import annotations

import io
from typing import Any

import django_otp
import segno
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils.safestring import SafeString, mark_safe
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

REQUIRED = "required"
BACKUP_CODES = 10
APP, BACKUP = "authenticator app", "backup codes"


def is_set_up(user: Any) -> bool:
    """Whether a person has an app that has shown a right code once."""
    return TOTPDevice.objects.filter(user=user, confirmed=True).exists()


def is_due(user: Any) -> bool:
    """Whether a person who gave the password must still do the second step, or set it up. One query a request at most."""
    if not user.is_authenticated or user.is_verified():
        return False
    if settings.SECOND_STEP == REQUIRED:
        return True
    if not hasattr(user, "_second_step_set_up"):
        user._second_step_set_up = is_set_up(user)
    return bool(user._second_step_set_up)


def begin(user: Any) -> TOTPDevice:
    """The app that is being set up: a new secret, kept until a code of it confirms it."""
    waiting = TOTPDevice.objects.filter(user=user, confirmed=False).order_by("-pk").first()
    return waiting or TOTPDevice.objects.create(user=user, name=APP, confirmed=False)


def qr_code(device: TOTPDevice) -> SafeString:
    """The secret as a QR code for the app, as SVG."""
    out = io.BytesIO()
    segno.make(device.config_url, error="m").save(
        out, kind="svg", scale=5, border=4, light="#fff", xmldecl=False, svgns=False, title="QR code of the second step"
    )
    return mark_safe(out.getvalue().decode())  # noqa: S308 - made of numbers and our own title


@transaction.atomic
def confirm(user: Any, code: str) -> tuple[TOTPDevice, list[str]] | None:
    """Finish the set-up with a first right code.

    Returns
    -------
    The app and the backup codes, which are not shown again; None for a wrong code. Older apps and codes end with it.
    """
    device = TOTPDevice.objects.select_for_update().filter(user=user, confirmed=False).order_by("-pk").first()
    if device is None or not device.verify_token(_digits(code)):
        return None
    TOTPDevice.objects.filter(user=user).exclude(pk=device.pk).delete()
    device.confirmed = True
    device.save(update_fields=["confirmed"])
    return device, renew_backup_codes(user)


@transaction.atomic
def renew_backup_codes(user: Any) -> list[str]:
    """Ten new codes, each good once; the old ones end."""
    StaticDevice.objects.filter(user=user).delete()
    device = StaticDevice.objects.create(user=user, name=BACKUP)
    codes = [StaticToken.random_token() for _ in range(BACKUP_CODES)]
    StaticToken.objects.bulk_create(StaticToken(device=device, token=code) for code in codes)
    return codes


def is_right(user: Any, code: str) -> Any | None:
    """The app or the list of backup codes that a code is of, None for a wrong one. Wrong codes slow the next tries down."""
    return django_otp.match_token(user, _digits(code))


def take(request: HttpRequest, device: Any) -> None:
    """Note in the session that the second step was done, under a new key."""
    request.session.cycle_key()
    django_otp.login(request, device)


@transaction.atomic
def reset(user: Any) -> int:
    """Forget a person's apps and backup codes, for one who lost them. Returns how many apps there were."""
    StaticDevice.objects.filter(user=user).delete()
    apps, _ = TOTPDevice.objects.filter(user=user).delete()
    return apps


def _digits(code: str) -> str:
    return "".join(code.split()).lower()
