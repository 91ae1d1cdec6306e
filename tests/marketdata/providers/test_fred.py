"""Treasury yields of FRED."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from marketdata.providers.base import Outcome, ProviderError
from marketdata.providers.fred import FredProvider
from tests.marketdata.providers import wire
from tests.marketdata.providers.conftest import ONCE
from tests.marketdata.providers.loopback import Loopback, fixture

PATH = "/fred/series/observations"
START, END = dt.date(2025, 6, 16), dt.date(2025, 6, 20)
KEY = "abcdefghijklmnopqrstuvwxyz012345"


@pytest.fixture
def fred(server: Loopback) -> FredProvider:
    return FredProvider(api_key=KEY, base_url=server.base_url, timeout=0.3, retry=ONCE)


def failure(fred: FredProvider, *series: str) -> ProviderError:
    with pytest.raises(ProviderError) as raised:
        fred.treasury_yields(series or ("DGS10",), START, END)
    return raised.value


def test_values_come_with_their_dates_and_a_dot_has_no_point(fred: FredProvider, server: Loopback) -> None:
    server.serve(PATH, wire.fred_observations({"2025-06-18": "4.38", "2025-06-19": ".", "2025-06-20": "4.38"}))
    points = fred.treasury_yields(["DGS10"], START, END)
    assert [(point.series_id, str(point.date), point.percent) for point in points] == [
        ("DGS10", "2025-06-18", Decimal("4.38")),
        ("DGS10", "2025-06-20", Decimal("4.38")),
    ]


def test_it_asks_for_the_window_with_the_key(fred: FredProvider, server: Loopback) -> None:
    server.serve(PATH, wire.fred_observations({"2025-06-18": "4.38"}))
    fred.treasury_yields(["DGS10"], START, END)
    query = server.requests[0].query
    assert (query["series_id"], query["file_type"], query["api_key"]) == ("DGS10", "json", KEY)
    assert (query["observation_start"], query["observation_end"]) == ("2025-06-16", "2025-06-20")


def test_long_series_are_read_page_by_page(fred: FredProvider, server: Loopback) -> None:
    days = {"2025-06-16": "4.1", "2025-06-17": "4.2", "2025-06-18": "4.3"}

    def page(query: dict[str, str]) -> dict[str, Any]:
        offset = int(query["offset"])
        return wire.fred_observations(dict(list(days.items())[offset : offset + 2])) | {"count": 3}

    server.serve(PATH, page)
    assert len(fred.treasury_yields(["DGS10"], START, END)) == 3
    assert [request.query["offset"] for request in server.requests] == ["0", "2"]


def test_one_unknown_series_does_not_lose_the_others(fred: FredProvider, server: Loopback) -> None:
    unknown = '{"error_code":400,"error_message":"Bad Request.  The series does not exist."}'

    def answer(query: dict[str, str]) -> Any:
        return wire.fred_observations({"2025-06-18": "4.38"}) if query["series_id"] == "DGS2" else {}

    server.serve(PATH, answer)
    server.fault(PATH, status=400, body=unknown, times=1)
    points = fred.treasury_yields(["NOSUCH", "DGS2"], START, END)
    assert {point.series_id for point in points} == {"DGS2"}


@pytest.mark.parametrize(
    ("message", "outcome"),
    [
        ("Bad Request.  The series does not exist.", Outcome.NOT_FOUND),
        ("Bad Request.  The value for variable api_key is not registered.", Outcome.UNAUTHORIZED),
        ("Bad Request.  Variable limit is not one of 1..100000.", Outcome.MALFORMED),
    ],
)
def test_its_one_status_for_everything_is_told_apart(
    fred: FredProvider, server: Loopback, message: str, outcome: Outcome
) -> None:
    server.fault(PATH, status=400, body=f'{{"error_code":400,"error_message":"{message}"}}')
    assert failure(fred).outcome is outcome


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ({"status": 429, "headers": {"Retry-After": "9"}}, Outcome.RATE_LIMITED),
        ({"status": 500}, Outcome.SERVER_ERROR),
        ({"hang": 1.0}, Outcome.TIMEOUT),
        ({"cut": True}, Outcome.UNREACHABLE),
    ],
)
def test_faults_are_told_apart_without_the_key(
    fred: FredProvider, server: Loopback, fault: dict[str, Any], outcome: Outcome
) -> None:
    server.fault(PATH, **fault)
    error = failure(fred)
    assert error.outcome is outcome
    assert KEY not in str(error)


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ('{"observations": [', Outcome.MALFORMED),
        ({"count": 3}, Outcome.MALFORMED),
        ([1, 2], Outcome.MALFORMED),
        ({"count": 0, "observations": []}, Outcome.EMPTY),
        (wire.fred_observations({"2025-06-19": "."}), Outcome.EMPTY),
        (wire.fred_observations({"2024-01-02": "4.0"}), Outcome.EMPTY),
    ],
)
def test_useless_answers_are_failures(fred: FredProvider, server: Loopback, body: Any, outcome: Outcome) -> None:
    server.serve(PATH, body)
    assert failure(fred).outcome is outcome


def test_the_ten_year_yields_of_june_2025(fred: FredProvider, server: Loopback) -> None:
    server.serve(PATH, fixture("fred_observations_DGS10_shaped.json"))
    points = fred.treasury_yields(["DGS10"], dt.date(2025, 6, 16), dt.date(2025, 7, 11))
    by_day = {str(point.date): point.percent for point in points}
    assert by_day["2025-06-16"] == Decimal("4.46")
    assert "2025-06-19" not in by_day
    assert len(by_day) == 18


def test_recorded_observations_are_read(fred: FredProvider, server: Loopback) -> None:
    server.serve(PATH, fixture("fred_observations_recorded_monthly.json") | {"count": 12})
    points = fred.treasury_yields(["PAYEMS"], dt.date(2022, 7, 1), dt.date(2022, 9, 30))
    assert [point.percent for point in points] == [152980, 153332, 153682]


def test_what_a_source_does_not_have_it_says(fred: FredProvider, server: Loopback) -> None:
    with pytest.raises(ProviderError, match="offers no prices") as refused:
        fred.prices(["AAPL"], dt.date(2025, 6, 16), dt.date(2025, 7, 11))
    assert refused.value.outcome is Outcome.NOT_FOUND
