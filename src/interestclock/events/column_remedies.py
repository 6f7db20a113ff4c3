"""What to do about a column that is not what its mapping says: written out for the values seen in it."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterator, Mapping

from interestclock.errors import ConfigError
from interestclock.events.expected import (
    A_LABEL,
    A_LIST,
    A_NUMBER,
    A_PLACE,
    A_QUANTITY,
    A_TIME,
    AN_INTEGER_ID,
    AN_OPERAND,
)
from interestclock.events.mapping import ColumnMapping
from interestclock.events.toml_text import toml_key, toml_value

__all__ = ["expression_for", "remedy_for"]

_YES = ("yes", "y", "ja", "oui", "si", "t", "true", "on", "1", "like", "liked", "positive", "pos", "good")
_MISSING = ("null", "none", "na", "n/a", "nan", "nil", "\\n", "-", "?", "unknown")
_NUMBERS = "Give plain numbers, as 0.5; what is text belongs to categorical"
_REMEDIES = {
    A_NUMBER: _NUMBERS,
    A_QUANTITY: _NUMBERS,
    A_LIST: "Write lists of single values; give a separator if something else parts them",
    A_PLACE: "Name IANA zones, as America/New_York, or give the log one for rows without (--zone)",
    A_TIME: "Give time_unit, or time_format as strptime has it, or name another column",
    AN_INTEGER_ID: 'Ids are integers here; where they are not, say id_type = "text" (--id-type text)',
}
_HIGH = 0.75  # of a scale: 4 and 5 of 5


def remedy_for(mapping: ColumnMapping, column: str, expected: str, values: Mapping[str, int]) -> str:
    """What to write instead, as a sentence.

    Args:
        mapping: of the log. column: its name. expected: what its values should have been.
        values: those that were refused, as text -> rows.

    Example:
        >>> from interestclock.mapping_keys import LabelColumn
        >>> mapping = ColumnMapping(zone="UTC", labels={"finish": LabelColumn(column="answer")})
        >>> remedy_for(mapping, "answer", A_LABEL, {"yes": 5, "no": 9})
        'Say which are 1, for example finish = "answer = \\'yes\\'" below [labels] in the mapping file, or
        --label-column "finish=answer = \\'yes\\'"'
    """
    if expected == A_LABEL:
        return _for_labels(mapping, column, values)
    if expected == AN_OPERAND:
        label = next(_labels_made_of(mapping, column))
        return f"Label '{label}' takes it for a number; where it is text, compare it with text, as kind = 'a'"
    return _REMEDIES.get(expected, "Correct the column, or name another")


def expression_for(column: str, values: Mapping[str, int]) -> str:
    """An expression that makes a label of a column, for the values that are no 0 and no 1.

    Example:
        >>> expression_for("rating", {"2": 9, "3": 7, "4": 7, "5": 8})
        'rating >= 4'
        >>> expression_for("liked", {"-1": 9}), expression_for("my answer", {"Yes": 3, "No": 4})
        ('liked > 0', '"my answer" = \\'Yes\\'')
        >>> expression_for("liked", {"NULL": 9})
        "case when liked = '1' then true when liked = '0' then false end"
    """
    name = _in_sql(column)
    numbers = _numbers(values)
    if numbers is not None:
        return f"{name} {_beyond(numbers)}"
    if all(value.strip().casefold() in _MISSING for value in values):
        return f"case when {name} = '1' then true when {name} = '0' then false end"
    positive = [value for value in values if value.strip().casefold() in _YES]
    chosen = sorted(positive or [max(sorted(values), key=lambda value: values[value])])
    texts = [_as_text(value) for value in chosen]
    return f"{name} = {texts[0]}" if len(texts) == 1 else f"{name} in ({', '.join(texts)})"


def _for_labels(mapping: ColumnMapping, column: str, values: Mapping[str, int]) -> str:
    expression = expression_for(column, values)
    labels = [name for name, label in mapping.labels.items() if label.column == column]
    label = labels[0] if labels else "finish"
    file = f"{toml_key(label)} = {toml_value(expression)}"
    return (
        f"Say which are 1, for example {file} below [labels] in the mapping file, or --label-column "
        + _in_shell(f"{label}={expression}")
    )


def _labels_made_of(mapping: ColumnMapping, column: str) -> Iterator[str]:
    return (name for name in mapping.labels if column in mapping.made_of(name).values())


def _numbers(values: Mapping[str, int]) -> list[float] | None:
    try:
        numbers = sorted(float(value) for value in values)
    except ValueError:
        return None
    finite = [number for number in numbers if math.isfinite(number)]
    return finite or None


def _beyond(numbers: list[float]) -> str:
    """The upper part of a scale; where it has a sign, what is above 0."""
    if numbers[0] < 0:
        return "> 0"
    high = next(number for number in numbers if number >= _HIGH * numbers[-1])
    return f">= {high:g}" if high < 1e6 else f">= {high:.0f}"


def _in_sql(column: str) -> str:
    """A column's name as expressions have it: in double quotes, where it is no plain word."""
    from interestclock.events.label_expressions import (  # noqa: PLC0415 (only what is refused needs it)
        LabelExpression,
    )

    try:
        plain = list(LabelExpression("label", f"{column} > 0").columns) == [column]
    except ConfigError:
        plain = False
    quoted = column.replace('"', '""')
    return column if plain else f'"{quoted}"'


def _as_text(value: str) -> str:
    doubled = value.replace("'", "''")
    return f"'{doubled}'"


def _in_shell(text: str) -> str:
    return shlex.quote(text) if any(mark in text for mark in '"$`\\!') else f'"{text}"'
