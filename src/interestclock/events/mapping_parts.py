"""The parts of a column mapping that have settings of their own: labels and the text format."""

from __future__ import annotations

from dataclasses import dataclass

from interestclock.errors import ConfigError

__all__ = ["CsvFormat", "LabelColumn"]

_LONGEST_SECONDS = 300 * 366 * 86_400


@dataclass(frozen=True, kw_only=True)
class LabelColumn:
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

    column: str | None = None
    expression: str | None = None
    delay_seconds: float = 0.0
    known_column: str | None = None

    def __post_init__(self) -> None:
        if (self.column is None) == (self.expression is None):
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


@dataclass(frozen=True, kw_only=True)
class CsvFormat:
    """How a text log is written.

    Args:
        delimiter: one character; None: a tab in .tsv and .txt, else a comma.
        encoding: of the text.
        columns: column names of a file without a header row; None: its first row names them.
        quoted: a value in double quotes may hold the delimiter.

    Raises:
        ConfigError: a delimiter longer than one character, or an encoding Python does not know.

    Example:
        >>> CsvFormat(delimiter=";").encoding
        'utf-8'
    """

    delimiter: str | None = None
    encoding: str = "utf-8"
    columns: tuple[str, ...] | None = None
    quoted: bool = True

    def __post_init__(self) -> None:
        if self.delimiter is not None and len(self.delimiter) != 1:
            raise ConfigError(f"csv delimiter is {self.delimiter!r}; give one character, for example ';'")
        try:
            "".encode(self.encoding)
        except LookupError as error:
            raise ConfigError(f"unknown encoding '{self.encoding}'; for example utf-8 or latin-1") from error
