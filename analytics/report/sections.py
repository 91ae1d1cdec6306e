"""The sections of a factsheet in the order they are read."""

from __future__ import annotations

from analytics.report import pictures, risk_sections
from analytics.report.attribution import attribution
from analytics.report.outlook import outlook_sections
from analytics.report.parts import Headline, Rows, Section, first_rows, number, words
from analytics.services.extremes import Outlook
from analytics.services.factsheet import Factsheet
from analytics.services.performance import Fall
from analytics.services.reasons import in_words
from analytics.services.sectors import NoSectorExposure
from sigmasight.core.console.charts import usd
from sigmasight.core.templatetags.humane import grouped, in_unit, share

# Beside the pictures these are the figures one looks for first.
HEADLINES = (
    "net_asset_value", "daily_pnl", "daily_return", "drawdown", "gross_exposure", "net_exposure", "market_beta",
    "expected_volatility_21d", "var_95_1d", "es_95_1d", "top_3_concentration", "portfolio_correlation",
)  # fmt: skip
PERIOD_NAMES = {
    "1d": "1 session", "5d": "5 sessions", "21d": "21 sessions", "63d": "63 sessions", "252d": "252 sessions",
    "mtd": "month to date", "ytd": "year to date", "since_start": "since the start",
}  # fmt: skip


def headlines(sheet: Factsheet, names: tuple[str, ...] | None = None) -> list[Headline]:
    """Figures as they are read, all of `OF_THE_BOOK` or those named."""
    return [
        Headline(
            one.metric,
            one.measure.title,
            in_unit(one.value, one.measure.unit),
            in_words(one.reason) if one.value is None else "",
            sheet.as_of,
        )
        for name, one in sheet.figures.items()
        if names is None or name in names
    ]


def sections(sheet: Factsheet, *, most: int | None = None, outlook: Outlook | None = None) -> list[Section]:
    """Every section. most : rows of the tables that grow with the book, None for all of them. outlook : what is rebuilt when read, None to
    leave its sections out."""
    return [
        _performance(sheet),
        _allocation(sheet),
        _exposures(sheet),
        risk_sections.factors(sheet),
        risk_sections.stress(sheet),
        risk_sections.value_at_risk(sheet, most),
        risk_sections.correlations(sheet),
        *(outlook_sections(sheet, outlook) if outlook is not None else ()),
        _pnl(sheet, most),
        attribution(sheet),
        _positions(sheet, most),
    ]


def _performance(sheet: Factsheet) -> Section:
    found = sheet.performance
    title = "Net asset value and drawdown"
    if found is None:
        missing = "Returns need two sessions with results; there is one so far."
        return Section("performance", title, sheet.as_of, missing=missing)
    rows = [
        [PERIOD_NAMES[one.name], f"{one.since}", usd(one.pnl), share(one.twr, 2), share(one.benchmark, 2)]
        for one in found.periods
    ]
    columns = [
        words("Period", 1.4),
        words("From the close of"),
        number("P&L"),
        number("Return"),
        number("S&P 500"),
    ]
    ratios = [
        ["Time-weighted return", share(found.twr, 2)], ["Money-weighted return", share(found.mwr, 2)],
        ["Volatility a year", share(found.volatility, 2)], ["Sharpe ratio", grouped(found.sharpe, 2)],
        ["Sortino ratio", grouped(found.sortino, 2)],
        ["Worst fall", _fall(found.fall)],
        ["Beta to the S&P 500", grouped(found.beta, 2)], ["Deposits less withdrawals", usd(found.flows)],
    ]  # fmt: skip
    return Section(
        "performance",
        title,
        sheet.as_of,
        pictures.value_and_drawdown(found),
        [
            Rows("Returns", columns, rows),
            Rows(f"Over {found.sessions} sessions", [words("Figure", 1.4), number("Value", 1.6)], ratios),
        ],
    )


def _fall(worst: Fall | None) -> str:
    return f"{share(worst.depth, 2)}, {worst.peak} to {worst.trough}" if worst is not None and worst.depth else "none"


def _exposures(sheet: Factsheet) -> Section:
    found = sheet.exposures
    nav = float(sheet.snapshot.net_asset_value)
    rows = [
        [name, usd(value), share(value / nav if nav > 0 else None)]
        for name, value in (
            ("Long", found.long_exposure), ("Short", found.short_exposure), ("Gross", found.gross_exposure), ("Net", found.net_exposure),
        )
    ]  # fmt: skip
    columns = [words("Exposure"), number("Dollars"), number("Of net asset value")]
    return Section(
        "exposures", "Exposures", sheet.as_of, [pictures.exposure_bars(sheet)], [Rows("Exposures", columns, rows)]
    )


def _allocation(sheet: Factsheet) -> Section:
    if not sheet.lots:
        return Section("allocation", "Allocation", sheet.as_of, missing="The book holds nothing.")
    drawn = [pictures.class_bars(sheet)]
    columns = [words("Class"), number("Lots"), number("Long"), number("Short"), number("Gross"), number("Net")]
    rows = [
        [one.name, str(one.lots), usd(one.long), usd(one.short), share(one.gross_share), share(one.net_share)]
        for one in sheet.classes
    ]
    tables = [Rows("By class; gross and net of net asset value", columns, rows)]
    found = sheet.sectors
    if isinstance(found, NoSectorExposure):
        return Section("allocation", "Allocation", sheet.as_of, drawn, tables, [f"No sector weights: {found.error}."])
    drawn.append(pictures.sector_bars(found))
    known = found.benchmark_weights
    columns = [
        words("Sector", 1.6), number("Lots", 0.5), number("Gross"), number("Net"),
        number("S&P 500"), number("Gross less S&P 500"),
    ]  # fmt: skip
    names = sorted({*found.portfolio_weights, *known}, key=lambda name: (-found.portfolio_weights.get(name, 0.0), name))
    rows = [
        [
            name, str(found.positions_by_sector.get(name, 0)), share(found.portfolio_weights.get(name, 0.0)),
            share(found.net_weights.get(name, 0.0)), share(known.get(name, 0.0) if known else None),
            share(found.over_underweight.get(name)),
        ]
        for name in names
    ]  # fmt: skip
    notes = []
    if found.benchmark_as_of is None:
        notes.append("There are no sector weights of the S&P 500 to compare with.")
    else:
        old = ", more than a quarter old" if found.benchmark_stale else ""
        notes.append(f"Weights of the S&P 500 are of {found.benchmark_as_of}{old}.")
    tables.append(Rows("By sector, of net asset value", columns, rows))
    return Section("allocation", "Allocation", sheet.as_of, drawn, tables, notes)


def _pnl(sheet: Factsheet, most: int | None) -> Section:
    title, found = "P&L by position", sheet.performance
    if found is None:
        return Section(
            "position_pnl", title, sheet.as_of, missing="P&L needs two sessions with results; there is one so far."
        )
    ranked = sorted(found.earned, key=lambda one: (-abs(one.pnl), one.symbol))
    columns = [words("Position", 1.4), words("Sector", 1.4), number("P&L"), number("Of net asset value")]
    nav = float(sheet.snapshot.net_asset_value)
    rows = [
        [one.symbol, one.sector or "–", usd(one.pnl), share(one.pnl / nav if nav > 0 else None, 2)] for one in ranked
    ]
    shown, note = first_rows(rows, most, "positions, the largest P&L first")
    table = Rows(f"From the close of {found.first} to that of {found.last}", columns, shown, note)
    return Section("position_pnl", title, sheet.as_of, [pictures.pnl_bars(found)], [table])


def _positions(sheet: Factsheet, most: int | None) -> Section:
    if not sheet.lots:
        return Section("positions", "Positions", sheet.as_of, missing="The book holds nothing.")
    columns = [
        words("Position", 1.85), words("Side", 0.9), words("Sector", 1.85), number("Quantity", 0.9), number("Price", 0.8),
        number("Market value", 1.1), number("Of NAV", 0.75), number("Unrealised P&L", 1.35), number("Day's P&L", 0.95),
    ]  # fmt: skip
    rows = [
        [
            lot.held.symbol, lot.kind, lot.sector, f"{lot.quantity:,.4f}".rstrip("0").rstrip("."),
            f"{grouped(lot.price, 2 if lot.price < 10_000 else 0)}{' *' if lot.is_old else ''}",
            usd(lot.held.market_value), share(lot.weight), usd(lot.held.unrealized_pnl), usd(lot.daily_pnl),
        ]
        for lot in sheet.lots
    ]  # fmt: skip
    shown, note = first_rows(rows, most, "positions, the largest first")
    notes = []
    if any(lot.is_old for lot in sheet.lots):
        notes.append(
            "* The price is older than the session, or the position was never priced and stands at its entry price."
        )
    return Section("positions", "Positions", sheet.as_of, (), [Rows("Open lots", columns, shown, note)], notes)
