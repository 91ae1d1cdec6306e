"""The price of an instrument at a session: the mark every reader uses, and the option quotes behind it."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from marketdata.models.securities import Security
from sigmasight.core.models import TimestampedModel


class MarkQuality(models.TextChoices):
    FRESH = "fresh", "Priced this session"
    STALE = "stale", "Priced up to five sessions ago"
    FROZEN = "frozen", "Older: the last price is carried"


class MarkSource(models.TextChoices):
    PROVIDER = "provider", "Price of a provider"
    FILE = "file", "Price of a file"
    MODEL = "model", "Model price"
    SEED = "seed", "Demo premium"
    SIMULATED = "simulated", "Simulated market"


class InstrumentMark(TimestampedModel):
    """The one price of a stock, fund or contract at a session; values and P&L are quantity x mark x multiplier."""

    security = models.ForeignKey(Security, on_delete=models.CASCADE, related_name="marks", db_index=False)
    session = models.DateField()
    price = models.DecimalField(max_digits=18, decimal_places=6)
    price_date = models.DateField(help_text="The session the price is from")
    age_sessions = models.SmallIntegerField(default=0, db_default=0)
    quality = models.CharField(max_length=8, choices=MarkQuality)
    price_source = models.CharField(max_length=16, choices=MarkSource)

    class Meta:
        db_table = "instrument_marks"
        ordering = ["-session", "security"]
        constraints = [
            models.UniqueConstraint(fields=["security", "session"], name="instrument_mark_unique"),
            models.CheckConstraint(condition=Q(quality__in=MarkQuality.values), name="instrument_mark_quality_valid"),
            models.CheckConstraint(
                condition=Q(price_source__in=MarkSource.values), name="instrument_mark_source_valid"
            ),
            # A contract that expires out of the money is worth nothing.
            models.CheckConstraint(condition=Q(price__gte=0), name="instrument_mark_price_not_negative"),
            models.CheckConstraint(
                condition=Q(price_date__lte=F("session")), name="instrument_mark_not_from_the_future"
            ),
            models.CheckConstraint(condition=Q(age_sessions__gte=0), name="instrument_mark_age_not_negative"),
        ]
        indexes = [models.Index(fields=["session"], name="instrument_mark_session")]

    def __str__(self) -> str:
        return f"{self.security_id} {self.session} {self.price} ({self.quality})"


class OptionQuote(TimestampedModel):
    """The market of one contract at the end of a session. Prices per share; volatility a fraction per year."""

    security = models.ForeignKey(Security, on_delete=models.CASCADE, related_name="option_quotes", db_index=False)
    session = models.DateField()
    bid = models.DecimalField(max_digits=14, decimal_places=4, null=True, blank=True)
    ask = models.DecimalField(max_digits=14, decimal_places=4, null=True, blank=True)
    last = models.DecimalField(max_digits=14, decimal_places=4, null=True, blank=True)
    implied_volatility = models.DecimalField(max_digits=10, decimal_places=6, null=True, blank=True)
    volume = models.BigIntegerField(null=True, blank=True)
    open_interest = models.BigIntegerField(null=True, blank=True)
    source = models.CharField(max_length=32)

    class Meta:
        db_table = "option_quotes"
        ordering = ["-session", "security"]
        constraints = [
            models.UniqueConstraint(fields=["security", "session"], name="option_quote_unique"),
            models.CheckConstraint(
                condition=(Q(bid=None) | Q(bid__gte=0))
                & (Q(ask=None) | Q(ask__gte=0))
                & (Q(last=None) | Q(last__gte=0)),
                name="option_quote_prices_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(implied_volatility=None) | Q(implied_volatility__gte=0),
                name="option_quote_volatility_not_negative",
            ),
            models.CheckConstraint(
                condition=(Q(volume=None) | Q(volume__gte=0)) & (Q(open_interest=None) | Q(open_interest__gte=0)),
                name="option_quote_counts_not_negative",
            ),
        ]
        indexes = [models.Index(fields=["session"], name="option_quote_session")]

    def __str__(self) -> str:
        return f"{self.security_id} {self.session} {self.last}"
