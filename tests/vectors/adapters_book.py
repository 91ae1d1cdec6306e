"""Vectors 12, 16, 22 and 25: concentration, factor aggregation, exposures, sectors."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from analytics.engines.aggregation import factor_exposures, net_by_symbol
from analytics.engines.concentration import STATUS_NAMES, Concentration, ConcentrationStatus, concentration
from analytics.engines.exposure import delta_dollars, exposures, market_values, percentages, ratios, true_notional
from analytics.engines.sector import active_weights, newest_set, sector_dollars, sector_label
from tests.vectors.reader import DIRECTORY
from tests.vectors.registry import produces

OPTIONS = ("LC", "LP", "SC", "SP")


def _codes(names: list[str]) -> tuple[list[str], np.ndarray]:
    order = sorted(set(names))
    return order, np.array([order.index(n) for n in names], dtype=np.int64)


def _concentrated(c: Concentration) -> dict[str, Any]:
    status = ConcentrationStatus(c.status[0])
    if status != ConcentrationStatus.OK:
        return {"status": STATUS_NAMES[status]}
    return {
        "status": STATUS_NAMES[status], "hhi": c.hhi[0], "effective_num_positions": c.effective_number[0],
        "top_1_concentration": c.top_1[0], "top_3_concentration": c.top_3[0],
        "top_10_concentration": c.top_10[0], "entropy_effective_num": c.entropy_number[0],
        "unique_symbols": int(c.unique_symbols[0]),
    }  # fmt: skip


@produces("12_concentration")
def concentrations(inputs: dict[str, Any]) -> dict[str, Any]:
    result = {}
    for name, lots in inputs["books"].items():
        values = np.array([float(lot["market_value"]) for lot in lots])
        _, symbol = _codes([lot["symbol"] for lot in lots])
        book = np.zeros(len(lots), dtype=np.int64)
        whole = concentration(values, book, symbol, 1)
        result[name] = _concentrated(whole) | {
            "total_positions": int(whole.positions[0]),
            "net_by_symbol": _concentrated(concentration(values, book, symbol, 1, net=True)),
        }
    return result


def _lots(positions: list[dict[str, Any]]) -> dict[str, np.ndarray]:
    number = lambda key, default=None: np.array([float(p.get(key) or p.get(default) or "nan") for p in positions])  # noqa: E731
    option = np.array([p["position_type"] in OPTIONS for p in positions])
    multiplier = np.where(option, 100.0, 1.0)
    quantity, price, entry = number("quantity"), number("last_price", "entry_price"), number("entry_price")
    value = market_values(quantity, price, multiplier)
    underlying, delta = number("underlying_price"), number("delta")
    dollars = np.where(option, delta_dollars(quantity, multiplier, delta, underlying), value)
    return {
        "option": option, "value": value, "entry": market_values(quantity, entry, multiplier), "dollars": dollars,
        "notional": true_notional(quantity, multiplier, price, underlying, option),
    }  # fmt: skip


def _exposed(values: np.ndarray) -> dict[str, Any]:
    e = exposures(values, np.zeros(len(values), dtype=np.int64), 1)
    return {
        "long_exposure": e.long[0], "short_exposure": e.short[0], "gross_exposure": e.gross[0], "net_exposure": e.net[0],
        "long_count": int(e.long_count[0]), "short_count": int(e.short_count[0]), "position_count": int(e.lot_count[0]),
    }  # fmt: skip


@produces("22_exposures_mixed_book")
def mixed_book(inputs: dict[str, Any]) -> dict[str, Any]:
    positions, equity = inputs["positions"], float(inputs["equity"])
    lots = _lots(positions)
    option, value, dollars = lots["option"], lots["value"], lots["dollars"]
    book = np.zeros(len(positions), dtype=np.int64)
    market = exposures(value, book, 1)
    share = ratios(market, np.array([equity]))
    by_delta = ratios(exposures(dollars, book, 1), np.array([equity]))
    labels = [
        sector_label(p.get("sector"), is_fund=bool(p.get("is_etf")), apart=p["investment_class"] != "PUBLIC")
        for p in positions
    ]
    names, code = _codes(labels)
    gross, net = sector_dollars(value, book, code, 1, len(names))
    underlyings, place = _codes([p.get("underlying_symbol") or p["symbol"] for p in positions])

    def group(rows: np.ndarray) -> dict[str, Any]:
        return _exposed(value[rows]) | {"delta_adjusted_net": exposures(dollars[rows], book[rows], 1).net[0]}

    tags = sorted({tag for p in positions for tag in p["tags"]})
    return {
        "market_value_basis": _exposed(value)
        | {
            "options_exposure": exposures(value[option], book[option], 1).gross[0],
            "stock_exposure": exposures(value[~option], book[~option], 1).gross[0],
        },
        "entry_value_basis": _exposed(lots["entry"]),
        "delta_adjusted_basis": _exposed(dollars),
        "true_notional": lots["notional"].sum(),
        "unrealized_pnl": (value - lots["entry"]).sum(),
        "equity": equity,
        "cash_balance": share.cash[0],
        "leverage_gross": share.leverage[0],
        "leverage_delta_adjusted": by_delta.leverage[0],
        "net_leverage": share.net_leverage[0],
        "percentages_of_equity": {
            "long": percentages(share.long)[0], "short": percentages(share.short)[0], "gross": percentages(share.leverage)[0],
            "net": percentages(share.net_leverage)[0],
        },
        "per_position": {
            p["id"]: {
                "market_value": value[i], "entry_value": lots["entry"][i], "delta_adjusted": dollars[i], "notional": lots["notional"][i],
                "unrealized_pnl": value[i] - lots["entry"][i],
            }
            for i, p in enumerate(positions)
        },
        "by_sector": {
            name: {
                "gross": gross[0, s], "net": net[0, s], "positions": labels.count(name), "weight_of_equity_gross": gross[0, s] / equity,
                "weight_of_equity_net": net[0, s] / equity,
            }
            for s, name in enumerate(names)
        },
        "by_tag": {tag: group(np.array([tag in p["tags"] for p in positions])) for tag in tags},
        "by_underlying": {
            name: group(place == u) | {"stock_count": int((~option[place == u]).sum()), "option_count": int(option[place == u].sum())}
            for u, name in enumerate(underlyings)
        },
    }  # fmt: skip


@produces("16_factor_aggregation")
def aggregation(inputs: dict[str, Any]) -> dict[str, Any]:
    book = json.loads((DIRECTORY / f"{inputs['book']}.json").read_text())["inputs"]["positions"]
    dollars = _lots(book)["dollars"]
    names = list(inputs["symbol_betas"])
    factors = list(next(iter(inputs["symbol_betas"].values())))
    betas = np.array([[inputs["symbol_betas"][s][f] for f in factors] for s in names])
    symbol = np.array(
        [names.index(s) if (s := p.get("underlying_symbol") or p["symbol"]) in names else -1 for p in book]
    )
    held = net_by_symbol(dollars, np.zeros(len(book), dtype=np.int64), symbol, 1, len(names))
    equity = np.array([float(inputs["equity"])])
    apart = np.abs(dollars[symbol < 0]).sum()
    result = factor_exposures(held, betas, equity, uncovered=np.array([apart]))
    weights = held[0] / equity[0]
    return {
        "portfolio_betas": dict(zip(factors, result.value[0], strict=True)),
        "portfolio_dollar_exposures": dict(zip(factors, result.dollar[0], strict=True)),
        "weights_delta_adjusted": dict(zip(names, weights, strict=True)),
        "position_contributions": {
            s: dict(zip(factors, weights[i] * betas[i], strict=True)) for i, s in enumerate(names)
        },
        "coverage": {
            "gross_delta_exposure_with_betas": result.coverage[0, 0] * (np.abs(held).sum() + apart),
            "uncovered": [p["symbol"] for p, s in zip(book, symbol, strict=True) if s < 0],
        },
    }


@produces("25_sector_exposure")
def sectors(inputs: dict[str, Any]) -> dict[str, Any]:
    rows = inputs["benchmark_rows"]
    used = newest_set([r["asof_date"] for r in rows], inputs["valuation_date"])
    benchmark = {r["sector"]: r["weight"] for r in rows if r["asof_date"] == used}
    weights = {name: gross / inputs["equity"] for name, gross in inputs["sector_gross"].items() if gross}
    active = active_weights(weights, benchmark)
    return {
        "benchmark_used": {"asof_date": used, "weights": benchmark},
        "portfolio_weights": weights,
        "over_underweight": active.over_underweight,
        "largest_overweight": active.largest_overweight,
        "largest_underweight": active.largest_underweight,
    }
