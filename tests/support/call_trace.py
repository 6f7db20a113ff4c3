"""Which calls went back: to a package that the way had passed, from one that stands later."""

from __future__ import annotations

import gc
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import CodeType, FrameType, TracebackType
from typing import Any, NamedTuple


class Place(NamedTuple):
    """Where a function stands: its package, and ``package.module:Class.function``."""

    package: str
    name: str


class CallTrace:
    """Follows every call in this thread between packages of one source folder, while it is entered.

    Args:
        source: the folder. order: its packages, in the order in which the way goes through them.
        passed_at: ``package.module:function`` -> the last package that is behind the way once that is called.

    ``back`` holds ``(caller's package, function that was called)`` of each call into a package behind the
    way by one that is not behind it. ``reached`` holds the names of ``passed_at`` that were called.
    """

    def __init__(self, source: Path, *, order: Sequence[str], passed_at: Mapping[str, str]) -> None:
        self._source, self._order, self._passed_at = source, list(order), passed_at
        self._places: dict[CodeType, Place | None] = {}
        self._passed: set[str] = set()
        self.back: set[tuple[str, str]] = set()
        self.reached: set[str] = set()

    def __enter__(self) -> CallTrace:
        gc.collect()  # generators that others left half way are ended here, and not by who is followed
        self._before = sys.getprofile()
        sys.setprofile(self._follow)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        sys.setprofile(self._before)

    def _follow(self, frame: FrameType, event: str, _: Any) -> None:
        place = self._place(frame.f_code) if event == "call" else None
        if place is None:
            return
        if place.name in self._passed_at and place.name not in self.reached:
            self.reached.add(place.name)
            last = self._order.index(self._passed_at[place.name])
            self._passed |= set(self._order[: last + 1])
        if place.package in self._passed:
            caller = self._caller(frame)
            if caller is not None and caller.package not in self._passed:
                self.back.add((caller.package, place.name))

    def _caller(self, frame: FrameType) -> Place | None:
        """Who called, where others stand between: what Python, or a library, was asked to call."""
        before = frame.f_back
        while before is not None:
            place = self._place(before.f_code)
            if place is not None:
                return place
            before = before.f_back
        return None

    def _place(self, code: CodeType) -> Place | None:
        if code not in self._places:
            self._places[code] = self._find(code)
        return self._places[code]

    def _find(self, code: CodeType) -> Place | None:
        path = Path(code.co_filename)
        if not path.is_relative_to(self._source):
            return None
        *packages, module = path.relative_to(self._source).with_suffix("").parts
        if not packages or packages[0] not in self._order:
            return None  # a file beside the packages: plain functions for all of them
        return Place(packages[0], f"{'.'.join([*packages, module])}:{code.co_qualname}")
