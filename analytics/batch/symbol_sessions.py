"""Which sessions have their symbol-level numbers already: a run computes only those whose inputs differ.

Every session's numbers are stored with a fingerprint of exactly what they were made of: the window of returns and bars that ends
on it, the securities, the provider's betas known by then, the definitions and the method. Beside it stands the version of all
inputs under which the fingerprint was last seen to hold: while no price and no definition changes, one query tells that nothing
has to be computed; otherwise the fingerprints do.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Sequence

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from analytics.batch.universe import Universe
from analytics.models import SymbolFactorExposure, SymbolNumbers, SymbolSession, SymbolVolatility
from marketdata.services.panel import prices_version
from sigmasight.core.bulk import read_columns, upsert

# Counted up when an engine's numbers change with the same inputs.
METHOD_VERSION = "1"
TABLES = {SymbolNumbers.VOLATILITY: SymbolVolatility, SymbolNumbers.FACTORS: SymbolFactorExposure}


def inputs_version() -> str:
    """A text that differs as soon as any stored price, security, provider's beta, factor or scenario does."""
    row = read_columns(
        """
        SELECT (SELECT sum(hashtextextended(concat_ws('|', h.security_id, s.symbol, s.sector, s.security_type), 0)::numeric)
                FROM price_histories h JOIN securities s ON s.id = h.security_id)::text AS securities,
               (SELECT sum(hashtextextended(concat_ws('|', security_id, as_of, beta), 0)::numeric)
                FROM company_profile_revisions WHERE beta IS NOT NULL AND beta <> 0)::text AS betas
        """
    )
    return _digest([str(prices_version()), *(str(column[0]) for column in row.values()), definitions()])


def definitions() -> str:
    """A text that differs as soon as a factor, a scenario or a setting of theirs does."""
    row = read_columns(
        """
        SELECT (SELECT sum(hashtextextended(f::text, 0)::numeric) FROM factor_definitions f)::text AS factors,
               (SELECT sum(hashtextextended(concat_ws('|', scenario_id, slot, shock_config), 0)::numeric)
                FROM stress_test_scenarios WHERE active)::text AS scenarios
        """
    )
    given = (METHOD_VERSION, settings.RATE_PROXY_DURATION, settings.RATE_PROXY_CONVEXITY)
    return _digest([*(str(column[0]) for column in row.values()), *map(str, given)])


def _digest(parts: Iterable[str]) -> str:
    return hashlib.blake2b("\n".join(parts).encode(), digest_size=20).hexdigest()


def not_current(kind: SymbolNumbers, sessions: Sequence[dt.date], version: str) -> list[dt.date]:
    """The sessions without stored numbers that are known to hold under this version of the inputs."""
    rows = read_columns(
        f"SELECT s.session FROM symbol_sessions s WHERE s.kind = %(kind)s AND s.inputs_version = %(version)s "
        f"AND s.session BETWEEN %(first)s AND %(last)s "
        f"AND EXISTS (SELECT 1 FROM {TABLES[kind]._meta.db_table} r WHERE r.calculation_date = s.session)",
        {"kind": kind.value, "version": version, "first": sessions[0], "last": sessions[-1]},
    )
    there = set(rows["session"].tolist())
    return [session for session in sessions if session not in there]


def fingerprints(
    windows: Iterable[tuple[dt.date, slice]], series: Sequence[NDArray[np.float64]], fixed: bytes, dated: dict[dt.date, bytes]
) -> dict[dt.date, str]:  # fmt: skip
    """What the numbers of each session are made of, as a text.

    Parameters
    ----------
    windows : each session with the rows its numbers look at. series : (T, N) arrays of those rows. fixed : what is the same for
        all sessions. dated : what else belongs to a session.
    """
    rows: dict[int, bytes] = {}

    def row(t: int) -> bytes:
        if t not in rows:
            digest = hashlib.blake2b(digest_size=20)
            for values in series:
                digest.update(np.ascontiguousarray(values[t]).tobytes())
            rows[t] = digest.digest()
        return rows[t]

    result = {}
    for session, window in windows:
        digest = hashlib.blake2b(fixed + dated.get(session, b""), digest_size=20)
        for t in range(window.start, window.stop):
            digest.update(row(t))
        result[session] = digest.hexdigest()
    return result


def described(universe: Universe) -> bytes:
    """The securities as bytes."""
    return b"|".join(
        (
            universe.security.tobytes(),
            universe.sector.tobytes(),
            universe.is_fund.tobytes(),
            "\n".join(universe.symbols.tolist()).encode(),
            definitions().encode(),
        )
    )


def unchanged(kind: SymbolNumbers, found: dict[dt.date, str]) -> set[dt.date]:
    """The sessions whose stored numbers were made of exactly what was found now."""
    rows = read_columns(
        f"SELECT s.session, s.fingerprint FROM symbol_sessions s WHERE s.kind = %(kind)s AND s.session = ANY(%(sessions)s) "
        f"AND EXISTS (SELECT 1 FROM {TABLES[kind]._meta.db_table} r WHERE r.calculation_date = s.session)",
        {"kind": kind.value, "sessions": list(found)},
    )
    return {s for s, text in zip(rows["session"].tolist(), rows["fingerprint"], strict=True) if found[s] == text}


def record(kind: SymbolNumbers, found: dict[dt.date, str], sessions: Iterable[dt.date], version: str) -> None:
    """Note that the stored numbers of these sessions were made of what was found, under this version of the inputs."""
    days = sorted(sessions)
    if days:
        upsert(
            SymbolSession,
            {
                "session": days, "kind": [kind.value] * len(days), "fingerprint": [found[day] for day in days],
                "inputs_version": [version] * len(days),
            },
            unique=["session", "kind"],
        )  # fmt: skip
