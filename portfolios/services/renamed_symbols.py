"""Lots, stand-ins and targets of a symbol that was renamed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import Min, Q

from marketdata.services.renames import Renamed
from portfolios.models import Portfolio, Position, TargetPrice
from portfolios.services.dirty import mark_dirty
from sigmasight.core import clock


@dataclass
class Renaming:
    """What was renamed: rows by table, the portfolios with the day they are rolled again from, remarks for people."""

    rows: dict[str, int] = field(default_factory=dict)
    portfolios: dict[UUID, dt.date] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def count(self, table: str, rows: int) -> None:
        if rows:
            self.rows[table] = self.rows.get(table, 0) + rows


def rename_held(renamed: Sequence[Renamed]) -> Renaming:
    """Let lots, open and closed, their owners' stand-ins and targets name the new symbols; the books are rolled again from the first
    entry. To be called in a transaction; a second time changes nothing.

    Lots stay what they are, with their trades and tags. Of two targets for one symbol and side the new symbol's stays.
    """
    result = Renaming()
    for one in renamed:
        lots = Position.objects.filter(security_id=one.old_id).exclude(security_id=one.new_id, symbol=one.new_symbol)
        proxies = Position.objects.filter(proxy_symbol=one.old_symbol).exclude(proxy_symbol=one.new_symbol)
        targets = TargetPrice.objects.filter(symbol=one.old_symbol).exclude(symbol=one.new_symbol)
        held = lots | proxies
        books = dict(held.order_by().values_list("portfolio_id").annotate(Min("entry_date")))
        owners = Portfolio.objects.filter(Q(pk__in=books) | Q(pk__in=targets.values("portfolio_id")))
        list(owners.select_for_update(no_key=True).order_by("pk"))
        for book, first in sorted(books.items()):
            mark_dirty(book, first)
            result.portfolios[book] = min(first, result.portfolios.get(book, first))
        _rename_targets(result, one, list(targets.select_related("portfolio").select_for_update(of=("self",))))
        now = clock.now()
        result.count("positions", proxies.update(proxy_symbol=one.new_symbol, updated_at=now))
        result.count("positions", lots.update(security_id=one.new_id, symbol=one.new_symbol, updated_at=now))
    return result


def _rename_targets(result: Renaming, one: Renamed, targets: Sequence[TargetPrice]) -> None:
    there = set(TargetPrice.objects.filter(symbol=one.new_symbol).values_list("portfolio_id", "position_type"))
    for target in targets:
        if (target.portfolio_id, target.position_type) in there:
            prices = "/".join(
                "none" if price is None else f"{price.normalize():f}"
                for price in (target.target_price_eoy, target.target_price_next_year, target.downside_target_price)
            )
            result.notes.append(
                f"{target.portfolio.name} has targets for both names ({target.position_type}): {one.new_symbol}'s stay, those of "
                f"{one.old_symbol} ({prices}) go."
            )
            target.delete()
        else:
            target.symbol = one.new_symbol
            target.save(update_fields=["symbol", "updated_at"])
    result.count("target_prices", len(targets))
