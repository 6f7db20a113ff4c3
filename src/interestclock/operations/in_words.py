"""Numbers as a status line has them."""

from __future__ import annotations

import math

import numpy as np

__all__ = ["duration", "minute", "number"]

_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60))


def number(value: float, form: str) -> str:
    """A number in a format; a dash for NaN.

    Example:
        >>> number(1234.5, ",.0f"), number(float("nan"), ".3f")
        ('1,234', '-')
    """
    return "-" if math.isnan(value) else format(value, form)


def minute(timestamp_ms: int) -> str:
    """UTC milliseconds to the minute, also of years that the standard library cannot name.

    Example:
        >>> minute(64_800_000)
        '1970-01-01 18:00'
    """
    return str(np.datetime64(timestamp_ms, "ms").astype("datetime64[m]")).replace("T", " ")


def duration(seconds: float) -> str:
    """In the largest unit of which there are two; nothing for NaN.

    Example:
        >>> duration(2.5), duration(7_200), duration(float("nan"))
        ('2.5 s', '2.0 h', '')
    """
    if math.isnan(seconds):
        return ""
    for unit, size in _UNITS:
        if abs(seconds) >= 2 * size:
            return f"{seconds / size:,.1f} {unit}"
    return f"{seconds:.1f} s"
