"""What people type as quantities, prices, money and days, brought to the form and the bounds of the tables."""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

from sigmasight.core import clock
from sigmasight.core.errors import DomainError

QUANTITY_STEP = Decimal("0.0001")
PRICE_STEP = Decimal("0.000001")
CENT = Decimal("0.01")
LARGEST_QUANTITY = Decimal(10) ** 12
LARGEST_PRICE = Decimal(10) ** 8
# The ledger counts in millionths of a dollar and adds up whole books in 64 bits.
LARGEST_MONEY = Decimal(10) ** 12
OLDEST_YEARS = 100


def quantity(value: Decimal, what: str = "quantity") -> Decimal:
    """A number of shares or contracts other than 0, rounded half-even to four decimals."""
    rounded = count(value, what)
    if not rounded:
        raise DomainError(f"{what}_is_zero", f"The {what} must not be 0 (four decimals are kept).")
    return rounded


def count(value: Decimal, what: str = "quantity") -> Decimal:
    """A number of shares or contracts, 0 included, rounded half-even to four decimals."""
    return _rounded(value, QUANTITY_STEP, LARGEST_QUANTITY, what)


def price(value: Decimal, what: str = "price", *, may_be_zero: bool = False) -> Decimal:
    """Dollars per share, rounded half-even to six decimals."""
    rounded = _rounded(value, PRICE_STEP, LARGEST_PRICE, what)
    if rounded < 0 or (rounded == 0 and not may_be_zero):
        raise DomainError(f"{what}_not_positive", f"The {what.replace('_', ' ')} must be above 0.")
    return rounded


def money(value: Decimal, what: str = "amount") -> Decimal:
    """Dollars, rounded half-even to cents."""
    return _rounded(value, CENT, LARGEST_MONEY, what)


def equity(value: Decimal, what: str = "equity_balance") -> Decimal:
    """Dollars of a whole account, rounded half-even to cents; the largest sum itself is one."""
    return LARGEST_MONEY.quantize(CENT) if value == LARGEST_MONEY else money(value, what)


def fees(value: Decimal) -> Decimal:
    rounded = money(value, "fees")
    if rounded < 0:
        raise DomainError("fees_negative", "Fees must not be negative.")
    return rounded


def past_day(day: dt.date, what: str) -> dt.date:
    """A day that is not after today in New York and not older than a hundred years."""
    today = clock.market_today()
    if day > today:
        raise DomainError(
            f"{what}_in_future", f"The {what.replace('_', ' ')} {day} is after today ({today} in New York)."
        )
    if day.year < today.year - OLDEST_YEARS:
        raise DomainError(
            f"{what}_too_old", f"The {what.replace('_', ' ')} {day} is more than {OLDEST_YEARS} years ago."
        )
    return day


def _rounded(value: Decimal, step: Decimal, bound: Decimal, what: str) -> Decimal:
    name = what.replace("_", " ")
    try:
        number = Decimal(value)
    except (InvalidOperation, TypeError, ValueError):
        number = Decimal("NaN")
    if not number.is_finite():
        raise DomainError(f"{what}_invalid", f"The {name} {value!s} is not a number.")
    if abs(number) >= bound:
        raise DomainError(f"{what}_too_large", f"The {name} must be below {bound:,}.")
    return number.quantize(step, rounding=ROUND_HALF_EVEN)
