"""Loops compiled by numba, and kept on disk under a name that changes when any of them does."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba

from interestclock.loop_cache import cache_folder

__all__ = ["SOURCES", "compiled"]

_Loop = TypeVar("_Loop", bound=Callable[..., Any])
_numba_settings: Any = numba.config  # names that no type checker sees

# Files with compiled loops, or with what goes into them: formulas, constants.
SOURCES = (
    "compiled.py",
    "distinct.py",
    "events/digit_fields.py",
    "clock_features/count_votes.py",
    "clock_features/everyone.py",
    "clock_features/population_clocks.py",
    "clock_features/scoring.py",
    "clock_features/value_sets.py",
    "clocks/head_networks.py",
    "clocks/item_match.py",
    "clocks/routine_spans.py",
    "histories/block_order.py",
    "histories/block_room.py",
    "search/batch.py",
    "search/lanes.py",
    "search/request.py",
    "search/selection.py",
    "search/spans.py",
    "sequences/category_search.py",
    "store/chunk_columns.py",
    "studies/count_levels.py",
    "studies/own_past.py",
    "timeofday/days.py",
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

    Kept where ``cache_folder`` says; where there is no place for it, it is compiled in each process.

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
        dispatcher = numba.njit(nogil=True, **options)(loop)
        folder = cache_folder(Path(loop.__code__.co_filename).parent, _numba_settings.CACHE_DIR)
        if folder is not None:
            _keep(dispatcher, folder)
        compiled_loop: _Loop = dispatcher
        return compiled_loop

    return compile_it


def _keep(dispatcher: Any, folder: str) -> None:
    """numba asks its setting when it is told to keep a loop, and not again; it is everyone's, so put back."""
    before, _numba_settings.CACHE_DIR = _numba_settings.CACHE_DIR, folder
    try:
        dispatcher.enable_caching()
    finally:
        _numba_settings.CACHE_DIR = before
