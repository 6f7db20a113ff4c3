"""How many of a log's items, and of its rows, its items file has; a join that misses is said, or refused.

Axes: ``N`` rows or keys, ``P`` places from the smallest key to the largest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from interestclock.errors import LogError
from interestclock.events.schema import JoinCounts

__all__ = ["ItemJoin"]

_SHARE = 0.05  # of the keys or of the rows: what is beyond it is said
_SHOWN = 3
_LEAST_HELD = 1 << 18
_MOST_PLACES = 1 << 24  # from the smallest key to the largest, for which there is a byte or two each

# What keys that do not match may differ in: tried in this order.
_ALIKE: Sequence[tuple[str, Callable[[pa.Array], pa.Array]]] = (
    (
        "they are integers, written as 104.0 on one side",
        lambda keys: pc.replace_substring_regex(keys, r"^(-?\d+)\.0+$", r"\1"),
    ),
    ("they differ in blanks around them", pc.utf8_trim_whitespace),
    (
        "they differ in leading zeros",
        lambda keys: pc.replace_substring_regex(keys, r"^0+(\d)", r"\1"),
    ),
    ("they differ in capital letters", pc.utf8_lower),
)
_AS_INTEGERS = 'id_type = "integer" (--id-type integer) reads them as 104'
_OTHER_COLUMNS = (
    "name the column of the items file that holds the same (items_key), or the log's column to look up in it "
    "(items_match)"
)


class ItemJoin:
    """Counts, block by block, what of a log is looked up in its items file and found.

    Holds each value that is looked up once; of integers as far as the keys reach a flag. The answer does not
    depend on order or blocks.

    Args:
        called: the items file, for messages. column: of the log, that is looked up in it.
        keys: of the items, int64 or string.
        may_be_integers: the mapping could say that all ids of the log are integers.

    Example:
        >>> join = ItemJoin("items.csv", column="item_id", keys=pa.array(["104", "105"]))
        >>> join.add(pa.array(["104.0", "105.0", "104.0"]))
        >>> join.refuse()
        Traceback (most recent call last):
        interestclock.errors.LogError: items.csv: none of the log's 2 values of 'item_id' is in it: the log
        has '104.0', '105.0', the items file '104', '105'; they are integers, written ...
    """

    def __init__(self, called: str, *, column: str, keys: pa.Array, may_be_integers: bool = False) -> None:
        self._called, self._column, self._keys = called, column, keys
        self._may_be_integers = may_be_integers
        self._seen: list[pa.Table] = []
        self._held = self._merged = 0
        self._flags = _Flags.of(keys)

    def add(self, looked_up: pa.Array) -> None:
        """Count values that are looked up, of the keys' type; null is not in the file."""
        looked_up = self._flags.add(looked_up)
        if not len(looked_up):
            return
        counts = pc.value_counts(looked_up)
        self._seen.append(pa.table({"key": counts.field("values"), "rows": counts.field("counts")}))
        self._held += len(counts)
        if self._held > max(_LEAST_HELD, 2 * self._merged):
            self._merge()

    def counts(self) -> JoinCounts:
        """What was looked up, and what of it is not in the items file."""
        seen, missing = self._missing()
        flags = self._flags
        return JoinCounts(
            items=seen.num_rows - seen["key"].null_count + flags.items,
            items_missing=missing.num_rows - missing["key"].null_count + len(flags.missing()),
            rows=(pc.sum(seen["rows"]).as_py() or 0) + flags.rows,
            rows_missing=(pc.sum(missing["rows"]).as_py() or 0) + flags.rows_missing,
        )

    def refuse(self) -> None:
        """Refuse a log of which nothing is in the items file.

        Raises:
            LogError: shows keys of both sides, and says what they differ in, if that can be told.
        """
        counts = self.counts()
        if counts.items and counts.items == counts.items_missing:
            raise LogError(
                f"{self._called}: none of the log's {counts.items:,} values of '{self._column}' is in it: "
                f"{self._both_sides()}; {self._differ_in() or _OTHER_COLUMNS}"
            )

    def remarks(self) -> list[str]:
        """What is to be said of a join that misses more than a few."""
        counts = self.counts()
        if max(counts.share_of_items, counts.share_of_rows) <= _SHARE:
            return []
        hint = self._differ_in()
        return [
            f"{self._called}: {counts.items_missing:,} of the log's {counts.items:,} values of "
            f"'{self._column}' ({counts.share_of_items:.1%}) are not in it, and with them "
            f"{counts.rows_missing:,} of {counts.rows:,} rows ({counts.share_of_rows:.1%}) have no "
            f"attributes: {self._both_sides()}" + ("" if hint is None else f"; {hint}")
        ]

    def _merge(self) -> pa.Table:
        if len(self._seen) > 1:
            seen = pa.concat_tables(self._seen).group_by("key").aggregate([("rows", "sum")])
            self._seen = [seen.rename_columns({"rows_sum": "rows"}).combine_chunks()]
        elif not self._seen:
            self._seen = [pa.table({"key": self._keys.slice(0, 0), "rows": pa.array([], pa.int64())})]
        self._held = self._merged = self._seen[0].num_rows
        return self._seen[0]

    def _missing(self) -> tuple[pa.Table, pa.Table]:
        seen = self._merge()
        found = pc.is_in(seen["key"], value_set=self._keys)
        return seen, seen.filter(pc.or_(pc.invert(found), pc.is_null(seen["key"])))

    def _missing_keys(self) -> pa.Array:
        missing = self._missing()[1]["key"].drop_null().combine_chunks()
        return pa.concat_arrays([missing, self._flags.missing().cast(missing.type)])

    def _both_sides(self) -> str:
        missing = self._missing_keys()
        return f"the log has {_some(missing)}, the items file {_some(self._keys)}"

    def _differ_in(self) -> str | None:
        """What makes most of the keys that are missing match, if anything simple does, and what to do."""
        missing = self._missing_keys().cast(pa.string())
        keys = self._keys.cast(pa.string())
        for difference, alike in _ALIKE:
            found = pc.sum(pc.is_in(alike(missing), value_set=alike(keys))).as_py() or 0
            if 2 * found > len(missing):
                whole = (difference, alike) == _ALIKE[0] and self._may_be_integers
                return f"{difference}: {_AS_INTEGERS if whole else 'write them alike'}"
        return None


class _Flags:
    """Integers that were looked up and lie within the range of the keys, each with a flag."""

    def __init__(self, key_N: npt.NDArray[np.int64], low: int, places: int) -> None:
        self._low = low
        self._is_key_P = np.zeros(places, np.bool_)
        self._is_key_P[key_N - low] = True
        self._seen_P = np.zeros(places, np.bool_)
        self.rows = self.rows_missing = 0

    @classmethod
    def of(cls, keys: pa.Array) -> _Flags:
        """No places where keys are text, or lie too far apart."""
        if pa.types.is_integer(keys.type) and len(keys):
            low, high = pc.min_max(keys).as_py().values()
            if high - low < _MOST_PLACES:
                return cls(keys.to_numpy(), low, high - low + 1)
        return cls(np.zeros(0, np.int64), 0, 0)

    @property
    def items(self) -> int:
        return int(np.count_nonzero(self._seen_P))

    def missing(self) -> pa.Array:
        """What was looked up and is no key."""
        return pa.array(np.flatnonzero(self._seen_P & ~self._is_key_P) + self._low, pa.int64())

    def add(self, looked_up: pa.Array) -> pa.Array:
        """Note what lies within the range, and what is null; gives the rest."""
        if not self._seen_P.size:
            return looked_up
        value_N = looked_up.drop_null().to_numpy()
        place_N = value_N - np.int64(self._low)  # of what is too far away it turns over
        within_N = place_N.view(np.uint64) < self._seen_P.size
        rest = looked_up.slice(0, 0)
        if not within_N.all():
            place_N, rest = place_N[within_N], pa.array(value_N[~within_N])
        self._seen_P[place_N] = True
        known = int(np.count_nonzero(self._is_key_P[place_N]))
        self.rows += place_N.size + looked_up.null_count
        self.rows_missing += place_N.size - known + looked_up.null_count
        return rest


def _some(keys: pa.Array | pa.ChunkedArray) -> str:
    first = pc.take(keys, pc.select_k_unstable(keys, _SHOWN, [("key", "ascending")]))
    return ", ".join(repr(key) for key in islice(first.to_pylist(), _SHOWN))
