"""What the target prices of a holding mean at its newest mark: returns, dollars, weight and what it adds to the book."""

from __future__ import annotations

from analytics.services.measure import TARGETS, Kind, Measure

# The book's net asset value of the session, and the row of the target that `of` names.
OF_TARGET = (
    "JOIN (VALUES (%(of)s)) AS k (name) ON k.name = t.symbol || ' ' || t.position_type "
    "LEFT JOIN portfolio_snapshots AS s ON s.portfolio_id = t.portfolio_id AND s.snapshot_date = %(session)s"
)
QUANTITY = """(
    SELECT sum(p.quantity) FROM positions AS p
    WHERE p.portfolio_id = t.portfolio_id AND p.symbol = t.symbol AND p.position_type = t.position_type
      AND p.deleted_at IS NULL AND p.exit_date IS NULL
)"""
NOT_HELD = f"{QUANTITY} IS NULL"
MARK = {"quantity": QUANTITY, "current_price": "t.current_price", "price_updated_at": "t.price_updated_at"}
EQUITY = MARK | {"net_asset_value": "s.net_asset_value", "position_weight_pct": "t.position_weight"}
# No night has valued it yet where none of these is so; `why_missing` says that.
NO_WEIGHT = f"WHEN {NOT_HELD} THEN 'not_held' WHEN s.net_asset_value <= 0 THEN 'invalid_equity'"
TOO_LARGE = """WHEN t.position_weight IS NOT NULL
    AND (t.expected_return_eoy IS NULL OR abs(t.target_upside_eoy_value) >= 9999 * s.net_asset_value) THEN 'beyond_what_is_stored'"""


def _measure(title: str, unit: str, column: str, formula: str, reasons: str, facts: dict[str, str]) -> Measure:
    """reasons : branches of a CASE, for where there is none."""
    return Measure(
        title, unit, TARGETS, f"t.{column}", TARGETS, formula, of=Kind.TARGET, join=OF_TARGET,
        reason=f"CASE WHEN t.{column} IS NOT NULL THEN NULL {reasons} END", facts=facts,
    )  # fmt: skip


def _return(title: str, column: str, target: str) -> Measure:
    return _measure(
        title, "percent", column, "100 x (target / price - 1), the other way round for shorts, calls and puts sold",
        f"WHEN t.{target} IS NULL THEN 'no_target_price' ELSE 'beyond_what_is_stored'", MARK | {"target_price": f"t.{target}"},
    )  # fmt: skip


def _dollars(title: str, column: str, target: str, implied: str) -> Measure:
    """implied : column of the return, which is missing too where they are too large."""
    return _measure(
        title, "usd", column, "signed quantity x multiplier x (target - price), all open lots of the holding",
        f"WHEN t.{target} IS NULL THEN 'no_target_price' WHEN {NOT_HELD} THEN 'not_held' "
        f"WHEN t.{implied} IS NULL THEN 'beyond_what_is_stored'",
        MARK | {"target_price": f"t.{target}"},
    )  # fmt: skip


OF_TARGETS = {
    "position_target_return_eoy": _return(
        "Expected return of a holding by its target for the end of the year", "expected_return_eoy", "target_price_eoy",
    ),
    "position_target_return_next_year": _return(
        "Expected return of a holding by its target for next year", "expected_return_next_year", "target_price_next_year",
    ),
    "position_target_return_downside": _return(
        "Expected return of a holding by its downside target", "downside_return", "downside_target_price",
    ),
    "position_target_dollars_eoy": _dollars(
        "What a holding makes at its target for the end of the year", "target_upside_eoy_value", "target_price_eoy", "expected_return_eoy",
    ),
    "position_target_dollars_next_year": _dollars(
        "What a holding makes at its target for next year", "target_upside_next_year_value", "target_price_next_year",
        "expected_return_next_year",
    ),
    "position_target_dollars_downside": _dollars(
        "What a holding makes at its downside target", "target_downside_value", "downside_target_price", "downside_return",
    ),
    "position_target_weight": _measure(
        "Share of a holding with a target", "percent", "position_weight",
        "100 x |quantity x multiplier x price| / net asset value of the session, all open lots of the holding",
        NO_WEIGHT, EQUITY,
    ),
    "position_target_return_contribution": _measure(
        "What a holding's target for the end of the year adds to the return of the book", "fraction", "contribution_to_portfolio_return",
        "what the holding makes at its target for the end of the year / net asset value of the session",
        f"WHEN t.target_price_eoy IS NULL THEN 'no_target_price' {NO_WEIGHT} {TOO_LARGE}",
        EQUITY | {"dollars": "t.target_upside_eoy_value", "target_price": "t.target_price_eoy"},
    ),
    "position_target_risk_contribution": _measure(
        "What a holding with a target adds to the risk of the book", "fraction", "contribution_to_portfolio_risk",
        "weight x realised volatility of 63 sessions x market beta of the symbol (symbol_realized_volatility_63d, symbol_market_beta), "
        "those of the underlying for options",
        f"{NO_WEIGHT} WHEN t.position_weight IS NOT NULL THEN 'insufficient_data'", EQUITY,
    ),
}  # fmt: skip
