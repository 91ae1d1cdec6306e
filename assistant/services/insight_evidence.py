"""What an insight rests on: the results of the engines for one portfolio, gathered through the tools a model has as well."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from analytics.models import EngineResult
from analytics.services.summary import ENGINES
from assistant.tools.registry import ToolContext, call_tool
from marketdata.models.securities import FUND_TYPES
from portfolios.models import InvestmentClass, Portfolio, Position, User

# What is gathered, under the names the stored context has.
SECTIONS = {
    "overview": "get_analytics_overview",
    "performance": "get_performance",
    "movers": "get_daily_movers",
    "sectors": "get_sector_exposure",
    "concentration": "get_concentration_metrics",
    "volatility": "get_volatility_analysis",
    "factors": "get_factor_exposures",
    "correlation": "get_correlation_matrix",
    "stress": "get_stress_test_results",
    "risk": "get_risk_analysis",
    "targets": "get_target_prices",
}
MARKET = "get_market_overview"
# Rows of a list that are kept; the tools put what matters first.
MOST_ROWS = 12
# Below this share of the holdings a result says little of the book.
HALF_PCT, WHOLE_PCT = 50.0, 99.5
COMPLETE, PARTIAL, INCOMPLETE, UNRELIABLE = "complete", "partial", "incomplete", "unreliable"


@dataclass(frozen=True)
class Evidence:
    """Of one portfolio at its published session.

    data : by section, everything the tool found; a section without results is not in it. missing : why, by section. notes : what
    the tools want said. engines : what each engine said of its last run. held, private, funds : symbols held (of
    contracts the underlying too), those of them that have no market, and those that are funds.
    """

    book: Portfolio
    as_of: dt.date | None
    simulated: bool
    data: Mapping[str, Any]
    missing: Mapping[str, str]
    notes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    engines: Mapping[str, Any] = field(default_factory=dict)
    private: frozenset[str] = frozenset()
    funds: frozenset[str] = frozenset()
    held: frozenset[str] = frozenset()

    def section(self, name: str) -> dict[str, Any]:
        """What was found; {} where nothing was."""
        found: dict[str, Any] = self.data.get(name) or {}
        return found

    @property
    def nav(self) -> float | None:
        """Net asset value, dollars; None where unknown."""
        value = self.section("overview").get("net_asset_value_usd")
        return None if value is None else float(value)

    @property
    def has_value(self) -> bool:
        """Whether there is a net asset value that figures can be a share of."""
        return self.nav is not None and self.nav > 0

    def dollars_of(self, share_pct: float) -> float:
        """A share of net asset value as a size to rank findings by; 0 where there is nothing to share."""
        return share_pct * self.nav / 100 if self.nav is not None and self.nav > 0 else 0.0

    def is_short(self, symbol: str) -> bool:
        """Whether a holding that the risk figures know is held short."""
        rows = self.section("risk").get("contributions") or ()
        return any(row["symbol"] == symbol and (row.get("market_value_usd") or 0) < 0 for row in rows)

    def quality(self) -> dict[str, dict[str, Any]]:
        """How much each section can be relied on: complete, partial (some holdings are left out), unreliable (more than half of
        them are) or incomplete (there is no result), with the reason and the coverage in percent where known."""
        told: dict[str, dict[str, Any]] = {}
        for name in SECTIONS:
            if name in self.missing:
                told[name] = {"status": INCOMPLETE, "reason": self.missing[name]}
                continue
            covered = coverage(self.section(name))
            if covered is None:
                told[name] = {"status": COMPLETE}
            else:
                word = COMPLETE if covered >= WHOLE_PCT else PARTIAL if covered >= HALF_PCT else UNRELIABLE
                told[name] = {"status": word, "coverage_pct": covered}
        return told

    def context(self) -> dict[str, Any]:
        """The evidence as it is stored and told to a model: every section, null with its reason where it is missing; of long lists
        the first rows."""
        return {
            "portfolio": self.book.name,
            "as_of": None if self.as_of is None else self.as_of.isoformat(),
            "simulated": self.simulated,
            **{name: cut_rows(self.data.get(name)) for name in [*SECTIONS, "market"]},
            "missing": dict(self.missing),
            "notes": {name: list(lines) for name, lines in self.notes.items() if lines},
        }


def gather(user: User, book: Portfolio, *, with_market: bool = True) -> Evidence:
    """The evidence for a portfolio of this person. What cannot be read is missing with its reason; nothing is raised for it."""
    context = ToolContext(user, book.pk, (book.pk,))
    data: dict[str, Any] = {}
    missing: dict[str, str] = {}
    notes: dict[str, Sequence[str]] = {}
    simulated = False
    for name, tool in {**SECTIONS, **({"market": MARKET} if with_market else {})}.items():
        envelope = _called(context, tool, {"include_vix": True} if tool == MARKET else {})
        meta, found = envelope["meta"], envelope["data"]
        simulated = simulated or bool(meta.get("simulated"))
        if found is None:
            missing[name] = envelope["error"]["message"]
        elif found.get("available") is False:
            missing[name] = str(found.get("reason") or "no result")
        else:
            data[name], notes[name] = found, list(meta.get("notes") or ())
    private, funds, held = _kinds(book)
    return Evidence(book, book.results_as_of, simulated, data, missing, notes, _engines(book), private, funds, held)


def _called(context: ToolContext, tool: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The envelope of a tool. The transaction around it is given up, so that the read-only mode of tools ends with it."""
    with transaction.atomic():
        envelope = call_tool(context, tool, json.dumps(arguments)).envelope
        transaction.set_rollback(True)
    return envelope


def _kinds(book: Portfolio) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Symbols of private holdings, of funds, and of everything held."""
    lots = Position.objects.filter(portfolio=book, deleted_at=None, exit_date=None)
    names = ("symbol", "investment_class", "security__security_type", "security__option_contract__underlying__symbol")
    rows = list(lots.values_list(*names))
    private = frozenset(symbol for symbol, kind, _, _ in rows if kind == InvestmentClass.PRIVATE)
    funds = frozenset(symbol for symbol, _, kind, _ in rows if kind in FUND_TYPES)
    return private, funds, frozenset(name for symbol, _, _, under in rows for name in (symbol, under) if name)


def _engines(book: Portfolio) -> dict[str, Any]:
    if book.results_as_of is None:
        return {}
    row = EngineResult.objects.filter(portfolio=book, calculation_date=book.results_as_of).values("results").first()
    results: Mapping[str, Any] = row["results"] if row else {}
    return {name: results[name] for name in ENGINES if name in results}


def coverage(section: Mapping[str, Any]) -> float | None:
    """Percent of the holdings a section reaches, the least it names; None where it names none."""
    found: list[float] = []
    for place in (section, section.get("variance") or {}, section.get("beta_to_market") or {}):
        if place.get("coverage_pct") is not None and "positions_with_targets" not in place:
            found.append(float(place["coverage_pct"]))
    found += [float(row["coverage_pct"]) for row in section.get("factors") or () if "coverage_pct" in row]
    return min(found, default=None)


def cut_rows(value: Any) -> Any:
    """The value with at most a dozen rows in each list of objects."""
    if isinstance(value, list):
        rows = [cut_rows(one) for one in value]
        return rows[:MOST_ROWS] if rows and isinstance(rows[0], dict) else rows
    if isinstance(value, dict):
        return {key: cut_rows(one) for key, one in value.items()}
    return value
