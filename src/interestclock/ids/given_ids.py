"""Ids as somebody says them, in a request, a path or a message: a whole number stands for its digits."""

from __future__ import annotations

import re

__all__ = ["id_as"]

_NUMBER = re.compile("0|-?[1-9][0-9]*", re.ASCII)  # as text says one, and in no other way
_WHOLE = range(-(2**63) + 1, 2**63)


def id_as(given: int | str, *, text: bool) -> int | str | None:
    """An id of the type that a log's ids have: 7 and "7" are the same.

    Args:
        given: the id, of either type. text: whether the log's are text; else they are integers of 64 bits.

    Returns:
        The id; None where no integer of 64 bits is spelled like that.

    Example:
        >>> id_as(7, text=True), id_as("7", text=False), id_as("07", text=False), id_as("ann", text=False)
        ('7', 7, None, None)
    """
    if text:
        return str(given)
    if isinstance(given, str):
        if not _NUMBER.fullmatch(given):
            return None
        given = int(given)
    return given if given in _WHOLE else None
