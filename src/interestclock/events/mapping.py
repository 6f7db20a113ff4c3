"""Which column of a log means what, given in a TOML file, on the command line, or both.

The keys of the file stand in ``interestclock.events.mapping_toml``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from interestclock.errors import ConfigError
from interestclock.events.mapping_entries import labels_delayed, labels_named, named_pairs
from interestclock.events.mapping_parts import CsvFormat, LabelColumn
from interestclock.events.schema import LogSchema
from interestclock.timeofday import check_zone

__all__ = ["ColumnMapping", "CsvFormat", "LabelColumn"]

TIME_UNITS = ("auto", "s", "ms", "us", "ns")


@dataclass(frozen=True, kw_only=True)
class ColumnMapping:
    """Which column of a log means what; ``interestclock.events.mapping_toml`` describes each field.

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
            label_expressions={
                name: label.expression for name, label in self.labels.items() if label.expression is not None
            },
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
        labels = [
            column
            for name, label in self.labels.items()
            for column in (label.column, *self.made_of(name).values(), label.known_column)
        ]
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

    def made_of(self, label: str) -> dict[str, str]:
        """The names in a label's expression, if it has one, and the log's column that each stands for.

        Raises:
            ConfigError: the expression cannot be read.

        Example:
            >>> finish = LabelColumn(expression="played_ms > 0.8 * length_ms")
            >>> mapping = ColumnMapping(labels={"finish": finish}, outcomes={"played_ms": "played"})
            >>> mapping.made_of("finish")
            {'played_ms': 'played', 'length_ms': 'length_ms'}
        """
        text = self.labels[label].expression
        if text is None:
            return {}
        from interestclock.events.label_expressions import (  # noqa: PLC0415 (few logs need DuckDB and sqlglot)
            label_expression,
        )

        return {name: self.outcomes.get(name, name) for name in label_expression(label, text).columns}

    def with_options(
        self,
        *,
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
        eq3: Sequence[str] = (),
        attributes: Sequence[str] = (),
        item_attributes: Sequence[str] = (),
        clock_attributes: Sequence[str] = (),
        engaged: Sequence[str] = (),
        categorical: Sequence[str] = (),
        multivalued: Sequence[str] = (),
        numeric: Sequence[str] = (),
    ) -> ColumnMapping:
        """This mapping, with what the command line says put over it.

        A sequence adds to the mapping's own names; each entry is ``NAME=COLUMN``, or ``NAME`` where both
        agree. ``clock_attributes`` and ``engaged`` replace, and hold names; ``label_delays`` holds
        ``NAME=SECONDS``, and ``eq3`` ``TERM=LABEL``. A label that the mapping has keeps when it is known.
        None and empty leave the mapping as it is.

        Raises:
            ConfigError: an entry without a name or a column, or the result is not a valid mapping.

        Example:
            >>> mapping = ColumnMapping().with_options(zone="UTC", user="uid", labels=["like=liked", "skip"])
            >>> mapping.user, mapping.labels["like"].column, mapping.labels["skip"].column
            ('uid', 'liked', 'skip')
        """
        return replace(
            self,
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
            labels=labels_delayed(labels_named(self.labels, labels), label_delays),
            eq3={**self.eq3, **named_pairs("term of Eq. 3", eq3)},
            attributes={**self.attributes, **named_pairs("attribute", attributes)},
            item_attributes={**self.item_attributes, **named_pairs("item attribute", item_attributes)},
            clock_attributes=tuple(clock_attributes) or self.clock_attributes,
            engaged=tuple(engaged) or self.engaged,
            categorical={**self.categorical, **named_pairs("categorical", categorical)},
            multivalued={**self.multivalued, **named_pairs("multivalued", multivalued)},
            numeric={**self.numeric, **named_pairs("numeric", numeric)},
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
