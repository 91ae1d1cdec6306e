"""One database holds one family of prices."""

from __future__ import annotations

from marketdata.models import PriceFamily
from sigmasight.core.errors import Conflict


def adopt_family(family: str, directory: str = "") -> None:
    """Make this database one of `family` prices, or check that it is.

    Parameters
    ----------
    family : ``simulated``, ``live`` or ``file``. directory : of the files.

    Raises
    ------
    Conflict if the database holds prices of another family.
    """
    PriceFamily.objects.get_or_create(only_one=True, defaults={"family": family, "directory": directory})
    refuse_other_family(family)


def refuse_other_family(family: str) -> None:
    """Check that this database holds prices of `family` or none yet, and leave it as it is.

    Raises
    ------
    Conflict if the database holds prices of another family.
    """
    held = current_family()
    if held not in (None, family):
        raise Conflict(
            "other_price_family",
            f"This database holds {held} prices; {family} prices do not mix with them. Use another database "
            "(SIGMASIGHT_DATABASE on the embedded server) or start this one anew.",
        )


def current_family() -> str | None:
    """The family of this database, None before its first collection."""
    return PriceFamily.objects.values_list("family", flat=True).first()
