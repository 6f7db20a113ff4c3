"""Loops compiled by numba, and kept on disk under a name that changes when any of them does."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from numba import njit

__all__ = ["SOURCES", "compiled"]

_Loop = TypeVar("_Loop", bound=Callable[..., Any])

# Files with compiled loops, or with what goes into them: formulas, constants.
SOURCES = (
    "compiled.py",
    "features/count_votes.py",
    "features/scoring.py",
    "features/value_sets.py",
    "histories/blocks.py",
    "search/batch.py",
    "search/lanes.py",
    "search/request.py",
    "search/selection.py",
    "search/stretches.py",
    "sequences/alike.py",
    "timeofday.py",
)


def _digest(package: Path) -> str:
    """Of all sources together."""
    digest = hashlib.sha256()
    for name in SOURCES:
        digest.update((package / name).read_bytes())
    return digest.hexdigest()[:12]


_DIGEST = _digest(Path(__file__).parent)


def compiled(**options: Any) -> Callable[[_Loop], _Loop]:
    """Compile a loop on its first call for each signature, without holding Python's lock; kept on disk.

    numba keeps what it compiled until the file of the outermost loop changes: a change of a loop that is
    called from another file would go unnoticed, and an upgraded package would run what it was before. So
    the name of each loop, which names its file on disk, carries a digest of them all.

    Args:
        options: of ``numba.njit``.

    Example:
        >>> from interestclock.search.selection import select_row
        >>> select_row.__qualname__.startswith("select_row_")
        True
    """

    def compile_it(loop: _Loop) -> _Loop:
        loop.__qualname__ = f"{loop.__qualname__}_{_DIGEST}"
        dispatcher: _Loop = njit(nogil=True, cache=True, **options)(loop)
        return dispatcher

    return compile_it
