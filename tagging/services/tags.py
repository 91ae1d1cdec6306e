"""Tags of a person: made, changed, set aside, brought back."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Count, Max, Q, QuerySet

from portfolios.models import User
from sigmasight.core import clock
from sigmasight.core.demo import rows
from sigmasight.core.errors import DomainError, NotFound
from tagging.models import DEFAULT_TAG_COLOR, PositionTag, Tag

TAG_NOT_FOUND = "Tag not found"


def owned_tag(user: User, tag_id: UUID) -> Tag:
    """A person's tag, set aside or not, with the number of lots that carry it as `links`.

    Raises
    ------
    NotFound for unknown and foreign ones alike.
    """
    tag = _counted(Tag.objects.filter(pk=tag_id, user_id=user.pk)).first()
    if tag is None:
        raise NotFound("tag_not_found", TAG_NOT_FOUND)
    return tag


def owned_tags(user: User, tag_ids: Collection[UUID]) -> list[Tag]:
    """A person's tags with these ids, locked until the transaction ends: nobody sets them aside meanwhile.

    Raises
    ------
    NotFound if one of the ids is unknown or foreign.
    """
    wanted = set(tag_ids)
    found = list(Tag.objects.select_for_update(no_key=True).filter(pk__in=wanted, user_id=user.pk).order_by("pk"))
    if len(found) != len(wanted):
        raise NotFound("tag_not_found", TAG_NOT_FOUND)
    return found


def list_tags(user: User, *, include_archived: bool = False) -> list[Tag]:
    """A person's tags in display order, each with the number of lots that carry it as `links`."""
    tags = Tag.objects.filter(user_id=user.pk)
    return list(_counted(tags if include_archived else tags.filter(is_archived=False)))


def create_tag(
    user: User,
    name: str,
    *,
    color: str = DEFAULT_TAG_COLOR,
    description: str = "",
    display_order: int | None = None,
) -> Tag:
    """Make a tag. Without `display_order` it comes last.

    Raises
    ------
    DomainError if the person has a live tag of this name.
    """
    if display_order is None:
        last = Tag.objects.filter(user_id=user.pk).aggregate(last=Max("display_order"))["last"]
        display_order = (last or 0) + 1
    with _name_is_free(name):
        tag = Tag.objects.create(
            user_id=user.pk, name=name, color=color.upper(), description=description, display_order=display_order
        )
    return owned_tag(user, tag.pk)


@transaction.atomic
def create_default_tags(user: User) -> tuple[list[Tag], int]:
    """Give a person without live tags the starter tags.

    Returns
    -------
    The person's live tags, and how many of them are new: all or none.
    """
    # Two requests at once would both find nothing; the second waits here.
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    there = list_tags(user)
    if there:
        return there, 0
    fresh = Tag.objects.bulk_create(
        Tag(
            user_id=user.pk,
            name=row["name"],
            color=row["color"],
            description=row["use"],
            display_order=int(row["order"]),
        )
        for row in rows("tags")
        if row["set"] == "default_for_new_user"
    )
    return list_tags(user), len(fresh)


@transaction.atomic
def change_tag(
    user: User,
    tag_id: UUID,
    *,
    name: str | None = None,
    color: str | None = None,
    description: str | None = None,
    display_order: int | None = None,
) -> Tag:
    """Change what is given; None leaves a field as it is.

    Raises
    ------
    NotFound for unknown and foreign tags. DomainError if the person has another live tag of the name.
    """
    [tag] = owned_tags(user, [tag_id])
    given = {
        "name": name,
        "color": color.upper() if color else None,
        "description": description,
        "display_order": display_order,
    }
    for field, value in given.items():
        if value is not None:
            setattr(tag, field, value)
    with _name_is_free(tag.name):
        tag.save()
    return owned_tag(user, tag_id)


@transaction.atomic
def archive_tag(user: User, tag_id: UUID) -> None:
    """Set a tag aside and take it off all lots. Doing it twice changes nothing.

    Raises
    ------
    NotFound for unknown and foreign tags.
    """
    [tag] = owned_tags(user, [tag_id])
    if tag.is_archived:
        return
    tag.is_archived, tag.archived_at, tag.archived_by_id = True, clock.now(), user.pk
    tag.save(update_fields=["is_archived", "archived_at", "archived_by", "updated_at"])
    PositionTag.objects.filter(tag=tag).delete()


@transaction.atomic
def restore_tag(user: User, tag_id: UUID) -> None:
    """Bring a tag back, without its lots. Doing it twice changes nothing.

    Raises
    ------
    NotFound for unknown and foreign tags. DomainError if the name has been given to another live tag meanwhile.
    """
    [tag] = owned_tags(user, [tag_id])
    tag.is_archived, tag.archived_at, tag.archived_by_id = False, None, None
    with _name_is_free(tag.name):
        tag.save(update_fields=["is_archived", "archived_at", "archived_by", "updated_at"])


def _counted(tags: QuerySet[Tag]) -> QuerySet[Tag]:
    living = Q(
        position_tags__position__deleted_at__isnull=True, position_tags__position__portfolio__deleted_at__isnull=True
    )
    return tags.annotate(links=Count("position_tags", filter=living)).order_by("display_order", "name", "id")


@contextmanager
def _name_is_free(name: str) -> Iterator[None]:
    """The unique key decides, so that two requests at once cannot both win."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if "tag_name_unique" not in str(error):
            raise
        text = f"Tag '{name}' already exists for this user. Choose another name, or rename that tag first."
        raise DomainError("tag_name_taken", text) from error
