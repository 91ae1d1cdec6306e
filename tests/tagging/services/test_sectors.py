"""Sector tags as the nightly run gives them, and their rebuild."""

from __future__ import annotations

import pytest
from django.utils import timezone

from portfolios.models import InvestmentClass, Portfolio, Position
from tagging.models import PositionTag, Tag
from tagging.services.sectors import RestoredSectorTags, apply_sector_tags, restore_sector_tags
from tagging.services.tags import archive_tag, create_tag
from tests.factories import PortfolioFactory, PositionFactory, SecurityFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def book() -> Portfolio:
    """Two technology lots, one of energy, a fund, an option and a private holding."""
    book = PortfolioFactory()
    for symbol, sector in [("AAA", "Technology"), ("BBB", "Technology"), ("CCC", "Energy"), ("FUND", "")]:
        PositionFactory(portfolio=book, security=SecurityFactory(symbol=symbol, sector=sector))
    PositionFactory(portfolio=book, position_type="LC")
    PositionFactory(portfolio=book, security=None, symbol="HOME", investment_class=InvestmentClass.PRIVATE)
    return book


def links(book: Portfolio) -> set[tuple[str, str]]:
    return set(PositionTag.objects.filter(position__portfolio=book).values_list("position__symbol", "tag__name"))


RIGHT = {("AAA", "Technology"), ("BBB", "Technology"), ("CCC", "Energy")}


def test_a_rebuild_gives_what_the_night_gives(book: Portfolio) -> None:
    assert restore_sector_tags([book.pk]) == RestoredSectorTags(3, 3, 2, {"Technology": 2, "Energy": 1})
    assert links(book) == RIGHT
    assert apply_sector_tags([book.pk]) == 0
    tag = Tag.objects.get(name="Energy")
    assert (tag.color, tag.description, tag.display_order, tag.is_sector) == ("#FFC107", "Sector: Energy", 0, True)


def test_doing_it_twice_changes_nothing(book: Portfolio) -> None:
    apply_sector_tags([book.pk])
    before = list(PositionTag.objects.order_by("pk").values())
    assert restore_sector_tags([book.pk]) == RestoredSectorTags(3, 3, 0, {"Technology": 2, "Energy": 1})
    assert list(PositionTag.objects.order_by("pk").values()) == before


def test_wrong_sector_tags_go_and_own_tags_stay(book: Portfolio) -> None:
    apply_sector_tags([book.pk])
    own = create_tag(book.user, "own")
    energy = Tag.objects.get(name="Energy")
    for lot in Position.objects.filter(portfolio=book):
        PositionTag.objects.get_or_create(position=lot, tag=energy)
        PositionTag.objects.create(position=lot, tag=own)
    PositionTag.objects.filter(tag__name="Technology").delete()
    restore_sector_tags([book.pk])
    assert {(symbol, name) for symbol, name in links(book) if name != "own"} == RIGHT
    assert own.position_tags.count() == 6


def test_a_tag_of_that_name_is_reused_whoever_made_it(book: Portfolio) -> None:
    own = create_tag(book.user, "Energy", color="#000000")
    assert restore_sector_tags([book.pk]).tags_created == 1
    assert own.position_tags.count() == 1


def test_an_archived_sector_tag_is_made_anew_on_demand(book: Portfolio) -> None:
    restore_sector_tags([book.pk])
    archive_tag(book.user, Tag.objects.get(name="Energy").pk)
    assert restore_sector_tags([book.pk]).tags_created == 1
    assert links(book) == RIGHT


def test_closed_and_deleted_lots_and_other_books_are_left_alone(book: Portfolio) -> None:
    apply_sector_tags([book.pk])
    energy = Tag.objects.get(name="Energy")
    technology = SecurityFactory(symbol="AAA")
    for fields in (
        {"portfolio": book, "exit_date": "2025-07-31", "exit_price": 1},
        {"portfolio": book, "deleted_at": timezone.now()},
        {"portfolio": PortfolioFactory(user=book.user)},
    ):
        PositionTag.objects.create(position=PositionFactory(security=technology, **fields), tag=energy)
    restored = restore_sector_tags([book.pk])
    assert (restored.positions_tagged, restored.positions_skipped) == (3, 3)
    assert energy.position_tags.count() == 4
