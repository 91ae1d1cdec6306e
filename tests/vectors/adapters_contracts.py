"""Vectors 01 to 05 and 19: options."""

from __future__ import annotations

from typing import Any

import numpy as np

from analytics.engines.american import american_option
from analytics.engines.greeks import (
    CONTRACT_MULTIPLIER,
    STATUS_NAMES,
    InversionStatus,
    OptionValues,
    ValueStatus,
    black_scholes,
    implied_volatility,
    price_only,
    value_contracts,
)
from analytics.engines.position_greeks import scale_to_positions, taylor_change
from tests.vectors.registry import produces

FIELDS = {
    "price": "price", "delta": "delta", "gamma": "gamma", "vega": "vega_per_1pct", "theta": "theta_per_calendar_day",
    "rho": "rho_per_1pct", "dividend_rho": "dividend_rho_per_1pct",
}  # fmt: skip
SIGNS = {"call": 1.0, "put": -1.0, "LC": 1.0, "SC": 1.0, "LP": -1.0, "SP": -1.0}


def column(contracts: list[dict[str, Any]], key: str) -> np.ndarray:
    return np.array([np.nan if c.get(key) is None else c[key] for c in contracts], dtype=np.float64)


def signs(contracts: list[dict[str, Any]], key: str = "option_type") -> np.ndarray:
    return np.array([SIGNS.get(c.get(key), 0.0) for c in contracts])


def terms(contracts: list[dict[str, Any]]) -> tuple[np.ndarray, ...]:
    return tuple(
        column(contracts, k) for k in ("spot", "strike", "days_to_expiry", "volatility", "rate_cc", "dividend_yield_cc")
    )


@produces("01_black_scholes_greeks")
def greeks(inputs: dict[str, Any]) -> dict[str, Any]:
    contracts = inputs["contracts"]
    s, k, d, v, r, q = terms(contracts)
    values = black_scholes(s, k, d / 365, v, r, q, signs(contracts))
    return {
        "contracts": {
            c["id"]: {"exact": {label: getattr(values, name)[i] for name, label in FIELDS.items()}}
            for i, c in enumerate(contracts)
        }
    }


@produces("02_black_scholes_edge_cases")
def edge_cases(inputs: dict[str, Any]) -> dict[str, Any]:
    contracts = inputs["contracts"]
    values, status = value_contracts(*terms(contracts), signs(contracts))
    return {
        "contracts": {
            c["id"]: {"status": STATUS_NAMES[ValueStatus(status[i])]}
            | {label: float(getattr(values, name)[i]) for name, label in FIELDS.items()}
            for i, c in enumerate(contracts)
        }
    }


@produces("03_implied_volatility")
def inversion(inputs: dict[str, Any]) -> dict[str, Any]:
    contracts = inputs["contracts"]
    s, k, d, _, r, q = terms(contracts)
    volatility, status = implied_volatility(column(contracts, "price"), s, k, d, r, q, signs(contracts))
    return {
        "contracts": {
            c["id"]: {"status": InversionStatus(status[i]).name.lower(), "implied_volatility": float(volatility[i])}
            for i, c in enumerate(contracts)
        }
    }


@produces("04_american_options")
def american(inputs: dict[str, Any]) -> dict[str, Any]:
    contracts = inputs["contracts"]
    values = american_option(*terms(contracts), signs(contracts))
    names = ("price", "delta", "gamma", "early_exercise_premium")
    return {"contracts": {c["id"]: {name: getattr(values, name)[i] for name in names} for i, c in enumerate(contracts)}}


@produces("05_position_greeks_scaling")
def scaling(inputs: dict[str, Any]) -> dict[str, Any]:
    result = {}
    for p in inputs["positions"]:
        option = p["position_type"] in SIGNS
        if option:
            s, k, d, v, r, q = terms([p])
            unit = black_scholes(s, k, d / 365, v, r, q, signs([p], "position_type"))
        else:
            unit = OptionValues(*(np.array([x]) for x in (p["spot"], 1.0, 0.0, 0.0, 0.0, 0.0, 0.0)))
        scaled = scale_to_positions(unit, p["quantity"], p["multiplier"], p["spot"])
        names = ("delta", "gamma", "theta", "vega", "rho")
        result[p["id"]] = {
            "unit": {n: getattr(unit, n)[0] for n in names},
            "stored": {n: getattr(scaled, n)[0] for n in names} if option else None,
            "shares_equivalent": scaled.shares_equivalent[0],
            "delta_dollars": scaled.delta_dollars[0],
            "gamma_dollars_per_1pct": scaled.gamma_dollars[0],
            "gamma_dollars_unscaled": scaled.gamma_dollars[0] * CONTRACT_MULTIPLIER,
            "theta_dollars_per_day": scaled.theta_dollars[0],
            "vega_dollars_per_1pct": scaled.vega_dollars[0],
            "rho_dollars_per_1pct": scaled.rho_dollars[0],
        }
    dollars = (
        "delta_dollars",
        "gamma_dollars_per_1pct",
        "theta_dollars_per_day",
        "vega_dollars_per_1pct",
        "rho_dollars_per_1pct",
    )
    return {"positions": result, "portfolio": {name: sum(p[name] for p in result.values()) for name in dollars}}


@produces("19_option_stress_repricing")
def repricing(inputs: dict[str, Any]) -> dict[str, Any]:
    shocks = [(name, *(float(part.lstrip("spotvlrae")) for part in name.split("_"))) for name in SCENARIOS]
    result = {}
    for c in inputs["contracts"]:
        s, k, d, v, r, q = (x[0] for x in terms([c]))
        sign = SIGNS[c["option_type"]]
        base = black_scholes(s, k, d / 365, v, r, q, sign)
        scenarios = {}
        for name, spot, vol, rate in shocks:
            full = price_only(s * (1 + spot), k, d / 365, v + vol, r + rate, q, sign) - base.price
            approximations = taylor_change(base, s, spot, vol, rate)
            scenarios[name] = {
                "spot_shock": spot,
                "vol_shock": vol,
                "rate_shock": rate,
                "full_reprice": float(full),
            } | approximations
        result[c["id"]] = {
            "base": {
                "price": float(base.price), "delta": float(base.delta), "gamma": float(base.gamma), "vega": 100 * float(base.vega),
                "rho": 100 * float(base.rho),
            },
            "scenarios": scenarios,
        }  # fmt: skip
    return {"contracts": result}


SCENARIOS = tuple(
    f"spot{s}_vol{v}_rate{r}"
    for s, v, r in (
        ("-0.05", "+0.00", "+0.000"), ("-0.10", "+0.00", "+0.000"), ("-0.20", "+0.00", "+0.000"), ("-0.35", "+0.00", "+0.000"),
        ("+0.10", "+0.00", "+0.000"), ("+0.25", "+0.00", "+0.000"), ("-0.10", "+0.10", "+0.000"), ("-0.20", "+0.20", "+0.000"),
        ("-0.35", "+0.40", "+0.000"), ("+0.00", "+0.15", "+0.000"), ("+0.00", "+0.00", "+0.010"), ("-0.20", "+0.20", "-0.010"),
    )
)  # fmt: skip
