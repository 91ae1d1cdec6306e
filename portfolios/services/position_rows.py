"""Rows of a file of positions: each a lot, or everything that is wrong with it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from marketdata.models import OptionType
from marketdata.providers.base import OptionContractTerms
from marketdata.services.contracts import LARGEST_STRIKE, STRIKE_STEP, contract_terms
from marketdata.services.securities import canonical, is_synthetic, parse_occ
from portfolios.models import InvestmentClass
from portfolios.services import amounts
from portfolios.services.new_lots import NewLot, check_not_expired, position_type_of
from portfolios.services.position_cells import SHOWN, SYMBOL, day_of, fits, number_of, shown
from portfolios.services.position_files import FileError, Row
from sigmasight.core import clock
from sigmasight.core.errors import DomainError

LONGEST_SYMBOL = 20
LONGEST_UNDERLYING = 10
FINEST_QUANTITY = Decimal("0.000001")
FINEST_PRICE = Decimal("0.01")
SHARES_PER_CONTRACT = 100
SUBTYPES = {
    InvestmentClass.PUBLIC: ("STOCK", "ETF", "MUTUAL_FUND", "BOND", "CASH"),
    InvestmentClass.OPTIONS: ("CALL", "PUT"),
    InvestmentClass.PRIVATE: (
        "PRIVATE_EQUITY", "VENTURE_CAPITAL", "HEDGE_FUND", "PRIVATE_REIT", "REAL_ESTATE", "CRYPTOCURRENCY", "CRYPTO", "ART",
        "MONEY_MARKET", "TREASURY_BILLS", "CASH", "COMMODITY", "OTHER",
    ),
}  # fmt: skip
TERMS = ("Underlying Symbol", "Strike Price", "Expiration Date", "Option Type")
Key = tuple[str, dt.date]


def read_lots(rows: Sequence[Row]) -> tuple[list[NewLot], list[FileError]]:
    """The lots of all rows, and what is wrong with any of them: lots are complete only if nothing is."""
    lots, errors = [], []
    first_rows: dict[Key, int] = {}
    total = Decimal(0)
    for row in rows:
        reading = _Reading(row)
        lot, key = reading.lot()
        if key is not None and (first := first_rows.setdefault(key, row.number)) != row.number:
            reading.refuse(
                "ERR_POS_023",
                f"{key[0]} with the entry date {key[1]} is in row {first} already. Add them up in one row, or tell their days apart.",
                "Symbol",
            )
        if lot is not None and not reading.errors:
            total += reading.value(lot)
            if total >= amounts.LARGEST_MONEY:
                reading.refuse(
                    "ERR_POS_005",
                    f"Up to this row the positions cost {amounts.LARGEST_MONEY:,} dollars or more, which is beyond what can be kept.",
                    "Quantity",
                )
            lots.append(lot)
        errors += reading.errors
    return lots, errors


@dataclass
class _Reading:
    """One row while it is read; what is wrong is collected."""

    row: Row
    symbol: str = ""
    errors: list[FileError] = field(default_factory=list)

    def refuse(self, code: str, message: str, title: str) -> None:
        self.errors.append(FileError(code, message, self.row.number, self.symbol[:SHOWN] or None, title))

    def lot(self) -> tuple[NewLot | None, Key | None]:
        """The lot, and the symbol and day by which it is known where those can be told; no lot if anything is wrong."""
        row = self.row
        investment_class = self._class()
        self.symbol = row["Symbol"].upper()
        if not self.symbol and investment_class == InvestmentClass.OPTIONS:
            self.symbol = row["Underlying Symbol"].upper()
        if not self.symbol:
            self.refuse("ERR_POS_001", "The symbol is missing.", "Symbol")
            return None, None
        if row["Symbol"]:
            self._check_symbol()
        quantity, price = self._quantity(), self._price()
        entered = self._entry_date()
        if investment_class == "":
            words = ", ".join(InvestmentClass.values)
            self.refuse(
                "ERR_POS_016", f"The class {shown(row['Investment Class'])} is not one of {words}.", "Investment Class"
            )
        subtype = self._subtype(investment_class)
        left = self._exit_date(entered)
        terms = self._terms(entered, left) if investment_class == InvestmentClass.OPTIONS else None
        if investment_class == InvestmentClass.PUBLIC and parse_occ(self.symbol):
            self.refuse(
                "ERR_POS_016", f"{self.symbol} is an option contract; its class is OPTIONS.", "Investment Class"
            )
        name = self._name(investment_class, terms)
        key = None if name is None or entered is None else (name, entered)
        if self.errors or quantity is None or price is None or name is None:
            return None, key
        lot = NewLot(
            symbol=name,
            quantity=quantity,
            entry_price=price,
            position_type=position_type_of(quantity, terms.option_type if terms else ""),
            investment_class=investment_class,
            entry_date=entered,
            investment_subtype=subtype,
            underlying_symbol=terms.underlying if terms else "",
            strike_price=terms.strike if terms else None,
            expiration_date=terms.expiration if terms else None,
            exit_date=left,
            exit_price=self._exit_price() if left else None,
        )
        if self.value(lot) >= amounts.LARGEST_MONEY:
            text = (
                f"Quantity times price is {amounts.LARGEST_MONEY:,} dollars or more, which is beyond what can be kept."
            )
            self.refuse("ERR_POS_005", text, "Quantity")
        return lot, key

    @staticmethod
    def value(lot: NewLot) -> Decimal:
        """What the lot cost, dollars."""
        shares = SHARES_PER_CONTRACT if lot.investment_class == InvestmentClass.OPTIONS else 1
        return abs(lot.quantity) * lot.entry_price * shares

    def _class(self) -> str:
        """The class given, or the one that a blank cell means; "" for a word that is none."""
        row = self.row
        given = row["Investment Class"].upper()
        if given:
            return given if given in InvestmentClass.values else ""
        if row["Underlying Symbol"] or row["Strike Price"] or row["Expiration Date"] or parse_occ(row["Symbol"]):
            return InvestmentClass.OPTIONS
        return InvestmentClass.PRIVATE if is_synthetic(row["Symbol"].upper()) else InvestmentClass.PUBLIC

    def _check_symbol(self) -> None:
        if len(self.symbol) > LONGEST_SYMBOL and not parse_occ(self.symbol):
            self.refuse("ERR_POS_002", f"A symbol has at most {LONGEST_SYMBOL} characters.", "Symbol")
        if not SYMBOL.fullmatch(self.row["Symbol"]):
            self.refuse(
                "ERR_POS_003",
                f"The symbol {shown(self.symbol)} may have letters A to Z, digits, points, hyphens and underscores only.",
                "Symbol",
            )

    def _quantity(self) -> Decimal | None:
        text = self.row["Quantity"]
        if not text:
            self.refuse("ERR_POS_004", "The quantity is missing.", "Quantity")
            return None
        number = number_of(text, amounts.LARGEST_QUANTITY)
        if number is None:
            self.refuse(
                "ERR_POS_005",
                f"The quantity {shown(text)} is not a number below {amounts.LARGEST_QUANTITY:,}. Write 1000 or -12.5, without "
                "thousands separators.",
                "Quantity",
            )
            return None
        if not fits(number, FINEST_QUANTITY):
            self.refuse("ERR_POS_007", "A quantity has at most six decimals.", "Quantity")
        elif not number.quantize(amounts.QUANTITY_STEP):
            self.refuse("ERR_POS_006", "The quantity must not be 0; four decimals are kept.", "Quantity")
        return number

    def _price(self) -> Decimal | None:
        title = "Entry Price Per Share"
        text = self.row[title]
        if not text:
            self.refuse("ERR_POS_008", "The entry price is missing.", title)
            return None
        number = number_of(text, amounts.LARGEST_PRICE)
        if number is None:
            self.refuse(
                "ERR_POS_009",
                f"The entry price {shown(text)} is not a number below {amounts.LARGEST_PRICE:,}. Write 1234.50, without currency "
                "or thousands separators.",
                title,
            )
            return None
        if number <= 0:
            self.refuse(
                "ERR_POS_010", "The entry price must be above 0; a short has a negative quantity instead.", title
            )
        if not fits(number, FINEST_PRICE):
            self.refuse("ERR_POS_011", "An entry price has at most two decimals.", title)
        return number

    def _entry_date(self) -> dt.date | None:
        title = "Entry Date"
        if not self.row[title]:
            self.refuse("ERR_POS_012", "The entry date is missing.", title)
            return None
        day = self._day(title, "ERR_POS_013")
        if day is None or not self._has_come(day, title):
            return None
        today = clock.market_today()
        if day < today.replace(year=today.year - amounts.OLDEST_YEARS, day=min(today.day, 28)):
            self.refuse("ERR_POS_015", f"The entry date {day} is more than {amounts.OLDEST_YEARS} years ago.", title)
        return day

    def _exit_date(self, entered: dt.date | None) -> dt.date | None:
        title = "Exit Date"
        day = self._day(title, "ERR_POS_013") if self.row[title] else None
        if day is None or not self._has_come(day, title):
            return None
        if entered is not None and day < entered:
            self.refuse("ERR_POS_018", f"The exit date {day} is before the entry date {entered}.", title)
        return day

    def _exit_price(self) -> Decimal | None:
        """What cannot be read is passed over: the lot is then closed at that session's close."""
        number = number_of(self.row["Exit Price Per Share"], amounts.LARGEST_PRICE)
        return None if number is None or number < 0 else number

    def _day(self, title: str, code: str) -> dt.date | None:
        text = self.row[title]
        day = day_of(text)
        if day is None:
            self.refuse(code, f"{shown(text)} is not a date. Write it as 2025-06-30.", title)
        return day

    def _has_come(self, day: dt.date, title: str) -> bool:
        today = clock.market_today()
        if day > today:
            self.refuse("ERR_POS_014", f"The date {day} is after today ({today} in New York).", title)
        return day <= today

    def _subtype(self, investment_class: str) -> str:
        given = self.row["Investment Subtype"].upper()
        if not given or not investment_class:
            return ""
        allowed = SUBTYPES[InvestmentClass(investment_class)]
        if given in allowed:
            return given
        # Which words fit is asked only of those who name the class.
        if self.row["Investment Class"]:
            text = f"The subtype {shown(given)} does not belong to {investment_class}. Use one of {', '.join(allowed)}."
            self.refuse("ERR_POS_017", text, "Investment Subtype")
        return ""

    def _terms(self, entered: dt.date | None, left: dt.date | None) -> OptionContractTerms | None:
        """The contract of an option, spelled by four cells, or by its symbol where the file says nothing else of it."""
        row = self.row
        spelled = parse_occ(row["Symbol"])
        told = any(row[title] for title in ("Investment Class", *TERMS))
        terms = spelled if spelled is not None and not told else self._terms_told()
        if terms is None:
            return None
        if spelled is not None:
            for code, title, own, other in (
                ("ERR_POS_020", "Strike Price", terms.strike, spelled.strike),
                ("ERR_POS_021", "Expiration Date", terms.expiration, spelled.expiration),
                ("ERR_POS_022", "Option Type", terms.option_type, spelled.option_type),
            ):
                if own != other:
                    self.refuse(code, f"{own} contradicts the symbol {self.symbol}, which says {other}.", title)
        subtype = row["Investment Subtype"].upper()
        if subtype in OptionType.values and subtype != terms.option_type:
            self.refuse("ERR_POS_017", f"The subtype {subtype} contradicts the option type.", "Investment Subtype")
        try:
            check_not_expired(terms.symbol, terms.expiration, max(day for day in (entered, left, dt.date.min) if day))
        except DomainError as error:
            self.refuse("ERR_POS_021", error.message, "Expiration Date")
        return terms

    def _terms_told(self) -> OptionContractTerms | None:
        row = self.row
        underlying, strike, kind = row["Underlying Symbol"], row["Strike Price"], row["Option Type"].upper()
        whole = True
        if not SYMBOL.fullmatch(underlying) or len(underlying) > LONGEST_UNDERLYING:
            text = f"An option needs the symbol of its underlying, at most {LONGEST_UNDERLYING} characters."
            self.refuse("ERR_POS_019", text, "Underlying Symbol")
            whole = False
        price = number_of(strike, LARGEST_STRIKE)
        if price is None or price <= 0 or not fits(price, STRIKE_STEP):
            text = f"An option needs its strike price: a number above 0 and below {LARGEST_STRIKE:,} with at most three decimals."
            self.refuse("ERR_POS_020", text, "Strike Price")
            whole = False
        if not row["Expiration Date"]:
            self.refuse("ERR_POS_021", "An option needs its expiration date, written as 2027-12-17.", "Expiration Date")
        expiration = self._day("Expiration Date", "ERR_POS_021") if row["Expiration Date"] else None
        if kind not in OptionType.values:
            self.refuse("ERR_POS_022", "An option needs its type: CALL or PUT.", "Option Type")
            whole = False
        if not whole or price is None or expiration is None:
            return None
        return contract_terms(underlying, kind, price, expiration)

    def _name(self, investment_class: str, terms: OptionContractTerms | None) -> str | None:
        """The symbol by which the lot will be stored."""
        if investment_class == InvestmentClass.OPTIONS:
            return terms.symbol if terms else None
        return self.symbol if investment_class == InvestmentClass.PRIVATE else canonical(self.symbol)
