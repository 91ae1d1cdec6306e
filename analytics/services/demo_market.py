"""The instruments of the demo: every listed symbol, the option contracts held, and their premiums as quotes."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from marketdata.models import OptionContract, OptionQuote, Security, SecurityType
from sigmasight.core.demo import DEMO_SESSION, rows

SEED_SOURCE = "seed"


def seed_instruments() -> dict[str, int]:
    """Store the securities, contracts and premiums that are not there yet; what is there stays as it is.

    Returns
    -------
    Security ids by symbol, for every symbol of the demo.
    """
    contracts = {row["symbol"]: row for row in rows("positions") if row["security_type"] == SecurityType.OPTION}
    wanted = [
        Security(
            symbol=row["symbol"],
            name=row["company_name"],
            security_type=row["security_type"],
            exchange=row["exchange"],
            sector=row["sector_provider"],
            industry=row["industry"],
        )
        for row in rows("security_sectors")
        if row["security_type"] in SecurityType.values
    ]
    wanted += [
        Security(symbol=symbol, name=row["name"], security_type=SecurityType.OPTION)
        for symbol, row in contracts.items()
    ]
    symbols = [security.symbol for security in wanted]
    known = set(Security.objects.filter(symbol__in=symbols).values_list("symbol", flat=True))
    Security.objects.bulk_create([security for security in wanted if security.symbol not in known])
    ids = dict(Security.objects.filter(symbol__in=symbols).values_list("symbol", "id"))

    described = set(
        OptionContract.objects.filter(security__symbol__in=contracts).values_list("security__symbol", flat=True)
    )
    OptionContract.objects.bulk_create(
        OptionContract(
            security_id=ids[symbol],
            underlying_id=ids[row["underlying"]],
            option_type=row["option_type"],
            strike=Decimal(row["strike"]),
            expiration=dt.date.fromisoformat(row["expiration"]),
            multiplier=int(row["multiplier"]),
        )
        for symbol, row in contracts.items()
        if symbol not in described
    )
    quoted = set(
        OptionQuote.objects.filter(security__symbol__in=contracts, session=DEMO_SESSION).values_list(
            "security__symbol", flat=True
        )
    )
    OptionQuote.objects.bulk_create(
        OptionQuote(security_id=ids[symbol], session=DEMO_SESSION, last=Decimal(row["entry_price"]), source=SEED_SOURCE)
        for symbol, row in contracts.items()
        if symbol not in quoted
    )
    return ids
