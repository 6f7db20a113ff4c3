"""The type of a log's ids: integers where every one is, else text; whatever comes first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from interestclock.errors import LogError
from interestclock.events.id_values import are_integers, fits_int64, no_ids
from interestclock.events.mapping import ColumnMapping
from interestclock.events.raw_tables import RawBlock
from interestclock.events.read_blocks import read_blocks, types_of
from interestclock.events.text_tables import columns_of_plain_integers
from interestclock.events.values import is_text

__all__ = ["IdTypes", "id_types_of", "settle_id_types"]

_STATED = {"integer": pa.int64(), "text": pa.string()}


@dataclass(frozen=True, kw_only=True)
class IdTypes:
    """What the ids of a log are.

    Args:
        types: column -> int64 or string.
        remarks: what of it a reader may not expect, in sentences.

    Example:
        >>> IdTypes(types={"user_id": pa.int64()}).remarks
        ()
    """

    types: Mapping[str, pa.DataType]
    remarks: Sequence[str] = ()


class _Ids:
    """A column of ids, as far as it was seen."""

    def __init__(self, column: str, stated: pa.DataType | None) -> None:
        self.column, self._stated = column, stated
        self._integers = False
        self._text: str | None = None  # the first that is no integer, and where

    @property
    def is_settled(self) -> bool:
        return self._stated is not None or self._text is not None

    def add_type(self, path: Path, kind: pa.DataType) -> bool:
        """Note a file's type; whether its values have to be looked at."""
        if pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
            kind = kind.value_type
        if is_text(kind) or pa.types.is_string_view(kind):
            self._text = self._text or f"{path} has text"
        elif pa.types.is_integer(kind) or pa.types.is_floating(kind):
            self._integers = True
        elif not pa.types.is_null(kind):
            raise LogError(f"{path}: column '{self.column}' {no_ids(kind)}")
        return bool(pa.types.is_uint64(kind))

    def add_integers(self) -> None:
        """All of a file's values are integers."""
        self._integers = True

    def add(self, block: RawBlock) -> None:
        values = block.table.column(self.column).combine_chunks()
        if not is_text(values.type):
            self._add_numbers(block, values)
            return
        integer = are_integers(values)
        other = pc.and_not(pc.fill_null(pc.not_equal(values, ""), False), integer)
        self._integers = self._integers or pc.any(integer).as_py()
        if pc.any(other).as_py():
            self._record(block, values, pc.index(other, True).as_py())

    def _add_numbers(self, block: RawBlock, values: pa.Array) -> None:
        fits = pc.fill_null(fits_int64(values), True)
        if not pc.all(fits, min_count=0).as_py():  # hashes, mostly
            self._record(block, values, pc.index(fits, False).as_py())

    def _record(self, block: RawBlock, values: pa.Array, at: int) -> None:
        self._text = self._text or f"{block.path}, row {block.row_N[at]} has {values[at].as_py()!r}"

    @property
    def kind(self) -> pa.DataType:
        """Where no row has one, text."""
        whole = self._integers and self._text is None
        return self._stated or (pa.int64() if whole else pa.string())

    @property
    def remark(self) -> str | None:
        if self._stated is not None or self._text is None or not self._integers:
            return None
        whole = self._text.endswith(".0'")
        return (
            f"column '{self.column}' is read as text: it has integers, and {self._text}; "
            f'id_type = "integer" {"reads those as integers" if whole else "sets such rows aside"}'
        )


def settle_id_types(files: Sequence[Path], mapping: ColumnMapping) -> IdTypes:
    """The types of a log's ids, over all its files.

    Text files are read through for it, only the columns of ids and only as long as all are integers, unless
    the mapping states the type. Of others the columns' types tell it.

    Raises:
        LogError: a file cannot be read, or a column's type holds no ids.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "a.csv"
        >>> _ = path.write_text("user_id,item_id\\n1,7\\nguest-7,9\\n")
        >>> settle_id_types([path], ColumnMapping()).types
        {'user_id': DataType(string), 'item_id': DataType(int64)}
    """
    found = _columns(mapping)
    for path in files:
        types = types_of(path, mapping.csv)
        closer = []
        for ids in found:
            kind = types.get(ids.column)
            if (kind is None or ids.add_type(path, kind)) and not ids.is_settled:
                closer.append(ids)
        if any(types.get(ids.column) is None for ids in closer):  # text, whose columns have no types
            closer = _without_plain(closer, path, types, mapping)
        if closer:
            _look_closer(closer, read_blocks(path, [ids.column for ids in closer], mapping.csv))
    return _settled(found)


def id_types_of(blocks: Iterable[RawBlock], mapping: ColumnMapping) -> IdTypes:
    """The types of the ids in some blocks.

    Example:
        >>> import numpy as np
        >>> block = RawBlock(path=Path("a.csv"), table=pa.table({"user_id": ["1"], "item_id": ["a"]}),
        ...     row_N=np.array([1]), typed=False)
        >>> id_types_of([block], ColumnMapping()).types
        {'user_id': DataType(int64), 'item_id': DataType(string)}
    """
    found = _columns(mapping)
    for block in blocks:
        kinds = block.table.schema
        closer = [
            ids
            for ids in found
            if (not block.typed or ids.add_type(block.path, kinds.field(ids.column).type))
            and not ids.is_settled
        ]
        _look_closer(closer, iter([block]))
    return _settled(found)


def _columns(mapping: ColumnMapping) -> list[_Ids]:
    columns = [mapping.user, mapping.item, *([] if mapping.request is None else [mapping.request])]
    return [_Ids(column, _STATED.get(mapping.id_type)) for column in dict.fromkeys(columns)]


def _without_plain(
    found: Sequence[_Ids], path: Path, types: Mapping[str, pa.DataType | None], mapping: ColumnMapping
) -> list[_Ids]:
    """Those columns whose values have to be looked at one by one."""
    own = [ids.column for ids in found if ids.column in types]
    plain = columns_of_plain_integers(path, own, mapping.csv) if own else []
    for ids in found:
        if ids.column in plain:
            ids.add_integers()
    return [ids for ids in found if ids.column not in plain]


def _look_closer(found: Sequence[_Ids], blocks: Iterator[RawBlock]) -> None:
    for block in blocks:
        for ids in found:
            if not ids.is_settled:
                ids.add(block)
        if all(ids.is_settled for ids in found):
            return


def _settled(found: Sequence[_Ids]) -> IdTypes:
    return IdTypes(
        types={ids.column: ids.kind for ids in found},
        remarks=tuple(ids.remark for ids in found if ids.remark is not None),
    )
