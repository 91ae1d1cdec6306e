"""Collecting what is not a price bar: profiles, statements, estimates, Treasury yields and option quotes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from django.db import models, transaction
from django.utils import timezone

from marketdata.models import (
    AnalystEstimate,
    BalanceSheet,
    CashFlowStatement,
    CompanyProfile,
    CompanyProfileRevision,
    IncomeStatement,
    OptionContract,
    OptionQuote,
    Security,
    SecurityType,
    TreasuryYield,
)
from marketdata.providers.base import Capability, OptionContractTerms, Outcome, Provider, ProviderError
from marketdata.services.decisions import STAFF, lock_prices, standing
from marketdata.services.securities import TREASURY_SERIES
from sigmasight.core.bulk import NOTHING, UpsertCount, upsert

PROFILE_AGE_DAYS = 1
FUNDAMENTALS_AGE_DAYS = 30
# Yields go back this far before the first session, so that a year-end holiday leaves no hole.
YIELD_MARGIN_DAYS = 14
_OWN_FIELDS = {"security", "id", "created_at", "updated_at"}


def _columns(model: type[models.Model]) -> set[str]:
    return {field.name for field in model._meta.concrete_fields} - _OWN_FIELDS


def collect_yields(source: Provider, first: dt.date, target: dt.date) -> UpsertCount:
    """Bring the Treasury constant-maturity yields from a little before `first` to `target`; what is there is not asked again.

    Raises
    ------
    ProviderError if the source cannot answer; the caller decides what that costs.
    """
    if Capability.TREASURY_YIELDS not in source.capabilities:
        return NOTHING
    start = first - dt.timedelta(days=YIELD_MARGIN_DAYS)
    held = TreasuryYield.objects.aggregate(first=models.Min("date"), last=models.Max("date"))
    if held["first"] is not None and held["first"] <= first and held["last"] >= target:
        return NOTHING
    if held["first"] is not None and held["first"] <= first:
        start = held["last"] - dt.timedelta(days=YIELD_MARGIN_DAYS)
    points = [p for p in source.treasury_yields(TREASURY_SERIES, start, target) if p.date <= target]
    name = getattr(source, "name", "")
    return upsert(
        TreasuryYield,
        {
            "series_id": [p.series_id for p in points],
            "date": np.array([p.date for p in points], dtype="datetime64[D]"),
            "percent": [p.percent for p in points],
            "source": [p.source or name for p in points],
        },
        unique=["series_id", "date"],
    )


def collect_option_quotes(
    source: Provider, contract_ids: Sequence[int], first: dt.date, target: dt.date
) -> UpsertCount:
    """Bring end-of-session quotes of the contracts; sessions that have quotes are not asked for again.

    Raises
    ------
    ProviderError if the source cannot answer.
    """
    if Capability.OPTION_QUOTES not in source.capabilities or not contract_ids:
        return NOTHING
    newest = dict(
        OptionQuote.objects.filter(security_id__in=contract_ids, session__gte=first)
        # What staff entered says nothing of how far the source was asked.
        .exclude(source=STAFF)
        .values_list("security_id")
        .annotate(models.Max("session"))
    )
    oldest = dict(
        OptionQuote.objects.filter(security_id__in=contract_ids, session__gte=first)
        .exclude(source__in=["seed", STAFF])
        .values_list("security_id")
        .annotate(models.Min("session"))
    )
    groups: dict[dt.date, list[tuple[int, OptionContractTerms]]] = {}
    contracts = OptionContract.objects.filter(security_id__in=contract_ids, expiration__gte=first)
    for contract in contracts.select_related("security", "underlying"):
        terms = OptionContractTerms(
            contract.security.symbol, contract.underlying.symbol, contract.option_type, contract.strike, contract.expiration,
            contract.exercise_style,
        )  # fmt: skip
        last = newest.get(contract.security_id)
        complete = last is not None and oldest.get(contract.security_id, target) <= first + dt.timedelta(days=7)
        start = last + dt.timedelta(days=1) if complete and last is not None else first
        if start <= min(target, contract.expiration):
            groups.setdefault(start, []).append((contract.security_id, terms))
    count = NOTHING
    for start, members in sorted(groups.items()):
        ids = {terms.symbol: security_id for security_id, terms in members}
        try:
            quotes = source.option_quotes([terms for _, terms in members], start, target)
        except ProviderError as error:
            if error.outcome in (Outcome.EMPTY, Outcome.NOT_FOUND):
                continue
            raise
        count += _store_quotes([q for q in quotes if q.symbol in ids and start <= q.session <= target], ids)
    return count


@transaction.atomic
def _store_quotes(quotes: list[Any], ids: dict[str, int]) -> UpsertCount:
    lock_prices(ids.values())
    newest = {(quote.symbol, quote.session): quote for quote in quotes}
    decided = standing(set(ids.values()), min((quote.session for quote in quotes), default=dt.date.max))
    rows = [
        quote
        for quote in newest.values()
        if np.datetime64(quote.session, "D") not in decided.get(ids[quote.symbol], {})
    ]
    return upsert(
        OptionQuote,
        {
            "security": np.array([ids[q.symbol] for q in rows], dtype=np.int64),
            "session": np.array([q.session for q in rows], dtype="datetime64[D]"),
            **{
                name: [getattr(q, name) for q in rows]
                for name in ("bid", "ask", "last", "implied_volatility", "volume", "open_interest", "source")
            },
        },
        unique=["security", "session"],
    )


def collect_profiles(source: Provider, securities: Iterable[Security], as_of: dt.date) -> tuple[int, dict[str, str]]:
    """Bring profiles that are missing or older than a day: the current copy, and the dated one the engines read.

    Returns
    -------
    How many were stored, and for symbols without one the reason.
    """
    if Capability.PROFILES not in source.capabilities:
        return 0, {}
    stale = timezone.now() - dt.timedelta(days=PROFILE_AGE_DAYS)
    fresh = set(CompanyProfile.objects.filter(fetched_at__gt=stale).values_list("security_id", flat=True))
    wanted = {
        s.symbol: s
        for s in securities
        if s.id not in fresh and s.security_type not in (SecurityType.OPTION, SecurityType.INDEX)
    }
    if not wanted:
        return 0, {}
    try:
        answer = source.profiles(sorted(wanted), as_of)
    except ProviderError as error:
        return 0, dict.fromkeys(wanted, str(error))
    known, dated = _columns(CompanyProfile), _columns(CompanyProfileRevision)
    now = timezone.now()
    with transaction.atomic():
        for symbol, profile in sorted(answer.items()):
            security = wanted.get(symbol)
            if security is None:
                continue
            values = {k: v for k, v in profile.values.items() if k in known and v is not None}
            CompanyProfile.objects.update_or_create(
                security=security, defaults=values | {"source": profile.source, "fetched_at": now}
            )
            revision = {k: v for k, v in profile.values.items() if k in dated and v is not None}
            CompanyProfileRevision.objects.update_or_create(security=security, as_of=profile.as_of, defaults=revision)
            _copy_facts(security, profile.values)
    return len(answer), {s: str(getattr(answer, "errors", {}).get(s, "no profile")) for s in wanted if s not in answer}


def _copy_facts(security: Security, values: dict[str, object]) -> None:
    """Name, sector, industry, exchange and type are timeless facts of the security; a provider fills what is empty."""
    facts = {"name": "company_name", "sector": "sector", "industry": "industry", "exchange": "exchange"}
    changed = []
    for field, key in facts.items():
        value = values.get(key)
        if value and getattr(security, field) in ("", None, security.symbol):
            setattr(security, field, str(value)[: security._meta.get_field(field).max_length])  # type: ignore[union-attr]
            changed.append(field)
    kind = values.get("security_type")
    if kind in SecurityType.values and security.security_type == SecurityType.STOCK and kind != SecurityType.STOCK:
        security.security_type = str(kind)
        changed.append("security_type")
    if changed:
        security.save(update_fields=changed)


def collect_fundamentals(
    source: Provider, securities: Iterable[Security], as_of: dt.date
) -> tuple[int, dict[str, str]]:
    """Bring statements and estimates of stocks whose copy is older than a month.

    Returns
    -------
    How many securities were refreshed, and for the others the reason.
    """
    if Capability.FUNDAMENTALS not in source.capabilities:
        return 0, {}
    stale = timezone.now() - dt.timedelta(days=FUNDAMENTALS_AGE_DAYS)
    fresh = set(
        CompanyProfile.objects.filter(fundamentals_last_fetched__gt=stale).values_list("security_id", flat=True)
    )
    done, failures = 0, {}
    for security in sorted(securities, key=lambda s: s.symbol):
        if security.security_type != SecurityType.STOCK or security.id in fresh:
            continue
        try:
            statements = source.fundamentals(security.symbol, as_of)
        except ProviderError as error:
            failures[security.symbol] = str(error)
            if error.outcome in (Outcome.RATE_LIMITED, Outcome.RESTING):
                break
            continue
        with transaction.atomic():
            for model, rows in (
                (IncomeStatement, statements.income),
                (BalanceSheet, statements.balance),
                (CashFlowStatement, statements.cash_flow),
            ):
                _store_statements(model, security.id, statements.source, rows)
            for estimate in statements.estimates:
                _store_estimate(security.id, estimate, as_of)
            CompanyProfile.objects.filter(security=security).update(fundamentals_last_fetched=timezone.now())
        done += 1
    return done, failures


def _store_statements(
    model: type[models.Model], security_id: int, source: str, rows: Sequence[dict[str, object]]
) -> None:
    known = _columns(model) - {"source"}
    for row in rows:
        values = {k: v for k, v in row.items() if k in known}
        key = {
            "security_id": security_id,
            "frequency": values.pop("frequency"),
            "period_date": values.pop("period_date"),
        }
        model._default_manager.update_or_create(**key, defaults=values | {"source": source})  # type: ignore[arg-type]


def _store_estimate(security_id: int, estimate: dict[str, object], as_of: dt.date) -> None:
    known = _columns(AnalystEstimate)
    values = {k: v for k, v in estimate.items() if k in known and k != "as_of"}
    AnalystEstimate.objects.update_or_create(  # type: ignore[misc]
        security_id=security_id, as_of=estimate.get("as_of", as_of), defaults=values
    )
