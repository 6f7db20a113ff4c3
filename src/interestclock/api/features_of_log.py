"""What the clocks read of a log, from Python."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from tempfile import mkdtemp

from interestclock.api.log_arguments import Columns, Labels, open_described
from interestclock.clock_features import ClockFeatureConfig
from interestclock.events import ColumnMapping, CsvFormat
from interestclock.events.frames import Frame, LogData
from interestclock.model_inputs import ModelFeatures, features_as_of
from interestclock.results.in_arguments import in_arguments, speaking_in_arguments

__all__ = ["features"]


def features(
    data: LogData,
    *,
    as_of: datetime | int | None = None,
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
    buckets_per_day: int = 24,
    window_days: int = 30,
) -> ModelFeatures:
    """What the clocks read, for a model of one's own: point in time, a row for each row of the log.

    What the columns mean is said by the keys of a mapping file, by the same names (the guide 'Read your log'
    has them all): those given here are put over those of ``mapping``.

    Args:
        data: a path, several or a folder; a frame of pandas, Polars or Narwhals, an Arrow table or reader, a
            relation of DuckDB, a table of Ibis.
        mapping: a mapping file, or a ``ColumnMapping``. layout: a built-in one instead: ``foursquare``.
        items: the items file, or a frame. lateness_minutes: how far a row may stand behind the newest.
        as_of: a moment with its time zone, or UTC milliseconds: a row for each user instead, as of then.
        dead_letters: file for rows that cannot be used; None: ``left_out`` of the result names them.
        buckets_per_day: of a clock (Eq. 3). window_days: how far back it counts.

    Raises:
        ConfigError: what is given cannot be. LogError: the log cannot be read as described.

    Example:
        >>> import pyarrow as pa
        >>> plays = pa.table({"user_id": [7, 7], "item_id": ["a", "b"], "timestamp_ms": [0, 90_000_000],
        ...     "genre": ["pop", "jazz"], "finish": [1, 1]})
        >>> found = features(plays, time_unit="ms", zone="UTC", labels=["finish"], attributes=["genre"])
        >>> found.table.select(["log_row", "user_id", "item_id", "second_of_day"]).to_pylist()[1]
        {'log_row': 2, 'user_id': 7, 'item_id': 'b', 'second_of_day': 3600}
        >>> batch = found.torch()[1]
        >>> batch.clocks["genre"].shape, batch.behaviour_BL.tolist()
        (torch.Size([1, 24, 3]), [[1]])
    """
    arguments = locals()
    clocks = ClockFeatureConfig(buckets_per_day=buckets_per_day, window_days=window_days)
    set_aside, found = Path(mkdtemp()) / "dead-letters.jsonl", None
    try:
        with speaking_in_arguments():
            source = open_described(data, arguments, dead_letters=set_aside)
            found = features_as_of(source, as_of=as_of, clocks=clocks)
    finally:
        if found is not None or not set_aside.exists():  # else the error names it
            shutil.rmtree(set_aside.parent)
    return replace(found, remarks=tuple(in_arguments(each) for each in found.remarks))
