"""From a log to what clocks read of it: for each of its rows, or for each user as of one moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import torch

from interestclock.clock_features import ClockFeatureConfig
from interestclock.clock_features.clock_terms import require_eq3_term
from interestclock.errors import ConfigError
from interestclock.events.schema import EventSource, LogCounts, LogSchema
from interestclock.model_inputs.feature_tables import FeaturePiece, FeatureTables
from interestclock.model_inputs.model_dataset import ModelDataset
from interestclock.model_inputs.model_features import ModelFeatures
from interestclock.model_inputs.users_as_of import EventsBefore, users_as_of
from interestclock.samples import Batch, PrepareConfig, prepare_samples
from interestclock.samples.prepare import Progress

__all__ = ["features_as_of"]

# Shapes: N rows of the log that it did not refuse, R rows that it did.

Ints = npt.NDArray[np.int64]
_NONE: Ints = np.zeros(0, np.int64)
_OF_USERS = [
    "user_id",
    "timestamp_ms",
    "second_of_day",
    "day_of_week",
    "utc_offset_minutes",
    "history_first",
    "history_end",
    "clock_row",
]


def features_as_of(
    source: EventSource,
    *,
    as_of: datetime | int | None = None,
    clocks: ClockFeatureConfig | None = None,
    progress: Progress = lambda *_: None,
) -> ModelFeatures:
    """What the clocks of this package read, for a model of one's own.

    Of each row of the log: what was known strictly before its moment, and clocks (Eq. 3) as of the start of
    its UTC day, as ``interestclock features`` writes them. With ``as_of``: the same of each user who was seen
    before then, with nothing in it that happened or became known then or later, and no item; the clock on the
    wall is that of the user's last zone, else of the user's last offset to UTC.

    A log of choices has its rows alone, each with a 1: what stands against them is for the model to draw.

    Args:
        source: the log. as_of: a moment with its time zone, or UTC milliseconds.
        clocks: buckets, window and weights of Eq. 3. progress: as in ``prepare_samples``.

    Raises:
        ConfigError: the log names item attributes and no label counts as a term of Eq. 3; ``as_of`` has no
            time zone.
        LogError: the log cannot be read, or nothing in it happened before ``as_of``.

    Example:
        >>> import tempfile
        >>> from interestclock.events import open_log
        >>> from interestclock.simulator import SimulatorSize, write_simulated_log
        >>> folder = Path(tempfile.mkdtemp()) / "log"
        >>> size = SimulatorSize(users=5, items=200, days=3, exposures_per_day=40)
        >>> rows = write_simulated_log(folder, size=size)
        >>> features = features_as_of(open_log(folder))
        >>> features.table.num_rows == rows, features.left_out.size, features.clocks.column_names
        (True, 0, ['genre', 'mood', 'language'])
        >>> data = features.torch(longest=50)
        >>> batch = next(iter(torch.utils.data.DataLoader(data, batch_size=8, collate_fn=data.collate)))
        >>> batch.clocks["genre"].shape, batch.labels["finish"].dtype
        (torch.Size([8, 24, 3]), torch.float32)
    """
    at_ms = None if as_of is None else _utc_ms(as_of)
    if source.schema.attributes:
        require_eq3_term(source.schema, wanted_by="these features")
    read = source if at_ms is None else EventsBefore(source=source, before_ms=at_ms)
    config = PrepareConfig(candidates=None, clocks=clocks or ClockFeatureConfig())
    with TemporaryDirectory() as folder:
        samples = prepare_samples(read, Path(folder) / "samples", config=config, progress=progress)
        tables = FeatureTables(samples, known_before_ms=at_ms)
        if at_ms is not None:
            return _of_users(tables, at_ms, remarks=source.counts.remarks)
        return _of_rows(tables, source)


def _utc_ms(as_of: datetime | int) -> int:
    if isinstance(as_of, int):
        return as_of
    if not isinstance(as_of, datetime):
        raise ConfigError(
            f"as_of is {as_of!r}; give a moment with its time zone, for example "
            "datetime(2024, 1, 5, tzinfo=UTC), or UTC milliseconds"
        )
    if as_of.tzinfo is None:
        raise ConfigError(
            f"as_of is {as_of.isoformat()}, which is another moment in each time zone; give it one, for "
            f"example datetime.fromisoformat('{as_of.isoformat()}+00:00')"
        )
    return -((datetime(1970, 1, 1, tzinfo=UTC) - as_of) // timedelta(milliseconds=1))


def _of_users(tables: FeatureTables, at_ms: int, *, remarks: Sequence[str]) -> ModelFeatures:
    piece = tables.piece(users_as_of(tables.state, at_ms=at_ms))
    table = piece.samples.select(_OF_USERS)
    order_N = np.arange(table.num_rows)
    return _features(tables, [piece], order_N, table=table, left_out_R=_NONE, remarks=remarks)


def _of_rows(tables: FeatureTables, source: EventSource) -> ModelFeatures:
    counts = source.counts
    pieces = [replace(each, batch=replace(each.batch, clocks={})) for each in tables.pieces()]
    log_row_N = np.concatenate([each.log_row_B for each in pieces])
    order_N = np.argsort(log_row_N)
    table = pa.concat_tables([each.samples for each in pieces]).take(pa.array(order_N))
    return _features(
        tables,
        pieces,
        order_N,
        table=_with_refused(table, rows=counts.read),
        left_out_R=np.setdiff1d(np.arange(1, counts.read + 1), log_row_N),
        remarks=[*_refused(counts), *_choices_alone(source.schema), *counts.remarks],
    )


def _features(
    tables: FeatureTables,
    pieces: Sequence[FeaturePiece],
    order_N: Ints,
    *,
    table: pa.Table,
    left_out_R: Ints,
    remarks: Sequence[str],
) -> ModelFeatures:
    """All pieces as one, its rows in an order."""
    order = torch.from_numpy(order_N)
    names = pieces[0].clocks_RHV
    dataset = ModelDataset(
        samples=Batch.joined([each.batch for each in pieces]).select(order),
        log_row_N=torch.from_numpy(np.concatenate([each.log_row_B for each in pieces]))[order],
        clock_row_N=torch.from_numpy(np.concatenate([each.clock_row_B for each in pieces]))[order],
        clocks_RHV={name: torch.cat([each.clocks_RHV[name] for each in pieces]) for name in names},
        attributes_SV=tables.folder.item_attributes(tables.state),
        histories=tables.behaviours,
    )
    return ModelFeatures(
        table=table,
        clocks=pa.concat_tables([each.clocks for each in pieces]),
        histories=tables.histories(),
        vocabularies=tables.vocabularies(),
        dataset=dataset,
        left_out=left_out_R,
        remarks=tuple(remarks),
    )


def _with_refused(table: pa.Table, *, rows: int) -> pa.Table:
    """A row for each row of the log, null but for its number where there is none."""
    place_N = np.full(rows, -1)
    place_N[table["log_row"].to_numpy() - 1] = np.arange(table.num_rows)
    whole = table.take(pa.array(place_N, mask=place_N < 0)).drop_columns(["log_row"])
    numbered = whole.add_column(0, "log_row", pa.array(np.arange(1, rows + 1)))
    return numbered.add_column(0, "usable", pa.array(place_N >= 0))


def _choices_alone(schema: LogSchema) -> list[str]:
    if not schema.positive_only:
        return []
    return [
        f"the log holds choices alone: label '{schema.main_label}' is 1 in every row, and a model trained on "
        "these rows learns nothing; draw what was not chosen beside them (docs/features.md, 'A log of "
        "choices')"
    ]


def _refused(counts: LogCounts) -> list[str]:
    refused = counts.read - counts.used
    if not refused:
        return []
    return [
        f"{refused:,} of {counts.read:,} rows have no features (duplicates: {counts.duplicates:,}, "
        f"dead letters: {counts.dead_letters:,}): they are not usable in table, and not in torch()",
    ]
