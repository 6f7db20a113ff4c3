"""Which column of a log means what, given in a TOML file, on the command line, or both.

``interestclock.mapping_keys`` declares what may be given.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from msgspec import structs

from interestclock.errors import ConfigError, check_names
from interestclock.events.context import CONTEXT_KINDS, ContextKind
from interestclock.events.mapping_entries import labels_delayed, labels_named, named_pairs
from interestclock.events.mapping_shorthand import label_of, table_of
from interestclock.events.mapping_toml import read_mapping
from interestclock.events.schema import LogSchema
from interestclock.mapping_keys import DUPLICATES, ID_TYPES, TIME_UNITS, LogKeys
from interestclock.timeofday import check_zone

__all__ = ["ColumnMapping"]

_NAMED = ("labels", "eq3", "attributes", "item_attributes", "outcomes", "truths")
_TABLES = (*_NAMED, *(kind.name for kind in CONTEXT_KINDS))


class ColumnMapping(LogKeys, frozen=True, kw_only=True):
    """Which column of a log means what; ``interestclock.mapping_keys`` declares its fields.

    As in a mapping file, text may stand for a label, and a list of names for a table in which names and
    columns agree.

    Raises:
        ConfigError: a label is neither text nor a ``LabelColumn``, both ``labels`` and ``positive_only``, an
            unknown time unit or zone, a name that stands in both ``attributes`` and ``item_attributes``.

    Example:
        >>> from interestclock.mapping_keys import LabelColumn
        >>> mapping = ColumnMapping(zone="Europe/Berlin", labels={"like": LabelColumn(column="liked")})
        >>> mapping.user, mapping.schema().labels
        ('user_id', ('like',))
        >>> ColumnMapping(zone="UTC", labels={"finish": "played >= 0.8"}).labels["finish"].expression
        'played >= 0.8'
    """

    def __post_init__(self) -> None:
        check_names("clock_attributes", self.clock_attributes)
        check_names("engaged", self.engaged)
        for name in _TABLES:
            structs.force_setattr(self, name, table_of(name, getattr(self, name)))
        labels = {name: label_of(name, given) for name, given in self.labels.items()}
        structs.force_setattr(self, "labels", labels)
        for name in ("log", "items"):  # a path may be given as text
            if getattr(self, name) is not None:
                structs.force_setattr(self, name, Path(getattr(self, name)))
        if self.positive_only is not None and self.labels:
            raise ConfigError(
                f"the log has labels ({', '.join(self.labels)}) and is called positive-only "
                f"('{self.positive_only}'); give one of the two"
            )
        if self.time_unit not in TIME_UNITS:
            raise ConfigError(f"'time_unit' is {self.time_unit!r}; give one of {', '.join(TIME_UNITS)}")
        if self.id_type not in ID_TYPES:
            raise ConfigError(f"'id_type' is {self.id_type!r}; give one of {', '.join(ID_TYPES)}")
        if self.duplicates not in DUPLICATES:
            raise ConfigError(f"'duplicates' is {self.duplicates!r}; give one of {', '.join(DUPLICATES)}")
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
            outcomes=tuple(self.outcomes),
            truths=tuple(self.truths),
            label_expressions={
                name: label.expression for name, label in self.labels.items() if label.expression is not None
            },
            **{kind.name: tuple(columns) for kind, columns in self.context()},
        )

    def log_columns(self) -> tuple[str, ...]:
        """The log's columns this mapping reads, each once.

        Example:
            >>> from interestclock.mapping_keys import LabelColumn
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
            *(columns for _, columns in self.context()),
            self.outcomes,
            self.truths,
        )
        wanted = [*single, *labels, *(column for table in named for column in table.values())]
        return tuple(dict.fromkeys(column for column in wanted if column is not None))

    def context(self) -> Iterator[tuple[ContextKind, dict[str, str]]]:
        """Each kind of context, and its names with the log's columns.

        Example:
            >>> [(kind.name, columns) for kind, columns in ColumnMapping(numeric={"age": "a"}).context()][-1]
            ('numeric', {'age': 'a'})
        """
        for kind in CONTEXT_KINDS:
            yield kind, getattr(self, kind.name)

    def made_of(self, label: str) -> dict[str, str]:
        """The names in a label's expression, if it has one, and the log's column that each stands for.

        Raises:
            ConfigError: the expression cannot be read.

        Example:
            >>> from interestclock.mapping_keys import LabelColumn
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
        self, *, label_delays: Sequence[str] | None = None, **given: str | bool | Sequence[str] | None
    ) -> ColumnMapping:
        """This mapping, with what the command line says put over it.

        Args:
            label_delays: entries ``NAME=SECONDS``.
            given: a key's text, true or false, or its entries. Those of a table add to the mapping's own
                names; each is ``NAME=COLUMN``, or ``NAME`` where both agree (``eq3``: ``TERM=LABEL``).
                Those of ``clock_attributes`` and ``engaged`` are names, and replace. A label that the mapping
                has keeps when it is known. None and empty leave the mapping as it is.

        Raises:
            ConfigError: an unknown key, an entry without a name or a column, or the result is not a valid
                mapping.

        Example:
            >>> mapping = ColumnMapping().with_options(zone="UTC", user="uid", labels=["like=liked", "skip"])
            >>> mapping.user, mapping.labels["like"].column, mapping.labels["skip"].column
            ('uid', 'liked', 'skip')
        """
        changed = {name: self._over(name, value) for name, value in given.items() if value or value is False}
        changed["labels"] = labels_delayed(changed.get("labels", self.labels), label_delays or ())
        return structs.replace(self, **changed)

    def _over(self, name: str, value: str | bool | Sequence[str]) -> Any:
        if name not in self.__struct_fields__:
            raise ConfigError(f"a mapping has no key '{name}'; it has {', '.join(self.__struct_fields__)}")
        now = getattr(self, name)
        if isinstance(value, str | bool):
            return value
        if name == "labels":
            return labels_named(self.labels, value)
        return {**now, **named_pairs(f"{name} entry", value)} if isinstance(now, dict) else tuple(value)

    @classmethod
    def from_toml(cls, path: str | Path) -> ColumnMapping:
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
        return read_mapping(Path(path), cls)
