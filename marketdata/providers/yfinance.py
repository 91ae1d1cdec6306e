"""Yahoo Finance through the yfinance library: prices, actions, profiles, fundamentals, estimates, option chains."""

from __future__ import annotations

import contextlib
import datetime as dt
import math
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import yfinance as yf
from curl_cffi.requests.exceptions import HTTPError, InvalidJSONError, RequestException
from yfinance.cache import get_cookie_cache, get_tz_cache
from yfinance.const import _BASE_URL_ as YAHOO_URL
from yfinance.data import YfData
from yfinance.exceptions import YFDataException, YFException, YFPricesMissingError, YFRateLimitError
from yfinance.scrapers.history import PriceHistory

from marketdata.providers import yahoo_options, yahoo_profiles, yahoo_statements
from marketdata.providers.adjustments import as_traded, split_event, window
from marketdata.providers.base import (
    Capability,
    DividendEvent,
    OptionContractTerms,
    OptionQuoteRow,
    Outcome,
    PriceAnswer,
    Profile,
    ProfileAnswer,
    Provider,
    ProviderError,
    SplitEvent,
    Statements,
    SymbolHistory,
)
from marketdata.providers.per_symbol import as_failures, ask_each
from marketdata.providers.symbols import yahoo_symbol
from marketdata.providers.transport import Limiter, RetryPolicy, redact
from marketdata.providers.wall_clock import profile_day, request_day
from marketdata.providers.yahoo_session import PROVIDER, YahooSession
from sigmasight.core.clock import NEW_YORK


class YFinanceProvider(Provider):
    """Yahoo, asked for one symbol per request as its chart API wants it, a few at a time.

    Parameters
    ----------
    base_url : another server that speaks Yahoo's formats; empty for Yahoo itself.
    limiter : paces every HTTP request.
    workers : requests under way at once.
    currencies : prices in any other currency are refused, because all books are in dollars.
    """

    name = PROVIDER
    over_http = True
    capabilities = frozenset(
        {
            Capability.PRICES,
            Capability.PROFILES,
            Capability.FUNDAMENTALS,
            Capability.ESTIMATES,
            Capability.OPTION_CHAIN,
            Capability.OPTION_QUOTES,
        }
    )

    def __init__(
        self,
        *,
        base_url: str = "",
        timeout: float = 20.0,
        limiter: Limiter | None = None,
        retry: RetryPolicy | None = None,
        session: YahooSession | None = None,
        workers: int = 4,
        currencies: Collection[str] = ("USD",),
        today: Callable[[], dt.date] = request_day,
    ) -> None:
        # The library's cookie stays in memory: processes that share its file trip over each other.
        get_cookie_cache().dummy = get_tz_cache().dummy = True
        # Otherwise the library logs its errors and answers with an empty frame.
        yf.config.debug.hide_exceptions = False
        self._session = session or YahooSession(base_url=base_url, timeout=timeout, limiter=limiter, retry=retry)
        self._workers = workers
        self._currencies = frozenset(currencies)
        self._today = today

    def prices(self, symbols: Sequence[str], start: dt.date, end: dt.date) -> PriceAnswer:
        histories, errors = ask_each(symbols, lambda symbol: self._history(symbol, start, end), workers=self._workers)
        return PriceAnswer(histories, as_failures(errors), errors)

    def profiles(self, symbols: Sequence[str], as_of: dt.date) -> ProfileAnswer:
        profiles, errors = ask_each(symbols, lambda symbol: self._profile(symbol, as_of), workers=self._workers)
        return ProfileAnswer(profiles, errors)

    def fundamentals(self, symbol: str, as_of: dt.date) -> Statements:
        asked = yahoo_symbol(symbol)
        annual, quarterly = (self._periods(asked, frequency) for frequency in ("a", "q"))
        with _explained(self._session):
            income, balance, cash_flow = yahoo_statements.statement_rows(annual, quarterly)
        estimates = yahoo_profiles.estimate_values(self._summary(asked, ["earningsTrend"]))
        if not (income or balance or cash_flow or estimates):
            raise ProviderError(self.name, Outcome.EMPTY, f"no statements of {symbol}", http_status=200)
        dated = ({"as_of": profile_day(as_of, self._today()), **estimates},) if estimates else ()
        return Statements(symbol, self.name, income, balance, cash_flow, dated)

    def option_chain(self, underlying: str, as_of: dt.date) -> tuple[OptionContractTerms, ...]:
        first = self._options(underlying)
        with _explained(self._session):
            shown = {yahoo_options.epoch_of(terms.expiration) for terms in _terms(first, underlying)}
            expirations = yahoo_options.expiration_epochs(first)
            later = sorted(epoch for day, epoch in expirations.items() if day >= as_of and epoch not in shown)
        found: dict[str, OptionContractTerms] = {}
        for chain in (first, *(self._options(underlying, epoch) for epoch in later)):
            found.update((terms.symbol, terms) for terms in _terms(chain, underlying) if terms.expiration >= as_of)
        if not found:
            raise ProviderError(self.name, Outcome.EMPTY, f"no contracts on {underlying}", http_status=200)
        return tuple(sorted(found.values(), key=lambda terms: (terms.expiration, terms.strike, terms.option_type)))

    def option_quotes(
        self, contracts: Sequence[OptionContractTerms], start: dt.date, end: dt.date
    ) -> tuple[OptionQuoteRow, ...]:
        """Yahoo knows its latest session only; the answer is empty of others."""
        by_request: dict[tuple[str, dt.date], list[OptionContractTerms]] = defaultdict(list)
        for contract in contracts:
            by_request[contract.underlying, contract.expiration].append(contract)
        keys = {f"{underlying} {expiration}": (underlying, expiration) for underlying, expiration in by_request}

        def ask(key: str) -> list[OptionQuoteRow]:
            underlying, expiration = keys[key]
            chain = self._options(underlying, yahoo_options.epoch_of(expiration))
            with _explained(self._session):
                session = yahoo_options.session_of(chain)
                if session is None or not start <= session <= end:
                    return []
                return yahoo_options.quote_rows(chain, by_request[underlying, expiration], session, self.name)

        answers, errors = ask_each(list(keys), ask, workers=self._workers)
        rows = tuple(row for answer in answers.values() for row in answer)
        if not rows:
            nothing = ProviderError(
                self.name, Outcome.EMPTY, "no quotes of these contracts in these sessions", http_status=200
            )
            raise next(iter(errors.values()), nothing)
        return rows

    def _history(self, symbol: str, start: dt.date, end: dt.date) -> SymbolHistory:
        asked = yahoo_symbol(symbol)
        self._session.forget_status()
        with _explained(self._session):
            history = PriceHistory(YfData(session=self._session), asked, str(NEW_YORK), session=self._session)
            # Up to today, whatever the window: splits after its end have changed the prices inside it as well.
            tomorrow = max(self._today(), end) + dt.timedelta(days=1)
            frame = history.history(
                start=start, end=tomorrow, interval="1d", actions=True, auto_adjust=False, repair=False, keepna=True
            )
            meta = history.get_history_metadata()
            self._check_meta(asked, meta.get("symbol"), meta.get("currency"))
            raw = window(as_traded(_frame_history(symbol, frame)), start, end)
        if not np.isfinite(raw.close).any():
            raise ProviderError(self.name, Outcome.EMPTY, f"no price of {symbol} in the window", http_status=200)
        return raw

    def _check_meta(self, asked: str, answered: object, currency: object) -> None:
        if isinstance(answered, str) and answered.upper() != asked:
            raise ProviderError(
                self.name, Outcome.MALFORMED, f"asked for {asked}, answered for {answered}", http_status=200
            )
        if isinstance(currency, str) and currency not in self._currencies:
            raise ProviderError(
                self.name, Outcome.NOT_FOUND, f"{asked} is quoted in {currency}, not in dollars", http_status=200
            )

    def _profile(self, symbol: str, as_of: dt.date) -> Profile:
        asked = yahoo_symbol(symbol)
        summary = self._summary(asked, yahoo_profiles.MODULES)
        with _explained(self._session):
            self._check_meta(asked, yahoo_profiles.asked_symbol(summary), None)
            values = yahoo_profiles.profile_values(summary)
        if not values:
            raise ProviderError(self.name, Outcome.EMPTY, f"nothing known about {symbol}", http_status=200)
        return Profile(symbol, self.name, profile_day(as_of, self._today()), values)

    def _summary(self, asked: str, modules: Sequence[str]) -> dict[str, Any]:
        answer = self._json(f"/v10/finance/quoteSummary/{asked}", {"modules": ",".join(modules), "formatted": "false"})
        return self._first(answer, "quoteSummary", asked)

    def _periods(self, asked: str, frequency: str) -> yahoo_statements.Periods:
        window = {"period1": yahoo_options.epoch_of(dt.date(2016, 12, 31)), "period2": _epoch_after(self._today())}
        types = ",".join(yahoo_statements.type_names(frequency))
        path = f"/ws/fundamentals-timeseries/v1/finance/timeseries/{asked}"
        answer = self._json(path, {"symbol": asked, "type": types, **window})
        with _explained(self._session):
            result = answer["timeseries"]["result"] or []
            for series in result:
                about = (series.get("meta") or {}).get("symbol") or [None]
                self._check_meta(asked, about[0], None)
            return yahoo_statements.periods_of(result, frequency)

    def _options(self, underlying: str, epoch: int | None = None) -> dict[str, Any]:
        asked = yahoo_symbol(underlying)
        answer = self._json(f"/v7/finance/options/{asked}", {} if epoch is None else {"date": epoch})
        chain = self._first(answer, "optionChain", asked)
        with _explained(self._session):
            self._check_meta(asked, chain.get("underlyingSymbol"), None)
        return chain

    def _json(self, path: str, params: dict[str, Any]) -> Any:
        self._session.forget_status()
        with _explained(self._session):
            return YfData(session=self._session).get_raw_json(f"{YAHOO_URL}{path}", params=params)

    def _first(self, answer: Any, envelope: str, asked: str) -> dict[str, Any]:
        """The one result inside an envelope, which may also hold an error."""
        with _explained(self._session):
            inside = answer[envelope]
            if inside.get("error"):
                raise ProviderError(
                    self.name, Outcome.NOT_FOUND, f"{asked}: {inside['error'].get('description')}", http_status=200
                )
            if not inside["result"]:
                raise ProviderError(self.name, Outcome.EMPTY, f"{asked}: an empty result", http_status=200)
            result: dict[str, Any] = inside["result"][0]
            return result


def _terms(chain: dict[str, Any], underlying: str) -> list[OptionContractTerms]:
    return yahoo_options.contract_terms(chain, underlying)


def _epoch_after(day: dt.date) -> int:
    return yahoo_options.epoch_of(day + dt.timedelta(days=1))


@contextlib.contextmanager
def _explained(session: YahooSession) -> Iterator[None]:
    """Turns what the library and its data can raise into a `ProviderError`."""
    try:
        yield
    except ProviderError:
        raise
    except YFRateLimitError as error:
        raise ProviderError(PROVIDER, Outcome.RATE_LIMITED, str(error), http_status=429) from error
    except YFPricesMissingError as error:
        raise _no_prices(error, session.last_status) from error
    except YFDataException as error:
        raise ProviderError(PROVIDER, Outcome.SERVER_ERROR, redact(str(error))) from error
    except YFException as error:
        raise ProviderError(PROVIDER, Outcome.EMPTY, redact(str(error))) from error
    except HTTPError:
        status = session.last_status
        outcome = Outcome.UNAUTHORIZED if status in (401, 403) else Outcome.MALFORMED
        raise ProviderError(PROVIDER, outcome, f"HTTP {status}", http_status=status) from None
    except InvalidJSONError:
        raise ProviderError(PROVIDER, Outcome.MALFORMED, "not JSON", http_status=session.last_status) from None
    except RequestException as error:
        raise ProviderError(PROVIDER, Outcome.UNREACHABLE, redact(f"{type(error).__name__}: {error}")) from None
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError) as error:
        reason = f"an answer without the expected fields ({type(error).__name__}: {redact(str(error))[:200]})"
        raise ProviderError(PROVIDER, Outcome.MALFORMED, reason, http_status=session.last_status) from error


def _no_prices(error: YFPricesMissingError, status: int | None) -> ProviderError:
    reason = redact(str(error))
    if status in (401, 403):
        return ProviderError(PROVIDER, Outcome.UNAUTHORIZED, reason, http_status=status)
    found = error.yahoo_reason is None or "doesn't exist" in error.yahoo_reason
    return ProviderError(PROVIDER, Outcome.EMPTY if found else Outcome.NOT_FOUND, reason, http_status=status)


def _frame_history(symbol: str, frame: pd.DataFrame) -> SymbolHistory:
    """The library's frame as it is, split-adjusted: rows it made up to hold an action are left out."""
    if frame.empty:
        raise ProviderError(PROVIDER, Outcome.EMPTY, f"an empty frame for {symbol}", http_status=200)
    days = np.array([stamp.date() for stamp in frame.index], dtype="datetime64[D]")
    columns = {name: frame[name].to_numpy(dtype=float) for name in ("Open", "High", "Low", "Close", "Volume")}
    dividends = frame["Dividends"].to_numpy(dtype=float)
    ratios = frame["Stock Splits"].to_numpy(dtype=float)
    gains = frame["Capital Gains"].to_numpy(dtype=float) if "Capital Gains" in frame else np.zeros(len(days))
    events = (dividends > 0) | (ratios > 0) | (gains > 0)
    rows = ~(events & np.isnan(columns["Close"]) & np.isnan(columns["Open"]))
    # The library writes 0 for a volume that Yahoo left out, and Yahoo itself does for funds and indices.
    volume = np.where(columns["Volume"] > 0, columns["Volume"], math.nan)
    return SymbolHistory(
        symbol,
        PROVIDER,
        days[rows],
        open=columns["Open"][rows],
        high=columns["High"][rows],
        low=columns["Low"][rows],
        close=columns["Close"][rows],
        volume=volume[rows],
        splits=tuple(_split(days[i], ratios[i]) for i in np.flatnonzero(ratios > 0)),
        dividends=_distributions(days, columns["Close"], dividends, gains),
    )


def _split(day: np.datetime64, ratio: float) -> SplitEvent:
    return split_event(day.astype(dt.date), float(ratio))


def _distributions(
    days: np.ndarray, close: np.ndarray, dividends: np.ndarray, gains: np.ndarray
) -> tuple[DividendEvent, ...]:
    """Dividends as regular, distributed capital gains as special payments.

    Yahoo adds a fund's capital gains to its dividend as well, but not always; the fall of the price tells which.
    """
    events = []
    for i in np.flatnonzero((dividends > 0) | (gains > 0)):
        regular, special = float(dividends[i]), float(gains[i])
        if special and regular >= special and i > 0:
            fall = close[i - 1] - close[i]
            if abs(fall - regular) < abs(fall - regular - special):
                regular -= special
        day = days[i].astype(dt.date)
        for amount, kind in ((regular, "regular"), (special, "special")):
            if round(amount, 8) > 0:
                events.append(DividendEvent(day, Decimal(repr(round(amount, 8))), kind))
    return tuple(events)
