"""The file people start from when they bring in their positions. It is imported as it is."""

from __future__ import annotations

FILE_NAME = "sigmasight_portfolio_template.csv"
TEMPLATE = """\
# Positions for SigmaSight, one line each. Lines that begin with # are passed over; replace the samples by your own.
# Needed: Symbol, Quantity (negative for what is sold short), Entry Price Per Share, Entry Date (YYYY-MM-DD).
# Numbers have a point for decimals and no thousands separators: 1234.50
# Investment Class: PUBLIC, OPTIONS or PRIVATE; left empty it follows from the other columns.
# Investment Subtype, PUBLIC: STOCK, ETF, MUTUAL_FUND, BOND, CASH. OPTIONS: CALL, PUT.
#   PRIVATE: PRIVATE_EQUITY, VENTURE_CAPITAL, HEDGE_FUND, PRIVATE_REIT, REAL_ESTATE, CRYPTOCURRENCY, CRYPTO, ART,
#   MONEY_MARKET, TREASURY_BILLS, CASH, COMMODITY, OTHER.
# Options need Underlying Symbol, Strike Price, Expiration Date and Option Type. Quantity counts contracts, the price is per share.
# What was sold already has an Exit Date; without Exit Price Per Share it is closed at that day's closing price.
Symbol,Quantity,Entry Price Per Share,Entry Date,Investment Class,Investment Subtype,Underlying Symbol,Strike Price,\
Expiration Date,Option Type,Exit Date,Exit Price Per Share
MSFT,120,371.30,2024-01-08,PUBLIC,STOCK,,,,,,
NVDA271217C00200000,5,41.25,2024-03-11,OPTIONS,CALL,NVDA,200,2027-12-17,CALL,,
SPY271217P00450000,3,18.90,2024-03-11,OPTIONS,PUT,SPY,450,2027-12-17,PUT,,
VTI,85.5,242.10,2024-02-01,PUBLIC,ETF,,,,,,
PTON,-400,5.62,2024-02-20,PUBLIC,STOCK,,,,,,
MONEY_MARKET,25000,1.00,2024-01-02,PRIVATE,MONEY_MARKET,,,,,,
KO,150,59.40,2024-01-15,PUBLIC,STOCK,,,,,2024-05-20,62.95
"""
