"""A mapping to start from, guessed of what a log's columns are called and hold; never a zone."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow.compute as pc

from interestclock.events.column_looks import ColumnLook, look_at
from interestclock.events.column_remedies import expression_for
from interestclock.events.frames import LogData
from interestclock.events.guessed_columns import guessed_keys
from interestclock.events.log_beginning import LogBeginning, beginning_of
from interestclock.events.mapping import ColumnMapping
from interestclock.events.toml_text import toml_key, toml_value
from interestclock.mapping_keys import CsvFormat

__all__ = ["MappingGuess", "guess_mapping"]

_ROWS = 100_000
_SCALE = 11  # values that a scale of ratings has at most
_PLACES = ("utc_offset_minutes", "zone_column")


@dataclass(frozen=True, kw_only=True)
class MappingGuess:
    """What the columns of a log look like, a mapping to start from, and what could not be told.

    Printed, it is a mapping file, in which all that is no mapping stands in comments.

    Args:
        about: the log, and how many rows were looked at. columns: as they look.
        keys: of a mapping, as far as they could be told. open_questions: what is for the reader to say.

    Example:
        >>> import pyarrow as pa
        >>> guess = guess_mapping(pa.table({"uid": [7, 9], "song": ["a", "b"], "done": [1, 0]}))
        >>> guess.mapping.user, guess.mapping.labels["finish"].column
        ('uid', 'done')
        >>> guess.open_questions[0]
        'which column is the time: time = "COLUMN"'
    """

    about: str
    columns: tuple[ColumnLook, ...]
    keys: Mapping[str, Any]
    open_questions: tuple[str, ...]

    @cached_property
    def mapping(self) -> ColumnMapping:
        """What could be told, to be given as ``mapping=``, beside what could not."""
        csv = {"csv": CsvFormat(**self.keys["csv"])} if "csv" in self.keys else {}
        return ColumnMapping(**{**self.keys, **csv})

    @property
    def toml(self) -> str:
        """A mapping file."""
        return "\n".join([*self._comments(), "", *_written(self.keys), ""])

    def __str__(self) -> str:
        return self.toml

    def _comments(self) -> Iterator[str]:
        yield f"# {self.about}"
        yield "#"
        wide = max(len(each.name) for each in self.columns)
        for each in self.columns:
            samples = ", ".join(each.samples).replace("\n", " ")
            yield (
                f"# {each.name:{wide}}  {each.reads_as:10}  {each.missing:4.0%} missing  "
                f"{each.distinct:7,} distinct  {samples}"
            )
        if self.open_questions:
            yield "#"
            yield "# Not told by the log:"
            yield from (f"# - {sentence}" for sentence in self.open_questions)


def guess_mapping(data: LogData) -> MappingGuess:
    """Look at a log and guess what its columns mean; a zone is never guessed.

    Args:
        data: a path, several, or a frame, as ``open_log`` takes them. The first 100,000 rows are looked at.

    Raises:
        ConfigError: it is neither a path nor a frame. LogError: it cannot be read, or has no rows.

    Example:
        >>> guess_mapping("nowhere.csv")
        Traceback (most recent call last):
        interestclock.errors.LogError: nowhere.csv: no such file or folder
    """
    begun = beginning_of(data, rows=_ROWS)
    looks = tuple(
        look_at(name, begun.rows[name].combine_chunks(), typed=begun.typed)
        for name in begun.rows.column_names
    )
    keys = guessed_keys(looks, begun.rows)
    if begun.csv.delimiter is not None:
        keys["csv"] = {"delimiter": begun.csv.delimiter}
    rows = f"{begun.rows.num_rows:,} rows" if begun.whole else f"its first {begun.rows.num_rows:,} rows"
    return MappingGuess(
        about=f"{begun.called}: {len(looks)} columns, as {rows} have them",
        columns=looks,
        keys=keys,
        open_questions=tuple(_open_questions(keys, looks, begun)),
    )


def _open_questions(
    keys: Mapping[str, Any], looks: tuple[ColumnLook, ...], begun: LogBeginning
) -> Iterator[str]:
    for key in ("user", "item", "time"):
        if key not in keys:
            yield f'which column is the {key}: {key} = "COLUMN"'
    time = next((each for each in looks if each.name == keys.get("time")), None)
    if not any(key in keys for key in _PLACES) and not (time is not None and time.with_offsets):
        likely = "" if time is None or time.zone is None else f"; the type of '{time.name}' names {time.zone}"
        yield f'the zone, which no log tells: zone = "Europe/Berlin" or another{likely}'
    if "labels" not in keys:
        yield _no_label(looks, begun, [each for each in keys.values() if isinstance(each, str)])


def _no_label(looks: tuple[ColumnLook, ...], begun: LogBeginning, taken: Collection[Any]) -> str:
    free = [each for each in looks if each.name not in taken]
    constant = next((each for each in free if each.reads_as == "0 and 1"), None)
    if constant is None:
        held, finish = "", _made_of(free, begun)
    else:
        held = f"; '{constant.name}' may be it and is {constant.samples[0]} in all of them"
        finish = constant.name
    return (
        f"what came of each row, as no column holds 0 and 1{held}: below [labels], finish = "
        f'{toml_value(finish)}, or positive_only = "play" if every row is a choice'
    )


def _made_of(free: Sequence[ColumnLook], begun: LogBeginning) -> str:
    """An expression, of a column of few numbers if there is one."""
    numbers = [each for each in free if each.reads_as in ("integers", "numbers")]
    scale = next((each.name for each in numbers if 1 < each.distinct <= _SCALE), None)
    return "rating >= 4" if scale is None else _expression(scale, begun)


def _expression(scale: str, begun: LogBeginning) -> str:
    counts = pc.value_counts(begun.rows[scale].drop_null()).to_pylist()
    return expression_for(
        scale, {str(each["values"]): each["counts"] for each in counts if each["values"] != ""}
    )


def _written(keys: Mapping[str, Any]) -> Iterator[str]:
    """As TOML: keys above tables."""
    for key, value in keys.items():
        if not isinstance(value, dict):
            yield f"{key} = {toml_value(value)}"
    for key, value in keys.items():
        if isinstance(value, dict):
            yield f"\n[{key}]"
            yield from (f"{toml_key(name)} = {toml_value(column)}" for name, column in value.items())
