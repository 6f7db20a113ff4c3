"""Every key of a mapping: its type, default and help."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from interestclock.mapping_keys.csv_format import CsvFormat
from interestclock.mapping_keys.key import Key
from interestclock.mapping_keys.label_column import LabelColumn
from interestclock.mapping_keys.value_types import (
    ID_TYPES,
    TIME_UNITS,
    Columns,
    Duplicates,
    File,
    Flag,
    IdType,
    Names,
    Text,
    Unit,
)

__all__ = ["BEGIN_A_MAPPING", "LogKeys"]

BEGIN_A_MAPPING = frozenset(
    {"user", "item", "time", "zone", "zone_column", "utc_offset_minutes", "labels", "positive_only"}
)
"""Where one of these is said, all else is as by default; else nothing is said of a log."""

_Label = Annotated[LabelColumn, Meta(description='a column\'s name or a table, as { column = "liked" }')]
_Labels = Annotated[dict[Text, _Label], Meta(description="a table of NAME = COLUMN")]
_Csv = Annotated[CsvFormat, Meta(description="a table, as [csv]")]


class LogKeys(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Every key of a mapping; ``ColumnMapping`` is the one to make.

    Example:
        >>> LogKeys(zone="Europe/Berlin").user
        'user_id'
    """

    log: Annotated[
        File | None,
        Key(
            help="The log, relative to this file: a file, a folder or a pattern. Needed only in a folder's "
            "log.toml."
        ),
    ] = None
    items: Annotated[
        File | None,
        Key(
            help="Item attributes, relative to this file: Parquet, Feather, CSV or TSV. `--items` stands in "
            "its place."
        ),
    ] = None
    items_key: Annotated[
        Text | None, Key(help="Key column of the items file.", otherwise="`items_match`, else `item`")
    ] = None
    items_match: Annotated[
        Text | None, Key(help="The log's column that is looked up in it.", otherwise="`item`")
    ] = None
    user: Annotated[Text, Key(help="Column of the user.", option="user")] = "user_id"
    item: Annotated[Text, Key(help="Column of the item.", option="item")] = "item_id"
    id_type: Annotated[
        IdType,
        Key(
            help=f"Type of users, items and requests: {', '.join(ID_TYPES)}; auto: integer where all are.",
            option="id-type",
        ),
    ] = "auto"
    time: Annotated[
        Text, Key(help="Column of the time: timestamps, ISO 8601, RFC 2822 or Unix time.", option="time")
    ] = "timestamp_ms"
    time_unit: Annotated[
        Unit,
        Key(help=f"Unit of Unix times: {', '.join(TIME_UNITS)}; auto: by their size.", option="time-unit"),
    ] = "auto"
    time_format: Annotated[
        Text | None,
        Key(help="How times are written that are no ISO 8601, as strptime has it: `%d/%m/%Y %H:%M:%S.%f`."),
    ] = None
    time_is_local: Annotated[
        Flag | None,
        Key(
            help="Whether `time` is the wall clock of the event's offset or zone, and not UTC.",
            option="time-is-local",
            opposite="time-is-utc",
            otherwise="UTC, and text that could be either is pointed at",
        ),
    ] = None
    utc_offset_minutes: Annotated[
        Text | None,
        Key(
            help="Column of the event's own UTC offset in minutes, or as +05:30; used first.",
            option="utc-offset-minutes",
        ),
    ] = None
    zone_column: Annotated[
        Text | None,
        Key(help="Column of the IANA zone; used where there is no offset.", option="zone-column"),
    ] = None
    zone: Annotated[
        Text | None,
        Key(help="IANA zone of all events that have neither, such as America/New_York.", option="zone"),
    ] = None
    request: Annotated[
        Text | None, Key(help="Column that groups exposures shown together.", option="request")
    ] = None
    event_id: Annotated[
        Text | None,
        Key(
            help="Column whose value is the same for duplicates; predictions of `train` have it.",
            option="event-id",
        ),
    ] = None
    duplicates: Annotated[
        Duplicates,
        Key(
            help="Of rows that are one event: first counts, or merge their labels (1 over 0 over nothing).",
            option="duplicates",
        ),
    ] = "first"
    separator: Annotated[
        Text | None,
        Key(
            help="Splits text columns that hold several values; columns of lists need none, nor "
            "does text as `[1, 9]`.",
            option="separator",
        ),
    ] = None
    positive_only: Annotated[
        Text | None,
        Key(
            help="Every row is a choice; its name, such as purchase. Then there are no labels.",
            option="positive-only",
        ),
    ] = None
    clock_attributes: Annotated[
        Names | None,
        Key(help="An attribute that feeds the clocks.", option="clock-attribute", otherwise="all"),
    ] = None
    engaged: Annotated[
        Names,
        Key(
            help="A label whose 1 puts an exposure into the user's history.",
            option="engaged",
            otherwise="those that count as finish and like",
        ),
    ] = ()
    labels: Annotated[
        _Labels,
        Key(help="A label (0, 1 or nothing), or what makes it: `finish=rating >= 4`.", option="label-column"),
    ] = {}
    eq3: Annotated[
        Columns,
        Key(
            help="The label that counts as like, finish, skip or dislike (Interest Clock paper, Eq. 3).",
            option="eq3",
            otherwise="by name",
            entry="TERM=LABEL",
        ),
    ] = {}
    attributes: Annotated[
        Columns,
        Key(help="An item attribute in the log's rows, of lists or text.", option="attribute"),
    ] = {}
    item_attributes: Annotated[
        Columns, Key(help="An attribute in the items file.", option="item-attribute")
    ] = {}
    categorical: Annotated[Columns, Key(help="Context with one value.", option="categorical")] = {}
    multivalued: Annotated[
        Columns, Key(help="Context with several values, of lists or text.", option="multivalued")
    ] = {}
    numeric: Annotated[Columns, Key(help="Context that is a quantity.", option="numeric")] = {}
    outcomes: Annotated[Columns, Key(help="What is measured and never trained on.")] = {}
    truths: Annotated[
        Columns, Key(help="Of a label: the column of its true probability (simulated logs).")
    ] = {}
    csv: Annotated[_Csv, Key(help="How a text log is written.")] = CsvFormat()
