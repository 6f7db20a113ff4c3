"""Cases of one test of which a few run always, and all in the slow suite."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import pytest


def slow_but(always: Collection[Any], values: Iterable[Any]) -> list[Any]:
    """Values to parametrize a test by, slow but for those that run always; a tuple is one case's arguments.

    Example:
        >>> [getattr(each, "values", each) for each in slow_but([2], [1, 2])]
        [(1,), 2]
    """
    values = list(values)
    missing = [each for each in always if each not in values]
    assert not missing, f"{missing} are none of {values}"
    return [each if each in always else _slow(each) for each in values]


def _slow(value: Any) -> Any:
    values = value if isinstance(value, tuple) else (value,)
    return pytest.param(*values, marks=pytest.mark.slow)
