"""Whether the endpoints say the same of one portfolio, and whether what should add up does."""

from __future__ import annotations

from django.db.models import F

from analytics.audits.comparisons import (
    CENT,
    EXPLAINED,
    FOUR,
    HUNDREDTH,
    MILLIONTH,
    NO_ANSWERS,
    PERCENT,
    Comparisons,
    Place,
    added,
    times,
    total,
)
from analytics.audits.endpoints import DETAILS, WHAT_IF, Answers
from portfolios.models import Portfolio, PortfolioSnapshot
from sigmasight.core.audits import Check, Nothing, check

OVERVIEW, SECTORS, CONCENTRATION = "portfolio-overview", "portfolio-sector-exposure", "portfolio-concentration"
RISK, METRICS, STRESS, FACTORS = "portfolio-risk", "portfolio-risk-metrics", "stress-test", "factor-exposures"
SNAPSHOT, PERFORMANCE, VOLATILITY = "portfolio-snapshot", "portfolio-performance", "portfolio-volatility"
MATRIX, SCORE = "correlation-matrix", "diversification-score"
VALUE: Place = (OVERVIEW, "net_asset_value")
NET: Place = (OVERVIEW, "exposures", "net_exposure")
LOTS: Place = (OVERVIEW, "position_count", "total_positions")
BETA: Place = ("portfolio-beta-calculated-90d", "data", "beta_calculated_90d")
BEFORE = (WHAT_IF, "data", "before")
CHANGED = Nothing(
    "its lots were changed after the results, figures of both stand side by side", "Run the batch: manage.py run_batch"
)
# What is said of one figure at two places, and how near the two must be.
PAIRS: tuple[tuple[str, Place, Place, float], ...] = (
    ("beta and market beta", BETA, ("portfolio-market-beta", "data", "market_beta_weighted"), FOUR),
    ("beta and that of the risk metrics", BETA, (METRICS, "risk_metrics", "portfolio_beta"), FOUR),
    ("beta and that of the snapshot", BETA, (SNAPSHOT, "beta_calculated_90d"), FOUR),
    ("beta and its explanation", BETA, (EXPLAINED, "market_beta"), FOUR),
    ("beta and the explained exposure to the market", BETA, (EXPLAINED, "factor_exposure"), FOUR),
    ("value under stress before the shock and net asset value", (STRESS, "data", "portfolio_value"), VALUE, CENT),
    ("value and its explanation", VALUE, (EXPLAINED, "net_asset_value"), CENT),
    ("net exposure and its explanation", NET, (EXPLAINED, "net_exposure"), CENT),
    ("gross exposure and its explanation", (OVERVIEW, "exposures", "gross_exposure"), (EXPLAINED, "gross_exposure"), CENT),
    ("long exposure and its explanation", (OVERVIEW, "exposures", "long_exposure"), (EXPLAINED, "long_value"), CENT),
    ("short exposure and its explanation", (OVERVIEW, "exposures", "short_exposure"), (EXPLAINED, "short_value"), CENT),
    ("cash and its explanation", (OVERVIEW, "cash_balance"), (EXPLAINED, "cash"), CENT),
    ("P&L since the beginning and its explanation", (OVERVIEW, "pnl", "cumulative_pnl"), (EXPLAINED, "cumulative_pnl"), CENT),
    ("P&L of the day and its explanation", (SNAPSHOT, "daily_pnl"), (EXPLAINED, "daily_pnl"), CENT),
    ("HHI and its explanation", (CONCENTRATION, "data", "hhi"), (EXPLAINED, "hhi"), FOUR),
    ("number of lots and of the complete portfolio", LOTS, ("portfolio-complete", "portfolio", "position_count"), 0),
    ("number of lots and in the list of the largest", LOTS, ("top-positions", "total_positions"), 0),
    ("number of lots and in the list of lots", LOTS, (DETAILS, "summary", "total_positions"), 0),
    ("number of lots and of the concentration", LOTS, (CONCENTRATION, "data", "total_positions"), 0),
    ("gross exposure before a trade", (*BEFORE, "gross"), (OVERVIEW, "exposures", "gross_exposure"), CENT),
    ("net exposure before a trade", (*BEFORE, "net"), NET, CENT),
    ("value at risk before a trade", (*BEFORE, "value_at_risk_95"), (METRICS, "risk_metrics", "var_95_1d"), CENT),
    ("portfolio correlation and its explanation", (SCORE, "portfolio_correlation"), (EXPLAINED, "portfolio_correlation"), MILLIONTH),
    *(
        (f"{name.replace('_', ' ')} and its explanation", (VOLATILITY, "data", name), (EXPLAINED, name), FOUR)
        for name in ("realized_volatility_21d", "realized_volatility_63d", "expected_volatility_21d")
    ),
    *(
        (f"{name.replace('_', ' ')} and its explanation", (METRICS, "risk_metrics", name), (EXPLAINED, name), CENT)
        for name in ("var_95_1d", "es_95_1d", "var_99_1d", "es_99_1d")
    ),
)  # fmt: skip
# What the night stored, and where it is answered.
STORED: tuple[tuple[str, Place, float], ...] = (
    ("net_asset_value", VALUE, CENT),
    ("net_exposure", NET, CENT),
    ("daily_pnl", (SNAPSHOT, "daily_pnl"), CENT),
    ("hhi", (CONCENTRATION, "data", "hhi"), FOUR),
    ("realized_volatility_21d", (VOLATILITY, "data", "realized_volatility_21d"), FOUR),
    ("beta_calculated_90d", BETA, FOUR),
)


def check_agreement(book: Portfolio, said: Answers) -> Check:
    """Cross-checks between the endpoints of a portfolio, and with its stored snapshot."""
    name = f"Agreement of {book.account_name}"
    if book.dirty_from is not None:
        return check(name, {"comparisons": 0}, [], nothing=CHANGED)
    found = Comparisons(book.account_name, f"session {book.results_as_of}", said)
    for what, one, other, within in PAIRS:
        found.agree(what, one, other, within)
    for compare in (
        _exposures,
        _lots,
        _sectors,
        _concentration,
        _factors,
        _tails,
        _stress,
        _performance,
        _correlations,
        _trade,
    ):
        compare(said, found)
    snapshots = PortfolioSnapshot.objects.filter(portfolio=book)
    _stored(found, snapshots.filter(snapshot_date=F("portfolio__results_as_of")).first())
    return check(name, {"comparisons": found.count}, found.findings, nothing=NO_ANSWERS)


def _stored(found: Comparisons, snapshot: PortfolioSnapshot | None) -> None:
    found.holds("there is no snapshot of the session the results are of", snapshot is not None)
    for column, place, within in STORED:
        stored = getattr(snapshot, column, None)
        if snapshot is not None and found.said.of[place[0]].available:
            found.same(
                f"{column.replace('_', ' ')} as answered and as stored", found.figure(place),
                None if stored is None else float(stored), within,
            )  # fmt: skip


def _exposures(said: Answers, found: Comparisons) -> None:
    def of(*path: str) -> float | None:
        return said.number(OVERVIEW, *path)

    value = of("net_asset_value")
    long, short, gross, net = (of("exposures", f"{name}_exposure") for name in ("long", "short", "gross", "net"))
    found.same("long plus short and net exposure", added(long, short), net, CENT)
    found.same("long less short and gross exposure", added(long, times(short, -1)), gross, CENT)
    found.same("cash plus net exposure and net asset value", added(of("cash_balance"), net), value, CENT)
    realized = added(of("pnl", "unrealized_pnl"), of("pnl", "realized_pnl"))
    found.same("unrealised plus realised and total P&L", realized, of("pnl", "total_pnl"), CENT)
    counts = [of("position_count", f"{name}_count") for name in ("long", "short", "option")]
    found.same("long, short and option lots and all lots", added(*counts), found.figure(LOTS), 0)
    if value and value > 0:
        for name, dollars in (("long", long), ("gross", gross), ("net", net)):
            percent = of("exposures", f"{name}_percentage")
            found.same(f"{name} exposure in percent and in dollars", percent, times(dollars, 100 / value), PERCENT)
        found.same("leverage and gross exposure over equity", of("leverage"), times(gross, 1 / value), HUNDREDTH)


def _lots(said: Answers, found: Comparisons) -> None:
    few = CENT + 0.005 * (found.figure(LOTS) or 0)
    lots = said.get("portfolio-complete", "holdings") or []
    if lots:
        found.same(
            "market value of the lots and net exposure",
            total(lot["market_value"] for lot in lots),
            found.figure(NET),
            few,
        )
    found.agree(
        "market value of the list of lots and net exposure", (DETAILS, "summary", "total_market_value"), NET, few
    )
    found.agree(
        "unrealised P&L of the list of lots and of the overview", (DETAILS, "summary", "total_unrealized_pnl"),
        (OVERVIEW, "pnl", "unrealized_pnl"), few,
    )  # fmt: skip


def _sectors(said: Answers, found: Comparisons) -> None:
    data, value = said.get(SECTORS, "data") or {}, found.figure(VALUE)
    if not data.get("portfolio_weights") or not value:
        return
    weights, benchmark = data["portfolio_weights"], data["benchmark_weights"]
    within = CENT + abs(value) * 5e-7 * (len(weights) + 1)
    gross = said.number(OVERVIEW, "exposures", "gross_exposure")
    found.same("sector weights and gross exposure", times(total(weights.values()), value), gross, within)
    found.same(
        "net sector weights and net exposure",
        times(total(data["net_weights"].values()), value),
        found.figure(NET),
        within,
    )
    found.same("sector weights of the benchmark and one", total(benchmark.values()), 1.0, 0.01)
    found.same("lots by sector and all lots", total(data["positions_by_sector"].values()), found.figure(LOTS), 0)
    for sector, distance in data["over_underweight"].items():
        apart = weights.get(sector, 0.0) - benchmark.get(sector, 0.0)
        found.same(f"{sector}: distance from the benchmark", distance, apart, MILLIONTH)


def _concentration(said: Answers, found: Comparisons) -> None:
    data = said.get(CONCENTRATION, "data") or {}
    if data.get("hhi"):
        number = data["effective_num_positions"]
        found.same("effective number of positions and 10,000 over HHI", number, 10_000 / data["hhi"], HUNDREDTH)
        largest = data["top_3_concentration"] <= data["top_10_concentration"] + MILLIONTH <= 1 + 2 * MILLIONTH
        found.holds("the three largest positions weigh at most what the ten largest do", largest)


def _factors(said: Answers, found: Comparisons) -> None:
    value = found.figure(VALUE)
    factors = {one["name"]: one for one in said.get(FACTORS, "factors") or []}
    for name, place in (
        ("Market Beta (90D)", BETA),
        ("Provider Beta (1Y)", ("portfolio-beta-provider-1y", "data", "beta_provider_1y")),
    ):
        if name in factors:
            found.same(f"{name} as a factor and as a beta", factors[name]["beta"], found.figure(place), FOUR)
    # Without positive equity dollars are known and betas are not.
    for name, one in factors.items() if value and value > 0 else ():
        dollars = times(one["beta"], value)
        found.same(
            f"{name}: dollars and beta times equity", one["exposure_dollar"], dollars, CENT + abs(value or 0) * 1e-6
        )
    styles = {one["name"]: one["beta"] for one in said.get(FACTORS, "style_exposures") or []}
    for name, loading in (said.get(RISK, "data", "variance", "styles") or {}).items():
        found.same(f"{name}: style exposure and style of the variance parts", styles.get(name), loading, MILLIONTH)
    betas = {one["symbol"]: one["calculated_beta"] for one in said.get("portfolio-beta-comparison", "positions") or []}
    for lot in said.get("position-factor-exposures", "positions") or []:
        if betas.get(lot["symbol"]) is not None:
            own = lot["exposures"].get("Market Beta (90D)")
            found.same(f"{lot['symbol']}: beta in both lists of lots", betas[lot["symbol"]], own, FOUR)


def _tails(said: Answers, found: Comparisons) -> None:
    value, data = found.figure(VALUE), said.get(RISK, "data") or {}
    for one in data.get("value_at_risk", ()):
        name = f"{one['method']} value at risk of {one['horizon']} sessions at {one['confidence']:.0%}"
        if one["value_at_risk"] is None:
            continue
        found.holds(
            f"{name}: the shortfall is at least as large", one["expected_shortfall"] >= one["value_at_risk"] - CENT
        )
        if value and value > 0:
            found.same(f"{name}: share of equity", one["share_of_equity"], one["value_at_risk"] / value, MILLIONTH)
        if one["method"] == "historical" and one["horizon"] == 1:
            figure = said.number(METRICS, "risk_metrics", f"var_{one['confidence'] * 100:.0f}_1d")
            found.same(f"{name}: as in the risk metrics", one["value_at_risk"], figure, CENT)
    parts = data.get("contributions", ())
    if parts:
        few = CENT + 0.006 * len(parts)
        headline = said.number(METRICS, "risk_metrics", "var_95_1d")
        found.same(
            "contributions to value at risk and the whole", total(one["component_var"] for one in parts), headline, few
        )
        moves = total(one["component_volatility"] for one in parts)
        found.same(
            "contributions to volatility and the whole", moves, said.number(RISK, "data", "daily_volatility"), few
        )
    shares = [said.number(RISK, "data", "variance", f"{name}_share") for name in ("factor", "specific")]
    if None not in shares:
        found.same("factor and specific share of variance and one", added(*shares), 1.0, MILLIONTH)


def _stress(said: Answers, found: Comparisons) -> None:
    value = found.figure(VALUE)
    for one in said.get(STRESS, "data", "scenarios") or []:
        impact, name = one["impact"], one["name"]
        loss = impact["dollar_impact"]
        if value and value > 0:
            found.same(f"{name}: percent of equity", impact["percentage_impact"], 100 * loss / value, 1e-5)
            found.same(f"{name}: value after", impact["new_portfolio_value"], value + loss, CENT)
            found.holds(f"{name}: whether the loss exceeds equity", one["loss_exceeds_equity"] == (loss < -value))
        if one["id"] == "market_down_10":
            found.same(f"{name}: impact and its explanation", loss, found.figure((EXPLAINED, "stress_pnl")), CENT)
        if said.of[WHAT_IF].available:
            found.same(f"{name}: before a trade", found.figure((*BEFORE, "stress", one["id"])), loss, 1.0)


def _performance(said: Answers, found: Comparisons) -> None:
    data = said.get(PERFORMANCE, "data") or {}
    parts, periods = data.get("attribution", ()), {one["name"]: one["pnl"] for one in data.get("periods", ())}
    if parts:
        found.same(
            "P&L by symbol and of the window",
            total(one["pnl"] for one in parts),
            data["pnl"],
            CENT + 0.006 * len(parts),
        )
    if "1d" in periods:
        found.same("P&L of the day and of the snapshot", periods["1d"], said.number(SNAPSHOT, "daily_pnl"), CENT)
    if "mtd" in periods:
        found.same(
            "P&L of the month and of the overview", periods["mtd"], said.number(OVERVIEW, "pnl", "mtd_pnl"), CENT
        )
    if data.get("values"):
        found.same(
            "last value of the series and net asset value",
            data["values"][-1]["net_asset_value"],
            found.figure(VALUE),
            CENT,
        )


def _correlations(said: Answers, found: Comparisons) -> None:
    matrix = said.get(MATRIX, "data", "matrix") or {}
    for one, row in matrix.items():
        found.same(f"correlation of {one} with itself", row.get(one), 1.0, MILLIONTH)
        for other, value in row.items():
            if one < other and value is not None:
                back = matrix.get(other, {}).get(one)
                found.same(f"correlation of {one} with {other}, both ways", value, back, MILLIONTH)
                found.holds(f"correlation of {one} with {other} is {value}, beyond one", abs(value) <= 1)
    correlation = said.number(SCORE, "portfolio_correlation")
    score = None if correlation is None else 100 * (1 - correlation)
    found.same(
        "diversification score and portfolio correlation", said.number(SCORE, "diversification_score"), score, 0.0011
    )
    if said.number(MATRIX, "metadata", "symbols_included") == said.number(SCORE, "symbols_included"):
        average = (MATRIX, "data", "average_correlation")
        found.agree("average of the matrix and its explanation", average, (EXPLAINED, "overall_correlation"), MILLIONTH)


def _trade(said: Answers, found: Comparisons) -> None:
    """A share more that is only thought of is paid from cash."""
    paid = said.number(WHAT_IF, "data", "trades", 0, "dollars")
    left = added(found.figure((*BEFORE, "cash")), times(paid, -1))
    found.same("cash after a purchase", said.number(WHAT_IF, "data", "after", "cash"), left, CENT)
