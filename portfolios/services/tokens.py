"""Tokens people log in with: issued, checked and taken back. Two kinds that never stand in for each other."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import BooleanField, Case, Exists, OuterRef, QuerySet, Value, When
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import AccessToken

from portfolios.models import AdminSession, Portfolio, RevokedToken, User
from sigmasight.core import clock

# Every request begins with it: written out, because building it anew would cost as much as running it.
PERSON_BEHIND = """
    SELECT users.*, EXISTS (SELECT FROM revoked_tokens WHERE jti = %s AND user_id = users.id) AS logged_out
    FROM users WHERE id = %s AND is_active
"""


class UserToken(AccessToken):
    """An investor's token: claims sub, email, portfolio_id, iat, exp, jti; 24 hours."""

    token_type = "access"  # noqa: S105 - the kind, no secret
    lifetime = dt.timedelta(hours=24)


class AdminToken(AccessToken):
    """A token of the operations API: claims sub, email, role, iat, exp, jti and type "admin"; 8 hours."""

    token_type = "admin"  # noqa: S105 - the kind, no secret
    lifetime = dt.timedelta(hours=8)


def default_portfolio_id(user_id: UUID) -> UUID | None:
    """The portfolio a client opens first: active, accounts named private last, then the oldest."""
    return listed_portfolios(user_id).values_list("id", flat=True).first()


def listed_portfolios(user_id: UUID) -> QuerySet[Portfolio]:
    """A person's undeleted active portfolios in the order clients show them."""
    private = Case(
        When(account_name__icontains="private", then=Value(True)), default=Value(False), output_field=BooleanField()
    )
    books = Portfolio.objects.filter(user_id=user_id, deleted_at__isnull=True, is_active=True)
    return books.alias(private=private).order_by("private", "created_at", "id")


def issue_user_token(user: User) -> tuple[str, UUID | None]:
    """A new token and the portfolio named in it."""
    portfolio = default_portfolio_id(user.pk)
    token = _token(UserToken, user)
    token["portfolio_id"] = None if portfolio is None else str(portfolio)
    return str(token), portfolio


def issue_admin_token(user: User, *, ip_address: str | None, user_agent: str) -> str:
    """A new token of the operations API, with the session row without which it is refused."""
    token = _token(AdminToken, user)
    token["role"] = admin_role(user)
    text = str(token)
    AdminSession.objects.create(
        user=user,
        token_hash=_hash(text),
        ip_address=ip_address,
        user_agent=user_agent[:500],
        expires_at=clock.now() + AdminToken.lifetime,
    )
    return text


@transaction.atomic
def renew_admin_token(user: User, text: str, *, ip_address: str | None, user_agent: str) -> str:
    """A new token of the operations API in place of `text`, which is refused from now on."""
    end_admin_session(text)
    return issue_admin_token(user, ip_address=ip_address, user_agent=user_agent)


def admin_role(user: User) -> str:
    """`super_admin` for superusers, `admin` for other staff."""
    return "super_admin" if user.is_superuser else "admin"


def user_of_token(text: str) -> tuple[User, UserToken] | None:
    """The active person a token belongs to, in one query; None if it is bad, expired, logged out or older than the password."""
    token = _read(UserToken, text)
    if token is None or (user_id := _subject(token)) is None:
        return None
    user = next(iter(User.objects.raw(PERSON_BEHIND, [str(token.get("jti", "")), user_id])), None)
    if user is None or user.logged_out or _outdated(user, token):  # type: ignore[attr-defined]
        return None
    return user, token


def staff_of_token(text: str) -> tuple[User, AdminToken] | None:
    """The active member of staff an operations token belongs to; None without a live session row."""
    token = _read(AdminToken, text)
    if token is None or (user_id := _subject(token)) is None:
        return None
    live = Exists(
        AdminSession.objects.filter(token_hash=_hash(text), user_id=OuterRef("pk"), expires_at__gt=clock.now())
    )
    user = User.objects.annotate(live=live).filter(pk=user_id, is_active=True, is_staff=True).first()
    if user is None or not user.live or _outdated(user, token):
        return None
    return user, token


def revoke_user_token(user: User, token: UserToken) -> None:
    """Log a token out; doing it twice changes nothing."""
    expires = dt.datetime.fromtimestamp(token["exp"], tz=dt.UTC)
    RevokedToken.objects.get_or_create(jti=token["jti"], defaults={"user": user, "expires_at": expires})


def end_admin_session(text: str) -> None:
    """Log an operations token out."""
    AdminSession.objects.filter(token_hash=_hash(text)).delete()


def _token(kind: Callable[[], Any], user: User) -> Any:
    token = kind()
    # A fraction of a second tells a token made before a change of password from one made right after it.
    token.payload |= {"sub": str(user.pk), "email": user.email, "iat": clock.now().timestamp()}
    return token


def _read(kind: Callable[[Any], Any], text: str) -> Any:
    try:
        return kind(text)
    except TokenError:
        return None


def _subject(token: Any) -> UUID | None:
    try:
        return UUID(str(token.get("sub")))
    except ValueError:
        return None


def _outdated(user: User, token: Any) -> bool:
    issued = token.get("iat")
    if not isinstance(issued, int | float):
        return True
    return user.tokens_valid_from is not None and issued < user.tokens_valid_from.timestamp()


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
