"""What a log says of an exposure beside who, what and when: each kind of context, declared once.

``mapping_keys`` has the key that names a kind's columns; ``samples/context.py`` says how a batch holds it,
and ``ranking/context.py`` what a ranker makes of it. No other file knows the kinds by name. Columns of the
event table:

====================  ================  =================================
``categorical.NAME``  string, nullable  one value
``multivalued.NAME``  list<string>      any number of values
``numeric.NAME``      float64, nullable a quantity
====================  ================  =================================
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from msgspec import Struct

from interestclock.events.message_types import (
    TEXT_BYTES,
    Quantity,
    Text,
    Texts,
    check_lists,
    check_texts,
)
from interestclock.events.values import Parsed, parse_categorical, parse_lists, parse_quantities

__all__ = [
    "CONTEXT_KINDS",
    "ContextFields",
    "ContextKind",
    "ContextNames",
    "given_lists",
    "given_numbers",
    "given_texts",
]

# Shapes: N rows of a log, or messages.


@dataclass(frozen=True, kw_only=True)
class ContextNames:
    """Names of a log's context, by kind.

    Args:
        categorical: with one value. multivalued: with several. numeric: quantities.

    Example:
        >>> ContextNames(categorical=("device",), numeric=("age",)).with_ids
        ('device',)
    """

    categorical: tuple[str, ...] = ()
    multivalued: tuple[str, ...] = ()
    numeric: tuple[str, ...] = ()

    @property
    def context(self) -> dict[str, tuple[str, ...]]:
        """Kind -> names."""
        return {kind.name: getattr(self, kind.name) for kind in CONTEXT_KINDS}

    @property
    def with_ids(self) -> tuple[str, ...]:
        """Names of context whose values are ids, which have rows of a ranker's table."""
        return tuple(name for kind in CONTEXT_KINDS if kind.ids for name in self.context[kind.name])


class ContextFields(Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """What a message says of context: for each kind, values by name.

    Example:
        >>> ContextFields(numeric={"age": 31.0}).numeric
        {'age': 31.0}
    """

    categorical: dict[str, Text | None] | None = None
    multivalued: dict[str, Texts | None] | None = None
    numeric: dict[str, Quantity | None] | None = None

    def check_context(self) -> None:
        """Refuse text of too many bytes (``ValueError``)."""
        if self.multivalued is not None:
            check_lists("multivalued", self.multivalued)
        if self.categorical is not None:
            check_texts("categorical", self.categorical, TEXT_BYTES)


@dataclass(frozen=True, kw_only=True)
class ContextKind:
    """A kind of context, on its way from a log or a message into the event table.

    Args:
        name: of its key in a mapping, its field in messages, and before the names of its columns.
        type: of its columns in the event table.
        parse: a log's column and the mapping's separator -> (N,) of its type.
        given: what messages say of the kind, and a name -> (N,) of its type.
        ids: whether its values are ids. several: whether a row may have more than one.

    Example:
        >>> [kind.name for kind in CONTEXT_KINDS if kind.ids]
        ['categorical', 'multivalued']
    """

    name: str
    type: pa.DataType
    parse: Callable[[pa.Array, str | None], Parsed]
    given: Callable[[Sequence[Mapping[str, Any] | None], str], pa.Array]
    ids: bool
    several: bool = False


def given_lists(parts: Sequence[Mapping[str, Any] | None], name: str) -> pa.Array:
    """Lists of text, list<string> (N,); empty text is missing, as it is in a log.

    Example:
        >>> given_lists([{"tags": ["new", ""]}, None], "tags").to_pylist()
        [['new'], []]
    """
    lists = [part.get(name) if part else None for part in parts]
    flat = [text for texts in lists if texts for text in texts if text]
    sizes = [sum(map(bool, texts)) if texts else 0 for texts in lists]
    ends = np.concatenate([[0], np.cumsum(sizes, dtype=np.int32)]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(ends), pa.array(flat, pa.string()))


def given_texts(parts: Sequence[Mapping[str, Any] | None], name: str) -> pa.Array:
    """Texts, string (N,), null where there is none.

    Example:
        >>> given_texts([{"device": "tv"}, {"device": ""}], "device").to_pylist()
        ['tv', None]
    """
    return pa.array([(part.get(name) or None) if part else None for part in parts], pa.string())


def given_numbers(parts: Sequence[Mapping[str, Any] | None], name: str) -> pa.Array:
    """Numbers, float64 (N,), null where there is none.

    Example:
        >>> given_numbers([{"age": 31}, None], "age").to_pylist()
        [31.0, None]
    """
    return pa.array([part.get(name) if part else None for part in parts], pa.float64())


CONTEXT_KINDS = (
    ContextKind(
        name="categorical",
        type=pa.string(),
        parse=lambda column, _: parse_categorical(column),
        given=given_texts,
        ids=True,
    ),
    ContextKind(
        name="multivalued",
        type=pa.list_(pa.string()),
        parse=parse_lists,
        given=given_lists,
        ids=True,
        several=True,
    ),
    ContextKind(
        name="numeric",
        type=pa.float64(),
        parse=lambda column, _: parse_quantities(column),
        given=given_numbers,
        ids=False,
    ),
)
