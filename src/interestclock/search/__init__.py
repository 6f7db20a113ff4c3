"""Exact top-K over long histories, shared by clocks and their peers."""

from interestclock.search.exact import Found, search_histories

__all__ = ["Found", "search_histories"]
