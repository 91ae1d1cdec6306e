"""The way in: an account by invitation, and a first portfolio from a file."""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_DNS, UUID, uuid4, uuid5

from django.conf import settings
from django.db import transaction

from portfolios.models import AccountType, Portfolio, User
from portfolios.services import amounts
from portfolios.services.accounts import LONGEST_ACCOUNT_NAME, create_user
from portfolios.services.new_lots import NewLot
from portfolios.services.portfolios import create_portfolio
from portfolios.services.position_files import FileError, FileRefused, read_table
from portfolios.services.position_rows import read_lots
from portfolios.services.positions import enter_positions
from sigmasight.core.errors import Conflict, DomainError

LONGEST_NAME = 255
LARGEST_EQUITY = amounts.LARGEST_MONEY
OWN_DOMAIN = "@sigmasight.com"
ADDRESS = re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}")


class OnboardingRefused(DomainError):
    """A registration or an upload that is refused, with the facts behind it."""

    def __init__(self, code: str, message: str, *, status: int = 400, details: dict[str, Any] | None = None) -> None:
        super().__init__(code, message, status=status)
        self.details = details


@dataclass(frozen=True)
class NewAccount:
    """An account as its owner describes it, trimmed. `equity` in dollars."""

    portfolio_name: str
    account_name: str
    account_type: str
    equity: Decimal
    description: str = ""


@dataclass(frozen=True)
class ImportedPortfolio:
    """A portfolio made from a file: its lots, and the rows of the file, those of commas only included."""

    portfolio: Portfolio
    lots: int
    rows: int


@transaction.atomic
def register_by_invite(email: str, password: str, full_name: str, invite_code: str) -> User:
    """A new account without a portfolio, for somebody who knows the invite code.

    Raises
    ------
    OnboardingRefused: ERR_INVITE_001 for a wrong code, ERR_USER_001 if the address has an account, ERR_USER_002 to 004 for an
    address, password or name that will not do.
    """
    _check_invite(invite_code)
    address = email.strip().lower()
    if not ADDRESS.fullmatch(address):
        raise OnboardingRefused(
            "ERR_USER_002", "Give an address such as name@example.com, in plain letters and digits.", status=422
        )
    if User.objects.filter(email=address).exists():
        raise _address_taken(address)
    _check_password(password)
    if not full_name.strip():
        raise OnboardingRefused("ERR_USER_004", "Give your name.", status=422)
    try:
        return create_user(address, password, full_name, user_id=_user_id(address))
    except DomainError as error:
        raise _address_taken(address) from error


@transaction.atomic
def import_portfolio(user: User, account: NewAccount, file_name: str, content: bytes) -> ImportedPortfolio:
    """A new portfolio with the positions of a CSV file; nothing is stored unless everything is right.

    Raises
    ------
    OnboardingRefused: ERR_PORT_001 to 006 and 009 to 011 for what is said of the account. FileRefused with everything that is
    wrong with the file.
    """
    account_type = _check_account(user, account)
    table = read_table(file_name, content)
    lots, errors = read_lots(table.rows)
    if errors := sorted([*table.errors, *errors], key=lambda error: error.row or 0):
        raise FileRefused(errors)
    try:
        book = create_portfolio(
            user,
            account.portfolio_name,
            account.account_name,
            account_type=account_type,
            description=account.description,
            opening_equity=account.equity,
        )
    except Conflict as error:
        raise _name_taken(user, account) from error
    if settings.DETERMINISTIC_UUIDS:
        lots = [replace(lot, id=_lot_id(book.pk, lot)) for lot in lots]
    if lots:
        try:
            enter_positions(user, book.pk, lots)
        except DomainError as error:
            # Rows are checked by the same rules before; what only the book knows is told of the whole file.
            raise FileRefused([FileError("ERR_CSV_006", error.message)]) from error
    return ImportedPortfolio(book, len(lots), table.total)


def _check_invite(code: str) -> None:
    wanted, given = settings.INVITE_CODE.strip().lower(), code.strip().lower()
    if not wanted or not hmac.compare_digest(wanted.encode(), given.encode(errors="replace")):
        raise OnboardingRefused(
            "ERR_INVITE_001", "This invite code is not valid. Ask the person who invited you.", status=401
        )


def _check_password(password: str) -> None:
    kinds = {
        "has_uppercase": any(sign.isupper() for sign in password),
        "has_lowercase": any(sign.islower() for sign in password),
        "has_digit": any(sign.isdigit() for sign in password),
    }
    if not all(kinds.values()):
        reason = "A password needs an upper-case letter, a lower-case letter and a digit."
        raise OnboardingRefused("ERR_USER_003", reason, status=422, details={"reason": reason, **kinds})


def _address_taken(address: str) -> OnboardingRefused:
    return OnboardingRefused(
        "ERR_USER_001", "There is an account with this address. Log in instead.", status=409, details={"email": address}
    )


def _user_id(address: str) -> UUID:
    """Random; made of the address for the house's own accounts, and with `DETERMINISTIC_UUIDS` for all."""
    if settings.DETERMINISTIC_UUIDS or address.endswith(OWN_DOMAIN):
        derived = uuid5(NAMESPACE_DNS, address)
        if not User.objects.filter(pk=derived).exists():
            return derived
    return uuid4()


def _check_account(user: User, account: NewAccount) -> str:
    """Every rule in its order; the type of the account as it is stored."""
    account_type = account.account_type.strip().lower()
    if account_type not in AccountType.values:
        words = AccountType.values
        raise OnboardingRefused(
            "ERR_PORT_009", f"The account type is one of {', '.join(words)}.", details={"allowed": words}
        )
    if not account.account_name:
        raise OnboardingRefused("ERR_PORT_011", "Give the account a name.")
    if len(account.account_name) > LONGEST_ACCOUNT_NAME:
        raise OnboardingRefused(
            "ERR_PORT_010", f"The name of an account has at most {LONGEST_ACCOUNT_NAME} characters."
        )
    if Portfolio.objects.filter(user=user, account_name=account.account_name).exists():
        raise _name_taken(user, account)
    if not account.portfolio_name:
        raise OnboardingRefused("ERR_PORT_002", "Give the portfolio a name.")
    if len(account.portfolio_name) > LONGEST_NAME:
        raise OnboardingRefused("ERR_PORT_003", f"The name of a portfolio has at most {LONGEST_NAME} characters.")
    if account.equity < 0:
        raise OnboardingRefused("ERR_PORT_005", "The equity balance must not be negative.")
    if account.equity > LARGEST_EQUITY:
        raise OnboardingRefused("ERR_PORT_006", f"The equity balance is at most {LARGEST_EQUITY:,} dollars.")
    if not amounts.equity(account.equity):
        raise OnboardingRefused("ERR_PORT_004", "The equity balance must be above 0; cents are kept.")
    return account_type


def _name_taken(user: User, account: NewAccount) -> OnboardingRefused:
    return OnboardingRefused(
        "ERR_PORT_001",
        f"You have an account named {account.account_name!r}, or deleted one of that name. Choose another account name.",
        status=409,
        details={"user_id": str(user.pk), "account_name": account.account_name},
    )


def _lot_id(portfolio_id: UUID, lot: NewLot) -> UUID:
    return uuid5(NAMESPACE_DNS, f"{portfolio_id}:{lot.symbol}:{lot.entry_date}")
