"""Whether what is known about held companies and funds is there, field by field, and possible."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db.models import Q
from django.utils import timezone

from marketdata.models import CompanyProfile, Security, SecurityType
from marketdata.models.securities import FUND_TYPES
from sigmasight.core.audits import Check, Finding, Nothing, Severity, check, counted, named

OWN = {"security", "created_at", "updated_at", "source", "fetched_at", "fundamentals_last_fetched"}
FIELDS = tuple(field.name for field in CompanyProfile._meta.concrete_fields if field.name not in OWN)
# What results and pages are made of; the rest is for reading.
NEEDED_OF_STOCKS = ("company_name", "sector", "industry", "country", "market_cap", "beta", "dividend_yield")
NEEDED_OF_FUNDS = ("company_name", "beta", "dividend_yield")
# Fields that a fund does not have.
ONLY_COMPANIES = frozenset(
    {name for name in FIELDS if name.startswith(("current_", "next_", "fiscal_", "recommendation_", "target_"))}
    | {
        "sector", "market_cap", "ceo", "employees", "website", "pe_ratio", "forward_pe", "number_of_analyst_opinions", "forward_eps",
        "earnings_growth", "revenue_growth", "earnings_quarterly_growth", "profit_margins", "operating_margins", "gross_margins",
        "return_on_assets", "return_on_equity", "total_revenue",
    }
)  # fmt: skip
OLD_DAYS = 7
REFRESH = "Refresh the company profiles."
NOTHING_HELD = Nothing("no company or fund is held", "Load positions, or seed the demo.")
# Pairs of which the first may not be above the second.
ORDERED = (
    ("week_52_low", "week_52_high"),
    ("target_low_price", "target_mean_price"),
    ("target_mean_price", "target_high_price"),
    ("current_year_revenue_low", "current_year_revenue_high"),
    ("next_year_revenue_low", "next_year_revenue_high"),
)
# Fractions by their nature: a percentage in their place is a hundred times too large.
LARGEST = {"dividend_yield": 0.5, "profit_margins": 1.0, "operating_margins": 1.0, "gross_margins": 1.0, "beta": 10.0}


def check_profiles(security_ids: Sequence[int]) -> Check:
    """Every field of the profile of every held symbol: those missing are named by symbol, or once where nobody has them."""
    held = _held(security_ids)
    profiles = CompanyProfile.objects.in_bulk([one.pk for one in held])
    found, lacking_of, known = [], {}, set()
    for one in held:
        profile = profiles.get(one.pk)
        if profile is None:
            severity = Severity.WARNING if one.is_fund else Severity.ERROR
            found.append(Finding(severity, one.symbol, "has no profile", "company_profiles", REFRESH))
            continue
        lacking_of[one] = {name for name in _fields_of(one) if getattr(profile, name) in (None, "")}
        known |= {name for name in _fields_of(one) if name not in lacking_of[one]}
    nobody = sorted(set(FIELDS) - known) if lacking_of else []
    for one, lacking in lacking_of.items():
        needed = [name for name in (NEEDED_OF_FUNDS if one.is_fund else NEEDED_OF_STOCKS) if name in lacking]
        if needed:
            found.append(Finding(Severity.WARNING, one.symbol, f"lacks {named(needed)}", "company_profiles", REFRESH))
        rest = sorted(lacking - set(needed) - set(nobody))
        if rest:
            found.append(
                Finding(
                    Severity.INFORMATION,
                    one.symbol,
                    f"lacks {named(rest)}",
                    "company_profiles",
                    "Nothing depends on it.",
                )
            )
    if nobody:
        found.append(Finding(
            Severity.INFORMATION, counted(len(nobody), "field"), f"of no held symbol: {named(nobody, len(nobody))}", "company_profiles",
            "The source does not send them; nothing depends on them.",
        ))  # fmt: skip
    filled = sum(len(_fields_of(one)) - len(lacking) for one, lacking in lacking_of.items())
    total = sum(len(_fields_of(one)) for one in lacking_of)
    told = [f"{filled:,} of {total:,} fields are filled ({filled / total:.0%})"] if total else []
    return check(
        "Company profiles", {"symbols": len(held), "profiles": len(lacking_of), "fields": total}, found,
        nothing=NOTHING_HELD, told=told,
    )  # fmt: skip


def check_figures(security_ids: Sequence[int]) -> Check:
    """Figures of profiles that cannot be: ranges upside down, percentages in the place of fractions, profiles long not fetched."""
    held = {one.pk: one for one in _held(security_ids)}
    profiles = CompanyProfile.objects.filter(pk__in=held).order_by("security__symbol")
    found = []
    for profile in profiles:
        symbol = held[profile.pk].symbol
        for low, high in ORDERED:
            below, above = getattr(profile, low), getattr(profile, high)
            if below is not None and above is not None and below > above:
                found.append(
                    Finding(
                        Severity.ERROR,
                        symbol,
                        f"has {low} {below:,.2f} above {high} {above:,.2f}",
                        "company_profiles",
                        REFRESH,
                    )
                )
        for name, most in LARGEST.items():
            value = getattr(profile, name)
            if value is not None and abs(value) > most:
                found.append(Finding(
                    Severity.WARNING, symbol, f"has {name} {float(value):,.4f}: perhaps a percentage in the place of a fraction",
                    "company_profiles", REFRESH,
                ))  # fmt: skip
        if timezone.now() - profile.fetched_at > dt.timedelta(days=OLD_DAYS):
            found.append(
                Finding(
                    Severity.WARNING,
                    symbol,
                    f"was last fetched on {profile.fetched_at:%Y-%m-%d}",
                    "company_profiles",
                    REFRESH,
                )
            )
    return check("Figures of profiles", {"profiles": len(profiles)}, found, nothing=NOTHING_HELD)


def _held(security_ids: Sequence[int]) -> list[Security]:
    priced = ~Q(security_type__in=[SecurityType.OPTION, SecurityType.INDEX])
    return list(Security.objects.filter(priced, pk__in=security_ids).order_by("symbol"))


def _fields_of(security: Security) -> tuple[str, ...]:
    if security.security_type in FUND_TYPES:
        return tuple(name for name in FIELDS if name not in ONLY_COMPANIES)
    return FIELDS
