"""The demo as stored against its files: accounts, portfolios, lots, classes, opening trades, tags."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal
from uuid import UUID

from analytics.services import demo_book
from portfolios.models import Portfolio, Position, Trade, TradeKind, User
from sigmasight.core.audits import Check, Finding, Nothing, Severity, check
from sigmasight.core.demo import rows
from tagging.models import PositionTag

NOT_HERE = Nothing(
    "the demo is not seeded in this database", "Nothing to do; or seed it: manage.py seed_demo", Severity.INFORMATION
)
RESET = "Restore the demo: manage.py reset_demo. Nothing to do if somebody changed it on purpose."


def check_accounts() -> Check:
    """Whether the demo's investors are there, may log in and bear their names."""
    stored = {user.pk: user for user in User.objects.filter(pk__in=demo_book.user_ids().values())}
    found = []
    for row in rows("users") if stored else ():
        user = stored.get(UUID(row["uuid_md5_of_email_user"]))
        if user is None:
            found.append(_differs(row["email"], "is missing", "accounts"))
            continue
        found += list(_compared(row["email"], "accounts", {
            "address": (user.email, row["email"]), "name": (user.full_name, row["full_name"]),
            "may log in": (user.is_active, True),
        }))  # fmt: skip
    return check("Demo accounts", {"accounts": len(stored)}, found, nothing=NOT_HERE)


def check_portfolios() -> Check:
    """Whether the demo's portfolios are there with the owner, name, kind, beginning and equity of the file."""
    table = rows("portfolios")
    owners = demo_book.user_ids()
    stored = Portfolio.objects.in_bulk([UUID(row["id"]) for row in table])
    found = []
    for row in table if _seeded() else ():
        book = stored.get(UUID(row["id"]))
        name = row["account_name"]
        if book is None or book.deleted_at is not None:
            found.append(_differs(name, "is missing" if book is None else "is deleted", row["user_email"]))
            continue
        found += list(_compared(name, row["user_email"], {
            "owner": (book.user_id, owners[row["user_email"]]), "name": (book.name, row["name"]),
            "account name": (book.account_name, name), "account type": (book.account_type, row["account_type"]),
            "currency": (book.currency, row["currency"]), "opening equity": (book.opening_equity, Decimal(row["equity_balance"])),
            "beginning": (book.equity_as_of, dt.date.fromisoformat(row["as_of"])), "active": (book.is_active, True),
        }))  # fmt: skip
    return check("Demo portfolios", {"portfolios": len(stored) if _seeded() else 0}, found, nothing=NOT_HERE)


def check_positions() -> Check:
    """Whether the lots of the file are there as they were bought, and which others are in the demo's books."""
    stored, wanted = _stored_lots(), _lots_of_the_file()
    openings = {
        trade.position_id: trade for trade in Trade.objects.filter(position_id__in=list(wanted), kind=TradeKind.OPEN)
    }
    found = []
    for lot_id, row in wanted.items() if _seeded() else ():
        lot = stored.get(lot_id)
        if lot is None or lot.deleted_at is not None:
            found.append(_differs(row["symbol"], "is missing" if lot is None else "is deleted", row["portfolio"]))
            continue
        found += list(_compared(row["symbol"], row["portfolio"], {
            "symbol": (lot.symbol, row["symbol"]), "side": (lot.position_type, row["position_type"]),
            "entry": (lot.entry_date, dt.date.fromisoformat(row["entry_date"])), **_terms(lot, row),
        }))  # fmt: skip
        if lot.exit_date is not None:
            found.append(
                Finding(
                    Severity.INFORMATION,
                    row["symbol"],
                    f"was closed on {lot.exit_date}",
                    row["portfolio"],
                    "Nothing to do.",
                )
            )
        found += list(_opening(row, openings.get(lot_id)))
    for lot in stored.values():
        if lot.pk not in wanted and lot.deleted_at is None:
            what = "is held in a demo portfolio and not in the file"
            found.append(
                Finding(
                    Severity.INFORMATION,
                    lot.symbol,
                    what,
                    lot.portfolio.account_name,
                    "Nothing to do if it was added on purpose.",
                )
            )
    return check("Demo positions", {"lots": len(stored)}, found, nothing=NOT_HERE)


def check_classes() -> Check:
    """Whether the lots of each demo portfolio are of the classes and kinds the file says."""
    stored, wanted = _stored_lots(), _lots_of_the_file()
    found = []
    told: dict[str, Counter[str]] = defaultdict(Counter)
    for lot_id, row in wanted.items():
        lot = stored.get(lot_id)
        if lot is None:
            continue
        told[row["portfolio"]][lot.investment_class] += 1
        found += list(_compared(row["symbol"], row["portfolio"], {
            "class": (lot.investment_class, row["investment_class"]),
            "kind": (lot.investment_subtype, row["investment_subtype"]),
        }))  # fmt: skip
    sentences = [
        f"{name}: " + ", ".join(f"{count} {kind.lower()}" for kind, count in sorted(kinds.items()))
        for name, kinds in told.items()
    ]
    return check(
        "Demo classes", {"lots": sum(kinds.total() for kinds in told.values())}, found, nothing=NOT_HERE, told=sentences
    )


def check_tags() -> Check:
    """Whether the lots carry the tags of the file."""
    stored, wanted = _stored_lots(), _lots_of_the_file()
    links = PositionTag.objects.filter(position_id__in=list(wanted), tag__is_archived=False)
    carried = defaultdict(set)
    for lot_id, name in links.values_list("position_id", "tag__name"):
        carried[lot_id].add(name)
    found, expected = [], 0
    for lot_id, row in wanted.items():
        names = set(filter(None, row["tags"].split("|")))
        if lot_id not in stored:
            continue
        expected += len(names)
        found += [
            _differs(row["symbol"], f"lacks the tag {name}", row["portfolio"])
            for name in sorted(names - carried[lot_id])
        ]
    return check("Demo tags", {"tags on lots": expected}, found, nothing=NOT_HERE)


def _seeded() -> bool:
    return User.objects.filter(pk__in=demo_book.user_ids().values()).exists()


def _stored_lots() -> dict[UUID, Position]:
    books = [UUID(row["id"]) for row in rows("portfolios")]
    lots = Position.objects.filter(portfolio_id__in=books).select_related(
        "portfolio", "security__option_contract__underlying"
    )
    return {lot.pk: lot for lot in lots}


def _lots_of_the_file() -> dict[UUID, dict[str, str]]:
    books = {row["portfolio"]: UUID(row["id"]) for row in rows("portfolios")}
    return {
        demo_book.position_id(books[row["portfolio"]], row["symbol"], dt.date.fromisoformat(row["entry_date"])): row
        for row in rows("positions")
    }


def _terms(lot: Position, row: dict[str, str]) -> dict[str, tuple[object, object]]:
    """Terms of an option as stored and as in the file; nothing for others."""
    contract = getattr(lot.security, "option_contract", None)
    if not row["expiration"]:
        return {}
    if contract is None:
        return {"contract": ("none", row["symbol"])}
    return {
        "underlying": (contract.underlying.symbol, row["underlying"]),
        "option type": (contract.option_type, row["option_type"]),
        "strike": (contract.strike, Decimal(row["strike"])),
        "expiration": (contract.expiration, dt.date.fromisoformat(row["expiration"])),
    }


def _opening(row: dict[str, str], opening: Trade | None) -> Iterator[Finding]:
    """What the lot's opening trade says: a split changes quantity and price of the lot, never those of the trade."""
    if opening is None:
        yield _differs(row["symbol"], "has no opening trade", row["portfolio"])
        return
    yield from _compared(row["symbol"], row["portfolio"], {
        "quantity bought": (opening.quantity, Decimal(row["quantity"])), "price paid": (opening.price, Decimal(row["entry_price"])),
    })  # fmt: skip


def _compared(subject: str, where: str, fields: dict[str, tuple[object, object]]) -> Iterator[Finding]:
    for name, (stored, wanted) in fields.items():
        if stored != wanted:
            yield _differs(subject, f"{name} is {_said(stored)}, the file says {_said(wanted)}", where)


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "empty" if value in (None, "") else str(value)


def _differs(subject: str, what: str, where: str) -> Finding:
    return Finding(Severity.ERROR, subject, what, where, RESET)
