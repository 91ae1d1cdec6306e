"""Opening the source of prices that the settings name."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from marketdata.providers.base import Provider, ProviderError
from marketdata.providers.chain import ProviderChain
from marketdata.providers.requests_log import Recorder
from marketdata.providers.simulated import Simulated
from marketdata.providers.sources import Source
from sigmasight.core.errors import DomainError

FILES, FILES_WITH_PROXIES = "files:", "files-with-proxies:"


@dataclass(frozen=True)
class OpenSource:
    """A source ready to be asked. `last_date` is the newest day it can know, None where that is today."""

    provider: Provider
    family: str
    directory: str = ""
    last_date: dt.date | None = None


def open_source(name: str, recorder: Recorder, *, seconds: float | None = None) -> OpenSource:
    """The source behind ``simulated``, ``live``, ``files:DIR`` or ``files-with-proxies:DIR``.

    Parameters
    ----------
    seconds : how long a live source may take for one answer; by default as the settings say.

    Raises
    ------
    DomainError if there is no such source, or its files cannot be used.
    """
    if name == "simulated":
        return OpenSource(
            ProviderChain([Source(Simulated(settings.SIMULATED_SEED))], name="simulated", recorder=recorder),
            "simulated",
        )
    if name == "live":
        from marketdata.providers.registry import build_chain

        return OpenSource(build_chain("live", recorder=recorder, seconds=seconds), "live")
    for prefix in (FILES, FILES_WITH_PROXIES):
        if name.startswith(prefix):
            directory = Path(name.removeprefix(prefix)).expanduser().resolve()
            try:
                # pandas reads files, and is loaded where files are read.
                from marketdata.providers.files import Files

                files = Files(directory, proxies=prefix == FILES_WITH_PROXIES)
                last = files.last_date
            except ProviderError as error:
                raise DomainError("files_unusable", str(error)) from error
            return OpenSource(
                ProviderChain([Source(files)], name="file", recorder=recorder), "file", str(directory), last
            )
    raise DomainError(
        "unknown_source", f"{name!r} is no price source: use simulated, live, files:DIR or files-with-proxies:DIR"
    )
