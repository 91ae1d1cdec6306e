"""The summary of a run as text for a terminal."""

from __future__ import annotations

from typing import Any

from django.conf import settings

WIDTH = 118
WITHOUT_INTERNET = "Without the internet: `make demo` takes the simulated market, `make demo PRICES=DIR` files."


def _money(value: float | None, *, sign: bool = False) -> str:
    if value is None:
        return "-"
    return f"{value:+,.0f}" if sign else f"{value:,.0f}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"


def _plain(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _table(heads: list[str], body: list[list[str]], left: int = 1) -> list[str]:
    widths = [max(len(row[i]) for row in [heads, *body]) for i in range(len(heads))]

    def line(cells: list[str]) -> str:
        return "  ".join(
            c.ljust(w) if i < left else c.rjust(w) for i, (c, w) in enumerate(zip(cells, widths, strict=True))
        ).rstrip()

    return [line(heads), "  ".join("-" * width for width in widths), *(line(row) for row in body)]


def render(summary: dict[str, Any], outcome: Any, *, color: bool = False) -> str:
    """The summary as lines of plain text: books, exposures, engines, coverage, and how the run ended."""
    bold, reset = ("\033[1m", "\033[0m") if color else ("", "")
    books = summary["portfolios"]
    lines = ["", f"{bold}SigmaSight, results as of {summary['as_of'] or 'never'}{reset}"]
    if summary["source"] == "simulated":
        lines.append("SIMULATED MARKET: prices, dividends and quotes are made up, and so is every number below.")
    lines += ["", f"{bold}Books{reset}"]
    lines += _table(
        ["portfolio", "lots", "NAV", "day P&L", "total P&L", "beta", "vol 21d", "vol fcst", "VaR 95% 1d", "worst stress", "scenario"],
        [
            [
                name, str(b["positions"]), _money(b["net_asset_value"]), _money(b["daily_pnl"], sign=True),
                _money(b["total_pnl"], sign=True), _plain(b["beta"]), _percent(b["realized_volatility_21d"]),
                _percent(b["expected_volatility_21d"]), _money(b["var_95_1d"]),
                _money((b["worst_stress"] or {}).get("pnl"), sign=True), (b["worst_stress"] or {}).get("scenario", "-"),
            ]
            for name, b in books.items()
        ],
    )  # fmt: skip
    lines += ["", f"{bold}Exposures at market, dollars (at entry below){reset}"]
    exposures = []
    for name, book in books.items():
        for basis in ("market_exposure", "entry_exposure"):
            # The document says shorts at entry without their sign; beside those at market they have it.
            e = book[basis] | {"short": None if (short := book[basis]["short"]) is None else 0 - abs(short)}
            label = name if basis == "market_exposure" else "   at entry"
            exposures.append(
                [
                    label,
                    *(f"{e[k]:,.2f}" if e[k] is not None else "-" for k in ("long", "short", "gross", "net")),
                    _plain(e["leverage"]),
                ]
            )
    lines += _table(["portfolio", "long", "short", "gross", "net", "leverage"], exposures)
    lines += ["", f"{bold}Engines (portfolios at the newest session){reset}"]
    engines = []
    for engine, e in summary["engines"].items():
        reasons = ", ".join(f"{reason} {count}" for reason, count in e["reasons"].items())
        engines.append(
            [engine, str(e["computed"]), str(e["partial"]), str(e["skipped"]), str(e["failed"]), reasons or "-"]
        )
    table = _table(["engine", "computed", "of these partial", "skipped", "failed", "reasons"], engines)
    lines += table
    lines += ["", *_ending(summary, outcome)]
    return "\n".join(lines)


def _ending(summary: dict[str, Any], outcome: Any) -> list[str]:
    lines = list(outcome.notes)
    run = outcome.run
    if run is None:
        lines.append("Nothing to do: every portfolio is up to date.")
    else:
        phases = ", ".join(
            f"{k.removeprefix('phase_').replace('_', '.')}: {v:.1f} s"
            for k, v in sorted(run.phase_durations.items())
            if k != "total_duration"
        )
        lines.append(
            f"Run {run.id} {run.status}: {run.completed_jobs} of {run.total_jobs} jobs, {run.failed_jobs} failed. Phases {phases}."
        )
        for detail in (run.error_summary or {}).get("details", []):
            lines.append(f"  error: {detail}")
    if summary["wall_seconds"] is not None:
        lines.append(f"{summary['wall_seconds']:.1f} s in all.")
    return lines


def after_failure(source: str) -> str:
    """What to do when the run failed."""
    lines = ["", "The run failed and computed nothing new; the error above says why. The same command tries again."]
    if source == "live":
        lines.append(f"Live prices come from Yahoo, or with FMP_API_KEY from FMP. {WITHOUT_INTERNET}")
    return "\n".join(lines)


def next_steps() -> str:
    """Where to go after the demo."""
    lines = ["", "Next: `make serve` starts web, worker and beat; the console is at http://127.0.0.1:8000/admin/."]
    if settings.DEMO_ALLOWED:
        lines.append("Log in as demo_admin@sigmasight.com with the password demo12345.")
    lines.append(
        "`make test` runs the tests; `.venv/bin/python manage.py run_batch --help` shows what operators can do."
    )
    return "\n".join(lines)
