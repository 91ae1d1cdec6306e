from marketdata.models.benchmarks import SectorBenchmarkWeight, TreasuryYield
from marketdata.models.collection import (
    Breaker,
    CorrectionKind,
    PriceCorrection,
    PriceFamily,
    PriceRejection,
    ProviderRequest,
    ProviderState,
    RejectionResolution,
    SymbolCollection,
)
from marketdata.models.decisions import Decision, PriceDecision
from marketdata.models.fundamentals import AnalystEstimate, BalanceSheet, CashFlowStatement, Frequency, IncomeStatement
from marketdata.models.marks import InstrumentMark, MarkQuality, MarkSource, OptionQuote
from marketdata.models.prices import DailyPrice, Dividend, DividendKind, PriceHistory, PriceQuality, Split, SplitKind
from marketdata.models.profiles import CompanyProfile, CompanyProfileRevision
from marketdata.models.securities import (
    ExerciseStyle,
    OptionContract,
    OptionType,
    PriceStatus,
    Security,
    SecurityType,
)

__all__ = [
    "AnalystEstimate",
    "BalanceSheet",
    "Breaker",
    "CashFlowStatement",
    "CompanyProfile",
    "CompanyProfileRevision",
    "CorrectionKind",
    "DailyPrice",
    "Decision",
    "Dividend",
    "DividendKind",
    "ExerciseStyle",
    "Frequency",
    "IncomeStatement",
    "InstrumentMark",
    "MarkQuality",
    "MarkSource",
    "OptionContract",
    "OptionQuote",
    "OptionType",
    "PriceCorrection",
    "PriceDecision",
    "PriceFamily",
    "PriceHistory",
    "PriceQuality",
    "PriceRejection",
    "PriceStatus",
    "ProviderRequest",
    "ProviderState",
    "RejectionResolution",
    "SectorBenchmarkWeight",
    "Security",
    "SecurityType",
    "Split",
    "SplitKind",
    "SymbolCollection",
    "TreasuryYield",
]
