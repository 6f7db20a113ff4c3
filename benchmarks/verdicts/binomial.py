"""How sure a share is: exact bounds after Clopper and Pearson (1934)."""

from __future__ import annotations

from scipy.special import betaincinv

CONFIDENCE = 0.95


def at_least(hits: int, of: int) -> float:
    """The share is not below this, one-sided, at 95%.

    >>> round(at_least(60, 60), 4)
    0.9513
    """
    return 0.0 if hits == 0 else float(betaincinv(hits, of - hits + 1, 1 - CONFIDENCE))


def at_most(hits: int, of: int) -> float:
    """The share is not above this, one-sided, at 95%.

    >>> round(at_most(0, 60), 4)
    0.0487
    """
    return 1.0 if hits == of else float(betaincinv(hits + 1, of - hits, CONFIDENCE))
