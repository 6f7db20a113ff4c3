"""What is in a log, from Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from interestclock.api.log_arguments import Columns, Labels, log_title, open_described
from interestclock.defaults import SITTING_MINUTES
from interestclock.events import ColumnMapping, CsvFormat
from interestclock.events.frames import Frame, LogData
from interestclock.results import Inspection
from interestclock.results.frames import frame_kind
from interestclock.results.in_arguments import speaking_in_arguments
from interestclock.studies.inspect_log import inspect_log

__all__ = ["inspect"]


def inspect(
    data: LogData,
    *,
    mapping: str | Path | ColumnMapping | None = None,
    layout: str | None = None,
    items: str | Path | Frame | None = None,
    items_key: str | None = None,
    items_match: str | None = None,
    user: str | None = None,
    item: str | None = None,
    id_type: str | None = None,
    time: str | None = None,
    time_unit: str | None = None,
    time_format: str | None = None,
    time_is_local: bool | None = None,
    utc_offset_minutes: str | None = None,
    zone_column: str | None = None,
    zone: str | None = None,
    request: str | None = None,
    event_id: str | None = None,
    duplicates: str | None = None,
    separator: str | None = None,
    positive_only: str | None = None,
    clock_attributes: Sequence[str] | None = None,
    engaged: Sequence[str] | None = None,
    labels: Labels | None = None,
    label_delays: Mapping[str, float] | None = None,
    eq3: Mapping[str, str] | None = None,
    attributes: Columns | None = None,
    item_attributes: Columns | None = None,
    categorical: Columns | None = None,
    multivalued: Columns | None = None,
    numeric: Columns | None = None,
    outcomes: Columns | None = None,
    truths: Columns | None = None,
    csv: CsvFormat | None = None,
    lateness_minutes: float = 0.0,
    dead_letters: str | Path | None = None,
    sitting_minutes: float = SITTING_MINUTES,
) -> Inspection:
    """Show a log as it was understood, and foretell what the time of day would gain.

    What the columns mean is said by the keys of a mapping file, by the same names (the guide 'Read your log'
    has them all): those given here are put over those of ``mapping``.

    Args:
        data: a path, several or a folder; a frame of pandas, Polars or Narwhals, an Arrow table or reader, a
            relation of DuckDB, a table of Ibis.
        mapping: a mapping file, or a ``ColumnMapping``. layout: a built-in one instead: ``foursquare``.
        items: the items file, or a frame. lateness_minutes: how far a row may stand behind the newest.
        dead_letters: file for rows that cannot be used; None: the first of them is an error.
        sitting_minutes: a gap so long between a user's events ends a sitting.

    Raises:
        ConfigError: what is given cannot be. LogError: the log cannot be read as described.

    Example:
        >>> import pyarrow as pa
        >>> plays = pa.table({"uid": [7, 7], "song": ["a", "b"], "at": [32_400, 36_000], "ratio": [0.9, 0.1]})
        >>> inspection = inspect(plays, user="uid", item="song", time="at", time_unit="s", zone="UTC",
        ...     labels={"finish": "ratio >= 0.8"})
        >>> found = inspection.found
        >>> found.users, found.items, found.labels["finish"].positive, found.events_by_hour[9]
        (1, 2, 0.5, 1)
        >>> inspection.table("labels").column_names[0]
        'label'
    """
    arguments = locals()
    with speaking_in_arguments():
        found = inspect_log(open_described(data, arguments), sitting_minutes=sitting_minutes)
        return Inspection(found, title=log_title(data), frames=frame_kind(data))
