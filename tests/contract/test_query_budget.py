"""What a GET asks of the database: a handful of statements, as many for a large book as for a small one."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

import pytest
from django.core.cache import cache
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from marketdata.models import Security
from portfolios.models import InvestmentClass, Portfolio, Position, PositionType, TargetPrice, Trade, TradeKind
from portfolios.services.equity import record_equity_change
from sigmasight.core.demo import rows
from tagging.models import PositionTag, Tag
from tests.contract.cases import good_calls
from tests.contract.conftest import client_for, require_served
from tests.contract.examples import EXAMPLES, Call
from tests.contract.holdings import holdings_of
from tests.contract.operations import Operation, all_operations
from tests.contract.requests import read, send
from tests.demo_fixtures import DemoResults

pytestmark = [pytest.mark.django_db(databases=["default", "ai"]), pytest.mark.usefixtures("held_once")]

MOST_STATEMENTS = 6
# Asked for apart: lots and prices are read and everything is revalued.
REBUILDS = {("getRisk", 1): 15, ("getReverseStress", 0): 15, ("getReplays", 0): 15, ("getDiversification", 0): 15}
MOST_COPIES = 4
_LOTS = [row["portfolio"] for row in rows("positions")]
BOOKS = sorted(set(_LOTS), key=_LOTS.count)
HELD = SMALLEST, LARGEST = BOOKS[0], BOOKS[-1]
READS = [
    pytest.param(operation, number, id=f"{operation.operation_id}-{number}")
    for operation in all_operations()
    if operation.method == "GET" and operation.operation_id != "debugRoutes"
    for number in dict.fromkeys(number for number, _ in good_calls(operation))
]


@pytest.mark.parametrize("book", [SMALLEST, LARGEST])
@pytest.mark.parametrize(("operation", "number"), READS)
def test_a_read_keeps_its_budget(demo_results: DemoResults, operation: Operation, number: int, book: str) -> None:
    require_served(operation)
    who = holdings_of(book)
    client = client_for(demo_results, operation, who.account)
    asked = statements(client, operation, EXAMPLES[operation.operation_id][number](who))
    most = REBUILDS.get((operation.operation_id, number), MOST_STATEMENTS)
    assert len(asked) <= most, "\n".join(asked)


@pytest.mark.parametrize(("operation", "number"), READS)
def test_a_larger_book_costs_no_statement_more(demo_results: DemoResults, operation: Operation, number: int) -> None:
    require_served(operation)
    who = holdings_of(LARGEST)
    client = client_for(demo_results, operation, who.account)
    call = EXAMPLES[operation.operation_id][number](who)
    # What a process remembers between requests (definitions, the calendar) is remembered before either count.
    statements(client, operation, call)
    before = statements(client, operation, call)
    enlarge(UUID(who.portfolio))
    after = statements(client, operation, call)
    assert len(after) == len(before), "\n".join(after)


def statements(client: Client, operation: Operation, call: Call) -> list[str]:
    """What a good answer to the call asked of either database, the caller's token included; nothing was kept from before."""
    cache.clear()
    with CaptureQueriesContext(connections["default"]) as core, CaptureQueriesContext(connections["ai"]) as ai:
        answer = send(client, operation, call)
    assert str(answer.status_code) == operation.success, read(answer)
    return [query["sql"] for queries in (core, ai) for query in queries.captured_queries]


def enlarge(portfolio_id: UUID) -> None:
    """A book with several times its lots: more of every one, and one of every stock and fund it does not hold, all of them with
    their trades, tags and targets."""
    book = Portfolio.objects.get(pk=portfolio_id)
    own = list(Position.objects.filter(portfolio=book, deleted_at=None))
    others = Security.objects.filter(positions__isnull=False, option_contract=None)
    lots = [_copy(lot) for lot in own for _ in range(MOST_COPIES)]
    lots += [_lot(book, security) for security in others.exclude(positions__portfolio=book).distinct()]
    Position.objects.bulk_create(lots)
    assert len(lots) > MOST_COPIES * len(own)
    Trade.objects.bulk_create(
        Trade(
            position=lot, kind=TradeKind.OPEN, trade_date=lot.entry_date, quantity=lot.quantity, price=lot.entry_price,
            units_as_of=lot.entry_date,
        )
        for lot in lots
    )  # fmt: skip
    tags = [Tag(user_id=book.user_id, name=f"more {number}") for number in range(5)]
    Tag.objects.bulk_create(tags)
    PositionTag.objects.bulk_create(PositionTag(position=lot, tag=tag) for lot in lots for tag in tags[:3])
    targets = [TargetPrice(portfolio=book, symbol=lot.symbol, position_type=lot.position_type,
                           target_price_eoy=Decimal(200), current_price=Decimal(100)) for lot in lots]  # fmt: skip
    TargetPrice.objects.bulk_create(targets, ignore_conflicts=True)
    for _ in range(10):
        record_equity_change(book.pk, "CONTRIBUTION", Decimal("100.00"), created_by=book.user)


def _copy(lot: Position) -> Position:
    kept = ("symbol", "security_id", "investment_class", "investment_subtype", "position_type", "quantity",
            "entry_price", "entry_date")  # fmt: skip
    return Position(portfolio_id=lot.portfolio_id, **{name: getattr(lot, name) for name in kept})


def _lot(book: Portfolio, security: Security) -> Position:
    return Position(
        portfolio=book,
        symbol=security.symbol,
        security=security,
        investment_class=InvestmentClass.PUBLIC,
        position_type=PositionType.LONG,
        quantity=Decimal(10),
        entry_price=Decimal(100),
        entry_date=book.equity_as_of,
    )
