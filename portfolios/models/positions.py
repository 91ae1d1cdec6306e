"""Lots and their history of trades."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from marketdata.models import Security
from portfolios.models.portfolios import Portfolio
from sigmasight.core.models import TimestampedModel, UUIDModel


class InvestmentClass(models.TextChoices):
    PUBLIC = "PUBLIC", "Public"
    OPTIONS = "OPTIONS", "Options"
    PRIVATE = "PRIVATE", "Private"


class PositionType(models.TextChoices):
    """Instrument and side: bought or sold short, stock, call or put."""

    LONG = "LONG", "Long"
    SHORT = "SHORT", "Short"
    LC = "LC", "Long call"
    LP = "LP", "Long put"
    SC = "SC", "Short call"
    SP = "SP", "Short put"


LONG_TYPES = (PositionType.LONG, PositionType.LC, PositionType.LP)
SHORT_TYPES = (PositionType.SHORT, PositionType.SC, PositionType.SP)
OPTION_TYPES = (PositionType.LC, PositionType.LP, PositionType.SC, PositionType.SP)


class Position(UUIDModel, TimestampedModel):
    """A lot: one purchase (or short sale) of an instrument and what is left of it.

    `quantity`, `entry_price` and the exit fields are the present state, kept by the services; the history is in
    `Trade`. Shorts have negative quantities. Option terms are those of the security's contract. Values are not stored
    here: they are quantity x mark x multiplier.
    """

    portfolio = models.ForeignKey(Portfolio, on_delete=models.CASCADE, related_name="positions", db_index=False)
    symbol = models.CharField(max_length=32)
    security = models.ForeignKey(
        Security,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="positions",
        help_text="None for private holdings",
    )
    investment_class = models.CharField(max_length=8, choices=InvestmentClass)
    investment_subtype = models.CharField(max_length=30, blank=True, default="", db_default="")
    position_type = models.CharField(max_length=5, choices=PositionType)
    quantity = models.DecimalField(max_digits=18, decimal_places=4)
    entry_price = models.DecimalField(max_digits=16, decimal_places=6, help_text="Per share, in the units of today")
    entry_date = models.DateField()
    exit_price = models.DecimalField(max_digits=16, decimal_places=6, null=True, blank=True)
    exit_date = models.DateField(null=True, blank=True)
    realized_pnl = models.DecimalField(max_digits=16, decimal_places=2, default=0, db_default=0)
    notes = models.TextField(blank=True, default="", db_default="")
    proxy_symbol = models.CharField(
        max_length=32, blank=True, default="", db_default="", help_text="The owner's stand-in for a private holding"
    )
    proxy_multiple = models.DecimalField(max_digits=8, decimal_places=4, null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "positions"
        ordering = ["symbol", "entry_date", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(position_type__in=PositionType.values), name="position_type_valid"),
            models.CheckConstraint(
                condition=Q(investment_class__in=InvestmentClass.values), name="position_class_valid"
            ),
            models.CheckConstraint(
                condition=(
                    Q(position_type__in=LONG_TYPES, quantity__gte=0) | Q(position_type__in=SHORT_TYPES, quantity__lte=0)
                ),
                name="position_sign_fits_type",
            ),
            models.CheckConstraint(
                condition=(
                    Q(investment_class=InvestmentClass.OPTIONS, position_type__in=OPTION_TYPES)
                    | Q(investment_class__in=[InvestmentClass.PUBLIC, InvestmentClass.PRIVATE])
                    & Q(position_type__in=[PositionType.LONG, PositionType.SHORT])
                ),
                name="position_class_fits_type",
            ),
            models.CheckConstraint(
                condition=(
                    Q(investment_class=InvestmentClass.PRIVATE, security__isnull=True)
                    | ~Q(investment_class=InvestmentClass.PRIVATE) & Q(security__isnull=False)
                ),
                name="position_security_unless_private",
            ),
            models.CheckConstraint(condition=Q(entry_price__gt=0), name="position_entry_price_positive"),
            # An option may end worthless.
            models.CheckConstraint(
                condition=Q(exit_price=None) | Q(exit_price__gte=0), name="position_exit_price_valid"
            ),
            models.CheckConstraint(
                condition=Q(exit_date=None) | Q(exit_date__gte=F("entry_date")), name="position_exit_after_entry"
            ),
            models.CheckConstraint(condition=~Q(symbol=""), name="position_symbol_given"),
        ]
        indexes = [
            models.Index(fields=["portfolio"], name="position_portfolio_live", condition=Q(deleted_at__isnull=True)),
            models.Index(fields=["portfolio", "symbol"], name="position_portfolio_symbol"),
        ]

    def __str__(self) -> str:
        return f"{self.symbol} {self.position_type} {self.quantity}"


class TradeKind(models.TextChoices):
    OPEN = "open", "Opening"
    CLOSE = "close", "Closing"
    EXPIRY = "expiry", "Expiry"


class Trade(UUIDModel, TimestampedModel):
    """A change of a lot's quantity. Closings and expiries carry the P&L they realised; splits are never trades. A
    closing without a price is booked at the session's close.

    The quantity held on a day is the sum of the trades until then, each times the split ratios after `units_as_of`.
    """

    position = models.ForeignKey(Position, on_delete=models.CASCADE, related_name="trades", db_index=False)
    kind = models.CharField(max_length=6, choices=TradeKind)
    trade_date = models.DateField()
    quantity = models.DecimalField(
        max_digits=18, decimal_places=4, help_text="Signed: what it added to the lot's quantity"
    )
    price = models.DecimalField(
        max_digits=16,
        decimal_places=6,
        null=True,
        blank=True,
        help_text="Per share; none for a closing at the session's close",
    )
    fees = models.DecimalField(max_digits=12, decimal_places=2, default=0, db_default=0)
    realized_pnl = models.DecimalField(max_digits=16, decimal_places=2, null=True, blank=True)
    units_as_of = models.DateField(help_text="The day whose shares quantity and price are counted in")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        db_table = "trades"
        ordering = ["position", "trade_date", "created_at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["position"], condition=Q(kind=TradeKind.OPEN), name="trade_one_opening"),
            models.CheckConstraint(condition=Q(kind__in=TradeKind.values), name="trade_kind_valid"),
            models.CheckConstraint(condition=~Q(quantity=0), name="trade_quantity_not_zero"),
            models.CheckConstraint(
                condition=(
                    Q(kind=TradeKind.OPEN, price__isnull=False, price__gt=0)
                    | Q(kind=TradeKind.CLOSE) & (Q(price=None) | Q(price__gte=0))
                    | Q(kind=TradeKind.EXPIRY, price__isnull=False, price__gte=0)
                ),
                name="trade_price_valid",
            ),
            models.CheckConstraint(condition=Q(fees__gte=0), name="trade_fees_not_negative"),
            models.CheckConstraint(
                condition=(
                    Q(kind=TradeKind.OPEN, realized_pnl__isnull=True)
                    # At the session's close: known once the ledger has booked it.
                    | ~Q(kind=TradeKind.OPEN) & (Q(realized_pnl__isnull=False) | Q(price=None))
                ),
                name="trade_closing_realizes",
            ),
        ]
        indexes = [models.Index(fields=["position", "trade_date"], name="trade_position_date")]

    def __str__(self) -> str:
        return f"{self.kind} {self.quantity} at {self.price} on {self.trade_date}"


class PositionValuation(TimestampedModel):
    """What a private holding was worth per unit on a day, as its owner or staff recorded it."""

    position = models.ForeignKey(Position, on_delete=models.CASCADE, related_name="valuations", db_index=False)
    date = models.DateField()
    price = models.DecimalField(max_digits=16, decimal_places=6)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        db_table = "position_valuations"
        ordering = ["position", "-date"]
        constraints = [
            models.UniqueConstraint(fields=["position", "date"], name="position_valuation_unique"),
            models.CheckConstraint(condition=Q(price__gte=0), name="position_valuation_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.position_id} {self.date} {self.price}"
