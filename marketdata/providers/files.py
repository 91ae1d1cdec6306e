"""Prices from the files of a directory: CSV or Parquet, described in docs/file_source.md.

Closes arrive split-adjusted as of the last date of the files; the splits of the directory undo that, so that what leaves here
is raw, as traded.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Sequence
from decimal import Decimal
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from marketdata.providers.base import (
    PROXY_SOURCE,
    Capability,
    DividendEvent,
    Outcome,
    PriceAnswer,
    Provider,
    ProviderError,
    SplitEvent,
    SymbolHistory,
    YieldPoint,
)
from sigmasight.core import clock

logger = logging.getLogger("marketdata.files")
PRICE_COLUMNS = ("open", "high", "low", "close", "volume")
PROXY_FILE = "proxy_mutual_funds"


class Files(Provider):
    """A directory of price files.

    Parameters
    ----------
    directory : holds `daily_prices` and optionally `splits`, `dividends_implied`, `fred_*`.
    proxies : also serve the stand-ins of `proxy_mutual_funds`, under the source name `file_proxy`.

    Raises
    ------
    ProviderError if there are no prices to read, or splits or dividends that cannot be: without them no price is known.
    """

    name = "file"
    capabilities = frozenset({Capability.PRICES, Capability.TREASURY_YIELDS})

    def __init__(self, directory: Path | str, *, proxies: bool = False) -> None:
        self.directory = Path(directory).expanduser()
        self.proxies = proxies
        if self._path("daily_prices") is None:
            raise ProviderError(
                self.name,
                Outcome.NOT_FOUND,
                f"{self.directory} holds no daily_prices.csv or daily_prices.parquet; docs/file_source.md says what is expected",
            )
        _ = self.last_date, self._splits, self._dividends

    def _path(self, stem: str) -> Path | None:
        for ending in (".parquet", ".csv"):
            if (path := self.directory / f"{stem}{ending}").is_file():
                return path
        return None

    def _table(self, stem: str, columns: Sequence[str]) -> pd.DataFrame | None:
        path = self._path(stem)
        if path is None:
            return None
        try:
            table = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
        except (ValueError, OSError) as error:
            raise ProviderError(self.name, Outcome.MALFORMED, f"{path.name} cannot be read: {error}") from error
        missing = [column for column in columns if column not in table.columns]
        if missing:
            raise ProviderError(self.name, Outcome.MALFORMED, f"{path.name} lacks the columns {', '.join(missing)}")
        return table

    @cached_property
    def _prices(self) -> dict[str, pd.DataFrame]:
        tables = [(self.name, self._table("daily_prices", ("symbol", "date", "close")))]
        if self.proxies:
            tables.append((PROXY_SOURCE, self._table(PROXY_FILE, ("symbol", "date", "close"))))
        by_symbol: dict[str, pd.DataFrame] = {}
        for source, table in tables:
            if table is None:
                continue
            table = table.assign(
                date=pd.to_datetime(table["date"], errors="coerce"),
                source=source,
                **{
                    c: pd.to_numeric(table[c], errors="coerce") if c in table.columns else np.nan for c in PRICE_COLUMNS
                },
            )
            unplaced = table["date"].isna() | table["symbol"].isna()
            future = table["date"] > pd.Timestamp(clock.market_today())
            for wrong, told in ((unplaced, "without a readable date or symbol"), (future, "dated after today")):
                if wrong.any():
                    # Line 1 is the header.
                    line = int(np.flatnonzero(wrong)[0]) + 2
                    logger.warning(
                        "%s: %s rows %s are left out, from line %s on", self.directory, wrong.sum(), told, line
                    )
            for symbol, rows in table[~(unplaced | future)].groupby("symbol", sort=False):
                by_symbol.setdefault(str(symbol), rows.sort_values("date", kind="stable"))
        return by_symbol

    @property
    def last_date(self) -> dt.date:
        """The newest date of the files: the target of a run over them."""
        if not self._prices:
            raise ProviderError(self.name, Outcome.EMPTY, f"the daily_prices of {self.directory} hold no prices")
        newest = max(rows["date"].max() for rows in self._prices.values())
        last: dt.date = newest.date()
        return last

    def _events(self, stem: str, day_column: str, amount_column: str) -> list[tuple[str, dt.date, Decimal, str]]:
        """Rows of a file of corporate actions as (symbol, ex-date, amount, note).

        Raises
        ------
        ProviderError for a date or an amount that cannot be, or an action told twice. Prices are undone with them, so that
        one wrong row would spoil a whole history.
        """
        table = self._table(stem, ("symbol", day_column, amount_column))
        if table is None:
            return []
        days = pd.to_datetime(table[day_column], errors="coerce", format="ISO8601")
        amounts = pd.to_numeric(table[amount_column], errors="coerce")
        notes = table["note"].fillna("") if "note" in table.columns else [""] * len(table)
        bad = days.isna() | table["symbol"].isna() | ~((amounts > 0) & np.isfinite(amounts))
        bad |= pd.DataFrame({"symbol": table["symbol"], "day": days}).duplicated()
        if bad.any():
            line = int(np.flatnonzero(bad)[0])
            told = ", ".join(str(value) for value in table.iloc[line][["symbol", day_column, amount_column]])
            raise ProviderError(
                self.name, Outcome.MALFORMED, f"{stem}, line {line + 2}, cannot be used or is there twice: {told}"
            )
        return [
            (str(symbol), day.date(), Decimal(str(amount)), str(note))
            for symbol, day, amount, note in zip(table["symbol"], days, amounts, notes, strict=True)
        ]

    @cached_property
    def _splits(self) -> dict[str, tuple[SplitEvent, ...]]:
        events: dict[str, list[SplitEvent]] = {}
        for symbol, day, ratio, note in self._events("splits", "first_day_at_new_price", "ratio"):
            kind = "spin_off_adjustment" if "spin" in note.lower() else "split"
            events.setdefault(symbol, []).append(SplitEvent(day, ratio, kind))
        return {symbol: tuple(sorted(rows, key=lambda e: e.ex_date)) for symbol, rows in events.items()}

    @cached_property
    def _dividends(self) -> dict[str, list[tuple[dt.date, float]]]:
        rows: dict[str, list[tuple[dt.date, float]]] = {}
        for symbol, day, amount, _ in self._events("dividends_implied", "ex_date", "amount_per_share_split_adjusted"):
            rows.setdefault(symbol, []).append((day, float(amount)))
        return rows

    def _later_ratio(self, symbol: str, days: np.ndarray) -> np.ndarray:
        """Product of the ratios of all price adjustments after each day, (n,): raw = adjusted x this."""
        ratio = np.ones(len(days))
        for split in self._splits.get(symbol, ()):
            ratio[days < np.datetime64(split.ex_date)] *= float(split.ratio)
        return ratio

    def prices(self, symbols: Sequence[str], start: dt.date, end: dt.date) -> PriceAnswer:
        answer = PriceAnswer()
        for symbol in symbols:
            rows = self._prices.get(symbol)
            if rows is None:
                hint = f"; {PROXY_FILE} has a stand-in, served on request" if self._has_proxy(symbol) else ""
                answer.failures[symbol] = (Outcome.NOT_FOUND, f"{symbol} is not in the price files{hint}")
                continue
            rows = rows[(rows["date"] >= pd.Timestamp(start)) & (rows["date"] <= pd.Timestamp(end))]
            answer.histories[symbol] = self._history(symbol, rows, start, end)
        return answer

    def _has_proxy(self, symbol: str) -> bool:
        table = None if self.proxies else self._table(PROXY_FILE, ("symbol",))
        return table is not None and symbol in set(table["symbol"])

    def _history(self, symbol: str, rows: pd.DataFrame, start: dt.date, end: dt.date) -> SymbolHistory:
        days = rows["date"].to_numpy().astype("datetime64[D]")
        ratio = self._later_ratio(symbol, days)
        source = str(rows["source"].iloc[0]) if len(rows) else self.name
        # Published closes have four decimals at most below a dollar and two above; six keep what adjusted files still tell.
        bars = {name: np.round(rows[name].to_numpy(np.float64) * ratio, 6) for name in ("open", "high", "low", "close")}
        bars["high"] = np.fmax(
            bars["high"], np.where(np.isnan(bars["high"]), np.nan, np.fmax(bars["open"], bars["close"]))
        )
        bars["low"] = np.fmin(
            bars["low"], np.where(np.isnan(bars["low"]), np.nan, np.fmin(bars["open"], bars["close"]))
        )
        splits = tuple(e for e in self._splits.get(symbol, ()) if start <= e.ex_date <= end)
        paid = [(day, amount) for day, amount in self._dividends.get(symbol, ()) if start <= day <= end]
        undone = (
            self._later_ratio(symbol, np.array([day for day, _ in paid], dtype="datetime64[D]"))
            if paid
            else np.empty(0)
        )
        dividends = tuple(
            DividendEvent(day, round(Decimal(str(amount)) * Decimal(repr(float(r))), 8))
            for (day, amount), r in zip(paid, undone, strict=True)
        )
        return SymbolHistory(
            symbol,
            source,
            days,
            **bars,
            volume=rows["volume"].to_numpy(np.float64) / ratio,
            splits=splits,
            dividends=dividends,
        )

    def treasury_yields(self, series_ids: Sequence[str], start: dt.date, end: dt.date) -> tuple[YieldPoint, ...]:
        points = []
        for series in series_ids:
            table = self._table(f"fred_{series}", ("date", "value"))
            if table is None:
                continue
            values = pd.to_numeric(table["value"], errors="coerce")
            for day, value in zip(table["date"], values, strict=True):
                date = dt.date.fromisoformat(str(day))
                if start <= date <= end and np.isfinite(value):
                    points.append(YieldPoint(series, date, Decimal(str(value))))
        return tuple(points)
