"""Writing back what the ledger closed by itself: expired options, and lots closed at a session's close."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import NAMESPACE_DNS, UUID, uuid5

from django.db import connection, transaction

from portfolios.models import Trade, TradeKind
from sigmasight.core.bulk import upsert


@dataclass(frozen=True)
class Settlement:
    """A closing of the ledger: `quantity` is the signed change, `price` dollars per share, `realized_pnl` in cents.

    `kind` EXPIRY settles an option on its last session; CLOSE is a closing that was entered without a price.
    """

    position_id: UUID
    kind: TradeKind
    session: dt.date
    quantity: Decimal
    price: Decimal
    realized_pnl: Decimal


@transaction.atomic
def record_settlements(settlements: Sequence[Settlement]) -> int:
    """Store expiries as trades, tell closings at the close what they realised, and bring the lots up to date.

    A settlement that is stored already is compared, not repeated: doing it twice writes nothing.

    Returns
    -------
    The number of trades and lots that changed.
    """
    expiries = [settlement for settlement in settlements if settlement.kind == TradeKind.EXPIRY]
    closes = [settlement for settlement in settlements if settlement.kind == TradeKind.CLOSE]
    written = 0
    if expiries:
        written += upsert(
            Trade,
            {
                "id": [uuid5(NAMESPACE_DNS, f"{settlement.position_id}:{TradeKind.EXPIRY}") for settlement in expiries],
                "position": [settlement.position_id for settlement in expiries],
                "kind": [TradeKind.EXPIRY.value] * len(expiries),
                "trade_date": [settlement.session for settlement in expiries],
                "quantity": [settlement.quantity for settlement in expiries],
                "price": [settlement.price for settlement in expiries],
                "realized_pnl": [settlement.realized_pnl for settlement in expiries],
                "units_as_of": [settlement.session for settlement in expiries],
            },
            unique=["id"],
        ).written
    if closes:
        written += _execute(REALIZE, closes)
    return written + _execute(SETTLE, settlements)


# The session of a closing is the first one on or after its date, so that the last one not after the session is meant.
REALIZE = """
    UPDATE trades AS t SET realized_pnl = round(r.realized, 2), updated_at = now()
    FROM unnest(%(ids)s::uuid[], %(sessions)s::date[], %(realized)s::numeric[]) AS r (position_id, session, realized)
    WHERE t.realized_pnl IS DISTINCT FROM round(r.realized, 2) AND t.id = (
        SELECT c.id FROM trades AS c
        WHERE c.position_id = r.position_id AND c.kind = 'close' AND c.price IS NULL AND c.trade_date <= r.session
        ORDER BY c.trade_date DESC, c.id LIMIT 1
    )
"""

# An expired lot is closed at what it paid; a lot closed without a price gets that of its last session.
SETTLE = """
    WITH last AS (
        SELECT DISTINCT ON (position_id) position_id, session, round(price, 6) AS price
        FROM unnest(%(ids)s::uuid[], %(sessions)s::date[], %(prices)s::numeric[]) AS r (position_id, session, price)
        ORDER BY position_id, session DESC
    ),
    present AS (
        SELECT p.id, l.session, l.price, coalesce(sum(t.realized_pnl), 0) AS realized,
               bool_or(t.kind = 'expiry') AS expired,
               p.exit_date IS NOT NULL AND bool_or(t.kind = 'close' AND t.price IS NULL) AS unpriced
        FROM last AS l JOIN positions AS p ON p.id = l.position_id JOIN trades AS t ON t.position_id = p.id
        GROUP BY p.id, l.session, l.price
    ),
    settled AS (
        SELECT s.id, s.realized,
               CASE WHEN s.expired THEN 0 ELSE p.quantity END AS quantity,
               CASE WHEN s.expired THEN s.session ELSE p.exit_date END AS exit_date,
               CASE WHEN s.expired OR s.unpriced THEN s.price ELSE p.exit_price END AS exit_price
        FROM present AS s JOIN positions AS p ON p.id = s.id
    )
    UPDATE positions AS p
    SET quantity = s.quantity, exit_date = s.exit_date, exit_price = s.exit_price, realized_pnl = s.realized,
        updated_at = now()
    FROM settled AS s
    WHERE p.id = s.id AND (p.quantity, p.exit_date, p.exit_price, p.realized_pnl)
        IS DISTINCT FROM (s.quantity, s.exit_date, s.exit_price, s.realized)
"""


def _execute(statement: str, settlements: Sequence[Settlement]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            statement,
            {
                "ids": [settlement.position_id for settlement in settlements],
                "sessions": [settlement.session for settlement in settlements],
                "prices": [settlement.price for settlement in settlements],
                "realized": [settlement.realized_pnl for settlement in settlements],
            },
        )
        return cursor.rowcount
