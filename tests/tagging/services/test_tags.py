"""A person's tags: made, changed, set aside, brought back."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.utils import timezone

from sigmasight.core.errors import DomainError, NotFound
from tagging.models import PositionTag, Tag
from tagging.services.tags import (
    archive_tag,
    change_tag,
    create_default_tags,
    create_tag,
    list_tags,
    owned_tag,
    owned_tags,
    restore_tag,
)
from tests.factories import PositionFactory, UserFactory

pytestmark = pytest.mark.django_db


def names(tags: list[Tag]) -> list[str]:
    return [tag.name for tag in tags]


def test_a_tag_comes_last_and_has_the_default_color() -> None:
    user = UserFactory()
    first, second = create_tag(user, "growth"), create_tag(user, "value", color="#aa33ff")
    assert (first.display_order, first.color) == (1, "#4A90E2")
    assert (second.display_order, second.color) == (2, "#AA33FF")


def test_archived_tags_keep_their_place_in_the_order() -> None:
    user = UserFactory()
    archive_tag(user, create_tag(user, "old", display_order=7).pk)
    assert create_tag(user, "new").display_order == 8


def test_tags_are_listed_by_order_and_name() -> None:
    user = UserFactory()
    for name, place in [("c", 2), ("b", 1), ("a", 2)]:
        create_tag(user, name, display_order=place)
    Tag.objects.create(user=UserFactory(), name="foreign")
    assert names(list_tags(user)) == ["b", "a", "c"]


def test_a_name_is_given_once_but_case_matters() -> None:
    user = UserFactory()
    create_tag(user, "growth")
    create_tag(user, "Growth")
    with pytest.raises(DomainError, match="'growth' already exists") as refusal:
        create_tag(user, "growth")
    assert refusal.value.status == 400


def test_the_name_of_an_archived_tag_is_free_until_it_comes_back() -> None:
    user = UserFactory()
    old = create_tag(user, "growth")
    archive_tag(user, old.pk)
    create_tag(user, "growth")
    with pytest.raises(DomainError, match="already exists"):
        restore_tag(user, old.pk)
    assert owned_tag(user, old.pk).is_archived


def test_archiving_takes_the_tag_off_all_lots_and_restoring_does_not_bring_them_back() -> None:
    lot = PositionFactory()
    user = lot.portfolio.user
    tag = create_tag(user, "growth")
    PositionTag.objects.create(position=lot, tag=tag)
    archive_tag(user, tag.pk)
    archived = owned_tag(user, tag.pk)
    assert (archived.is_archived, archived.archived_by_id, archived.links) == (True, user.pk, 0)  # type: ignore[attr-defined]
    archive_tag(user, tag.pk)
    assert owned_tag(user, tag.pk).archived_at == archived.archived_at
    restore_tag(user, tag.pk)
    restore_tag(user, tag.pk)
    back = owned_tag(user, tag.pk)
    assert (back.is_archived, back.archived_at, back.archived_by_id) == (False, None, None)
    assert not PositionTag.objects.exists()


def test_several_archived_tags_may_share_a_name() -> None:
    user = UserFactory()
    for _ in range(3):
        archive_tag(user, create_tag(user, "growth").pk)
    assert names(list_tags(user, include_archived=True)) == ["growth"] * 3
    assert list_tags(user) == []


def test_only_living_lots_are_counted() -> None:
    lot = PositionFactory()
    user, book = lot.portfolio.user, lot.portfolio
    tag = create_tag(user, "growth")
    deleted = PositionFactory(portfolio=book, deleted_at=timezone.now())
    closed = PositionFactory(portfolio=book, exit_date="2025-07-31", exit_price=60)
    for one in (lot, deleted, closed):
        PositionTag.objects.create(position=one, tag=tag)
    assert owned_tag(user, tag.pk).links == 2  # type: ignore[attr-defined]
    assert [one.links for one in list_tags(user)] == [2]  # type: ignore[attr-defined]


def test_only_what_is_given_changes() -> None:
    user = UserFactory()
    tag = create_tag(user, "growth", description="to grow", color="#000000")
    changed = change_tag(user, tag.pk, name="core", color="#abcdef")
    assert (changed.name, changed.color, changed.description) == ("core", "#ABCDEF", "to grow")
    assert change_tag(user, tag.pk, description="", display_order=0).description == ""
    assert owned_tag(user, tag.pk).display_order == 0


def test_a_taken_name_is_refused_and_nothing_changes() -> None:
    user = UserFactory()
    tag = create_tag(user, "growth")
    create_tag(user, "value")
    with pytest.raises(DomainError, match="'value' already exists"):
        change_tag(user, tag.pk, name="value", color="#000000")
    assert owned_tag(user, tag.pk).color == "#4A90E2"
    assert change_tag(user, tag.pk, name="growth").name == "growth"


def test_starter_tags_are_given_once() -> None:
    user = UserFactory()
    tags, fresh = create_default_tags(user)
    assert (len(tags), fresh) == (10, 10)
    assert names(tags)[:3] == ["income", "growth", "defensive"]
    assert [tag.display_order for tag in tags] == list(range(10))
    assert tags[0].color == "#4CAF50"
    again, fresh = create_default_tags(user)
    assert (names(again), fresh) == (names(tags), 0)


def test_who_has_tags_gets_no_starter_tags() -> None:
    user = UserFactory()
    create_tag(user, "own")
    assert (names(create_default_tags(user)[0]), create_default_tags(user)[1]) == (["own"], 0)


def test_foreign_and_unknown_tags_are_the_same() -> None:
    user, foreign = UserFactory(), create_tag(UserFactory(), "foreign")
    own = create_tag(user, "own")
    for wanted in (foreign.pk, uuid4()):
        for attempt in (owned_tag, archive_tag, restore_tag, change_tag):
            with pytest.raises(NotFound, match=r"^Tag not found$"):
                attempt(user, wanted)  # type: ignore[operator]
        with pytest.raises(NotFound, match=r"^Tag not found$"):
            owned_tags(user, [own.pk, wanted])
