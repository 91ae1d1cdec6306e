from portfolios.models.portfolios import AccountType, EquityChange, EquityChangeType, Portfolio
from portfolios.models.positions import (
    LONG_TYPES,
    OPTION_TYPES,
    SHORT_TYPES,
    InvestmentClass,
    Position,
    PositionType,
    PositionValuation,
    Trade,
    TradeKind,
)
from portfolios.models.snapshots import LotQuality, NavQuality, PortfolioSnapshot, PositionSnapshot
from portfolios.models.targets import TargetPrice
from portfolios.models.users import AdminSession, RevokedToken, User, UserActivityEvent

__all__ = [
    "LONG_TYPES",
    "OPTION_TYPES",
    "SHORT_TYPES",
    "AccountType",
    "AdminSession",
    "EquityChange",
    "EquityChangeType",
    "InvestmentClass",
    "LotQuality",
    "NavQuality",
    "Portfolio",
    "PortfolioSnapshot",
    "Position",
    "PositionSnapshot",
    "PositionType",
    "PositionValuation",
    "RevokedToken",
    "TargetPrice",
    "Trade",
    "TradeKind",
    "User",
    "UserActivityEvent",
]
