"""Whether enough is said of a log: labels, local time and columns that are there, asked in one go."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from interestclock.errors import ConfigError
from interestclock.events.mapping import ColumnMapping
from interestclock.events.raw_tables import no_column

__all__ = ["check_described"]


def check_described(called: str, columns: Collection[str], mapping: ColumnMapping) -> None:
    """Refuse a mapping that names no label, or lacks several things at once, with all that it lacks.

    One column that is not there, or local time alone, is for those to say who look at the rows.

    Args:
        called: the log. columns: that it has. mapping: what is said of it.

    Raises:
        ConfigError: names what is missing, and the columns there are.

    Example:
        >>> check_described("plays.csv", ["uid", "song", "at"], ColumnMapping(user="uid", time="at"))
        Traceback (most recent call last):
        interestclock.errors.ConfigError: plays.csv: the log names no label; name one, for example
        --label-column finish=COLUMN; and no column 'item_id': --item COLUMN; and nothing tells its local
        time, unless times carry offsets: --zone America/New_York; it has uid, song, at
    """
    missing = [*_no_label(mapping), *_no_columns(columns, mapping)]
    missing += _no_place(mapping) if missing else ()
    if len(missing) > 1 or _no_label(mapping):
        raise ConfigError(f"{called}: {'; and '.join(missing)}; it has {', '.join(columns) or 'no columns'}")


def _no_label(mapping: ColumnMapping) -> list[str]:
    if mapping.labels or mapping.positive_only is not None:
        return []
    return ["the log names no label; name one, for example --label-column finish=COLUMN"]


def _no_columns(columns: Collection[str], mapping: ColumnMapping) -> Iterator[str]:
    options = {mapping.user: "user", mapping.item: "item", mapping.time: "time"}
    for column in mapping.log_columns():
        if column not in columns:
            remedy = f": --{options[column]} COLUMN" if column in options else ""
            yield f"{no_column(column, columns)}{remedy}"


def _no_place(mapping: ColumnMapping) -> list[str]:
    if mapping.zone or mapping.zone_column or mapping.utc_offset_minutes:
        return []
    return ["nothing tells its local time, unless times carry offsets: --zone America/New_York"]
