"""Accounts of people: checking a password, opening an account."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction

from marketdata import calendar
from portfolios.models import AccountType, Portfolio, User
from portfolios.services.lockout import forget_failures, note_failure, require_unlocked
from sigmasight.core import clock
from sigmasight.core.errors import DomainError

LONGEST_ACCOUNT_NAME = 100


class LoginRefused(DomainError):
    """Wrong credentials, or an account that was closed; `user` is the account if there is one."""

    status = 401

    def __init__(self, code: str, message: str, user: User | None = None) -> None:
        super().__init__(code, message)
        self.user = user


def verify_login(email: str, password: str, *, staff: bool = False, address: str | None = None) -> User:
    """The account of an address and password. Takes as long for unknown addresses as for known ones.

    Parameters
    ----------
    staff : only accounts of the operations staff count.
    address : the network address of the caller, for the lock after too many failures.

    Raises
    ------
    LoginRefused; LoginLocked.
    """
    require_unlocked(email, address)
    try:
        user = _account_of(email, password, staff=staff)
    except LoginRefused:
        note_failure(email, address)
        raise
    forget_failures(email, address)
    User.objects.filter(pk=user.pk).update(last_login=clock.now())
    return user


def _account_of(email: str, password: str, *, staff: bool) -> User:
    user = User.objects.filter(email=email.strip().lower()).first()
    if user is None or (staff and not user.is_staff):
        make_password(password)
        raise LoginRefused("USER_NOT_FOUND", "Incorrect email or password")
    correct = user.check_password(password)
    if not user.is_active:
        raise LoginRefused("USER_INACTIVE", "Incorrect email or password" if staff else "Inactive user account", user)
    if not correct:
        raise LoginRefused("INVALID_PASSWORD", "Incorrect email or password", user)
    return user


@transaction.atomic
def open_account(email: str, password: str, full_name: str) -> User:
    """A new account with a first, empty portfolio.

    Raises
    ------
    DomainError if registration is closed, the name is blank, or the address has an account.
    """
    if not settings.OPEN_REGISTRATION:
        raise DomainError("registration_closed", "Registration is by invitation. Use /onboarding/register.", status=403)
    user = create_user(email, password, full_name)
    name = f"{user.full_name}'s Portfolio"
    Portfolio.objects.create(
        user=user,
        name=name[:255],
        account_name=name[:LONGEST_ACCOUNT_NAME],
        account_type=AccountType.TAXABLE,
        equity_as_of=calendar.session_on_or_before(clock.market_today()),
    )
    return user


def create_user(email: str, password: str, full_name: str, *, user_id: UUID | None = None) -> User:
    """A new account without a portfolio, with a random id unless one is given.

    Raises
    ------
    DomainError if the name is blank or the address has an account.
    """
    if not full_name.strip():
        raise DomainError("full_name_blank", "Give a name.")
    try:
        with transaction.atomic():
            chosen = {} if user_id is None else {"id": user_id}
            return User.objects.create_user(email.strip().lower(), password, full_name=full_name.strip(), **chosen)
    except IntegrityError as error:
        raise DomainError("EMAIL_EXISTS", "Email already registered") from error
