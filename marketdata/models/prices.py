"""Daily prices as traded, and the corporate actions that connect them."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from marketdata.models.securities import Security
from sigmasight.core.models import TimestampedModel


class PriceQuality(models.TextChoices):
    OK = "ok", "Good"
    SUSPECT = "suspect", "Unexplained jump, used by nothing"


class DailyPrice(TimestampedModel):
    """One session of a security, raw as traded: never adjusted for later splits or dividends."""

    security = models.ForeignKey(Security, on_delete=models.CASCADE, related_name="daily_prices", db_index=False)
    date = models.DateField()
    open = models.DecimalField(max_digits=18, decimal_places=6, null=True, blank=True)
    high = models.DecimalField(max_digits=18, decimal_places=6, null=True, blank=True)
    low = models.DecimalField(max_digits=18, decimal_places=6, null=True, blank=True)
    close = models.DecimalField(max_digits=18, decimal_places=6)
    volume = models.BigIntegerField(null=True, blank=True)
    source = models.CharField(max_length=32)
    quality = models.CharField(max_length=8, choices=PriceQuality, default=PriceQuality.OK, db_default=PriceQuality.OK)

    class Meta:
        db_table = "daily_prices"
        ordering = ["security", "-date"]
        constraints = [
            models.UniqueConstraint(fields=["security", "date"], name="daily_price_unique"),
            models.CheckConstraint(condition=Q(quality__in=PriceQuality.values), name="daily_price_quality_valid"),
            models.CheckConstraint(condition=Q(close__gt=0), name="daily_price_close_positive"),
            models.CheckConstraint(condition=Q(open=None) | Q(open__gt=0), name="daily_price_open_positive"),
            models.CheckConstraint(condition=Q(low=None) | Q(low__gt=0), name="daily_price_low_positive"),
            models.CheckConstraint(condition=Q(low=None) | Q(low__lte=F("close")), name="daily_price_low_below_close"),
            models.CheckConstraint(
                condition=Q(high=None) | Q(high__gte=F("close")), name="daily_price_high_above_close"
            ),
            models.CheckConstraint(condition=Q(volume=None) | Q(volume__gte=0), name="daily_price_volume_not_negative"),
        ]
        indexes = [
            models.Index(fields=["date"], name="daily_price_date"),
            models.Index(fields=["security", "date"], name="daily_price_suspect", condition=Q(quality="suspect")),
        ]

    def __str__(self) -> str:
        return f"{self.security_id} {self.date} {self.close}"


class PriceHistory(TimestampedModel):
    """All sessions of a security as arrays: what the engines read instead of `DailyPrice` rows.

    Element i belongs to session number ``first_session + i`` of the exchange calendar; NaN where there is no usable
    price. Prices are raw; ``split_factor`` is the product of all later split ratios, ``return_factor`` of all later
    total-return adjustments. Rebuilt whenever a price or an action of the security changes.
    """

    security = models.OneToOneField(Security, on_delete=models.CASCADE, primary_key=True, related_name="price_history")
    version = models.BigIntegerField(default=1, db_default=1)
    first_session = models.IntegerField(help_text="Ordinal of the first element in the exchange calendar")
    open = ArrayField(models.FloatField())
    high = ArrayField(models.FloatField())
    low = ArrayField(models.FloatField())
    close = ArrayField(models.FloatField())
    split_factor = ArrayField(models.FloatField())
    return_factor = ArrayField(models.FloatField())
    checksum = models.CharField(max_length=64, help_text="SHA-256 of the arrays")

    class Meta:
        db_table = "price_histories"
        verbose_name_plural = "price histories"
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    open__len=F("close__len"),
                    high__len=F("close__len"),
                    low__len=F("close__len"),
                    split_factor__len=F("close__len"),
                    return_factor__len=F("close__len"),
                ),
                name="price_history_arrays_aligned",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.security_id} v{self.version}"


class SplitKind(models.TextChoices):
    SPLIT = "split", "Split of shares"
    SPIN_OFF_ADJUSTMENT = "spin_off_adjustment", "Spin-off: adjusts prices, never quantities"


class Split(TimestampedModel):
    """`ratio` new shares for one old share from the open of `ex_date` on."""

    security = models.ForeignKey(Security, on_delete=models.CASCADE, related_name="splits", db_index=False)
    ex_date = models.DateField()
    # Twelve decimals: a reverse split of 1 for 3 must give back whole shares of any holding.
    ratio = models.DecimalField(max_digits=20, decimal_places=12)
    kind = models.CharField(max_length=20, choices=SplitKind, default=SplitKind.SPLIT, db_default=SplitKind.SPLIT)
    source = models.CharField(max_length=32)

    class Meta:
        db_table = "splits"
        ordering = ["security", "-ex_date"]
        constraints = [
            models.UniqueConstraint(fields=["security", "ex_date"], name="split_unique"),
            models.CheckConstraint(condition=Q(kind__in=SplitKind.values), name="split_kind_valid"),
            models.CheckConstraint(condition=Q(ratio__gt=0), name="split_ratio_positive"),
        ]
        indexes = [models.Index(fields=["ex_date"], name="split_ex_date")]

    def __str__(self) -> str:
        return f"{self.security_id} {self.ex_date} {self.ratio}:1"


class DividendKind(models.TextChoices):
    REGULAR = "regular", "Regular"
    SPECIAL = "special", "Special"


class Dividend(TimestampedModel):
    """Cash per share as paid to holders of the night before `ex_date`, in the shares outstanding on that day."""

    security = models.ForeignKey(Security, on_delete=models.CASCADE, related_name="dividends", db_index=False)
    ex_date = models.DateField()
    amount = models.DecimalField(max_digits=18, decimal_places=8)
    kind = models.CharField(
        max_length=8, choices=DividendKind, default=DividendKind.REGULAR, db_default=DividendKind.REGULAR
    )
    source = models.CharField(max_length=32)

    class Meta:
        db_table = "dividends"
        ordering = ["security", "-ex_date"]
        constraints = [
            models.UniqueConstraint(fields=["security", "ex_date", "kind"], name="dividend_unique"),
            models.CheckConstraint(condition=Q(kind__in=DividendKind.values), name="dividend_kind_valid"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="dividend_amount_positive"),
        ]
        indexes = [models.Index(fields=["ex_date"], name="dividend_ex_date")]

    def __str__(self) -> str:
        return f"{self.security_id} {self.ex_date} {self.amount}"
