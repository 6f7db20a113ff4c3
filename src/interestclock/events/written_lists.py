"""Lists that stand in a file as text: ``[1, 9]``, ``["rock", "x"]``, ``['rock', 'x']``, ``[rock, x]``."""

from __future__ import annotations

import ast
import io
import json
import re
import tokenize
import warnings
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["split_texts"]

_NUMBERS_IN_A_ROW = re.compile(r"[-+\d.eE]+(\s+[-+\d.eE]+)+")  # [1 9], as numpy prints arrays
_MAY_JOIN_TEXTS = re.compile(r"""['"]\s*['"]""")
_OF_NO_WORD = re.compile(r"""[\[\]{}"']""")


def split_texts(column: pa.Array, separator: str | None) -> tuple[pa.Array, npt.NDArray[np.bool_]]:
    """Texts as lists, and which of them cannot be read as what they seem to be.

    Text in brackets is a list as JSON, Python or a plain ``[rock, x]`` has it, row by row: what stands in
    other rows does not matter. Other text is split at the separator.

    Args:
        column: (N,) string.
        separator: None: text without brackets is one value.

    Returns:
        (N,) list<string>, and (N,) bool: in brackets and no list of single values.

    Example:
        >>> lists, bad_N = split_texts(pa.array(["[1, 9]", '["a, b"]', "a|b", "[[1], [9]]"]), "|")
        >>> lists.to_pylist(), bad_N.tolist()
        ([['1', '9'], ['a, b'], ['a', 'b'], []], [False, False, False, True])
    """
    if not pc.any(pc.match_substring(column, "[")).as_py():
        return _split(column, separator), np.zeros(len(column), bool)
    coded = column.dictionary_encode()
    lists = [_read(text, separator) for text in coded.dictionary.to_pylist()]
    bad = pa.array([each is None for each in lists], pa.bool_())
    values = pa.array([each or [] for each in lists], pa.list_(pa.string()))
    bad_N = np.asarray(bad.take(coded.indices).fill_null(False))
    return values.take(coded.indices), bad_N


def _split(column: pa.Array, separator: str | None) -> pa.Array:
    if separator is not None:
        return pc.split_pattern(column, pattern=separator)
    return pa.ListArray.from_arrays(np.arange(len(column) + 1, dtype=np.int32), column)


def _read(text: str, separator: str | None) -> list[str | None] | None:
    """The values of one text; None: it is in brackets and cannot be read."""
    whole = text.strip()
    values = _literal(whole) if whole.startswith("[") and whole.endswith("]") else None
    if values is None and not _is_enclosed(whole):
        return list(text.split(separator)) if separator is not None else [text]
    if values is None:
        return _plain_words(whole[1:-1], separator)
    return None if any(isinstance(each, list | tuple | dict | set) for each in values) else _texts(values)


def _is_enclosed(text: str) -> bool:
    """Whether the first bracket is closed by the last character: ``[live] [2004]`` is a title."""
    if not (text.startswith("[") and text.endswith("]")):
        return False
    depth = 0
    for each in text[:-1]:
        depth += {"[": 1, "]": -1}.get(each, 0)
        if depth == 0:
            return False
    return True


def _literal(text: str) -> list[object] | None:
    """A list as JSON or Python writes it; numbers stay as they are written."""
    try:
        values = json.loads(text, parse_int=str, parse_float=str, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        try:
            values = None if _joins_texts(text) else _python(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            values = None
    return values if isinstance(values, list) else None


def _python(text: str) -> object:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of backslashes that stand for themselves
        return ast.literal_eval(text)


def _joins_texts(text: str) -> bool:
    """Whether two texts stand in a row, as numpy prints them: ``['rock' 'x']`` is one text to Python."""
    if not _MAY_JOIN_TEXTS.search(text):
        return False
    try:
        kinds = [token.type for token in tokenize.generate_tokens(io.StringIO(text).readline)]
    except (tokenize.TokenError, SyntaxError):
        return True
    return any(one == other == tokenize.STRING for one, other in pairwise(kinds))


def _texts(values: list[object]) -> list[str | None]:
    return [
        None if each is None else str(each).lower() if isinstance(each, bool) else str(each)
        for each in values
    ]


def _plain_words(inside: str, separator: str | None) -> list[str | None] | None:
    """``rock, x`` between brackets, without quotes; None where a part may be several."""
    if _OF_NO_WORD.search(inside):
        return None
    words = [word.strip() for word in inside.split(separator if separator and separator in inside else ",")]
    return None if any(_NUMBERS_IN_A_ROW.fullmatch(word) for word in words) else list(words)
