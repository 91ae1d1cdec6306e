"""Prices from files: of a small directory made here, and of the real one where it lies beside the project."""

from __future__ import annotations

import csv
import datetime as dt
import os
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from marketdata import calendar
from marketdata.models import PriceHistory, PriceRejection
from marketdata.providers.base import Outcome, ProviderError
from marketdata.providers.files import Files
from marketdata.services.collection import Wanted, collect_prices
from marketdata.services.history import arrays_differ_from_rows
from marketdata.services.source import open_source
from sigmasight.core.errors import DomainError
from tests.factories import SecurityFactory

D = dt.date
FIRST, LAST = D(2025, 6, 30), D(2025, 7, 3)
PRICES = """symbol,date,open,high,low,close,volume
SPLT,2025-06-30,99,101,98,100,1000
SPLT,2025-07-01,100,103,99,102,1000
SPLT,2025-07-02,102,104,101,103,1000
SPLT,2025-07-03,103,105,102,104,1000
CALM,2025-07-01,,,,50.5,
CALM,2025-06-30,,,,50,
"""
SPLITS = """symbol,first_day_at_new_price,ratio,note
SPLT,2025-07-02,10,
CALM,2025-07-02,1.25,Spin-off of a daughter
"""
DIVIDENDS = """symbol,ex_date,amount_per_share_split_adjusted
SPLT,2025-07-01,0.25
SPLT,2025-07-03,0.25
"""
YIELDS = "series_id,date,value\nDGS10,2025-06-30,4.24\nDGS10,2025-07-01,\nDGS10,2025-07-02,4.30\n"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    texts = {"daily_prices": PRICES, "splits": SPLITS, "dividends_implied": DIVIDENDS, "fred_DGS10": YIELDS}
    for stem, text in texts.items():
        (tmp_path / f"{stem}.csv").write_text(text)
    return tmp_path


def test_adjusted_prices_are_given_as_they_were_traded(directory: Path) -> None:
    found = Files(directory).prices(["SPLT"], FIRST, LAST).histories["SPLT"]
    assert found.close.tolist() == [1000, 1020, 103, 104]
    assert found.high.tolist() == [1010, 1030, 104, 105]
    assert found.volume.tolist() == [100, 100, 1000, 1000]
    assert [(s.ex_date, s.ratio, s.kind) for s in found.splits] == [(D(2025, 7, 2), Decimal(10), "split")]


def test_dividends_are_given_per_share_of_their_day(directory: Path) -> None:
    found = Files(directory).prices(["SPLT"], FIRST, LAST).histories["SPLT"]
    assert [(d.ex_date, d.amount) for d in found.dividends] == [
        (D(2025, 7, 1), Decimal("2.5")), (D(2025, 7, 3), Decimal("0.25")),
    ]  # fmt: skip


def test_prices_before_the_window_of_a_split_are_undone_as_well(directory: Path) -> None:
    found = Files(directory).prices(["SPLT"], FIRST, D(2025, 7, 1)).histories["SPLT"]
    assert found.close.tolist() == [1000, 1020]
    assert found.splits == ()


def test_a_spin_off_adjusts_prices_and_no_quantity(directory: Path) -> None:
    found = Files(directory).prices(["CALM"], FIRST, LAST).histories["CALM"]
    assert found.dates.tolist() == [D(2025, 6, 30), D(2025, 7, 1)]
    assert found.close.tolist() == [62.5, 63.125]
    assert [s.kind for s in found.splits] == ["spin_off_adjustment"]
    assert np.isnan(found.open).all()


def test_parquet_gives_the_same_as_csv(directory: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("parquet")
    for path in directory.glob("*.csv"):
        pd.read_csv(path).to_parquet(other / f"{path.stem}.parquet")
    first, second = (Files(place).prices(["SPLT", "CALM"], FIRST, LAST).histories for place in (directory, other))
    for symbol in ("SPLT", "CALM"):
        np.testing.assert_array_equal(first[symbol].close, second[symbol].close)
        assert first[symbol].splits == second[symbol].splits
        assert first[symbol].dividends == second[symbol].dividends


def test_a_symbol_that_is_not_in_the_files_is_named(directory: Path) -> None:
    assert Files(directory).prices(["NIL"], FIRST, LAST).failures == {
        "NIL": (Outcome.NOT_FOUND, "NIL is not in the price files")
    }


def test_stand_ins_are_served_on_request_only_and_bear_their_source(directory: Path) -> None:
    (directory / "proxy_mutual_funds.csv").write_text("symbol,date,close\nFUND,2025-06-30,20\n")
    refused = Files(directory).prices(["FUND"], FIRST, LAST)
    assert "stand-in" in refused.failures["FUND"][1]
    served = Files(directory, proxies=True).prices(["FUND", "SPLT"], FIRST, LAST).histories
    assert (served["FUND"].source, served["SPLT"].source) == ("file_proxy", "file")


def test_yields_skip_the_holidays(directory: Path) -> None:
    points = Files(directory).treasury_yields(["DGS10", "DGS30"], FIRST, LAST)
    assert [(p.date, p.percent) for p in points] == [
        (D(2025, 6, 30), Decimal("4.24")), (D(2025, 7, 2), Decimal("4.3")),
    ]  # fmt: skip


def test_the_last_date_of_the_files_is_the_target(directory: Path) -> None:
    opened = open_source(f"files:{directory}", lambda record: None)
    assert (opened.last_date, opened.family, opened.directory) == (LAST, "file", str(directory.resolve()))


def test_a_directory_without_prices_is_refused_with_the_place_of_the_description(tmp_path: Path) -> None:
    with pytest.raises(DomainError, match=r"holds no daily_prices.*docs/file_source\.md"):
        open_source(f"files:{tmp_path}", lambda record: None)


def test_a_missing_column_is_named(directory: Path) -> None:
    (directory / "splits.csv").write_text("symbol,ratio\nSPLT,10\n")
    with pytest.raises(ProviderError, match=r"splits\.csv lacks the columns first_day_at_new_price"):
        Files(directory).prices(["SPLT"], FIRST, LAST)


@pytest.mark.parametrize(
    ("stem", "line"),
    [
        ("splits", "CALM,2025-07-01,abc,"),
        ("splits", "CALM,2025-07-01,-4,"),
        ("splits", "CALM,07/01/2025,4,"),
        ("splits", "SPLT,2025-07-02,10,"),
        ("dividends_implied", "CALM,2025-07-01,"),
        ("dividends_implied", "CALM,nonsense,0.1"),
    ],
)
def test_an_action_that_cannot_be_refuses_the_directory_and_names_its_line(
    directory: Path, stem: str, line: str
) -> None:
    with (directory / f"{stem}.csv").open("a") as file:
        file.write(line + "\n")
    with pytest.raises(DomainError, match=f"{stem}, line 4, cannot be used"):
        open_source(f"files:{directory}", lambda record: None)


def test_files_without_rows_are_refused(directory: Path) -> None:
    (directory / "daily_prices.csv").write_text("symbol,date,close\n")
    with pytest.raises(DomainError, match="hold no prices"):
        open_source(f"files:{directory}", lambda record: None)


def test_rows_of_the_future_and_rows_without_a_date_are_left_out_and_told(
    directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with (directory / "daily_prices.csv").open("a") as file:
        file.write("CALM,2099-07-01,,,,51,\nCALM,soon,,,,51,\n")
    source = Files(directory)
    assert source.last_date == LAST
    assert source.prices(["CALM"], FIRST, D(2099, 12, 31)).histories["CALM"].close.tolist() == [62.5, 63.125]
    assert "1 rows dated after today are left out, from line 8 on" in caplog.text
    assert "1 rows without a readable date or symbol are left out, from line 9 on" in caplog.text


# -- the real files

SHARED = Path(os.environ.get("SIGMASIGHT_SHARED") or Path(__file__).resolve().parents[3] / "shared")
REAL = SHARED / "data" / "real_prices"
START, END = D(2024, 1, 2), D(2026, 2, 27)
real = pytest.mark.skipif(
    not (REAL / "daily_prices.csv").is_file(),
    reason="needs data/real_prices/daily_prices.csv (set SIGMASIGHT_SHARED to the folder that holds data/)",
)


@pytest.fixture(scope="module")
def real_files() -> Files:
    return Files(REAL)


def rows_of(name: str) -> list[dict[str, str]]:
    with (REAL / name).open() as file:
        return list(csv.DictReader(file))


@real
def test_real_closes_are_those_that_were_traded(real_files: Files) -> None:
    traded = rows_of("as_traded_2025-06-30.csv")
    answer = real_files.prices([row["symbol"] for row in traded], D(2025, 6, 30), D(2025, 7, 1))
    assert len(traded) > 20
    for row in traded:
        expected = [float(row["as_traded_close_2025-06-30"]), float(row["as_traded_close_2025-07-01"])]
        np.testing.assert_allclose(
            answer.histories[row["symbol"]].close, expected, rtol=0, atol=0.0051, err_msg=row["symbol"]
        )


@real
@pytest.mark.django_db
def test_real_prices_are_stored_without_a_refusal_and_give_the_published_total_returns(real_files: Files) -> None:
    published: dict[str, dict[dt.date, tuple[float, float]]] = defaultdict(dict)
    for row in rows_of("daily_prices.csv"):
        close = float(row["close"])
        published[row["symbol"]][dt.date.fromisoformat(row["date"])] = (close, float(row["adj_close"] or close))
    kinds = {symbol: "index" if symbol == "VIX" else "stock" for symbol in sorted(published)}
    wants = [Wanted(SecurityFactory(symbol=s, security_type=kind).id, s, kind) for s, kind in kinds.items()]
    report = collect_prices(real_files, wants, START, END, last_complete=END)
    assert (report.answered, report.failures, report.suspect) == (len(published), {}, 0)
    assert not PriceRejection.objects.exists()
    assert arrays_differ_from_rows([want.security_id for want in wants]) == []
    symbols = {want.security_id: want.symbol for want in wants}
    for kept in PriceHistory.objects.all():
        symbol = symbols[kept.security_id]
        wealth = np.array(kept.close) * np.array(kept.return_factor)
        days = [calendar.session_at(kept.first_session + i) for i in range(len(wealth))]
        close, adjusted = np.array([published[symbol][day] for day in days]).T
        growth = close[1:] / close[:-1]
        # The publisher takes a dividend off the close before; here it is added to the close of its day.
        paid = 1 - growth / (adjusted[1:] / adjusted[:-1])
        np.testing.assert_allclose(wealth[1:] / wealth[:-1], growth + paid, rtol=0, atol=2e-5, err_msg=symbol)
