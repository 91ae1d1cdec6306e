"""The console of market data."""

from marketdata.admin import collection, companies, prices, securities

__all__ = ["collection", "companies", "prices", "securities"]
