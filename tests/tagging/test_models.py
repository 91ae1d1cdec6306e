from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from tagging.models import PositionTag, Tag
from tests.factories import PositionFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_a_name_is_given_once_per_user_among_live_tags() -> None:
    user = UserFactory()
    Tag.objects.create(user=user, name="growth", is_archived=True)
    Tag.objects.create(user=user, name="growth", is_archived=True)
    Tag.objects.create(user=user, name="growth")
    Tag.objects.create(user=UserFactory(), name="growth")
    with pytest.raises(IntegrityError, match="tag_name_unique"), transaction.atomic():
        Tag.objects.create(user=user, name="growth")


@pytest.mark.parametrize("color", ["red", "#4A90E", "#4a90e2", "4A90E2F", "#GGGGGG"])
def test_a_color_is_written_in_upper_case_hex(color: str) -> None:
    with pytest.raises(IntegrityError, match="tag_color_valid"), transaction.atomic():
        Tag.objects.create(user=UserFactory(), name="growth", color=color)


def test_a_position_bears_a_tag_once() -> None:
    lot = PositionFactory()
    tag = Tag.objects.create(user=lot.portfolio.user, name="growth")
    PositionTag.objects.create(position=lot, tag=tag)
    with pytest.raises(IntegrityError, match="position_tag_unique"), transaction.atomic():
        PositionTag.objects.create(position=lot, tag=tag)


def test_deleting_a_lot_unlinks_its_tags_and_keeps_them() -> None:
    lot = PositionFactory()
    tag = Tag.objects.create(user=lot.portfolio.user, name="growth")
    PositionTag.objects.create(position=lot, tag=tag)
    lot.delete()
    assert list(Tag.objects.all()) == [tag]
    assert not PositionTag.objects.exists()
