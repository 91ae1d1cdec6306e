"""How the practice model reads a tool's result out: the few figures of it that answer, as sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from assistant.services.insight_words import day, holding, listed, money, percent

Data = Mapping[str, Any]
ROWS, OTHER_FIGURES = 5, 8


def read_out(name: str, data: Data) -> list[str]:
    """Lines of Markdown. Of several portfolios each; of a tool without sentences of its own the first figures there are."""
    if data.get("multi_portfolio"):
        return [line for one in data["portfolios"] for line in (f"*{one['portfolio']}*", *read_out(name, one))]
    if data.get("available") is False:
        return [f"- {data.get('reason') or data.get('message') or 'There is no result.'}"]
    lines: list[str] = []
    try:
        for line in READERS[name](data):
            lines.append(f"- {line}")
    except (KeyError, TypeError, IndexError):
        # A figure that is not known ends the reading; a tool without sentences never begins one.
        pass
    return lines or [f"- {label}: {value}" for label, value in list(_figures(data, ""))[:OTHER_FIGURES]]


def _overview(data: Data) -> Iterator[str]:
    sums, night, swing = data["exposures"], data["day"], data["volatility_pct_a_year"]["realized_21d"]
    on_the_day = f"{_made(night['pnl_usd'])} on the day ({percent(night['return_pct'], 2, sign=True)})"
    yield f"Net asset value {money(data['net_asset_value_usd'])}, {on_the_day}."
    yield (
        f"{money(sums['long_usd'])} long, {money(-sums['short_usd'])} short: gross {percent(sums['gross_pct_of_nav'])}, "
        f"net {percent(sums['net_pct_of_nav'])} of net asset value."
    )
    yield f"Market beta {data['beta_to_market']['calculated_90d']:.2f}, volatility {percent(swing)} a year."
    yield f"{percent(-data['drawdown_from_peak_pct'])} below the peak."


def _movers(data: Data) -> Iterator[str]:
    whole = data["portfolio"]
    yield f"The book {_made(whole['day_pnl_usd'])} on {day(data['session'])} and {_made(whole['week_pnl_usd'])} over five sessions."
    for side, words in (("gainers", "Made most"), ("losers", "Cost most")):
        rows = [
            f"{holding(row['symbol'], row['type'])} {money(row['pnl_usd'], sign=True)} "
            f"(price {percent(row['price_change_pct'], sign=True)})"
            for row in data["day"][side][:3]
        ]
        if rows:
            yield f"{words}: {', '.join(rows)}."


def _complete(data: Data) -> Iterator[str]:
    yield f"Net asset value {money(data['net_asset_value_usd'])} in {data['counts']['total_positions']} positions. The largest:"
    for row in data["holdings"][:ROWS]:
        gain = f", P&L since entry {money(row['pnl_usd'], sign=True)}"
        yield f"{holding(row['symbol'], row['type'])}: {money(row['market_value_usd'])} ({percent(row['weight_pct'])}){gain}"


def _stress(data: Data) -> Iterator[str]:
    rows = data["scenarios"]
    yield f"Worst of {len(rows)} scenarios:"
    for row in rows[:3]:
        yield f"{row['name']}: {money(row['impact_usd'])} ({percent(row['impact_pct'], sign=True)} of net asset value)"
    yield f"Best: {rows[-1]['name']}, {money(rows[-1]['impact_usd'], sign=True)}."


def _risk(data: Data) -> Iterator[str]:
    tail = data["value_at_risk"][0]
    at_95, at_99 = tail["1d_95pct"], tail["1d_99pct"]
    yield f"Value at risk of one session: {money(at_95['var_usd'])} at 95 %, {money(at_99['var_usd'])} at 99 %."
    yield f"Beyond the first the mean loss is {money(at_95['es_usd'])}."
    rows = [f"{holding(row['symbol'])} ({percent(row['volatility_share_pct'])})" for row in data["contributions"][:3]]
    yield f"Most of the volatility comes and goes with {listed(rows)}."


def _factors(data: Data) -> Iterator[str]:
    market = next((row for row in data["factors"] if "Market" in row["name"]), None)
    if market:
        yield f"Market beta {market['beta']:.2f}: a move of 1 % makes or costs {money(abs(market['usd_per_1pct']))}."
    for row in data["tilts"]:
        yield row["explanation"]


def _sectors(data: Data) -> Iterator[str]:
    for row in data["sectors"][:ROWS]:
        beside = "" if row["benchmark_pct"] is None else f", S&P 500 {percent(row['benchmark_pct'])}"
        yield f"{row['sector']}: gross {percent(row['gross_pct'])}, net {percent(row['net_pct'])}{beside}"


def _concentration(data: Data) -> Iterator[str]:
    yield f"{data['symbols']} names weigh like {data['effective_positions']:.1f} equal ones."
    yield f"The three largest are {percent(data['top_3_pct_of_gross'])} of gross value:"
    for row in data["largest"][:ROWS]:
        kind = "SHORT" if row["net_value_usd"] < 0 else None
        yield f"{holding(row['symbol'], kind)}: {percent(row['pct_of_gross'])} of gross value"


def _volatility(data: Data) -> Iterator[str]:
    yield f"Realised volatility {percent(data['realized_21d_pct'])} a year over 21 sessions, {percent(data['realized_63d_pct'])} over 63."
    yield f"Forecast for the next month {percent(data['expected_21d_pct'])}."


def _correlation(data: Data) -> Iterator[str]:
    yield f"{data['symbols_included']} holdings correlate by {data['average_correlation']:.2f} on average over {data['sessions']} sessions."
    pairs = [f"{row['pair']} {row['correlation']:.2f}" for row in data["highest_pairs"][:3]]
    yield f"Closest: {', '.join(pairs)}."


def _extremes(data: Data) -> Iterator[str]:
    for row in data["reverse_stress"].get("moves", ()):
        if row["market_move_pct"] is not None:
            yield f"A market move of {percent(row['market_move_pct'], sign=True)} loses {money(row['loss_usd'])}."
    for row in data["replays"][:ROWS]:
        yield f"{row['episode']}: the book {_would(row['pnl_usd'])}."


def _spread(data: Data) -> Iterator[str]:
    largest = percent(data["largest_bets_pct"][0])
    yield f"The risk is spread over {data['effective_bets']:.1f} independent bets; the largest carries {largest}."
    yield f"Diversification ratio {data['diversification_ratio']:.2f}."
    for row in data["clusters"][:ROWS]:
        yield f"Moving together: {', '.join(row['symbols'])}."


def _performance(data: Data) -> Iterator[str]:
    window, fall = data["window"], data["worst_fall"]
    yield f"Since {day(window['since_close_of'])} the book {_made(window['pnl_usd'])} ({percent(window['twr_pct'], 2, sign=True)})."
    yield f"The S&P 500 returned {percent(data['beside_sp500']['sp500_return_pct'], 2, sign=True)} in that time."
    if fall:
        yield f"Worst fall {percent(fall['depth_pct'])}, from {day(fall['from_close_of'])} to {day(fall['to_close_of'])}."


def _targets(data: Data) -> Iterator[str]:
    sums = data["summary"]
    yield f"{sums['positions_with_targets']} of {sums['positions']} positions have a target price."
    yield (
        f"At those of the year's end the book {_would(sums['upside_eoy_usd'])}, at the downside targets it "
        f"{_would(sums['downside_usd'])}."
    )


def _market(data: Data) -> Iterator[str]:
    for row in data["indices"]:
        yield f"{row['name']} {row['price_usd']:,.2f} ({percent(row['change_pct'], 2, sign=True)})"
    yield f"Best sectors: {listed(data['top_sectors'])}; worst: {listed(data['bottom_sectors'])}."


def _company(data: Data) -> Iterator[str]:
    told = data["profile"]
    yield f"{told['company_name']} ({told['symbol']}): {told['sector']}, {told['industry']}."
    held: Sequence[Data] = data.get("held") or []
    for row in held[:ROWS]:
        yield f"Held: {holding(row['symbol'], row['type'])} in {row['portfolio']}, {money(row['market_value_usd'])}"
    if not held:
        yield "It is not held."


def _plan(data: Data) -> Iterator[str]:
    for row in data["trades"]:
        verb, count = "Buying" if row["quantity"] > 0 else "Selling", abs(row["quantity"])
        yield f"{verb} {count:,} {row['symbol']} at {row['price_usd']:,.2f} would change:"
    figures = {row["figure"]: row for row in data["figures"]}
    for name, words in (("value_at_risk_95_usd", "value at risk"), ("net_usd", "net exposure"), ("cash_usd", "cash")):
        yield f"{words} from {money(figures[name]['before'])} to {money(figures[name]['after'])}"


def _explained(data: Data) -> Iterator[str]:
    yield f"{data['title']}: {money(data['value_usd'])}."
    yield f"It is the {data['formula']} ({data['literature']})."
    yield f"From {data['window']['used']} sessions since {day(data['window']['from'])}."


def _made(dollars: float) -> str:
    return f"{'made' if dollars >= 0 else 'lost'} {money(abs(dollars))}"


def _would(dollars: float) -> str:
    return f"would {'gain' if dollars >= 0 else 'lose'} {money(abs(dollars))}"


def _figures(value: Any, label: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        name = str(value.get("symbol") or value.get("name") or "")
        for key, inner in value.items():
            yield from _figures(inner, " ".join(filter(None, [label, name, str(key).replace("_", " ")])))
    elif isinstance(value, list):
        for inner in value[:3]:
            yield from _figures(inner, label)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield label, f"{value:,}"


READERS: Mapping[str, Callable[[Data], Iterator[str]]] = {
    "get_analytics_overview": _overview,
    "get_daily_movers": _movers,
    "get_portfolio_complete": _complete,
    "get_stress_test_results": _stress,
    "get_extreme_scenarios": _extremes,
    "get_risk_spread": _spread,
    "get_risk_analysis": _risk,
    "get_factor_exposures": _factors,
    "get_sector_exposure": _sectors,
    "get_concentration_metrics": _concentration,
    "get_volatility_analysis": _volatility,
    "get_correlation_matrix": _correlation,
    "get_performance": _performance,
    "get_target_prices": _targets,
    "get_market_overview": _market,
    "get_company_profile": _company,
    "run_what_if": _plan,
    "explain_number": _explained,
}
