"""Symbol-level results read back for the portfolio engines."""

from __future__ import annotations

import datetime as dt
import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.batch.universe import Universe
from analytics.models import FactorCovariance
from sigmasight.core.bulk import read_columns

Floats = NDArray[np.float64]
SLOTS, JOINT = 13, 7


@dataclass(frozen=True)
class SymbolFactors:
    """Betas by factor slot (N, 13), joint loadings raw and shrunk (N, 7), and the daily volatility they leave (N,)."""

    betas: Floats
    joint: Floats
    shrunk: Floats
    residual_volatility: Floats


def load_symbol_factors(
    universe: Universe, first: dt.date, last: dt.date, wanted: NDArray[np.int64]
) -> dict[dt.date, SymbolFactors]:
    """The stored betas of these securities by session, placed in the universe; NaN where there is none.

    Those of a single session are read for all securities and kept in the process for the shards that follow; the key changes
    with every value that is stored anew.
    """
    if first == last:
        return _of_one_session(universe.security.tobytes(), first, _version(first))
    return _read(universe.security, first, last, wanted)


def symbol_factors_of(universe: Universe, session: dt.date) -> SymbolFactors | None:
    """The stored betas of the universe's securities at one session, read anew: for a single book, whose universe is small and its
    own. None if there are none."""
    return _read(universe.security, session, session, universe.security).get(session)


def _version(session: dt.date) -> tuple[int, str]:
    row = read_columns(
        "SELECT count(*) AS rows, coalesce(max(updated_at), 'epoch')::text AS newest FROM symbol_factor_exposures "
        "WHERE calculation_date = %(session)s",
        {"session": session},
    )
    return int(row["rows"][0]), str(row["newest"][0])


@functools.lru_cache(maxsize=1)
def _of_one_session(securities: bytes, session: dt.date, version: tuple[int, str]) -> dict[dt.date, SymbolFactors]:
    ids = np.frombuffer(securities, dtype=np.int64)
    return _read(ids, session, session, ids)


def _read(
    securities: NDArray[np.int64], first: dt.date, last: dt.date, wanted: NDArray[np.int64]
) -> dict[dt.date, SymbolFactors]:
    rows = read_columns(
        "SELECT security_id, calculation_date, beta_value, joint_beta, joint_shrunk, joint_residual_volatility "
        "FROM symbol_factor_exposures "
        "WHERE security_id = ANY(%(ids)s) AND calculation_date BETWEEN %(first)s AND %(last)s ORDER BY calculation_date, security_id",
        {"ids": wanted.tolist(), "first": first, "last": last},
    )
    place, days = np.searchsorted(securities, rows["security_id"]), rows["calculation_date"]
    stored = {
        "betas": rows["beta_value"].table(SLOTS), "joint": rows["joint_beta"].table(JOINT),
        "shrunk": rows["joint_shrunk"].table(JOINT), "residual_volatility": rows["joint_residual_volatility"],
    }  # fmt: skip
    result = {}
    for session in np.unique(days):
        low, high = np.searchsorted(days, [session, session + np.timedelta64(1, "D")])
        columns = {}
        for name, values in stored.items():
            columns[name] = np.full((len(securities), *values.shape[1:]), np.nan)
            columns[name][place[low:high]] = values[low:high]
        result[session.item()] = SymbolFactors(**columns)
    return result


def load_factor_covariances(first: dt.date, last: dt.date) -> dict[dt.date, Floats]:
    """The stored daily covariance of the joint factors, (7, 7), by session."""
    stored = FactorCovariance.objects.filter(calculation_date__range=(first, last))
    return {day: np.array(matrix) for day, matrix in stored.values_list("calculation_date", "covariance")}


@dataclass(frozen=True)
class ScenarioFactors:
    """What K scenarios do to the joint factors at a session: plausible and unbounded (K, 7), market move (K,), NaN if skipped."""

    factors: Floats
    unbounded: Floats
    market_move: Floats
    scale: Floats


def load_scenario_factors(ids: tuple[str, ...], first: dt.date, last: dt.date) -> dict[dt.date, ScenarioFactors]:
    """The stored scenario shocks by session, in the order of `ids`."""
    rows = read_columns(
        "SELECT calculation_date, scenario_key, factor_shock, unbounded_factor_shock, implied_market_move, plausibility_scale "
        "FROM scenario_factor_shocks WHERE calculation_date BETWEEN %(first)s AND %(last)s ORDER BY calculation_date",
        {"first": first, "last": last},
    )
    slot = {key: i for i, key in enumerate(ids)}
    place, days = (
        np.array([slot.get(key, -1) for key in rows["scenario_key"].tolist()], dtype=np.int64),
        rows["calculation_date"],
    )
    stored = {
        "factors": rows["factor_shock"].table(JOINT),
        "unbounded": rows["unbounded_factor_shock"].table(JOINT),
        "market_move": rows["implied_market_move"], "scale": rows["plausibility_scale"],
    }  # fmt: skip
    result = {}
    for session in np.unique(days):
        mine = np.flatnonzero((days == session) & (place >= 0))
        columns = {}
        for name, values in stored.items():
            columns[name] = np.full((len(ids), *values.shape[1:]), np.nan)
            columns[name][place[mine]] = values[mine]
        result[session.item()] = ScenarioFactors(**columns)
    return result
