"""Tags and their lots over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from portfolios.models import Position
from portfolios.services.tokens import issue_user_token
from tagging.models import PositionTag, Tag
from tagging.services.tags import create_tag
from tests.factories import PortfolioFactory, PositionFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def lot() -> Position:
    return PositionFactory(position_type="SHORT")


@pytest.fixture
def client(lot: Position) -> Client:
    return Client(headers={"Authorization": f"Bearer {issue_user_token(lot.portfolio.user)[0]}"})


def send(client: Client, method: str, path: str, given: object = None, **headers: str) -> Any:
    return getattr(client, method)(f"/api/v1/{path}", given, content_type="application/json", headers=headers)


def test_a_tag_is_created_as_the_frontend_does_it(client: Client, lot: Position) -> None:
    answer = send(client, "post", "tags", {"name": "  watch ", "color": "#aa3300"})
    made = answer.json()
    assert answer.status_code == 200
    assert made["user_id"] == str(lot.portfolio.user_id)
    expected = {"name": "watch", "color": "#AA3300", "description": None, "usage_count": 0, "strategy_count": 0}
    assert expected.items() <= made.items()
    assert made["created_at"].endswith("Z")
    assert client.get("/api/v1/tags?include_archived=false").json()["tags"] == [made]


def test_a_repeated_create_with_a_key_gives_the_first_answer(client: Client) -> None:
    first = send(client, "post", "tags/", {"name": "watch"}, **{"Idempotency-Key": "k"})
    second = send(client, "post", "tags/", {"name": "watch"}, **{"Idempotency-Key": "k"})
    assert first.json() == second.json()
    assert Tag.objects.count() == 1
    assert send(client, "post", "tags", {"name": "watch"}).status_code == 400


@pytest.mark.parametrize(
    "given",
    [
        {"name": ""},
        {"name": "   "},
        {"name": "x" * 51},
        {"name": None},
        {"name": "ok", "color": "red"},
        {"name": "ok", "color": None},
        {"name": "ok", "color": "#12345G"},
        {"name": "ok", "display_order": "first"},
        {"name": "ok", "display_order": 2**31},
    ],
)
def test_what_breaks_the_form_is_422(client: Client, given: dict[str, object]) -> None:
    assert send(client, "post", "tags", given).status_code == 422
    assert not Tag.objects.exists()


def test_null_leaves_a_field_and_an_empty_description_clears_it(client: Client, lot: Position) -> None:
    tag = create_tag(lot.portfolio.user, "watch", description="to look at")
    kept = send(client, "patch", f"tags/{tag.pk}", {"name": None, "description": None, "color": "#00ff00"}).json()
    assert (kept["name"], kept["description"], kept["color"]) == ("watch", "to look at", "#00FF00")
    assert send(client, "patch", f"tags/{tag.pk}", {"description": ""}).json()["description"] is None


def test_archived_tags_are_listed_only_on_demand(client: Client, lot: Position) -> None:
    tag = create_tag(lot.portfolio.user, "watch")
    assert send(client, "post", f"tags/{tag.pk}/archive", {}).json() == {"message": "Tag archived successfully"}
    assert client.get("/api/v1/tags").json() == {"tags": [], "total": 0, "active_count": 0, "archived_count": 0}
    listed = client.get("/api/v1/tags?include_archived=true").json()
    assert (listed["total"], listed["active_count"], listed["archived_count"]) == (1, 0, 1)
    assert listed["tags"][0]["archived_by"] == str(lot.portfolio.user_id)


def test_a_tag_is_put_on_a_lot_and_taken_off_as_the_frontend_does_it(client: Client, lot: Position) -> None:
    tag = create_tag(lot.portfolio.user, "watch", description="why")
    put = send(client, "post", f"positions/{lot.pk}/tags", {"tag_ids": [str(tag.pk)], "replace_existing": False})
    assert put.json() == {
        "message": "Assigned 1 tags to position",
        "assigned_count": 1,
        "tag_ids": [str(tag.pk)],
    }
    assert client.get(f"/api/v1/positions/{lot.pk}/tags").json() == [
        {"id": str(tag.pk), "name": "watch", "color": "#4A90E2", "description": "why"}
    ]
    assert client.get(f"/api/v1/tags/{tag.pk}").json()["position_count"] == 1
    off = send(client, "post", f"positions/{lot.pk}/tags/remove", {"tag_ids": [str(tag.pk)]})
    assert off.json() == {"message": "Removed 1 tags from position", "removed_count": 1}


def test_a_delete_takes_repeated_ids_in_the_query_or_a_body(client: Client, lot: Position) -> None:
    tags = [create_tag(lot.portfolio.user, name) for name in "abc"]
    for tag in tags:
        PositionTag.objects.create(position=lot, tag=tag)
    path = f"positions/{lot.pk}/tags"
    assert client.delete(f"/api/v1/{path}?tag_ids={tags[0].pk}&tag_ids={tags[1].pk}").json()["removed_count"] == 2
    assert send(client, "delete", path, {"tag_ids": [str(tags[2].pk)]}).json()["removed_count"] == 1
    assert client.delete(f"/api/v1/{path}").status_code == 422


def test_lots_of_a_tag_are_signed_numbers(client: Client, lot: Position) -> None:
    tag = create_tag(lot.portfolio.user, "watch")
    PositionTag.objects.create(position=lot, tag=tag)
    answer = client.get(f"/api/v1/tags/{tag.pk}/positions").json()
    assert (answer["tag_name"], answer["total"]) == ("watch", 1)
    assert answer["positions"] == [
        {
            "id": str(lot.pk),
            "symbol": lot.symbol,
            "position_type": "SHORT",
            "quantity": -10.0,
            "portfolio_id": str(lot.portfolio_id),
            "investment_class": "PUBLIC",
        }
    ]


def test_a_link_is_a_thing_of_its_own(client: Client, lot: Position) -> None:
    tag = create_tag(lot.portfolio.user, "watch")
    made = send(client, "post", "position-tags", {"position_id": str(lot.pk), "tag_id": str(tag.pk)})
    assert (made.status_code, made.json()["assigned_by"]) == (201, str(lot.portfolio.user_id))
    assert client.get("/api/v1/position-tags").json() == [made.json()]
    gone = client.delete(f"/api/v1/position-tags/{made.json()['id']}")
    assert (gone.status_code, gone.json()["removed_count"]) == (200, 1)
    assert client.get(f"/api/v1/position-tags?tag_id={tag.pk}").json() == []


def test_sector_tags_are_rebuilt_without_naming_the_only_portfolio(client: Client, lot: Position) -> None:
    answer = send(client, "post", "data/positions/restore-sector-tags", {})
    assert answer.json() == {
        "success": True,
        "portfolio_id": str(lot.portfolio_id),
        "portfolio_name": lot.portfolio.name,
        "positions_tagged": 1,
        "positions_skipped": 0,
        "tags_created": 1,
        "tags_applied": [{"tag_name": "Technology", "position_count": 1}],
    }


def test_with_several_portfolios_one_must_be_named(client: Client, lot: Position) -> None:
    PortfolioFactory(user=lot.portfolio.user)
    assert send(client, "post", "data/positions/restore-sector-tags", {}).status_code == 422
    named = send(client, "post", "data/positions/restore-sector-tags", {"portfolio_id": str(lot.portfolio_id)})
    assert named.status_code == 200


def test_a_listing_takes_two_statements_whatever_its_length(
    client: Client, lot: Position, django_assert_max_num_queries: Any
) -> None:
    for place in range(30):
        tag = create_tag(lot.portfolio.user, f"tag {place}")
        PositionTag.objects.create(position=lot, tag=tag)
    for path in ("tags", "position-tags"):
        with django_assert_max_num_queries(2):
            client.get(f"/api/v1/{path}")


def test_another_persons_tags_are_out_of_reach(lot: Position) -> None:
    tag = create_tag(lot.portfolio.user, "watch")
    stranger = Client(headers={"Authorization": f"Bearer {issue_user_token(UserFactory())[0]}"})
    assert stranger.get("/api/v1/tags").json()["tags"] == []
    for method, path in [("get", ""), ("patch", ""), ("post", "/archive"), ("post", "/restore"), ("get", "/positions")]:
        answer = send(stranger, method, f"tags/{tag.pk}{path}", {"name": "mine"})
        assert (answer.status_code, answer.json()) == (404, {"detail": "Tag not found"})
    assert Tag.objects.get(pk=tag.pk).name == "watch"
