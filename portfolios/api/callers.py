"""The person behind a request, typed, and where it came from."""

from __future__ import annotations

import ipaddress
from typing import cast

from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from portfolios.models import User
from portfolios.services.activity import Caller


def user_of(request: Request) -> User:
    """The authenticated account; only for views that demand one."""
    return cast(User, request.user)


def caller_of(request: Request) -> Caller:
    """Network address and program of the caller; the address as throttles see it, None if it is not one."""
    ident = BaseThrottle().get_ident(request)
    try:
        address = str(ipaddress.ip_address(ident)) if ident else None
    except ValueError:
        address = None
    return Caller(address, request.headers.get("User-Agent", ""))
