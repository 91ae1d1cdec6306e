"""One security's market data given to another, where a symbol was renamed and both names were collected."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from django.db import connection
from django.db.models import Model

from marketdata.models import (
    AnalystEstimate,
    BalanceSheet,
    CashFlowStatement,
    CompanyProfile,
    CompanyProfileRevision,
    DailyPrice,
    Dividend,
    IncomeStatement,
    InstrumentMark,
    OptionContract,
    OptionQuote,
    PriceCorrection,
    PriceDecision,
    PriceStatus,
    Security,
    SecurityType,
    Split,
    SymbolCollection,
)
from marketdata.services.history import rebuild_histories
from marketdata.services.securities import PROXIES, canonical, ensure_securities, is_synthetic, parse_occ
from marketdata.services.validation import JUMP
from sigmasight.core import clock
from sigmasight.core.errors import DomainError, NotFound

# Tables with rows of a security, and what tells two rows of one security apart. Of two rows that mean the same the new name's stays.
TABLES: tuple[tuple[type[Model], tuple[str, ...]], ...] = (
    (DailyPrice, ("date",)),
    (Split, ("ex_date",)),
    (Dividend, ("ex_date", "kind")),
    (InstrumentMark, ("session",)),
    (OptionQuote, ("session",)),
    (PriceDecision, ("date",)),
    (CompanyProfile, ()),
    (CompanyProfileRevision, ("as_of",)),
    (IncomeStatement, ("frequency", "period_date")),
    (BalanceSheet, ("frequency", "period_date")),
    (CashFlowStatement, ("frequency", "period_date")),
    (AnalystEstimate, ("as_of",)),
)
# Prices of one security under two names that differ at all, that differ strangely, and in how many sessions they may.
DIFFERENT, STRANGE, MOST_STRANGE = Decimal("0.01"), Decimal("0.1"), 4
FACTS = ("name", "exchange", "sector", "industry")


@dataclass(frozen=True)
class Renamed:
    """A security whose holders are to hold another one from now on. Of a contract that only got a new symbol both ids are the same."""

    old_id: int
    old_symbol: str
    new_id: int
    new_symbol: str


@dataclass
class Merged:
    """What a merge moved: rows by table, the first day of a price or action among them, and what people should know."""

    renamed: list[Renamed]
    rows: dict[str, int] = field(default_factory=dict)
    first: dt.date | None = None
    notes: list[str] = field(default_factory=list)


def securities_to_merge(old_symbol: str, new_symbol: str) -> tuple[Security, Security]:
    """Both securities, locked; the new one is made where there is none yet.

    Raises
    ------
    NotFound; DomainError if they cannot be one security.
    """
    old_symbol, new_symbol = canonical(old_symbol)[:64], canonical(new_symbol)[:64]
    if "\x00" in old_symbol + new_symbol or not old_symbol or not new_symbol:
        raise DomainError("symbol_missing", "Give the old and the new symbol.")
    if old_symbol == new_symbol:
        raise DomainError("same_symbol", "The old and the new symbol are the same.")
    old = Security.objects.select_for_update(no_key=True).filter(symbol=old_symbol).first()
    if old is None:
        raise NotFound("security_not_found", f"There is no security {old_symbol}.")
    if old.security_type == SecurityType.OPTION or parse_occ(new_symbol):
        raise DomainError("is_contract", "Contracts follow their underlying: merge the symbol of the underlying.")
    if old_symbol in PROXIES:
        raise DomainError("is_proxy", f"{old_symbol} stands for a factor, a sector or a market; its name is fixed.")
    if is_synthetic(new_symbol) or len(new_symbol) > 32 or not new_symbol.replace("-", "").isalnum():
        raise DomainError("symbol_invalid", f"{new_symbol!r} cannot be the symbol of a stock or fund.")
    new = ensure_securities([new_symbol], old.security_type)[new_symbol]
    new = Security.objects.select_for_update(no_key=True, of=("self",)).select_related("renamed_to").get(pk=new.pk)
    if new.renamed_to is not None:
        raise DomainError("renamed_itself", f"{new_symbol} is called {new.renamed_to.symbol} now; merge into that.")
    if old.renamed_to_id not in (None, new.pk):
        raise DomainError("renamed_already", f"{old_symbol} is merged into {old.renamed_to} already.")
    guessed = new.security_type == SecurityType.STOCK and not new.daily_prices.exists()
    if old.security_type != new.security_type and not guessed:
        raise DomainError(
            "types_differ",
            f"{old_symbol} is a {old.get_security_type_display().lower()}, {new_symbol} a "
            f"{new.get_security_type_display().lower()}; they are not one security.",
        )
    return old, new


def merge_market_data(old: Security, new: Security) -> Merged:
    """Give prices, actions, marks, profiles, statements and contracts of `old` to `new`, which keeps what it has for the same day.
    To be called in a transaction; doing it twice moves nothing.

    Where both have a row for the same day, the old one stays with the old symbol: nothing is lost, and nothing is there twice.
    """
    merged = Merged([Renamed(old.pk, old.symbol, new.pk, new.symbol)])
    _note_differences(merged, old, new)
    contracts = OptionContract.objects.filter(underlying=old).select_related("security").order_by("security__symbol")
    for contract in contracts.select_for_update(of=("self",)):
        _take_contract(merged, contract, old, new)
    _move(merged, old, new)
    _take_facts(merged, old, new)
    former = Security.objects.filter(renamed_to=old).update(renamed_to=new, updated_at=clock.now())
    if old.renamed_to_id != new.pk or old.is_active or former:
        old.renamed_to, old.is_active = new, False
        old.save(update_fields=["renamed_to", "is_active", "updated_at"])
        merged.rows["securities"] = merged.rows.get("securities", 0) + 1
    return merged


def move_rows(model: type[Model], key: Sequence[str], old_id: int, new_id: int) -> int:
    """Give a table's rows of one security to another, but for those whose `key` the other has. Returns how many moved."""
    same = "".join(f" AND n.{name} = t.{name}" for name in key)
    stamp = ", updated_at = now()" if any(one.name == "updated_at" for one in model._meta.concrete_fields) else ""
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} AS t SET security_id = %(new)s{stamp} WHERE t.security_id = %(old)s "
            f"AND NOT EXISTS (SELECT 1 FROM {table} AS n WHERE n.security_id = %(new)s{same})",
            {"old": old_id, "new": new_id},
        )
        return cursor.rowcount


def _move(merged: Merged, old: Security, new: Security) -> None:
    """The rows of one security, its arrays and the record of its collection."""
    earliest = [
        DailyPrice.objects.filter(security=old).exclude(date__in=new.daily_prices.values("date")).order_by("date"),
        Split.objects.filter(security=old).exclude(ex_date__in=new.splits.values("ex_date")).order_by("ex_date"),
        Dividend.objects.filter(security=old).exclude(ex_date__in=new.dividends.values("ex_date")).order_by("ex_date"),
    ]
    days = [
        rows.values_list(name, flat=True).first()
        for rows, name in zip(earliest, ("date", "ex_date", "ex_date"), strict=True)
    ]
    merged.first = min([day for day in (*days, merged.first) if day is not None], default=None)
    moved = 0
    for model, key in TABLES:
        if count := move_rows(model, key, old.pk, new.pk):
            moved += count
            merged.rows[model._meta.db_table] = merged.rows.get(model._meta.db_table, 0) + count
    if moved:
        rebuild_histories([old.pk, new.pk])
    PriceCorrection.objects.filter(security=old).update(security=new)
    was = SymbolCollection.objects.filter(security=old).first()
    if was is None:
        return
    now, _ = SymbolCollection.objects.get_or_create(security=new)
    now.first_session = min([day for day in (was.first_session, now.first_session) if day], default=None)
    now.last_session = max([day for day in (was.last_session, now.last_session) if day], default=None)
    now.priority = was.priority + now.priority
    now.save()
    was.delete()
    merged.rows["symbol_collections"] = merged.rows.get("symbol_collections", 0) + 1


def _take_facts(merged: Merged, old: Security, new: Security) -> None:
    before = [getattr(new, name) for name in (*FACTS, "security_type", "price_status")]
    for name in FACTS:
        if getattr(new, name) in ("", new.symbol):
            setattr(new, name, getattr(old, name) if getattr(old, name) != old.symbol else getattr(new, name))
    new.security_type = old.security_type
    if old.price_status == PriceStatus.KNOWN:
        new.price_status = PriceStatus.KNOWN
    if before != [getattr(new, name) for name in (*FACTS, "security_type", "price_status")]:
        new.save()
        merged.rows["securities"] = merged.rows.get("securities", 0) + 1


def _take_contract(merged: Merged, contract: OptionContract, old: Security, new: Security) -> None:
    """A contract on the old name becomes one on the new, under its new symbol; where that is there already, they are merged."""
    mine, symbol = contract.security, contract.security.symbol
    root = old.symbol.replace("-", "")
    if (terms := parse_occ(symbol)) and terms.underlying == root:
        symbol = new.symbol.replace("-", "") + symbol[len(root) :]
    same = OptionContract.objects.filter(
        underlying=new, option_type=contract.option_type, strike=contract.strike, expiration=contract.expiration
    ).select_related("security")
    other = next((one.security for one in same), None)
    if other is None:
        if parse_occ(symbol) is None or Security.objects.filter(symbol=symbol).exclude(pk=mine.pk).exists():
            symbol = mine.symbol
        merged.renamed.append(Renamed(mine.pk, mine.symbol, mine.pk, symbol))
        mine.symbol = symbol
        mine.save(update_fields=["symbol", "updated_at"])
        contract.underlying = new
        contract.save(update_fields=["underlying"])
        merged.rows["option_contracts"] = merged.rows.get("option_contracts", 0) + 1
        return
    merged.renamed.append(Renamed(mine.pk, mine.symbol, other.pk, other.symbol))
    _move(merged, mine, other)
    if mine.renamed_to_id != other.pk:
        mine.renamed_to, mine.is_active = other, False
        mine.save(update_fields=["renamed_to", "is_active", "updated_at"])
        merged.rows["option_contracts"] = merged.rows.get("option_contracts", 0) + 1


def _note_differences(merged: Merged, old: Security, new: Security) -> None:
    """Say where the two histories do not look like one; refuse two that cannot be."""
    mine = dict(DailyPrice.objects.filter(security=old).values_list("date", "close"))
    theirs = dict(DailyPrice.objects.filter(security=new).values_list("date", "close"))
    both = sorted(mine.keys() & theirs.keys())
    other = [day for day in both if abs(mine[day] / theirs[day] - 1) > DIFFERENT]
    far = [day for day in both if abs(mine[day] / theirs[day] - 1) > STRANGE]
    if len(far) > max(MOST_STRANGE, len(both) // 2):
        raise DomainError(
            "not_one_security",
            f"{old.symbol} and {new.symbol} have prices of {len(both)} sessions in common, and {len(far)} of them are more than "
            f"{STRANGE:.0%} apart: they are two securities.",
        )
    if both:
        merged.notes.append(
            f"{len(both)} sessions have a price under both names, {len(other)} of them more than 1 % apart"
            f"{f' (first {other[0]})' if other else ''}; {new.symbol}'s are kept, {old.symbol}'s stay with {old.symbol}."
        )
    seam = _seam(mine, theirs)
    if seam is not None and abs(float(seam[3] / seam[1]) - 1) > JUMP:
        day, close, next_day, next_close = seam
        merged.notes.append(
            f"Where the histories meet the price goes from {close.normalize():f} on {day} to {next_close.normalize():f} on {next_day}: "
            "are they one security, or is a split missing?"
        )


def _seam(
    mine: dict[dt.date, Decimal], theirs: dict[dt.date, Decimal]
) -> tuple[dt.date, Decimal, dt.date, Decimal] | None:
    if not mine or not theirs:
        return None
    newest, oldest = max(mine), min(theirs)
    return (newest, mine[newest], oldest, theirs[oldest]) if newest < oldest else None
