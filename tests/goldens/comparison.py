"""Where two values differ: integers, text and structure exactly, floats within a tolerance."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["EXACT", "Tolerance", "describe", "differences"]

_SHOWN = 3


@dataclass(frozen=True, kw_only=True)
class Tolerance:
    """How far a float may be from the one that is stored: ``absolute + relative * |stored|``."""

    relative: float = 0.0
    absolute: float = 0.0

    def allows(self, stored: float, found: float) -> bool:
        if math.isnan(stored) or math.isnan(found):
            return math.isnan(stored) and math.isnan(found)
        return stored == found or abs(found - stored) <= self.absolute + self.relative * abs(stored)


EXACT = Tolerance()


def differences(stored: Any, found: Any, tolerance: Tolerance = EXACT, where: str = "") -> Iterator[str]:
    """One line for each place that differs, in order; none where nothing does."""
    if isinstance(stored, np.ndarray) and isinstance(found, np.ndarray):
        yield from _of_arrays(stored, found, tolerance, where)
    elif isinstance(stored, dict) and isinstance(found, dict):
        yield from _of_names(stored, found, tolerance, where)
    elif isinstance(stored, list) and isinstance(found, list):
        yield from _of_lists(stored, found, tolerance, where)
    elif isinstance(stored, float) and isinstance(found, float):
        if not tolerance.allows(stored, found):
            yield f"{where or 'the value'} was {stored!r} and is {found!r}"
    elif type(stored) is not type(found) or stored != found:
        yield f"{where or 'the value'} was {stored!r} and is {found!r}"


def describe(found: list[str], tolerance: Tolerance) -> str:
    """The first differences, how many there are, and what floats were allowed."""
    more = f" (and {len(found) - _SHOWN} more)" if len(found) > _SHOWN else ""
    allowed = f"; floats may differ by {tolerance.absolute:g} + {tolerance.relative:g} of what is stored"
    return "; ".join(found[:_SHOWN]) + more + (allowed if tolerance != EXACT else "")


def _of_arrays(stored: np.ndarray, found: np.ndarray, tolerance: Tolerance, where: str) -> Iterator[str]:
    if (stored.shape, stored.dtype) != (found.shape, found.dtype):
        was, now = (f"{each.dtype} {each.shape}" for each in (stored, found))
        yield f"{where or 'the array'} was {was} and is {now}"
        return
    same = stored == found
    if np.issubdtype(stored.dtype, np.floating):
        allowed = tolerance.absolute + tolerance.relative * np.abs(stored.astype(np.float64))
        same |= np.abs(found.astype(np.float64) - stored) <= allowed
        same |= np.isnan(stored) & np.isnan(found)
    for place in np.argwhere(~same).tolist():
        was, now = stored[tuple(place)], found[tuple(place)]
        yield f"{where}[{', '.join(map(str, place))}] was {was} and is {now}"


def _of_names(
    stored: dict[str, Any], found: dict[str, Any], tolerance: Tolerance, where: str
) -> Iterator[str]:
    for name in [*stored, *(each for each in found if each not in stored)]:
        place = f"{where}.{name}".lstrip(".")
        if name not in found:
            yield f"{place} is missing"
        elif name not in stored:
            yield f"{place} is new"
        else:
            yield from differences(stored[name], found[name], tolerance, place)


def _of_lists(stored: list[Any], found: list[Any], tolerance: Tolerance, where: str) -> Iterator[str]:
    if len(stored) != len(found):
        yield f"{where or 'the list'} had {len(stored)} entries and has {len(found)}"
    for place, (was, now) in enumerate(zip(stored, found, strict=False)):
        yield from differences(was, now, tolerance, f"{where}[{place}]")
