"""What the owner expects of a holding."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from portfolios.models.portfolios import Portfolio
from portfolios.models.positions import SHORT_TYPES, Position, PositionType
from sigmasight.core.models import TimestampedModel, UUIDModel

# Target, the return it implies, the dollars it means.
SETTLED_FIELDS = (
    ("target_price_eoy", "expected_return_eoy", "target_upside_eoy_value"),
    ("target_price_next_year", "expected_return_next_year", "target_upside_next_year_value"),
    ("downside_target_price", "downside_return", "target_downside_value"),
)


def _price() -> models.DecimalField[Any, Any]:
    return models.DecimalField(max_digits=14, decimal_places=4, null=True, blank=True)


def _percent() -> models.DecimalField[Any, Any]:
    return models.DecimalField(max_digits=10, decimal_places=4, null=True, blank=True)


def _fraction() -> models.DecimalField[Any, Any]:
    return models.DecimalField(max_digits=12, decimal_places=6, null=True, blank=True)


def _dollars() -> models.DecimalField[Any, Any]:
    return models.DecimalField(max_digits=16, decimal_places=2, null=True, blank=True)


class TargetPrice(UUIDModel, TimestampedModel):
    """Price targets for one symbol and side of a portfolio, with the returns they imply in percent."""

    portfolio = models.ForeignKey(Portfolio, on_delete=models.CASCADE, related_name="target_prices", db_index=False)
    symbol = models.CharField(max_length=32)
    position_type = models.CharField(max_length=5, choices=PositionType, default=PositionType.LONG)
    position = models.ForeignKey(
        Position, on_delete=models.SET_NULL, null=True, blank=True, related_name="target_prices"
    )
    target_price_eoy = _price()
    target_price_next_year = _price()
    downside_target_price = _price()
    current_price = models.DecimalField(max_digits=14, decimal_places=4)
    expected_return_eoy = _percent()
    expected_return_next_year = _percent()
    downside_return = _percent()
    target_upside_eoy_value = _dollars()
    target_upside_next_year_value = _dollars()
    target_downside_value = _dollars()
    position_weight = _percent()
    contribution_to_portfolio_return = _fraction()
    contribution_to_portfolio_risk = _fraction()
    price_updated_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        db_table = "target_prices"
        ordering = ["symbol", "position_type", "id"]
        constraints = [
            models.UniqueConstraint(fields=["portfolio", "symbol", "position_type"], name="target_price_unique"),
            models.CheckConstraint(condition=Q(position_type__in=PositionType.values), name="target_price_type_valid"),
            models.CheckConstraint(condition=Q(current_price__gt=0), name="target_price_current_positive"),
            models.CheckConstraint(
                condition=(
                    (Q(target_price_eoy=None) | Q(target_price_eoy__gte=0))
                    & (Q(target_price_next_year=None) | Q(target_price_next_year__gte=0))
                    & (Q(downside_target_price=None) | Q(downside_target_price__gte=0))
                ),
                name="target_prices_not_negative",
            ),
        ]

    def settle(self, price: Decimal, quantity: Decimal | None, at: dt.datetime) -> None:
        """Set the current price and what the targets mean at it: returns in percent, dollars for `quantity` shares (or none).

        For short types a falling price is the gain. Nothing is saved.
        """
        side = -1 if self.position_type in SHORT_TYPES else 1
        self.current_price = price
        self.price_updated_at = at
        for target, percent, dollars in SETTLED_FIELDS:
            wanted = getattr(self, target)
            gain = None if wanted is None else side * (wanted - price)
            setattr(self, percent, None if gain is None else round(100 * gain / price, 4))
            setattr(self, dollars, None if gain is None or quantity is None else round(abs(quantity) * gain, 2))

    def __str__(self) -> str:
        return f"{self.symbol} {self.position_type}: {self.target_price_eoy}"
