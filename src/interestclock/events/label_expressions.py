"""Labels that are functions of a row's own columns: ``finish = "played_ms >= 0.8 * duration_ms"``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import duckdb
import pyarrow as pa
import sqlglot
from sqlglot import exp

from interestclock.errors import ConfigError

__all__ = ["LabelExpression", "label_expression", "raw_columns"]

# Shapes: N rows.

_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.In, exp.Between, exp.Like)
_ALLOWED = (
    *_COMPARISONS,
    *(exp.And, exp.Or, exp.Not, exp.Paren, exp.Is, exp.Null, exp.Boolean, exp.Literal),
    *(exp.Column, exp.Identifier, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.Neg),
    *(exp.Abs, exp.Coalesce, exp.Greatest, exp.Least, exp.Case, exp.If),
)
_KINDS = {"number": pa.float64(), "text": pa.string()}


class LabelExpression:
    """One scalar expression of SQL over columns of the same row, which is true, false or null for each.

    Comparisons, ``and``, ``or``, ``not``, ``in``, ``between``, ``like``, ``is null``, arithmetic, ``abs``,
    ``coalesce``, ``greatest``, ``least`` and ``case``; nothing else. A column that is compared with text is
    text; any other is a number. DuckDB computes it, and gives null where SQL does: a label that is missing.
    So it is where a row's values cannot be computed with: no row stops a stream.

    Args:
        label: whose it is. text: the expression; names that are no plain words stand in double quotes.

    Raises:
        ConfigError: it cannot be read, holds something else, names no column, uses one both as a number and
            as text, or is no comparison.

    Example:
        >>> finish = LabelExpression("finish", "played_ms >= 0.8 * duration_ms and country <> 'XX'")
        >>> finish.columns
        {'played_ms': 'number', 'duration_ms': 'number', 'country': 'text'}
        >>> finish.evaluate(pa.table({"played_ms": [90.0, 10.0, None], "duration_ms": [100.0] * 3,
        ...     "country": ["DE"] * 3})).to_pylist()
        [1, 0, None]
    """

    def __init__(self, label: str, text: str) -> None:
        self._quoted = f"label '{label}' = {text!r}"
        try:
            self._sql = self._read(text)
        except RecursionError as error:
            raise ConfigError(
                f"label '{label}': its expression is nested too deep; write it flatter"
            ) from error
        self._connection = duckdb.connect(config={"enable_external_access": "false", "threads": 1})
        for setting in ("ieee_floating_point_ops", "error_on_division_by_zero"):
            self._connection.execute(f"SET {setting} = false")  # what is divided by 0 is null
        self._check_type()

    def evaluate(self, rows: pa.Table) -> pa.Array:
        """The label of each row, int8 (N,), null where it is missing.

        Args:
            rows: ``columns`` among its own, float64 or string.
        """
        if not rows.num_rows:
            return pa.array([], pa.int8())
        computed = self._project(rows, f"try({self._sql}) AS label")
        return computed.to_arrow_table()["label"].combine_chunks().cast(pa.int8())

    def _read(self, text: str) -> str:
        """The expression as DuckDB takes it; notes its columns."""
        tree = self._parse(text)
        self.columns = self._kinds_of(tree)
        # Names of their own: DuckDB takes two that differ in case alone for one.
        self._places = {name: f"c{place}" for place, name in enumerate(self.columns)}
        return str(tree.transform(self._renamed).sql(dialect="duckdb", comments=False))

    def _parse(self, text: str) -> exp.Expr:
        try:
            trees = sqlglot.parse(text, dialect="duckdb")
        except sqlglot.errors.SqlglotError as error:
            raise ConfigError(f"{self._quoted} cannot be read ({_first_line(error)})") from error
        if len(trees) != 1 or trees[0] is None:
            raise ConfigError(f"{self._quoted}: give one expression, such as rating >= 4")
        for node in trees[0].walk():
            if not isinstance(node, _ALLOWED):
                raise ConfigError(
                    f"{self._quoted}: {node.sql(dialect='duckdb')!r} is not for labels; they are made of "
                    "columns of their own row, comparisons, and, or, not, in, between, like, is null, "
                    "arithmetic, abs, coalesce, greatest, least and case"
                )
        tree: exp.Expr = trees[0]
        return tree

    def _kinds_of(self, tree: exp.Expr) -> dict[str, str]:
        kinds: dict[str, str | None] = {}
        for column in tree.find_all(exp.Column, bfs=False):
            name = column.name
            if column.table:
                raise ConfigError(f"{self._quoted}: {column.sql()} names a table; write '{name}' alone")
            kind, before = _kind(column), kinds.get(name)
            if None not in (kind, before) and kind != before:
                raise ConfigError(f"{self._quoted}: column '{name}' is used both as a number and as text")
            kinds[name] = kind or before
        if not kinds:
            raise ConfigError(f"{self._quoted} names no column")
        return {name: kind or "number" for name, kind in kinds.items()}

    def _renamed(self, node: exp.Expr) -> exp.Expr:
        return exp.column(self._places[node.name]) if isinstance(node, exp.Column) else node

    def _project(self, rows: pa.Table, sql: str) -> duckdb.DuckDBPyRelation:
        wanted = rows.select(list(self.columns)).rename_columns(list(self._places.values()))
        return self._connection.from_arrow(wanted).project(sql)

    def _check_type(self) -> None:
        nothing = pa.table({name: pa.nulls(1, _KINDS[kind]) for name, kind in self.columns.items()})
        try:
            relation = self._project(nothing, f"({self._sql}) AS label")
            relation.fetchall()
        except duckdb.Error as error:
            raise ConfigError(f"{self._quoted} cannot be computed ({_first_line(error)})") from error
        if str(relation.types[0]) != "BOOLEAN":
            raise ConfigError(f"{self._quoted} says how much, not whether; compare it, as in rating >= 4")


@lru_cache(maxsize=64)
def label_expression(label: str, text: str) -> LabelExpression:
    """An expression, read once however often it is asked for.

    Example:
        >>> label_expression("love", "rating >= 4").columns
        {'rating': 'number'}
    """
    return LabelExpression(label, text)


def raw_columns(given: Sequence[Mapping[str, object]], kinds: Mapping[str, str]) -> pa.Table:
    """Raw values of messages as an expression takes them: a flag is 1 or 0, what is not said is null.

    Args:
        given: name -> value of each message. kinds: as ``LabelExpression.columns``.

    Example:
        >>> raw_columns([{"rating": 4}, {"rating": True}, {}], {"rating": "number"})["rating"].to_pylist()
        [4.0, 1.0, None]
    """
    columns = {}
    for name, kind in kinds.items():
        values = [each.get(name) for each in given]
        if kind == "text":
            values = [value or None for value in values]  # empty text is missing, as it is in a log
        else:
            values = [None if value is None else float(value) for value in values]  # type: ignore[arg-type]
        columns[name] = pa.array(values, _KINDS[kind])
    return pa.table(columns)


def _kind(column: exp.Column) -> str | None:
    """Text, where the comparison it stands in has a text beside it; None where either can be asked."""
    if isinstance(column.parent, exp.Is) and isinstance(column.parent.expression, exp.Null):
        return None
    around = column.find_ancestor(*_COMPARISONS)
    if around is None:
        return "number"
    literals = (each for each in around.find_all(exp.Literal) if each.find_ancestor(*_COMPARISONS) is around)
    return "text" if any(each.is_string for each in literals) else "number"


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0].rstrip(". ") if str(error) else type(error).__name__
