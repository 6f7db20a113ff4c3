"""A label's text in a mapping: the name of its column, or what it is made of."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

from interestclock.errors import LogError

__all__ = ["compares_nothing", "label_from_text", "reads_as_expression", "refuse_ambiguous"]

_PLAIN = re.compile(r"\w+")
_NUMBER = re.compile(r"\d+(\.\d+)?")
_RECKONS = re.compile(r"[-+*/%]")
_COMPARES = re.compile(r"[=<>]|\b(in|between|like|is)\b", re.IGNORECASE)


def label_from_text(text: str) -> dict[str, str]:
    """What a text says of a label: its ``column``, or its ``expression`` if the text compares something.

    Example:
        >>> label_from_text("completed"), label_from_text("rating >= 4"), label_from_text("not interested")
        ({'column': 'completed'}, {'expression': 'rating >= 4'}, {'column': 'not interested'})
    """
    return {"expression": text.strip()} if reads_as_expression(text) else {"column": text}


def reads_as_expression(text: str) -> bool:
    """Whether a text compares something as SQL does: by a sign, or a value with in, between, like or is.

    Names of columns do not, whatever blanks, brackets and operators they hold.

    Example:
        >>> texts = ("liked (0/1)", "time in app", "a or b", "answer = 'yes'", "kind in ('a')", "like")
        >>> [reads_as_expression(text) for text in texts]
        [False, False, False, True, True, False]
    """
    if _PLAIN.fullmatch(text) or not _COMPARES.search(text):
        return False
    import sqlglot  # noqa: PLC0415 (few labels are made of anything)
    from sqlglot import exp  # noqa: PLC0415

    by_sign = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE)
    by_word = (exp.In, exp.Between, exp.Like, exp.Is)
    values = (exp.Literal, exp.Null, exp.Boolean)
    try:
        trees = sqlglot.parse(text, dialect="duckdb")
    except (sqlglot.errors.SqlglotError, RecursionError):
        return False
    return any(
        isinstance(node, by_sign) or (isinstance(node, by_word) and node.find(*values) is not None)
        for tree in trees
        if tree is not None
        for node in tree.walk()
    )


def compares_nothing(text: str, columns: Collection[str]) -> str:
    """What to say where a column that is missing is a sum or a ratio of columns that are there; else nothing.

    Example:
        >>> compares_nothing("played / length", ["played", "length"])
        ", and it compares nothing: a label is 0 or 1, as 'played / length >= 0.8' is"
        >>> compares_nothing("re-plays", ["plays"])
        ''
    """
    parts = [part.strip(" ()") for part in _RECKONS.split(text)]
    if len(parts) == 1 or not all(part in columns or _NUMBER.fullmatch(part) for part in parts):
        return ""
    return f", and it compares nothing: a label is 0 or 1, as '{text} >= 0.8' is"


def refuse_ambiguous(
    called: str, expressions: Collection[str], columns: Callable[[], Collection[str]]
) -> None:
    """Refuse a label's expression that is the name of one of the log's columns, too.

    Args:
        called: the log, for the message. expressions: of its labels. columns: gives those of its files.

    Raises:
        LogError: names the text, and how either is written.

    Example:
        >>> refuse_ambiguous("a.csv", ["a > 1"], lambda: ["a", "a > 1"])
        Traceback (most recent call last):
        interestclock.errors.LogError: a.csv: 'a > 1' is a column, and reads as an expression; if ...
    """
    if not expressions:
        return
    for text in set(expressions) & set(columns()):
        raise LogError(
            f"{called}: {text!r} is a column, and reads as an expression; if the column is meant, write "
            f"{{ column = {text!r} }} in the mapping file, else put the expression in parentheses"
        )
