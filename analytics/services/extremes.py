"""Reverse stress, replays and the spread of risk of one book, its lots read once for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from analytics.services import diversification, reverse_stress
from analytics.services.beta_variants import SNAPSHOT
from analytics.services.book_on_read import read_book
from analytics.services.diversification import Diversification, diversification_of
from analytics.services.factsheet import Factsheet
from analytics.services.published import PublishedBook, published_book
from analytics.services.reasons import in_words
from analytics.services.replays import NO_PRICES, Replay, Replays, replays_of
from analytics.services.reverse_stress import SHARES, ReverseStress, reverse_stress_of
from portfolios.models import User


@dataclass(frozen=True)
class Outlook:
    """What a factsheet's book would lose by a market move or a past episode, and how its risk is spread, at the factsheet's session."""

    reverse_stress: ReverseStress
    replays: Replays
    diversification: Diversification


def extremes(
    user: User, portfolio_id: UUID, shares: Sequence[float] = SHARES
) -> tuple[PublishedBook, ReverseStress, Replays]:
    """Reverse stress and replays of a person's portfolio at its published session.

    Raises
    ------
    NotFound for unknown and foreign portfolios. DomainError for a share that is none.
    """
    book = published_book(user, portfolio_id, engine=reverse_stress.ENGINE)
    found = read_book(portfolio_id, book.as_of)
    return book, reverse_stress_of(book, found, shares), replays_of(book, found)


def outlook_of(sheet: Factsheet) -> Outlook:
    """All three of a factsheet's book, in a fixed number of queries."""
    book = PublishedBook(
        portfolio_id=sheet.portfolio.pk,
        as_of=sheet.as_of,
        is_current=sheet.changed_from is None,
        equity=sheet.snapshot.net_asset_value,
        updated_at=sheet.computed_at,
        snapshot={name: getattr(sheet.snapshot, name) for name in SNAPSHOT},
        engine=sheet.engines.get(reverse_stress.ENGINE, {}),
    )
    found = read_book(book.portfolio_id, sheet.as_of)
    spread = diversification_of(replace(book, engine=sheet.engines.get(diversification.ENGINE, {})), found)
    return Outlook(reverse_stress_of(book, found), replays_of(book, found), spread)


def why_not_replayed(one: Replay) -> str:
    """Why an episode was not replayed, as a clause without a full stop."""
    return "prices of that time are not stored" if one.reason == NO_PRICES else in_words(one.reason)
