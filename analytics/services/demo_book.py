"""The books of the demo: accounts, portfolios, lots with their opening trades, tags and targets."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Mapping
from decimal import Decimal
from uuid import NAMESPACE_DNS, UUID, uuid5

from django.contrib.auth.hashers import make_password
from django.db.models import Q

from portfolios.models import InvestmentClass, Portfolio, Position, PositionType, TargetPrice, Trade, TradeKind, User
from sigmasight.core.demo import DEMO_SESSION, rows
from tagging.models import PositionTag, Tag

# The close of New York on the day of the demo's prices.
PRICED_AT = dt.datetime(2025, 6, 30, 20, 0, tzinfo=dt.UTC)


def position_id(portfolio_id: UUID, symbol: str, entry_date: dt.date) -> UUID:
    """The deterministic id of a lot: the same lot of the same portfolio has it on every machine."""
    return uuid5(NAMESPACE_DNS, f"{portfolio_id}:{symbol.upper()}:{entry_date.isoformat()}")


def _derived(owner: UUID, *parts: str) -> UUID:
    return uuid5(NAMESPACE_DNS, ":".join([str(owner), *parts]))


def user_ids() -> dict[str, UUID]:
    """Ids of the demo's investors by address."""
    return {row["email"]: UUID(row["uuid_md5_of_email_user"]) for row in rows("users")}


def expected_positions() -> dict[str, int]:
    """Lots of the demo as seeded, by account: the name in the address, and of several portfolios the last word of theirs."""
    lots, addresses = Counter(row["portfolio"] for row in rows("positions")), Counter(_accounts().values())
    return {
        account if addresses[account] == 1 else f"{account}_{portfolio.rpartition('_')[2]}": lots[portfolio]
        for portfolio, account in _accounts().items()
    }


def _accounts() -> dict[str, str]:
    return {row["portfolio"]: row["user_email"].partition("@")[0] for row in rows("portfolios")}


def seed_users() -> int:
    """Store the investors that are missing. Returns how many were."""
    ids = user_ids()
    known = set(User.objects.filter(pk__in=ids.values()).values_list("pk", flat=True))
    fresh = [
        User(
            id=ids[row["email"]],
            email=row["email"],
            full_name=row["full_name"],
            # The published password is shorter than the rules for people demand.
            password=make_password(row["password"]),
        )
        for row in rows("users")
        if ids[row["email"]] not in known
    ]
    User.objects.bulk_create(fresh)
    return len(fresh)


def seed_portfolios() -> dict[str, Portfolio]:
    """Store the portfolios that are missing; one that is there belongs to its user and stays as it is.

    Returns
    -------
    The new portfolios by their key in the files.
    """
    users = user_ids()
    table = rows("portfolios")
    known = set(Portfolio.objects.filter(pk__in=[row["id"] for row in table]).values_list("pk", flat=True))
    fresh = {
        row["portfolio"]: Portfolio(
            id=UUID(row["id"]),
            user_id=users[row["user_email"]],
            name=row["name"],
            account_name=row["account_name"],
            account_type=row["account_type"],
            currency=row["currency"],
            opening_equity=Decimal(row["equity_balance"]),
            equity_as_of=dt.date.fromisoformat(row["as_of"]),
        )
        for row in table
        if UUID(row["id"]) not in known
    }
    Portfolio.objects.bulk_create(fresh.values())
    return fresh


def seed_lots(portfolios: Mapping[str, Portfolio], security_ids: Mapping[str, int]) -> list[Position]:
    """Store the lots of new portfolios with their opening trades."""
    lots, trades = [], []
    for row in _lots_of(portfolios):
        portfolio = portfolios[row["portfolio"]]
        entry_date = dt.date.fromisoformat(row["entry_date"])
        private = row["investment_class"] == InvestmentClass.PRIVATE
        lot = Position(
            id=position_id(portfolio.id, row["symbol"], entry_date),
            portfolio=portfolio,
            symbol=row["symbol"],
            security_id=None if private else security_ids[row["symbol"]],
            investment_class=row["investment_class"],
            investment_subtype=row["investment_subtype"],
            position_type=row["position_type"],
            quantity=Decimal(row["quantity"]),
            entry_price=Decimal(row["entry_price"]),
            entry_date=entry_date,
            # A private holding has no security that could bear its name.
            notes=row["name"] if private else "",
        )
        lots.append(lot)
        trades.append(
            Trade(
                id=_derived(lot.id, TradeKind.OPEN),
                position=lot,
                kind=TradeKind.OPEN,
                trade_date=entry_date,
                quantity=lot.quantity,
                price=lot.entry_price,
                units_as_of=DEMO_SESSION,
                created_by_id=portfolio.user_id,
            )
        )
    Position.objects.bulk_create(lots)
    Trade.objects.bulk_create(trades)
    return lots


def seed_tags(portfolios: Mapping[str, Portfolio]) -> int:
    """Store the tags of new portfolios' lots and link them. Returns how many tags were new."""
    wanted: dict[tuple[UUID, str], UUID] = {}
    links: list[tuple[UUID, tuple[UUID, str]]] = []
    for row in _lots_of(portfolios):
        portfolio = portfolios[row["portfolio"]]
        lot_id = position_id(portfolio.id, row["symbol"], dt.date.fromisoformat(row["entry_date"]))
        for name in filter(None, row["tags"].split("|")):
            key = (portfolio.user_id, name)
            wanted.setdefault(key, _derived(portfolio.user_id, "tag", name))
            links.append((lot_id, key))
    users = {user_id for user_id, _ in wanted}
    present = Tag.objects.filter(Q(is_archived=False) | Q(pk__in=wanted.values()), user_id__in=users)
    known = {(tag.user_id, tag.name): tag.id for tag in present}
    fresh = [key for key in wanted if key not in known]
    last = dict.fromkeys(users, 0)
    for tag in present:
        last[tag.user_id] = max(last[tag.user_id], tag.display_order)
    tags = []
    for user_id, name in fresh:
        last[user_id] += 1
        tags.append(Tag(id=wanted[user_id, name], user_id=user_id, name=name, display_order=last[user_id]))
    Tag.objects.bulk_create(tags)
    ids = wanted | known
    PositionTag.objects.bulk_create(
        PositionTag(id=_derived(lot_id, "tag", key[1]), position_id=lot_id, tag_id=ids[key], assigned_by_id=key[0])
        for lot_id, key in links
    )
    return len(tags)


def seed_targets(lots: Collection[Position]) -> int:
    """Store the targets of every stock or fund held by new portfolios, on the side it is held. Returns how many."""
    figures = {row["symbol"]: row for row in rows("target_prices")}
    targets = []
    for lot in lots:
        row = figures.get(lot.symbol)
        if row is None or lot.position_type not in (PositionType.LONG, PositionType.SHORT):
            continue
        target = TargetPrice(
            id=_derived(lot.portfolio_id, "target", lot.symbol, lot.position_type),
            portfolio_id=lot.portfolio_id,
            symbol=lot.symbol,
            position_type=lot.position_type,
            position=lot,
            target_price_eoy=Decimal(row["target_price_eoy"]),
            target_price_next_year=Decimal(row["target_price_next_year"]),
            downside_target_price=Decimal(row["downside_target_price"]),
            created_by_id=lot.portfolio.user_id,
        )
        # The mutual funds have no close in the file.
        close = Decimal(row["close_2025_06_30"]) if row["close_2025_06_30"] else lot.entry_price
        target.settle(close, lot.quantity, PRICED_AT)
        targets.append(target)
    TargetPrice.objects.bulk_create(targets)
    return len(targets)


def _lots_of(portfolios: Mapping[str, Portfolio]) -> list[dict[str, str]]:
    return [row for row in rows("positions") if row["portfolio"] in portfolios]
