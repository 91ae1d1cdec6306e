"""The dashboard's panels about the nights, the age of what they wrote, and the machinery."""

from __future__ import annotations

from typing import Any

from analytics.models import RunStatus
from analytics.services.all_books import all_books
from analytics.services.freshness import freshness
from analytics.services.night_report import coverage_by_session, coverage_floor, last_night, nights_before
from analytics.services.price_quality import price_quality
from analytics.services.queues import queues
from sigmasight.core.console.charts import Series, bar_chart, line_chart, ranked_bars, usd
from sigmasight.core.console.panels import Panel, register
from sigmasight.core.templatetags.humane import lasting, share

RUNS = "admin:console_batch"
ENDINGS = (
    (RunStatus.COMPLETED, "completed", "good"),
    (RunStatus.PARTIAL, "partly", "warn"),
    (RunStatus.FAILED, "failed", "bad"),
)


def night() -> dict[str, Any]:
    report = last_night()
    return {"night": report, "phases": ranked_bars("Time by phase", report.phases, fmt=lasting)}


def durations() -> dict[str, Any]:
    nights = nights_before()
    days = [f"{night.began:%m-%d}" for night in nights]
    series = [
        Series(name, [night.seconds if night.status == status else None for night in nights], tone)
        for status, name, tone in ENDINGS
    ]
    shown = [one for one in series if any(value is not None for value in one.values)]
    return {
        "chart": bar_chart(
            "Seconds by night", days, shown, fmt=lasting, stacked=True, description="How long each night took."
        )
    }


def books() -> dict[str, Any]:
    days = all_books()
    names = [f"{day.session:%Y-%m-%d}" for day in days]
    return {
        "days": days,
        "value": line_chart(
            "Net asset value, $", names, [Series("all portfolios", [day.net_asset_value for day in days])], fmt=usd
        ),
        "fall": line_chart(
            "Drawdown", names, [Series("below the highest point", [day.drawdown for day in days], "bad")],
            fmt=lambda value: share(value, 1), area=True, high=0.0,
        ),
    }  # fmt: skip


def coverage() -> dict[str, Any]:
    sessions = coverage_by_session()
    days = [f"{session:%m-%d}" for session, _ in sessions]
    floor = coverage_floor()
    lowest = min([floor, *(percent for _, percent in sessions)])
    return {
        "chart": line_chart(
            "Held symbols with a price, percent by session",
            days,
            [Series("coverage", [percent for _, percent in sessions]), Series("floor", [floor] * len(days), "bad")],
            fmt="{:.0f} %".format,
            low=max(0.0, lowest - 10),
            high=100.0,
        )
    }


def ages() -> dict[str, Any]:
    return {"freshness": freshness()}


def quality() -> dict[str, Any]:
    return {"quality": price_quality()}


def machinery() -> dict[str, Any]:
    return {"queues": queues()}


HERE = "analytics/console/"
register(
    Panel("Last night", "analytics.view_batchrun", f"{HERE}night.html", night, icon="bedtime", order=10, link=RUNS)
)
register(Panel("Freshness", "analytics.view_sessioncoverage", f"{HERE}freshness.html", ages, icon="update", order=20))
register(
    Panel(
        "Data quality",
        "marketdata.view_dailyprice",
        f"{HERE}quality.html",
        quality,
        icon="verified",
        order=30,
        late=True,
        link="admin:console_data_quality",
    )
)
register(
    Panel(
        "All portfolios",
        "portfolios.view_portfoliosnapshot",
        f"{HERE}all_books.html",
        books,
        icon="show_chart",
        order=55,
        link="admin:console_portfolios",
        late=True,
        wide=True,
    )
)
register(Panel("Run durations", "analytics.view_batchrun", f"{HERE}chart.html", durations, icon="timer", order=60))
register(
    Panel(
        "Coverage by session",
        "analytics.view_sessioncoverage",
        f"{HERE}chart.html",
        coverage,
        icon="fact_check",
        order=70,
    )
)
register(
    Panel(
        "Queues and workers",
        "analytics.view_batchrun",
        f"{HERE}queues.html",
        machinery,
        icon="stacks",
        order=40,
        late=True,
    )
)
