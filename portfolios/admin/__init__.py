"""The console of people, portfolios and positions."""

from portfolios.admin import books, people, positions, results

__all__ = ["books", "people", "positions", "results"]
