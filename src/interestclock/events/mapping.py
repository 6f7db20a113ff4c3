"""Which column of a log means what, given in a TOML file, on the command line, or both.

A mapping file names columns; every key is optional unless said otherwise, an unknown key is an error::

    log = "events"                  # the log: a file, or a folder of Parquet files read in name order;
                                    # relative to this file. Only needed in a folder's log.toml
    items = "items.parquet"         # item attributes: Parquet, CSV or TSV; relative to this file
    items_key = "item_id"           # its key column (default: the name of `item`)
    items_match = "item_id"         # the log's column that is looked up in it (default: `item`)

    user = "user_id"                # default user_id
    item = "item_id"                # default item_id
    time = "timestamp_ms"           # default timestamp_ms: timestamps, ISO 8601 text or Unix time
    time_unit = "auto"              # of Unix time: auto (by size), s, ms, us or ns
    time_format = "%d/%m/%Y %H:%M"  # of text that is not ISO 8601, as strptime writes it
    time_is_local = false           # true: `time` is the wall clock of the event's offset or zone, not UTC
    utc_offset_minutes = "offset"   # column: the event's own offset, used first
    zone_column = "zone"            # column: an IANA zone, used where there is no offset
    zone = "America/New_York"       # the zone of events that have neither
    request = "request_id"          # column: exposures shown together carry the same value
    event_id = "event_id"           # column: two rows with the same value are one event
    separator = "|"                 # splits text columns with several values (lists need none)

    positive_only = "purchase"      # every row is a choice of this name; excludes [labels]
    clock_attributes = ["genre"]    # attributes that feed the clocks (default: all)
    engaged = ["finish", "like"]    # labels whose 1 puts an exposure into the history
                                    # (default: those that count as finish and like)

    [labels]                        # name = column of 0, 1, true, false or nothing (missing)
    finish = "finish"
    like = { column = "liked", delay_seconds = 60 }            # known a minute after the exposure
    skip = { column = "skip", known_column = "skip_known_ms" } # a column says when, as `time` is written

    [eq3]                           # which label is which term of Eq. 3 (default: by name)
    finish = "finish"               # terms: like, finish, skip, dislike

    [attributes]                    # name = column of the log's own rows; lists or text
    category = "product_category"

    [item_attributes]               # name = column of the items file
    genre = "genre"

    [categorical]                   # context with one value
    device = "device"

    [multivalued]                   # context with several: lists or text with the separator
    playlist_tags = "tags"

    [numeric]                       # context that is a quantity
    age_days = "age_days"

    [outcomes]                      # measured, never trained on
    played_ms = "played_ms"

    [truths]                        # label name = column of its true probability (simulated logs)
    finish = "truth_finish"

    [csv]                           # text logs: how they are written
    delimiter = ";"                 # default: tab in .tsv and .txt, else a comma
    encoding = "latin-1"            # default utf-8
    columns = ["user", "item", "t"] # names, in a file without a header row
    quoted = false                  # default true: "a, b" in quotes is one value

A table whose names and columns agree may be a list: ``numeric = ["age_days", "tempo"]`` (before the first
``[table]`` of the file, as TOML has it).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from interestclock.errors import ConfigError
from interestclock.events.mapping_parts import CsvFormat, LabelColumn
from interestclock.events.schema import LogSchema
from interestclock.timeofday import check_zone

__all__ = ["ColumnMapping", "CsvFormat", "LabelColumn"]

TIME_UNITS = ("auto", "s", "ms", "us", "ns")


@dataclass(frozen=True, kw_only=True)
class ColumnMapping:
    """Which column of a log means what; the module's docstring describes each field.

    Raises:
        ConfigError: both ``labels`` and ``positive_only``, an unknown time unit or zone, a name that stands
            in both ``attributes`` and ``item_attributes``.

    Example:
        >>> mapping = ColumnMapping(zone="Europe/Berlin", labels={"like": LabelColumn(column="liked")})
        >>> mapping.user, mapping.schema().labels
        ('user_id', ('like',))
    """

    log: Path | None = None
    items: Path | None = None
    items_key: str | None = None
    items_match: str | None = None
    user: str = "user_id"
    item: str = "item_id"
    time: str = "timestamp_ms"
    time_unit: str = "auto"
    time_format: str | None = None
    time_is_local: bool = False
    utc_offset_minutes: str | None = None
    zone_column: str | None = None
    zone: str | None = None
    request: str | None = None
    event_id: str | None = None
    separator: str | None = None
    positive_only: str | None = None
    clock_attributes: tuple[str, ...] | None = None
    engaged: tuple[str, ...] = ()
    labels: Mapping[str, LabelColumn] = field(default_factory=dict)
    eq3: Mapping[str, str] = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)
    item_attributes: Mapping[str, str] = field(default_factory=dict)
    categorical: Mapping[str, str] = field(default_factory=dict)
    multivalued: Mapping[str, str] = field(default_factory=dict)
    numeric: Mapping[str, str] = field(default_factory=dict)
    outcomes: Mapping[str, str] = field(default_factory=dict)
    truths: Mapping[str, str] = field(default_factory=dict)
    csv: CsvFormat = field(default_factory=CsvFormat)

    def __post_init__(self) -> None:
        if self.positive_only is not None and self.labels:
            raise ConfigError(
                f"the log has labels ({', '.join(self.labels)}) and is called positive-only "
                f"('{self.positive_only}'); give one of the two"
            )
        if self.time_unit not in TIME_UNITS:
            raise ConfigError(f"unknown time unit '{self.time_unit}'; use one of {', '.join(TIME_UNITS)}")
        if self.zone is not None:
            check_zone(self.zone)
        for name in self.attributes:
            if name in self.item_attributes:
                raise ConfigError(
                    f"attribute '{name}' is named both in the log's rows and in the items file; give one"
                )

    def schema(self) -> LogSchema:
        """The names this mapping gives, as the rest of the package sees them.

        Raises:
            ConfigError: no label is named, or a name is used that the mapping does not have.

        Example:
            >>> ColumnMapping(zone="UTC", positive_only="visit").schema().eq3_labels
            {'finish': 'visit'}
        """
        attributes = (*self.attributes, *self.item_attributes)
        positive = self.positive_only is not None
        return LogSchema(
            labels=(self.positive_only,) if self.positive_only is not None else tuple(self.labels),
            positive_only=positive,
            attributes=attributes,
            clock_attributes=attributes if self.clock_attributes is None else self.clock_attributes,
            eq3_labels=dict(self.eq3),
            engaged=self.engaged,
            categorical=tuple(self.categorical),
            multivalued=tuple(self.multivalued),
            numeric=tuple(self.numeric),
            outcomes=tuple(self.outcomes),
            truths=tuple(self.truths),
        )

    def log_columns(self) -> tuple[str, ...]:
        """The log's columns this mapping reads, each once.

        Example:
            >>> ColumnMapping(zone="UTC", labels={"like": LabelColumn(column="liked")}).log_columns()
            ('user_id', 'item_id', 'timestamp_ms', 'liked')
        """
        lookup = self.items_match if self.item_attributes else None
        single = [self.user, self.item, self.time, self.utc_offset_minutes, self.zone_column]
        single += [self.request, self.event_id, lookup]
        labels = [name for label in self.labels.values() for name in (label.column, label.known_column)]
        named = (
            self.attributes,
            self.categorical,
            self.multivalued,
            self.numeric,
            self.outcomes,
            self.truths,
        )
        wanted = [*single, *labels, *(column for table in named for column in table.values())]
        return tuple(dict.fromkeys(column for column in wanted if column is not None))

    def with_options(
        self,
        *,
        items: Path | None = None,
        user: str | None = None,
        item: str | None = None,
        time: str | None = None,
        time_unit: str | None = None,
        utc_offset_minutes: str | None = None,
        zone_column: str | None = None,
        zone: str | None = None,
        request: str | None = None,
        event_id: str | None = None,
        separator: str | None = None,
        positive_only: str | None = None,
        labels: Sequence[str] = (),
        label_delays: Sequence[str] = (),
        attributes: Sequence[str] = (),
        item_attributes: Sequence[str] = (),
        clock_attributes: Sequence[str] = (),
        categorical: Sequence[str] = (),
        multivalued: Sequence[str] = (),
        numeric: Sequence[str] = (),
        outcomes: Sequence[str] = (),
    ) -> ColumnMapping:
        """This mapping, with what the command line says put over it.

        A sequence adds to the mapping's own names; each entry is ``NAME=COLUMN``, or ``NAME`` where both
        agree (``clock_attributes`` replaces, and holds names; ``label_delays`` holds ``NAME=SECONDS``). A
        label that the mapping has keeps when it is known. None and empty leave the mapping as it is.

        Raises:
            ConfigError: an entry without a name or a column, or the result is not a valid mapping.

        Example:
            >>> mapping = ColumnMapping().with_options(zone="UTC", user="uid", labels=["like=liked", "skip"])
            >>> mapping.user, mapping.labels["like"].column, mapping.labels["skip"].column
            ('uid', 'liked', 'skip')
        """
        return replace(
            self,
            items=items or self.items,
            user=user or self.user,
            item=item or self.item,
            time=time or self.time,
            time_unit=time_unit or self.time_unit,
            utc_offset_minutes=utc_offset_minutes or self.utc_offset_minutes,
            zone_column=zone_column or self.zone_column,
            zone=zone or self.zone,
            request=request or self.request,
            event_id=event_id or self.event_id,
            separator=separator or self.separator,
            positive_only=positive_only or self.positive_only,
            labels=_delayed(_over(self.labels, labels), label_delays),
            attributes={**self.attributes, **_pairs("attribute", attributes)},
            item_attributes={**self.item_attributes, **_pairs("item attribute", item_attributes)},
            clock_attributes=tuple(clock_attributes) or self.clock_attributes,
            categorical={**self.categorical, **_pairs("categorical", categorical)},
            multivalued={**self.multivalued, **_pairs("multivalued", multivalued)},
            numeric={**self.numeric, **_pairs("numeric", numeric)},
            outcomes={**self.outcomes, **_pairs("outcome", outcomes)},
        )

    @classmethod
    def from_toml(cls, path: Path) -> ColumnMapping:
        """The mapping in a TOML file; paths in it are relative to the file.

        Raises:
            ConfigError: the file is missing or no TOML, a key is unknown, a value has the wrong type.

        Example:
            >>> import tempfile
            >>> path = Path(tempfile.mkdtemp()) / "plays.toml"
            >>> _ = path.write_text('positive_only = "play"\\n[attributes]\\ngenre = "genre"\\n')
            >>> ColumnMapping.from_toml(path).schema().clock_attributes
            ('genre',)
        """
        from interestclock.events.mapping_toml import read_mapping  # noqa: PLC0415 (it builds this class)

        return read_mapping(path)


def _over(labels: Mapping[str, LabelColumn], entries: Sequence[str]) -> dict[str, LabelColumn]:
    """The labels with columns named anew; what is known of their time stays."""
    named = _pairs("label", entries)
    return dict(labels) | {
        name: replace(labels.get(name, LabelColumn(column=column)), column=column)
        for name, column in named.items()
    }


def _delayed(labels: dict[str, LabelColumn], entries: Sequence[str]) -> dict[str, LabelColumn]:
    """The labels, some of them known a number of seconds after the exposure."""
    for name, seconds in _pairs("label delay", entries).items():
        if name not in labels:
            raise ConfigError(f"no label '{name}' to delay; there are {', '.join(labels) or 'none'}")
        try:
            labels[name] = replace(labels[name], delay_seconds=float(seconds))
        except ValueError:
            raise ConfigError(f"'{seconds}' is no delay of label '{name}'; give seconds, as 600") from None
    return labels


def _pairs(kind: str, entries: Sequence[str]) -> dict[str, str]:
    pairs = {}
    for entry in entries:
        name, separator, column = entry.partition("=")
        if not name or (separator and not column):
            raise ConfigError(f"{kind} '{entry}' lacks a name or a column; write NAME=COLUMN, or NAME")
        pairs[name] = column or name
    return pairs
