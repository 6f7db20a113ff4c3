"""Requests as the rows that the batch maker takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from interestclock.arrays import padded_lists
from interestclock.errors import RequestError
from interestclock.events.context import CONTEXT_KINDS
from interestclock.samples import Rows
from interestclock.samples.context import context_arrays
from interestclock.serving.local_clock import LocalTime
from interestclock.serving.rank_request import RankRequest, Value
from interestclock.serving.ranker_version import RankerVersion

__all__ = ["Placed", "rows_of"]

# Shapes: M requests, C candidates of one, B candidates of all.


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A request in a view: its user's slot, and those of its candidates, int64 (C,)."""

    request: RankRequest
    user: int
    items: npt.NDArray[np.int64]
    local: LocalTime


def rows_of(placed: Sequence[Placed], version: RankerVersion) -> Rows:
    """Candidates of all requests, each request's together.

    Raises:
        RequestError: a context is none of the ranker's, or its value is of another kind.
    """
    counts = [each.items.size for each in placed]

    def repeated(values: Sequence[int]) -> npt.NDArray[np.int64]:
        return np.repeat(np.array(values, np.int64), counts)

    at_ms_B = repeated([each.request.at_ms for each in placed])
    return Rows(
        user_B=repeated([each.user for each in placed]),
        item_B=np.concatenate([each.items for each in placed]),
        request_B=repeated(range(len(placed))),
        timestamp_ms_B=at_ms_B,
        second_of_day_B=repeated([each.local.second_of_day for each in placed]),
        day_of_week_B=repeated([each.local.day_of_week for each in placed]),
        known_ms_B=at_ms_B,
        **_context([each.request for each in placed], counts, version),
    )


def _context(requests: Sequence[RankRequest], counts: list[int], version: RankerVersion) -> dict[str, Any]:
    names = version.ranker.names
    known = {name for kind in CONTEXT_KINDS for name in names.context[kind.name]}
    for request in requests:
        if strange := request.context.keys() - known:
            has = ", ".join(sorted(known)) or "none"
            raise RequestError(f"context '{min(strange)}' is none of this ranker's; it has {has}")
    columns: dict[str, npt.NDArray[Any]] = {}
    for kind in CONTEXT_KINDS:
        for name in names.context[kind.name]:
            values = [request.context.get(name) for request in requests]
            if not kind.ids:
                value_M: npt.NDArray[Any] = np.array([_number(name, each) for each in values], np.float32)
            elif kind.several:
                value_M = _several(name, values, version)
            else:
                value_M = version.context_numbers(name, [_text(name, each) for each in values])
            columns[f"{kind.name}.{name}"] = np.repeat(value_M, counts, axis=0)
    return context_arrays(columns)


def _several(name: str, values: Sequence[Value], version: RankerVersion) -> npt.NDArray[np.int32]:
    texts = [_texts(name, each) for each in values]
    numbers = version.context_numbers(name, [text for each in texts for text in each])
    return padded_lists(numbers.astype(np.int32), np.array([len(each) for each in texts], np.int64))


def _text(name: str, value: Value) -> str | None:
    if value is not None and not isinstance(value, str):
        raise RequestError(f"context '{name}' is {value!r}; give text")
    return value


def _texts(name: str, value: Value) -> Sequence[str]:
    if value is None:
        return ()
    if isinstance(value, str | int | float) or not all(isinstance(each, str) for each in value):
        raise RequestError(f"context '{name}' is {value!r}; give a list of texts")
    return value


def _number(name: str, value: Value) -> float:
    if value is None:
        return float("nan")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise RequestError(f"context '{name}' is {value!r}; give a number")
    return float(value)
