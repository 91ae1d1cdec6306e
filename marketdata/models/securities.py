"""What is traded: stocks, funds, indices and listed option contracts."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from sigmasight.core.models import TimestampedModel


class SecurityType(models.TextChoices):
    STOCK = "stock", "Stock"
    ETF = "etf", "Exchange-traded fund"
    ETN = "etn", "Exchange-traded note"
    MUTUAL_FUND = "mutual_fund", "Mutual fund"
    INDEX = "index", "Index"
    OPTION = "option", "Option contract"


FUND_TYPES = frozenset({SecurityType.ETF, SecurityType.ETN, SecurityType.MUTUAL_FUND})


class PriceStatus(models.TextChoices):
    """Whether a source has ever priced the security."""

    KNOWN = "known", "Priced by a source"
    UNVERIFIED = "unverified", "Not asked yet"
    NO_SOURCE = "no_source", "No source prices it"


class Security(TimestampedModel):
    """Something with one market price: a stock, a fund, an index or an option contract (by its OCC symbol).

    Sector, industry and type are timeless facts and hold for past sessions too. Sector names are the provider's.
    """

    symbol = models.CharField(max_length=32, unique=True)
    name = models.CharField(max_length=255, blank=True)
    security_type = models.CharField(max_length=16, choices=SecurityType)
    exchange = models.CharField(max_length=64, blank=True)
    sector = models.CharField(max_length=64, blank=True, help_text="The provider's name; empty for funds and indices")
    industry = models.CharField(max_length=128, blank=True)
    is_active = models.BooleanField(default=True, db_default=True)
    price_status = models.CharField(
        max_length=16, choices=PriceStatus, default=PriceStatus.UNVERIFIED, db_default=PriceStatus.UNVERIFIED
    )
    renamed_to = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="former_symbols"
    )

    class Meta:
        db_table = "securities"
        verbose_name_plural = "securities"
        ordering = ["symbol"]
        constraints = [
            models.CheckConstraint(condition=Q(security_type__in=SecurityType.values), name="security_type_valid"),
            models.CheckConstraint(
                condition=Q(price_status__in=PriceStatus.values), name="security_price_status_valid"
            ),
            models.CheckConstraint(condition=~Q(symbol=""), name="security_symbol_given"),
            models.CheckConstraint(
                condition=Q(renamed_to=None) | ~Q(renamed_to=F("id")), name="security_not_renamed_to_itself"
            ),
        ]
        indexes = [models.Index(fields=["security_type"], name="security_type_index")]

    def __str__(self) -> str:
        return self.symbol

    @property
    def is_fund(self) -> bool:
        return self.security_type in FUND_TYPES


class OptionType(models.TextChoices):
    CALL = "CALL", "Call"
    PUT = "PUT", "Put"


class ExerciseStyle(models.TextChoices):
    AMERICAN = "american", "American"
    EUROPEAN = "european", "European"


class OptionContract(models.Model):
    """The terms of a listed option. Its price per underlying share times `multiplier` is the value of one contract."""

    security = models.OneToOneField(
        Security, on_delete=models.CASCADE, primary_key=True, related_name="option_contract"
    )
    # The unique key below starts with the underlying, so that a second index on it would be idle.
    underlying = models.ForeignKey(Security, on_delete=models.PROTECT, related_name="options", db_index=False)
    option_type = models.CharField(max_length=4, choices=OptionType)
    strike = models.DecimalField(max_digits=14, decimal_places=4)
    expiration = models.DateField(db_index=True)
    multiplier = models.PositiveSmallIntegerField(default=100, db_default=100)
    exercise_style = models.CharField(
        max_length=8, choices=ExerciseStyle, default=ExerciseStyle.AMERICAN, db_default=ExerciseStyle.AMERICAN
    )

    class Meta:
        db_table = "option_contracts"
        ordering = ["underlying", "expiration", "strike", "option_type"]
        constraints = [
            models.UniqueConstraint(
                fields=["underlying", "option_type", "strike", "expiration"], name="option_contract_terms_unique"
            ),
            models.CheckConstraint(condition=Q(option_type__in=OptionType.values), name="option_contract_type_valid"),
            models.CheckConstraint(
                condition=Q(exercise_style__in=ExerciseStyle.values), name="option_contract_style_valid"
            ),
            models.CheckConstraint(condition=Q(strike__gt=0), name="option_contract_strike_positive"),
            models.CheckConstraint(condition=Q(multiplier__gt=0), name="option_contract_multiplier_positive"),
            models.CheckConstraint(condition=~Q(underlying=F("security")), name="option_contract_not_on_itself"),
        ]

    def __str__(self) -> str:
        return f"{self.underlying_id} {self.option_type} {self.strike} {self.expiration}"
