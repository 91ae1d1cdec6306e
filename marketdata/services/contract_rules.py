"""Whether the terms of held option contracts are those that their symbols spell."""

from __future__ import annotations

from collections.abc import Sequence

from marketdata.models import OptionContract
from marketdata.services.securities import canonical, parse_occ
from sigmasight.core.audits import Check, Finding, Nothing, Severity, check

NO_CONTRACTS = Nothing("nobody holds options", "Nothing to do.", Severity.INFORMATION)
CORRECT = "Correct the contract under Market data, Option contracts, and roll its holders again."


def check_contracts(security_ids: Sequence[int]) -> Check:
    """Underlying, expiration, side and strike of every contract against its OCC symbol."""
    contracts = OptionContract.objects.filter(pk__in=security_ids).select_related("security", "underlying")
    found = []
    for contract in contracts.order_by("security__symbol"):
        symbol = contract.security.symbol
        spelled = parse_occ(symbol)
        if spelled is None:
            found.append(Finding(Severity.WARNING, symbol, "is no OCC symbol", "option_contracts", CORRECT))
            continue
        terms = {
            "underlying": (contract.underlying.symbol, canonical(spelled.underlying)),
            "expiration": (contract.expiration, spelled.expiration),
            "side": (contract.option_type, spelled.option_type),
            "strike": (contract.strike, spelled.strike),
        }
        found += [
            Finding(Severity.ERROR, symbol, f"{name} is {stored}, its symbol says {said}", "option_contracts", CORRECT)
            for name, (stored, said) in terms.items()
            if stored != said and not (name == "underlying" and _same_root(str(stored), str(said)))
        ]
    return check("Option contracts", {"contracts": len(contracts)}, found, nothing=NO_CONTRACTS)


def _same_root(stored: str, spelled: str) -> bool:
    """Roots leave out what separates classes of shares (BRKB of BRK-B), and adjusted contracts end with a digit."""
    return stored.replace("-", "") == spelled.replace("-", "").rstrip("0123456789")
