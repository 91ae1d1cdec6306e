"""Which lots carry which tags."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from portfolios.models import Position, User
from sigmasight.core.errors import Conflict, NotFound
from tagging.models import PositionTag, Tag
from tagging.services.links import (
    assign_tags,
    link_tag,
    list_links,
    positions_with_tag,
    remove_link,
    remove_tags,
    tag_positions,
    tags_for_symbol,
    tags_of_position,
)
from tagging.services.tags import archive_tag, create_tag
from tests.factories import PortfolioFactory, PositionFactory, SecurityFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def lot() -> Position:
    return PositionFactory()


@pytest.fixture
def user(lot: Position) -> User:
    return lot.portfolio.user


@pytest.fixture
def tags(user: User) -> list[Tag]:
    return [create_tag(user, name) for name in ("a", "b", "c")]


def on(lot: Position) -> set[str]:
    return set(Tag.objects.filter(position_tags__position=lot).values_list("name", flat=True))


def test_only_new_links_are_told(user: User, lot: Position, tags: list[Tag]) -> None:
    a, b, _ = (tag.pk for tag in tags)
    assert assign_tags(user, lot.pk, [b, a, b]) == [b, a]
    assert assign_tags(user, lot.pk, [a, b]) == []
    assert on(lot) == {"a", "b"}
    assert set(PositionTag.objects.values_list("assigned_by", flat=True)) == {user.pk}


def test_replacing_keeps_the_links_that_stay(user: User, lot: Position, tags: list[Tag]) -> None:
    a, b, c = (tag.pk for tag in tags)
    assign_tags(user, lot.pk, [a, b])
    link = PositionTag.objects.get(tag=b)
    assert assign_tags(user, lot.pk, [c, b], replace=True) == [c, b]
    assert on(lot) == {"b", "c"}
    assert PositionTag.objects.get(tag=b) == link
    assert assign_tags(user, lot.pk, [], replace=True) == []
    assert on(lot) == set()


def test_archived_tags_are_passed_over(user: User, lot: Position, tags: list[Tag]) -> None:
    a, b, _ = (tag.pk for tag in tags)
    archive_tag(user, a)
    assert assign_tags(user, lot.pk, [a, b]) == [b]
    assert assign_tags(user, lot.pk, [a, b], replace=True) == [b]
    assert tag_positions(user, [lot.pk], [a]) == (0, [])
    with pytest.raises(Conflict, match="Restore it first"):
        link_tag(user, lot.pk, a)


def test_a_foreign_tag_among_ones_own_changes_nothing(user: User, lot: Position, tags: list[Tag]) -> None:
    a, b, _ = (tag.pk for tag in tags)
    assign_tags(user, lot.pk, [a])
    foreign = create_tag(PositionFactory().portfolio.user, "foreign").pk
    for other in (foreign, uuid4()):
        with pytest.raises(NotFound, match=r"^Tag not found$"):
            assign_tags(user, lot.pk, [b, other], replace=True)
        with pytest.raises(NotFound, match=r"^Tag not found$"):
            remove_tags(user, [lot.pk], [a, other])
    assert on(lot) == {"a"}


def test_a_foreign_or_deleted_lot_is_not_found(user: User, lot: Position, tags: list[Tag]) -> None:
    tag_id = tags[0].pk
    gone = PositionFactory(portfolio=lot.portfolio, deleted_at=timezone.now())
    for other in (PositionFactory().pk, gone.pk, uuid4()):
        for attempt in (
            lambda other=other: tags_of_position(user, other),
            lambda other=other: assign_tags(user, other, [tag_id]),
            lambda other=other: remove_tags(user, [lot.pk, other], [tag_id]),
            lambda other=other: tag_positions(user, [lot.pk, other], [tag_id]),
            lambda other=other: link_tag(user, other, tag_id),
            lambda other=other: list_links(user, position_id=other),
        ):
            with pytest.raises(NotFound, match=r"^Position not found$"):
                attempt()
    assert not PositionTag.objects.exists()


def test_removing_passes_over_what_is_not_there(user: User, lot: Position, tags: list[Tag]) -> None:
    a, b, _ = (tag.pk for tag in tags)
    assign_tags(user, lot.pk, [a])
    assert remove_tags(user, [lot.pk], [a, b]) == 1
    assert remove_tags(user, [lot.pk], [a, b]) == 0


def test_every_tag_on_every_lot(user: User, lot: Position, tags: list[Tag]) -> None:
    a, b, _ = (tag.pk for tag in tags)
    other = PositionFactory(portfolio=PortfolioFactory(user=user))
    assign_tags(user, lot.pk, [a])
    assert tag_positions(user, [lot.pk, other.pk], [b, a]) == (3, [b, a])
    assert on(lot) == on(other) == {"a", "b"}
    assert remove_tags(user, [lot.pk, other.pk], [a, b]) == 4


def test_a_link_is_made_once(user: User, lot: Position, tags: list[Tag]) -> None:
    link = link_tag(user, lot.pk, tags[0].pk)
    assert link_tag(user, lot.pk, tags[0].pk) == link
    remove_link(user, link.pk)
    with pytest.raises(NotFound, match=r"^Position tag not found$"):
        remove_link(user, link.pk)


def test_links_are_listed_newest_first_without_deleted_lots(user: User, lot: Position, tags: list[Tag]) -> None:
    made = []
    for place, tag in enumerate(tags):
        link = link_tag(user, lot.pk, tag.pk)
        PositionTag.objects.filter(pk=link.pk).update(created_at=f"2025-07-0{place + 1}T00:00:00Z")
        made.append(link)
    gone = PositionFactory(portfolio=lot.portfolio, deleted_at=timezone.now())
    hidden = PositionTag.objects.create(position=gone, tag=tags[0])
    link_tag((foreign := PositionFactory()).portfolio.user, foreign.pk, create_tag(foreign.portfolio.user, "x").pk)
    assert list(list_links(user)) == made[::-1]
    assert list(list_links(user, tag_id=tags[1].pk)) == [made[1]]
    with pytest.raises(NotFound):
        remove_link(user, hidden.pk)


def test_lots_of_a_tag_come_from_all_portfolios_by_symbol(user: User, lot: Position, tags: list[Tag]) -> None:
    def tagged(symbol: str, **fields: object) -> UUID:
        one = PositionFactory(security=SecurityFactory(symbol=symbol), **fields)
        PositionTag.objects.create(position=one, tag=tags[0])
        return one.pk

    second = PortfolioFactory(user=user)
    b = tagged("BBB", portfolio=lot.portfolio)
    a = tagged("AAA", portfolio=second, exit_date="2025-07-31", exit_price=1)
    tagged("CCC", portfolio=second, deleted_at=timezone.now())
    tagged("DDD", portfolio=PortfolioFactory(user=user, is_active=False, deleted_at=timezone.now()))
    assert [one.pk for one in positions_with_tag(user, tags[0].pk)[1]] == [a, b]
    assert [one.pk for one in positions_with_tag(user, tags[0].pk, second.pk)[1]] == [a]
    with pytest.raises(NotFound, match=r"^Portfolio not found$"):
        positions_with_tag(user, tags[0].pk, PortfolioFactory().pk)


def test_tags_of_a_symbol_are_told_once(user: User, lot: Position, tags: list[Tag]) -> None:
    berkshire = SecurityFactory(symbol="BRK-B")
    lots = [PositionFactory(portfolio=lot.portfolio, security=berkshire) for _ in range(2)]
    gone = PositionFactory(portfolio=lot.portfolio, security=berkshire, deleted_at=timezone.now())
    for one in lots:
        assign_tags(user, one.pk, [tags[1].pk, tags[0].pk])
    PositionTag.objects.create(position=gone, tag=tags[2])
    assert tags_for_symbol(user, lot.portfolio.pk, " brk.b ") == [tags[0].pk, tags[1].pk]
    assert tags_for_symbol(user, lot.portfolio.pk, "NOSUCH") == []
