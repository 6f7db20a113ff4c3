"""What a mapping may say of a log: each key declared once, with its type, default and help.

Mapping files are checked against these declarations; options of the command line and the table of keys in
the guide 'Read your log' are made of them. Only ``msgspec`` is imported here, so that ``--help`` needs no
PyTorch, DuckDB or Arrow; what a mapping does is ``interestclock.events.ColumnMapping``.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from msgspec import Meta, Struct

from interestclock.errors import ConfigError

__all__ = ["ID_TYPES", "TIME_UNITS", "CsvFormat", "Key", "LabelColumn", "LogKeys", "bare_type", "keys_of"]

TIME_UNITS = ("auto", "s", "ms", "us", "ns")
ID_TYPES = ("auto", "integer", "text")
_NO_DELIMITERS = "\0\n\r"
_SAMPLE = "a,b\r\n1,2\r\n"
_LONGEST_SECONDS = 300 * 366 * 86_400


@dataclass(frozen=True, kw_only=True)
class Key:
    """What the documentation and the command line say of a key.

    Args:
        help: what it holds, as a sentence. option: its name on the command line; None: in a file only.
        opposite: of a flag, the option that says no; ``no-`` and its name where None.
        otherwise: what holds where it is not given, in words, if the default does not say it.
        entry: how one of several is written on the command line.

    Example:
        >>> Key(help="Column of the user.", option="user").otherwise is None
        True
    """

    help: str
    option: str | None = None
    opposite: str | None = None
    otherwise: str | None = None
    entry: str = "NAME=COLUMN"


# What a value must be, in the words of refusals: "'user' is 3; give text in quotes".
_Text = Annotated[str, Meta(min_length=1, description="text in quotes")]
_File = Annotated[Path, Meta(description="text in quotes")]
_Unit = Annotated[Literal["auto", "s", "ms", "us", "ns"], Meta(description=f"one of {', '.join(TIME_UNITS)}")]
_IdType = Annotated[Literal["auto", "integer", "text"], Meta(description=f"one of {', '.join(ID_TYPES)}")]
_Flag = Annotated[bool, Meta(description="true or false")]
_Seconds = Annotated[float, Meta(description="a number")]
_Names = Annotated[tuple[_Text, ...], Meta(description='a list as ["genre", "mood"]')]
_Columns = Annotated[dict[_Text, _Text], Meta(description="a table of NAME = COLUMN")]


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

    column: Annotated[_Text | None, Key(help="Column of 0, 1, true, false or nothing (missing).")] = None
    expression: Annotated[
        _Text | None, Key(help="Instead of a column: what it is made of, as `rating >= 4`, in SQL's words.")
    ] = None
    delay_seconds: Annotated[
        _Seconds,
        Key(
            help="Seconds from exposure to known label (default 0, which flatters every ranker).",
            option="label-delay",
            entry="NAME=SECONDS",
        ),
    ] = 0.0
    known_column: Annotated[
        _Text | None, Key(help="Column of the time at which it became known, written as `time` is.")
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


class CsvFormat(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a text log is written.

    Args:
        delimiter: one character; None: a tab in .tsv and .txt, else a comma.
        encoding: of the text.
        columns: column names of a file without a header row; None: its first row names them.
        quoted: a value in double quotes may hold the delimiter.

    Raises:
        ConfigError: a delimiter that is not one character of ASCII, or is a quote or the end of a line; an
            encoding that Python does not know, or cannot read piece by piece.

    Example:
        >>> CsvFormat(delimiter=";").encoding
        'utf-8'
    """

    delimiter: Annotated[
        _Text | None,
        Key(help="Character between values.", otherwise="a tab in .tsv and .txt, else a comma"),
    ] = None
    encoding: Annotated[_Text, Key(help="Of the text, such as latin-1.")] = "utf-8"
    columns: Annotated[
        _Names | None, Key(help="Names, in a file without a header row.", otherwise="its first row")
    ] = None
    quoted: Annotated[_Flag, Key(help="Whether `a, b` in double quotes is one value.")] = True

    def __post_init__(self) -> None:
        if self.delimiter is not None and len(self.delimiter) != 1:
            raise ConfigError(f"csv delimiter is {self.delimiter!r}; give one character, for example ';'")
        refused = _NO_DELIMITERS + '"' * self.quoted
        if self.delimiter is not None and (not self.delimiter.isascii() or self.delimiter in refused):
            raise ConfigError(
                f"csv delimiter is {self.delimiter!r}; give one character of ASCII, no quote and no end of a "
                "line, for example ';'"
            )
        _check_encoding(self.encoding)


def _check_encoding(encoding: str) -> None:
    """Refuse what is no encoding of text, or is none that can be read piece by piece, as ``punycode``."""
    try:
        decoder = codecs.getincrementaldecoder(encoding)()
        read = "".join(decoder.decode(bytes([each])) for each in _SAMPLE.encode(encoding)) + decoder.decode(
            b"", True
        )
    except (LookupError, ValueError) as error:  # ValueError: a name with NUL, or what cannot be decoded
        raise ConfigError(f"unknown encoding {encoding!r}; for example utf-8 or latin-1") from error
    if read != _SAMPLE:
        raise ConfigError(
            f"encoding {encoding!r} cannot be read piece by piece; give for example utf-8 or latin-1"
        )


_Label = Annotated[LabelColumn, Meta(description='a column\'s name or a table, as { column = "liked" }')]
_Labels = Annotated[dict[_Text, _Label], Meta(description="a table of NAME = COLUMN")]
_Csv = Annotated[CsvFormat, Meta(description="a table, as [csv]")]


class LogKeys(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every key of a mapping; ``ColumnMapping`` is the one to make.

    Example:
        >>> LogKeys(zone="Europe/Berlin").user
        'user_id'
    """

    log: Annotated[
        _File | None,
        Key(
            help="The log, relative to this file: a file, a folder or a pattern. Needed only in a folder's "
            "log.toml."
        ),
    ] = None
    items: Annotated[
        _File | None,
        Key(
            help="Item attributes, relative to this file: Parquet, Feather, CSV or TSV. `--items` stands in "
            "its place."
        ),
    ] = None
    items_key: Annotated[
        _Text | None, Key(help="Key column of the items file.", otherwise="`items_match`, else `item`")
    ] = None
    items_match: Annotated[
        _Text | None, Key(help="The log's column that is looked up in it.", otherwise="`item`")
    ] = None
    user: Annotated[_Text, Key(help="Column of the user.", option="user")] = "user_id"
    item: Annotated[_Text, Key(help="Column of the item.", option="item")] = "item_id"
    id_type: Annotated[
        _IdType,
        Key(
            help=f"Type of users, items and requests: {', '.join(ID_TYPES)}; auto: integer where all are.",
            option="id-type",
        ),
    ] = "auto"
    time: Annotated[
        _Text, Key(help="Column of the time: timestamps, ISO 8601, RFC 2822 or Unix time.", option="time")
    ] = "timestamp_ms"
    time_unit: Annotated[
        _Unit,
        Key(help=f"Unit of Unix times: {', '.join(TIME_UNITS)}; auto: by their size.", option="time-unit"),
    ] = "auto"
    time_format: Annotated[
        _Text | None,
        Key(help="How times are written that are no ISO 8601, as strptime has it: `%d/%m/%Y %H:%M:%S.%f`."),
    ] = None
    time_is_local: Annotated[
        _Flag | None,
        Key(
            help="Whether `time` is the wall clock of the event's offset or zone, and not UTC.",
            option="time-is-local",
            opposite="time-is-utc",
            otherwise="UTC, and text that could be either is pointed at",
        ),
    ] = None
    utc_offset_minutes: Annotated[
        _Text | None,
        Key(
            help="Column of the event's own UTC offset in minutes, or as +05:30; used first.",
            option="utc-offset-minutes",
        ),
    ] = None
    zone_column: Annotated[
        _Text | None,
        Key(help="Column of the IANA zone; used where there is no offset.", option="zone-column"),
    ] = None
    zone: Annotated[
        _Text | None,
        Key(help="IANA zone of all events that have neither, such as America/New_York.", option="zone"),
    ] = None
    request: Annotated[
        _Text | None, Key(help="Column that groups exposures shown together.", option="request")
    ] = None
    event_id: Annotated[
        _Text | None,
        Key(
            help="Column whose value is the same for duplicates; predictions of `train` have it.",
            option="event-id",
        ),
    ] = None
    separator: Annotated[
        _Text | None,
        Key(
            help="Splits text columns that hold several values; columns of lists need none, nor "
            "does text as `[1, 9]`.",
            option="separator",
        ),
    ] = None
    positive_only: Annotated[
        _Text | None,
        Key(
            help="Every row is a choice; its name, such as purchase. Then there are no labels.",
            option="positive-only",
        ),
    ] = None
    clock_attributes: Annotated[
        _Names | None,
        Key(help="An attribute that feeds the clocks.", option="clock-attribute", otherwise="all"),
    ] = None
    engaged: Annotated[
        _Names,
        Key(
            help="A label whose 1 puts an exposure into the user's history.",
            option="engaged",
            otherwise="those that count as finish and like",
        ),
    ] = ()
    labels: Annotated[_Labels, Key(help="A label (0, 1 or nothing).", option="label-column")] = {}
    eq3: Annotated[
        _Columns,
        Key(
            help="The label that counts as like, finish, skip or dislike (Interest Clock paper, Eq. 3).",
            option="eq3",
            otherwise="by name",
            entry="TERM=LABEL",
        ),
    ] = {}
    attributes: Annotated[
        _Columns,
        Key(help="An item attribute in the log's rows, of lists or text.", option="attribute"),
    ] = {}
    item_attributes: Annotated[
        _Columns, Key(help="An attribute in the items file.", option="item-attribute")
    ] = {}
    categorical: Annotated[_Columns, Key(help="Context with one value.", option="categorical")] = {}
    multivalued: Annotated[
        _Columns, Key(help="Context with several values, of lists or text.", option="multivalued")
    ] = {}
    numeric: Annotated[_Columns, Key(help="Context that is a quantity.", option="numeric")] = {}
    outcomes: Annotated[_Columns, Key(help="What is measured and never trained on.")] = {}
    truths: Annotated[
        _Columns, Key(help="Of a label: the column of its true probability (simulated logs).")
    ] = {}
    csv: Annotated[_Csv, Key(help="How a text log is written.")] = CsvFormat()


def keys_of(keys: type[Struct]) -> Iterator[tuple[str, Key, Any]]:
    """Each key's name, what is said of it, and its type.

    Args:
        keys: ``LogKeys``, ``LabelColumn``, ``CsvFormat``, or what has their keys and more.

    Example:
        >>> [name for name, _, _ in keys_of(CsvFormat)]
        ['delimiter', 'encoding', 'columns', 'quoted']
    """
    hints = get_type_hints(keys, include_extras=True)
    for name in keys.__struct_fields__:
        notes = getattr(hints[name], "__metadata__", ())
        key = next((note for note in notes if isinstance(note, Key)), None)
        if key is not None:
            yield name, key, hints[name]


def bare_type(kind: Any) -> Any:
    """A type without null and without what is noted on it.

    Example:
        >>> bare_type(Annotated[int | None, Key(help="A number.")])
        <class 'int'>
    """
    if get_origin(kind) is Annotated:
        return bare_type(kind.__origin__)
    options = [each for each in get_args(kind) if each is not type(None)]
    return bare_type(options[0]) if 0 < len(options) < len(get_args(kind)) else kind
