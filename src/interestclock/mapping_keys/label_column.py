"""How a label is made, and when it became known."""

from __future__ import annotations

from typing import Annotated

from msgspec import Struct

from interestclock.errors import ConfigError
from interestclock.mapping_keys.key import Key
from interestclock.mapping_keys.value_types import Seconds, Text

__all__ = ["LabelColumn"]

_LONGEST_SECONDS = 300 * 366 * 86_400


class LabelColumn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A label's column, or what it is made of, and when its value became known.

    Args:
        column: holds 0, 1, true, false or nothing.
        expression: of the row's other columns, as ``LabelExpression`` reads it; instead of a column.
        delay_seconds: known this long after the exposure.
        known_column: holds the time it became known, written as the log's time is; wins over the delay.

    Raises:
        ConfigError: the delay is negative or longer than any log; neither column nor expression, or both.

    Example:
        >>> LabelColumn(column="liked", delay_seconds=60).known_column is None
        True
    """

    column: Annotated[Text | None, Key(help="Column of 0, 1, true, false or nothing (missing).")] = None
    expression: Annotated[
        Text | None, Key(help="Instead of a column: what it is made of, as `rating >= 4`, in SQL's words.")
    ] = None
    delay_seconds: Annotated[
        Seconds,
        Key(
            help="Seconds from exposure to known label (default 0, which flatters every ranker).",
            option="label-delay",
            entry="NAME=SECONDS",
        ),
    ] = 0.0
    known_column: Annotated[
        Text | None, Key(help="Column of the time at which it became known, written as `time` is.")
    ] = None

    def __post_init__(self) -> None:
        if self.column is None and self.expression is None:
            raise ConfigError("a label needs a column or an expression; give one of the two")
        if self.column is not None and self.expression is not None:
            raise ConfigError(
                f"a label has column {self.column!r} and expression {self.expression!r}; give one of the two"
            )
        named = f"column '{self.column}'" if self.expression is None else repr(self.expression)
        if self.delay_seconds < 0:
            raise ConfigError(
                f"delay_seconds of label {named} is {self.delay_seconds}; "
                "a label cannot be known before its exposure: give 0 or more"
            )
        if not self.delay_seconds <= _LONGEST_SECONDS:
            raise ConfigError(
                f"delay_seconds of label {named} is {self.delay_seconds}; "
                f"give at most {_LONGEST_SECONDS} (300 years)"
            )
