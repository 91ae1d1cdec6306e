"""The sections of a factsheet about what may be lost and why: factors, scenarios, value at risk, correlations."""

from __future__ import annotations

from analytics.report import pictures
from analytics.report.parts import Rows, Section, first_rows, number, words
from analytics.services.factsheet import Factsheet
from analytics.services.missing import Missing
from analytics.services.reasons import in_words
from analytics.services.value_at_risk import ValueAtRisk
from sigmasight.core.console.charts import usd
from sigmasight.core.templatetags.humane import dollars, grouped, share


def factors(sheet: Factsheet) -> Section:
    title, found = "Factor exposures", sheet.factors
    if isinstance(found, Missing):
        reason = sheet.engines.get("factor_analysis", {}).get("reason")
        return Section("factor_betas", title, sheet.as_of, missing=_sentence(reason) if reason else found.message)
    columns = [
        words("Factor", 1.6),
        number("Beta"),
        number("Dollars per unit of the factor", 1.4),
        number("Coverage"),
    ]
    rows = [[one.name, grouped(one.beta, 3), dollars(one.dollars, 0), share(one.coverage)] for one in found.readings]
    notes = []
    parts = sheet.decomposition
    if parts.factor_share is not None:
        notes.append(
            f"By the joint model of seven factors, {share(parts.factor_share)} of the variance comes from factors and "
            f"{share(parts.specific_share)} from single names ({parts.observations} sessions)."
        )
    if not found.is_complete:
        notes.append(f"{len(found.readings)} of {found.expected} factors could be computed.")
    table = Rows("Factors", columns, rows, metric="factor_exposure", of=[one.name for one in found.readings])
    return Section("factor_betas", title, found.session, [pictures.factor_bars(found)], [table], notes)


def stress(sheet: Factsheet) -> Section:
    title, found = "Stress scenarios", sheet.stress
    if isinstance(found, Missing):
        reason = sheet.engines.get("stress_testing", {}).get("reason")
        return Section("stress_test", title, sheet.as_of, missing=_sentence(reason) if reason else found.message)
    ranked = pictures.by_loss(found.scenarios)
    columns = [
        words("Scenario", 2.4),
        words("Kind"),
        number("P&L"),
        number("Of net asset value"),
        number("Value after"),
    ]
    rows = [[one.name, one.category, usd(one.dollars), f"{one.percent:,.1f} %", usd(one.value_after)] for one in ranked]
    table = Rows("Scenarios", columns, rows, metric="stress_pnl", of=[one.scenario_id for one in ranked])
    notes = []
    if found.coverage is not None and found.coverage < 1:
        notes.append(f"The scenarios reach {share(found.coverage)} of the holdings.")
    if found.skipped:
        notes.append(f"Not formed: {', '.join(found.skipped)}.")
    return Section("stress_test", title, found.session, [pictures.stress_bars(found)], [table], notes)


def value_at_risk(sheet: Factsheet, most: int | None) -> Section:
    title, found = "Contributions to value at risk", sheet.contributions
    if found.reason is not None or found.value_at_risk is None:
        return Section("var_contributions", title, sheet.as_of, missing=_sentence(found.reason))
    columns = [
        words("Position", 1.6), number("Market value"), number("Value at risk"), number("Share"), number("Volatility"),
        number("Share"),
    ]  # fmt: skip
    rows = [
        [
            one.symbol, dollars(one.market_value, 0), dollars(one.component_var, 0), share(one.var_share),
            dollars(one.component_volatility, 0), share(one.volatility_share),
        ]
        for one in found.lots
    ]  # fmt: skip
    shown, note = first_rows(rows, most, "positions, the largest contributions first")
    notes = [
        f"They add up to the value at risk of one session at 95 %, {dollars(float(found.value_at_risk), 0)}, and to the volatility of a "
        f"session, {dollars(found.volatility, 0)}, from {found.observations} sessions. Negative ones protect."
    ]  # fmt: skip
    table = Rows("Contributions", columns, shown, note, "var_contribution", [one.symbol for one in found.lots])
    drawn = [pictures.contribution_bars(sheet)]
    return Section("var_contributions", title, sheet.as_of, drawn, [_tails(sheet.value_at_risk), table], notes)


def _tails(found: ValueAtRisk) -> Rows:
    columns = [
        words("Method", 1.4), number("Sessions", 0.8), number("Confidence", 0.8), number("Value at risk"), number("Of net asset value"),
        number("Expected shortfall"),
    ]  # fmt: skip
    rows = [
        [
            one.method.replace("_", "-"), str(one.horizon), share(one.confidence, 0), dollars(one.value_at_risk, 0),
            share(one.share_of_equity, 2), dollars(one.expected_shortfall, 0),
        ]
        for one in found.tails
    ]  # fmt: skip
    names = [f"{one.method}_{round(100 * one.confidence)}_{one.horizon}d" for one in found.tails]
    return Rows(
        f"Value at risk by method, from {found.observations} sessions", columns, rows, "", "value_at_risk", names
    )


def correlations(sheet: Factsheet) -> Section:
    title, found = "Correlations", sheet.correlations
    if isinstance(found, Missing):
        reason = sheet.engines.get("position_correlations", {}).get("reason")
        return Section("correlation_matrix", title, sheet.as_of, missing=_sentence(reason) if reason else found.message)
    rows = [
        ["Mean size of all pairs", grouped(found.average, 2)], ["Holdings", str(len(found.symbols))],
        ["Pairs with enough sessions", f"{found.coverage_percent:,.1f} % of {found.total_pairs:,}"],
        ["Sessions", str(found.lookback)],
    ]  # fmt: skip
    table = Rows("Correlations", [words("Figure", 1.4), number("Value")], rows)
    return Section("correlation_matrix", title, found.session, [pictures.correlation_map(found)], [table])


def _sentence(reason: str | None) -> str:
    return f"Not computed: {in_words(reason)}."
