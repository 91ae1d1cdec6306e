"""Listed option contracts by their terms, created where they are new."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from marketdata.models import OptionContract, OptionType, Security, SecurityType
from marketdata.providers.base import OptionContractTerms
from marketdata.providers.symbols import occ_symbol
from marketdata.services.securities import canonical, ensure_securities
from sigmasight.core.errors import DomainError

# OCC symbols spell strikes with five digits before the point and three behind it.
LARGEST_STRIKE = Decimal(100_000)
STRIKE_STEP = Decimal("0.001")


def contract_terms(underlying: str, option_type: str, strike: Decimal, expiration: dt.date) -> OptionContractTerms:
    """The terms of a contract with its OCC symbol.

    Raises
    ------
    DomainError for a strike that no listed contract can have.
    """
    if not 0 < strike < LARGEST_STRIKE or strike % STRIKE_STEP:
        raise DomainError(
            "invalid_strike",
            f"A strike is above 0, below {LARGEST_STRIKE} and has at most three decimals; {strike} is not one.",
        )
    root = canonical(underlying)
    return OptionContractTerms(occ_symbol(root, expiration, option_type, strike), root, option_type, strike, expiration)


def ensure_contracts(terms: Sequence[OptionContractTerms]) -> list[Security]:
    """The securities of these contracts, in their order; contracts and underlyings that are new are stored."""
    if not terms:
        return []
    underlyings = ensure_securities(term.underlying for term in terms)
    found = _by_terms(terms)
    missing = {_key(underlyings[term.underlying].id, term): term for term in terms}
    missing = {key: term for key, term in missing.items() if key not in found}
    if missing:
        symbols = ensure_securities((term.symbol for term in missing.values()), SecurityType.OPTION)
        OptionContract.objects.bulk_create(
            [
                OptionContract(
                    security=symbols[term.symbol],
                    underlying_id=key[0],
                    option_type=term.option_type,
                    strike=term.strike,
                    expiration=term.expiration,
                    exercise_style=term.exercise_style,
                )
                for key, term in missing.items()
            ],
            ignore_conflicts=True,
        )
        found = _by_terms(terms)
    return [found[_key(underlyings[term.underlying].id, term)] for term in terms]


def option_type(position_type: str) -> OptionType:
    """CALL for LC and SC, PUT for LP and SP."""
    return OptionType.CALL if position_type.endswith("C") else OptionType.PUT


def _key(underlying_id: int, term: OptionContractTerms) -> tuple[int, str, Decimal, dt.date]:
    return underlying_id, term.option_type, term.strike.normalize(), term.expiration


def _by_terms(terms: Sequence[OptionContractTerms]) -> dict[tuple[int, str, Decimal, dt.date], Security]:
    contracts = OptionContract.objects.filter(
        underlying__symbol__in={term.underlying for term in terms}, expiration__in={term.expiration for term in terms}
    ).select_related("security")
    return {
        (
            contract.underlying_id,
            contract.option_type,
            contract.strike.normalize(),
            contract.expiration,
        ): contract.security
        for contract in contracts
    }
