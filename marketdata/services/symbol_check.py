"""Whether a symbol names something that can be held, told without waiting for anybody outside."""

from __future__ import annotations

import datetime as dt
import logging
import re
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLate
from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings
from django.core.cache import cache
from redis.exceptions import RedisError

from marketdata.models import PriceStatus, Security, SecurityType
from marketdata.providers.base import Outcome, ProviderError
from marketdata.providers.requests_log import discard
from marketdata.services.securities import canonical, is_synthetic, parse_occ
from sigmasight.core import clock
from sigmasight.core.errors import DomainError

log = logging.getLogger(__name__)

LONGEST_SYMBOL = 20
SYMBOL = re.compile(r"[A-Z0-9][A-Z0-9._-]*")
# The frontend gives up after ten seconds and forbids to enter the lot.
ANSWER_SECONDS = 4.0
KEPT_SECONDS = 12 * 3600
DOUBT_KEPT_SECONDS = 300
RECENT = dt.timedelta(days=30)
# A question that outlives its deadline goes on here, and its answer serves the next one who asks.
_questions = ThreadPoolExecutor(max_workers=2, thread_name_prefix="symbol-check")


class Listing(StrEnum):
    """What a source says of a symbol; in doubt: it did not answer."""

    LISTED = "listed"
    UNLISTED = "unlisted"
    IN_DOUBT = "in doubt"


@dataclass(frozen=True)
class SymbolCheck:
    """`symbol` in its one spelling, and a sentence for the person who typed it."""

    symbol: str
    valid: bool
    message: str


def check_symbol(text: str) -> SymbolCheck:
    """Look a symbol up: among the priced securities, then at the source of prices, whose answer is kept for twelve hours.

    A source that is too slow or fails makes no symbol invalid.
    """
    symbol = text.strip().upper()
    if not symbol:
        return SymbolCheck(symbol, False, "Type a symbol.")
    if is_synthetic(symbol):
        return SymbolCheck(symbol, True, f"{symbol} is a private holding: no market prices it, its owner does.")
    if parse_occ(symbol) is not None:
        text = f"{symbol} is an option contract: enter its underlying, with strike and expiration date."
        return SymbolCheck(symbol, False, text)
    symbol = canonical(symbol)
    if len(symbol) > LONGEST_SYMBOL or not SYMBOL.fullmatch(symbol):
        text = f"A symbol has at most {LONGEST_SYMBOL} letters, digits, dots, hyphens and underscores."
        return SymbolCheck(symbol, False, text)
    known = Security.objects.filter(symbol=symbol, price_status=PriceStatus.KNOWN).select_related("renamed_to").first()
    if known is not None:
        return _known(known)
    match _listing(symbol):
        case Listing.LISTED:
            return SymbolCheck(symbol, True, f"{symbol} is listed.")
        case Listing.UNLISTED:
            return SymbolCheck(symbol, False, f"No source of prices knows {symbol}. Check its spelling.")
        case _:
            text = f"{symbol} could not be checked: the source of prices did not answer. You can enter it all the same."
            return SymbolCheck(symbol, True, text)


def _known(security: Security) -> SymbolCheck:
    symbol = security.symbol
    if security.security_type == SecurityType.INDEX:
        return SymbolCheck(symbol, False, f"{symbol} is an index; it cannot be held. A fund on it can.")
    if security.renamed_to is not None:
        return SymbolCheck(symbol, True, f"{symbol} is called {security.renamed_to.symbol} now.")
    return SymbolCheck(symbol, True, f"{symbol}: {security.name}" if security.name else f"{symbol} is listed.")


def _listing(symbol: str) -> Listing:
    key = f"symbol-check:{settings.MARKETDATA_SOURCE}:{symbol}"
    try:
        if (kept := cache.get(key)) is not None:
            return Listing(kept)
    except RedisError:
        log.warning("Symbols are checked anew: the cache does not answer")
    question = _questions.submit(_ask_and_keep, symbol, key)
    try:
        return question.result(ANSWER_SECONDS)
    except TooLate:
        # Takes back what still waits for its turn, so that no queue grows behind a source that hangs.
        question.cancel()
        return Listing.IN_DOUBT


def _ask_and_keep(symbol: str, key: str) -> Listing:
    found = _ask(symbol)
    try:
        cache.set(key, found.value, DOUBT_KEPT_SECONDS if found is Listing.IN_DOUBT else KEPT_SECONDS)
    except RedisError:
        log.warning("Nothing is kept of the check of %s: the cache does not answer", symbol)
    return found


def _ask(symbol: str) -> Listing:
    # Imported when used: sources take a second to load, and most symbols are known here.
    from marketdata.providers.simulated import Simulated
    from marketdata.services.source import open_source

    if settings.MARKETDATA_SOURCE == "simulated":
        # Its prices would first take seconds to be made.
        listed = Simulated(settings.SIMULATED_SEED).knows(symbol)
        return Listing.LISTED if listed else Listing.UNLISTED
    try:
        source = open_source(settings.MARKETDATA_SOURCE, discard, seconds=ANSWER_SECONDS)
        last = source.last_date or clock.market_today()
        source.provider.prices([symbol], last - RECENT, last)
    except ProviderError as error:
        log.info("%s: %s", symbol, error)
        unlisted = error.outcome in (Outcome.NOT_FOUND, Outcome.EMPTY)
        return Listing.UNLISTED if unlisted else Listing.IN_DOUBT
    except DomainError as error:
        log.warning("Symbols cannot be checked: %s", error.message)
        return Listing.IN_DOUBT
    except Exception:
        log.exception("The check of %s failed", symbol)
        return Listing.IN_DOUBT
    return Listing.LISTED
