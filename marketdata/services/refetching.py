"""Asking the source once more for single securities."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from marketdata.models import PriceRejection, RejectionResolution, Security, SecurityType
from marketdata.providers.base import Provider
from marketdata.services.collection import CollectionReport, Wanted, collect_prices
from marketdata.services.reference_collection import collect_option_quotes
from sigmasight.core import clock


def fetch_again(
    source: Provider,
    securities: Sequence[Security],
    since: dt.date,
    first: dt.date,
    target: dt.date,
    *,
    by: UUID | None,
) -> tuple[CollectionReport, int]:
    """Ask for the prices of these securities again from `since` on, of contracts for quotes that are missing.

    Refused rows from that day on count as asked again, unless the source sends them as badly as before or does not answer.

    Parameters
    ----------
    first : how far back a security is asked for that was never collected.

    Returns
    -------
    What came of prices, and how many quotes were stored.

    Raises
    ------
    ProviderError if the source of quotes cannot answer.
    """
    priced = [one for one in securities if one.security_type != SecurityType.OPTION]
    contracts = [one.pk for one in securities if one.security_type == SecurityType.OPTION]
    report, quotes = CollectionReport(), 0
    if priced:
        refused = PriceRejection.objects.filter(symbol__in=[one.symbol for one in priced], date__gte=since)
        refused.filter(resolved=None).update(
            resolved=RejectionResolution.REFETCHED, resolved_by_id=by, updated_at=clock.now()
        )
        report = collect_prices(
            source, [Wanted(one.pk, one.symbol, one.security_type) for one in priced], first, target, last_complete=target,
            again_from=since, insist=True,
        )  # fmt: skip
        refused.filter(symbol__in=report.failures, resolved=RejectionResolution.REFETCHED).update(
            resolved=None, resolved_by_id=None, updated_at=clock.now()
        )
    if contracts:
        quotes = collect_option_quotes(source, contracts, since, target).written
    return report, quotes
