"""Taking tables out of the console and bringing a few in: safe for spreadsheets, bounded, for those who may."""

from __future__ import annotations

import csv
import datetime as dt
import html
import io
from decimal import Decimal
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, RequestFactory
from django.urls import reverse

from marketdata.models import DailyPrice, SectorBenchmarkWeight, Security
from portfolios.models import Portfolio, User
from sigmasight.core import tables
from tagging.models import PositionTag, Tag
from tests.factories import PortfolioFactory, PositionFactory, SecurityFactory, UserFactory

pytestmark = pytest.mark.django_db(databases=["default", "ai"])
WEIGHTS = "marketdata_sectorbenchmarkweight"


@pytest.fixture
def boss(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("boss@example.com", "a-long-secret-1"))
    return client


def exported(client: Client, table: str, fields: list[str], **filters: str) -> list[dict[str, str]]:
    chosen = {f"{table.rpartition('_')[2]}resource_{field}": "on" for field in fields}
    address = reverse(f"admin:{table}_export", query=filters or None)
    names = [name for name in client.get(address).context["form"].fields if "resource_" in name.lower()]
    given = {name: "on" for name in names if name.lower() in chosen}
    answer = client.post(address, {"format": "0", "resource": "0", **given})
    assert answer["Content-Type"].startswith("text/csv"), answer.content.decode()[:2000]
    return list(csv.DictReader(io.StringIO(answer.content.decode())))


def imported(client: Client, table: str, content: str | bytes) -> Any:
    """The page after the file was shown and, if it was fine, confirmed."""
    data = content.encode() if isinstance(content, str) else content
    address = reverse(f"admin:{table}_import")
    shown = client.post(
        address, {"import_file": SimpleUploadedFile("../../etc/x.csv", data), "format": "0", "resource": "0"}
    )
    confirm = (shown.context or {}).get("confirm_form")
    if confirm is None:
        return shown
    return client.post(reverse(f"admin:{table}_process_import"), confirm.initial)


def test_formulas_leave_as_text_and_numbers_as_numbers(boss: Client) -> None:
    PositionFactory(
        portfolio=PortfolioFactory(name='=HYPERLINK("http://evil.example")'),
        position_type="SHORT",
        quantity=Decimal(-7),
    )
    (book,) = exported(boss, "portfolios_portfolio", ["name", "user"])
    assert book["name"] == '\'=HYPERLINK("http://evil.example")'
    assert "@" in book["user"]
    (lot,) = exported(boss, "portfolios_position", ["quantity", "security"])
    assert Decimal(lot["quantity"]) == -7
    assert lot["security"] == Security.objects.get().symbol


def test_what_the_list_shows_is_what_leaves(boss: Client) -> None:
    mine = PortfolioFactory(name="Mine")
    PortfolioFactory(name="Other")
    rows = exported(boss, "portfolios_portfolio", ["name"], user__id__exact=str(mine.user_id))
    assert [row["name"] for row in rows] == ["Mine"]


def test_no_secret_leaves() -> None:
    request = RequestFactory().get("/")
    for model_admin in admin.site._registry.values():
        for resource in model_admin.get_export_resource_classes(request):
            assert not set(resource.fields) & set(tables.SECRETS), model_admin


def test_too_many_rows_are_refused_with_advice(boss: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MOST_EXPORTED", 1)
    UserFactory()
    address = reverse("admin:portfolios_user_export")
    names = list(boss.get(address).context["form"].fields)
    answer = boss.post(address, {**dict.fromkeys(set(names) - {"export_items"}, "on"), "format": "0", "resource": "0"})
    assert "Narrow the filter" in answer.content.decode()


def test_an_export_takes_a_handful_of_queries(boss: Client, django_assert_max_num_queries: Any) -> None:
    book = PortfolioFactory()
    for _ in range(5):
        PositionFactory(portfolio=book)
    with django_assert_max_num_queries(12):
        rows = exported(boss, "portfolios_position", ["symbol", "portfolio", "security"])
    assert len(rows) == 5


def test_a_whole_set_of_weights_comes_in_and_is_noted(boss: Client) -> None:
    head = "benchmark_code,asof_date,sector,weight,data_source\n"
    answer = imported(boss, WEIGHTS, f"{head}X,2026-01-31,Energy,0.4,staff\nX,2026-01-31,Financials,0.6,staff\n")
    assert answer.status_code == 302
    assert {row.sector: row.weight for row in SectorBenchmarkWeight.objects.all()} == {
        "Energy": Decimal("0.4"),
        "Financials": Decimal("0.6"),
    }
    assert LogEntry.objects.count() == 2
    # Once more changes nothing.
    assert imported(boss, WEIGHTS, f"{head}X,2026-01-31,Energy,0.4,staff\n").status_code == 302
    assert SectorBenchmarkWeight.objects.count() == 2


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("X,2026-01-31,Energy,0.4,staff\n", "make 0.4000 together, not 1"),
        ("X,2026-01-31,Energy,1.4,staff\n", "sector_weight_is_a_fraction"),
        ("X,tomorrow,Energy,1,staff\n", "date"),
        ("X,2026-01-31,Energy,=1+1,staff\n", "decimal"),
    ],
)
def test_wrong_weights_are_refused_as_a_whole(boss: Client, rows: str, said: str) -> None:
    head = "benchmark_code,asof_date,sector,weight,data_source\n"
    answer = imported(boss, WEIGHTS, head + "Y,2026-01-31,Energy,1,staff\n" + rows)
    assert said in answer.content.decode()
    assert SectorBenchmarkWeight.objects.count() == 0


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"PK\x03\x04\xff\xfe", "UTF-8"), (b"a\0b", "not a CSV"), (b"x" * 1_100_000, "larger than"), (b"", "empty")],
)
def test_what_is_no_csv_is_not_read(boss: Client, content: bytes, said: str) -> None:
    assert said in imported(boss, WEIGHTS, content).content.decode()


def test_a_file_with_other_columns_is_refused_without_a_traceback(boss: Client) -> None:
    page = imported(boss, "marketdata_security", "a,b\n1,2\n").content.decode()
    assert "not present in the file headers: symbol" in page
    assert "Traceback" not in page


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("ABC,Energy", "Line 3 has 2 cells, the first line names 3 columns."),
        ("ABC,Oil, Gas,Oil", "Line 3 has 4 cells, the first line names 3 columns."),
        ("ABC,Energy\n" * 12, "2 more lines are so."),
        (f"ABC,{'x' * 200_000},Oil", "Line 3 is not CSV"),
    ],
)
def test_rows_with_other_cells_than_columns_are_named_and_erase_nothing(boss: Client, row: str, said: str) -> None:
    known = SecurityFactory(symbol="ABC", sector="Energy", industry="Oil")
    page = imported(boss, "marketdata_security", f"symbol,sector,industry\nABC,Energy,Gas\n{row}\n")
    assert said in html.unescape(page.content.decode())
    known.refresh_from_db()
    assert known.industry == "Oil"


def test_securities_are_classified_never_made(boss: Client) -> None:
    known = SecurityFactory(sector="")
    answer = imported(boss, "marketdata_security", f"symbol,sector,industry\n{known.symbol},Energy,Oil\n")
    assert answer.status_code == 302
    known.refresh_from_db()
    assert (known.sector, known.industry) == ("Energy", "Oil")
    answer = imported(boss, "marketdata_security", "symbol,sector,industry\nNEWCO,Energy,Oil\n")
    assert "no security" in answer.content.decode()
    assert Security.objects.count() == 1


def test_importing_asks_for_the_right_to_change(client: Client) -> None:
    viewer = UserFactory(is_staff=True)
    viewer.groups.add(Group.objects.get(name="viewer"))
    client.force_login(viewer)
    assert client.get(reverse(f"admin:{WEIGHTS}_import")).status_code == 403
    assert client.post(reverse(f"admin:{WEIGHTS}_process_import"), {}).status_code == 403
    assert client.get(reverse(f"admin:{WEIGHTS}_export")).status_code == 200
    assert client.get(reverse("admin:portfolios_adminsession_export")).status_code == 403


def test_changes_by_hand_can_be_looked_up(boss: Client) -> None:
    book = PortfolioFactory(name="Before")
    form = {
        "user": book.user_id, "name": "After", "account_name": "After", "account_type": book.account_type,
        "opening_equity": book.opening_equity, "equity_as_of": book.equity_as_of, "is_active": "on", "currency": "USD",
        "positions-TOTAL_FORMS": "0", "positions-INITIAL_FORMS": "0",
        "equity_changes-TOTAL_FORMS": "0", "equity_changes-INITIAL_FORMS": "0",
    }  # fmt: skip
    address = reverse("admin:portfolios_portfolio_change", args=[book.pk])
    answer = boss.post(address, form)
    assert answer.status_code == 302, answer.context["errors"]
    found = boss.get(reverse("admin:core_manualchange_changelist"), {"q": "After"}).content.decode()
    assert "boss@example.com" in found
    assert "Changed Name" in found
    assert address in found
    assert "After" in boss.get(reverse("admin:portfolios_portfolio_history", args=[book.pk])).content.decode()
    assert (
        boss.post(
            reverse("admin:core_manualchange_delete", args=[LogEntry.objects.get().pk]), {"post": "yes"}
        ).status_code
        == 403
    )


def test_actions_are_changes_by_hand_too(boss: Client) -> None:
    price = DailyPrice.objects.create(
        security=SecurityFactory(),
        date=dt.date(2026, 1, 5),
        open=1,
        high=1,
        low=1,
        close=1,
        source="seed",
        quality="suspect",
    )
    given = {"action": "accept", "_selected_action": [str(price.pk)]}
    assert boss.post(reverse("admin:marketdata_dailyprice_changelist"), given).status_code == 302
    price.refresh_from_db()
    assert price.quality == "ok"
    assert "Accept suspect prices" in LogEntry.objects.get().change_message


def test_lots_and_portfolios_are_found_by_tag(boss: Client) -> None:
    tagged, plain = PositionFactory(), PositionFactory()
    tag = Tag.objects.create(user=tagged.portfolio.user, name="Core")
    PositionTag.objects.create(position=tagged, tag=tag)
    lots = boss.get(reverse("admin:portfolios_position_changelist"), {"tag": "core"}).context["cl"].queryset
    assert list(lots) == [tagged]
    books = boss.get(reverse("admin:portfolios_portfolio_changelist"), {"tag": "core"}).context["cl"].queryset
    assert list(books) == [tagged.portfolio]
    assert Portfolio.objects.count() == 2
    assert plain.portfolio in boss.get(reverse("admin:portfolios_portfolio_changelist")).context["cl"].queryset


def test_prices_are_found_by_symbol_date_and_source(boss: Client) -> None:
    apple = SecurityFactory()
    for security in (apple, SecurityFactory()):
        for day, source in ((5, "seed"), (6, "fmp"), (7, "fmp")):
            DailyPrice.objects.create(
                security=security, date=dt.date(2026, 1, day), open=1, high=1, low=1, close=1, source=source
            )
    asked = {"security__id__exact": str(apple.pk), "date_from": "2026-01-06", "date_to": "2026-01-06", "source": "fmp"}
    shown = boss.get(reverse("admin:marketdata_dailyprice_changelist"), asked).context["cl"].queryset
    assert [(row.security, row.date.day) for row in shown] == [(apple, 6)]


def test_exported_changes_name_the_table_they_were_made_in(boss: Client) -> None:
    boss.post(
        reverse("admin:tagging_tag_add"),
        {"user": UserFactory().pk, "name": "New", "color": "#112233", "display_order": "1"},
    )
    rows = exported(boss, "core_manualchange", ["content_type", "object_repr"])
    assert [(row["content_type"], row["object_repr"]) for row in rows] == [("tag", "New")]
