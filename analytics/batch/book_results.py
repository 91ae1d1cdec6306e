"""Collects a shard's results over its sessions and stores each table with one write."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from analytics.batch.book_correlations import LEAST_VALUE, LEAST_WEIGHT, THRESHOLD
from analytics.batch.book_status import PLAIN_MOVES
from analytics.batch.holdings import LotFacts
from analytics.models import (
    CorrelationCalculation,
    EngineResult,
    FactorExposure,
    MarketRiskScenario,
    PortfolioRisk,
    StressTestResult,
)
from marketdata import calendar
from portfolios.models import PortfolioSnapshot
from sigmasight.core.bulk import NOTHING, Ragged, UpsertCount, upsert

Floats = NDArray[np.float64]
CORRELATION_DAYS = 90
CENTS, FRACTIONS = 2, 8
CONTRIBUTIONS = ("component_volatility", "component_var")
# Sessions of history the night reads behind a session.
HISTORY = 504


class Results:
    """Rows of all result tables of a shard, column by column."""

    def __init__(self, ids: list[UUID], facts: LotFacts) -> None:
        self._ids = np.frombuffer(b"".join(key.bytes for key in ids), dtype="V16")
        self._facts = facts
        self._tables: dict[str, dict[str, list[Any]]] = {}

    def _append(self, table: str, columns: dict[str, Any]) -> None:
        kept = self._tables.setdefault(table, {name: [] for name in columns})
        for name, values in columns.items():
            kept[name].append(values)

    def add(
        self, session: dt.date, wanted: NDArray[np.bool_], snapshot: dict[str, Any], volatility: dict[str, Any], factor: dict[str, Any],
        stress: dict[str, Any], risk: dict[str, Any], correlations: list[dict[str, Any] | None], documents: list[dict[str, Any] | None],
        sectors: list[dict[str, Any] | None], family: str,
    ) -> None:  # fmt: skip
        """Take one session's results of the wanted books."""
        rows = np.flatnonzero(wanted)
        if not len(rows):
            return
        ids, day = self._ids[rows], [session] * len(rows)
        key = {"portfolio": ids, "calculation_date": day}

        def pick(values: Any) -> list[Any]:
            return [values[i] for i in rows]

        self._append(
            "snapshot",
            {
                "portfolio": ids, "snapshot_date": day,
                **{name: values[rows] for name, values in snapshot.items()},
                "beta_calculated_90d": factor["exposure_value"][rows, 0], "beta_provider_1y": factor["exposure_value"][rows, 1],
                "beta_coverage": np.clip(factor["coverage"][rows, 0], 0, 1),
                "beta_portfolio_regression": factor["beta_regression"][rows],
                "beta_calculated_90d_r_squared": factor["beta_r_squared"][rows],
                "beta_calculated_90d_observations": factor["beta_observations"][rows].astype(np.float64),
                "realized_volatility_21d": volatility["realized_volatility_21d"][rows],
                "realized_volatility_63d": volatility["realized_volatility_63d"][rows],
                "expected_volatility_21d": volatility["expected_volatility_21d"][rows],
                "volatility_trend": pick(volatility["vol_trend"]),
                "volatility_percentile": volatility["vol_percentile"][rows],
                "sector_exposure": pick(sectors),
            },
        )  # fmt: skip
        names = ("exposure_value", "coverage", "joint_value", "direct_value", "direct_std_error")
        alone = ("r_squared", "factor_volatility", "specific_volatility")
        some = rows[(~np.isnan(factor["exposure_dollar"][rows])).any(axis=1)]
        self._append(
            "factor",
            {
                "portfolio": self._ids[some], "calculation_date": [session] * len(some),
                **{name: np.round(factor[name][some], FRACTIONS) for name in names},
                **{name: np.round(factor[name][some], CENTS) for name in ("exposure_dollar", "joint_dollar")},
                **{name: np.round(factor[name][some], FRACTIONS) for name in alone},
            },
        )  # fmt: skip
        self._add_stress(session, rows, stress)
        self._append(
            "risk",
            {
                **key,
                **{name: risk[name][rows] for name in ("var_95_1d", "es_95_1d", "var_99_1d", "es_99_1d")},
                "volatility_daily": np.round(risk["volatility_daily"][rows], 4),
                "observations": risk["observations"][rows],
                **{name: np.round(risk[name][rows], CENTS) + 0.0 for name in ("tail_var", "tail_expected_shortfall")},
            },
        )
        self._add_contributions(rows, risk)
        self._add_correlations(session, rows, correlations)
        self._append(
            "engine",
            {
                **key,
                "results": pick(documents),
                "window_from": [calendar.shift(session, 1 - HISTORY)] * len(rows),
                "window_to": day,
                "price_source": [family] * len(rows),
            },
        )

    def _add_stress(self, session: dt.date, rows: NDArray[np.int64], stress: dict[str, Any]) -> None:
        reached = rows[(stress["covered"][rows] > 0) & (~np.isnan(stress["correlated_pnl"][rows])).any(axis=1)]
        key = {"portfolio": self._ids[reached], "calculation_date": [session] * len(reached)}
        coverage = stress["coverage"][reached]
        named = (
            "direct_pnl",
            "correlated_pnl",
            "correlated_pnl_without_vol_shock",
            "unbounded_pnl",
            "private_pnl",
            "unexplained",
        )
        self._append(
            "stress",
            {
                **key,
                **{name: np.round(stress[name][reached][:, :-PLAIN_MOVES], CENTS) for name in named},
                "factor_impacts": np.round(stress["factor_impacts"][reached][:, :-PLAIN_MOVES], CENTS),
                "coverage": coverage,
                "flags": [stress["flags"][i] for i in reached],
            },
        )
        predicted = np.round(stress["correlated_pnl"][reached][:, -PLAIN_MOVES:], CENTS)
        linear = np.round(stress["linear_pnl"][reached], CENTS)
        self._append(
            "moves",
            {
                **key,
                "predicted_pnl": predicted,
                "linear_pnl": linear,
                "convexity_effect": np.round(predicted - linear, CENTS),
                "coverage": coverage,
            },
        )

    def _add_contributions(self, rows: NDArray[np.int64], risk: dict[str, Any]) -> None:
        self._append("contributions", {"rows": rows, **{name: risk[name] for name in CONTRIBUTIONS}})

    def _add_correlations(
        self, session: dt.date, rows: NDArray[np.int64], correlations: list[dict[str, Any] | None]
    ) -> None:
        there = np.array([i for i in rows if correlations[i] is not None], dtype=np.int64)
        if not len(there):
            return
        found = [correlations[i] for i in there]
        names = list(found[0] or {})
        self._append(
            "correlation",
            {
                "portfolio": self._ids[there],
                "calculation_date": [session] * len(found),
                **{name: [row[name] for row in found if row is not None] for name in names},
            },
        )

    def attach_lots(self, lots: list[tuple[NDArray[np.int64], NDArray[np.int64]]]) -> None:
        """Books and lots (`portfolio`, `lot`) of every session added, in order: what the contribution arrays follow."""
        self._lots = lots

    def _joined(self, table: str) -> dict[str, Any]:
        return {
            name: np.concatenate(parts)
            if isinstance(parts[0], np.ndarray)
            else [cell for part in parts for cell in part]
            for name, parts in self._tables.get(table, {}).items()
        }

    def store(self) -> Iterator[tuple[str, UpsertCount]]:
        """Write every table; yields its name and what was written."""
        snapshot = self._joined("snapshot")
        if snapshot:
            yield "portfolio_snapshots", self._update_snapshots(snapshot)
        for table, model in (
            ("factor", FactorExposure),
            ("stress", StressTestResult),
            ("moves", MarketRiskScenario),
            ("engine", EngineResult),
        ):
            columns = self._joined(table)
            yield (
                model._meta.db_table,
                upsert(model, columns, unique=["portfolio", "calculation_date"]) if columns else NOTHING,
            )
        risk = self._joined("risk")
        if risk:
            risk |= self._contribution_columns()
            yield "portfolio_risk", upsert(PortfolioRisk, risk, unique=["portfolio", "calculation_date"])
        correlation = self._joined("correlation")
        if correlation:
            yield "correlation_calculations", self._store_correlations(correlation)

    def _contribution_columns(self) -> dict[str, Any]:
        parts = self._tables["contributions"]
        columns = [parts[name] for name in CONTRIBUTIONS]
        ids: list[Any] = []
        values: list[list[Any]] = [[] for _ in CONTRIBUTIONS]
        sizes = []
        for rows, *components, (portfolio, lot) in zip(parts["rows"], *columns, self._lots, strict=True):
            order = np.argsort(portfolio, kind="stable")
            bounds = np.searchsorted(portfolio[order], np.arange(len(self._ids) + 1))
            wanted = np.zeros(len(self._ids), dtype=bool)
            wanted[rows] = True
            mine = order[wanted[portfolio[order]]]
            ids.append(self._facts.id[lot[mine]])
            for kept, component in zip(values, components, strict=True):
                kept.append(np.round(component[mine], 4))
            sizes.append(np.diff(bounds)[rows])
        offsets = np.concatenate([[0], np.cumsum(np.concatenate(sizes))]).astype(np.int64)
        return {"position_ids": Ragged(np.concatenate(ids).view("S16"), offsets)} | {
            name: Ragged(np.concatenate(kept), offsets) for name, kept in zip(CONTRIBUTIONS, values, strict=True)
        }

    def _update_snapshots(self, columns: dict[str, Any]) -> UpsertCount:
        """The analytics columns of snapshots the ledger has written; the ledger's own are not touched."""
        filler = {
            name: np.zeros(len(columns["portfolio"]))
            for name in (
                "net_asset_value", "cash_value", "long_value", "short_value", "gross_exposure", "net_exposure", "daily_pnl",
                "daily_unrealized_pnl", "daily_realized_pnl", "daily_income", "daily_capital_flow", "cumulative_pnl",
                "cumulative_realized_pnl", "cumulative_capital_flow", "twr_index",
            )
        }  # fmt: skip
        changed = [name for name in columns if name not in ("portfolio", "snapshot_date")]
        return upsert(PortfolioSnapshot, columns | filler, unique=["portfolio", "snapshot_date"], update=changed)

    def _store_correlations(self, columns: dict[str, Any]) -> UpsertCount:
        count = len(columns["portfolio"])
        numeric = {
            name: np.array(values, dtype=np.float64)
            for name, values in columns.items()
            if name
            not in (
                "portfolio",
                "calculation_date",
                "psd_corrected",
                "data_quality",
                "clusters",
                "positions_included",
                "positions_excluded",
            )
        }
        return upsert(
            CorrelationCalculation,
            columns | numeric | {
                "duration_days": np.full(count, CORRELATION_DAYS),
                "min_position_value": np.full(count, LEAST_VALUE),
                "min_portfolio_weight": np.full(count, LEAST_WEIGHT),
                "filter_mode": ["both"] * count,
                "correlation_threshold": np.full(count, THRESHOLD),
            },
            unique=["portfolio", "duration_days", "calculation_date"],
        )  # fmt: skip
