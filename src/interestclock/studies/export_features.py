"""Point-in-time clocks and histories as Parquet, for people with a model of their own."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from interestclock.events.schema import EventSource
from interestclock.histories import Histories
from interestclock.samples import Batch, BatchMaker, PrepareConfig, SampleFolder, prepare_samples
from interestclock.state import FeatureState
from interestclock.studies.clock_terms import require_eq3_term
from interestclock.studies.feature_tables import SampleTables
from interestclock.studies.progress import Quiet, StudyProgress
from interestclock.studies.result_folder import result_folder
from interestclock.studies.write_results import write_configuration
from interestclock.timeofday import utc_day_start_ms

__all__ = ["export_features"]

# Shapes: B samples, M requests, R clock rows, U users, E behaviours of all.


def export_features(
    source: EventSource, out: str | Path, *, config: PrepareConfig, progress: StudyProgress | None = None
) -> dict[str, int]:
    """Write what the clocks of this package read, with the log's own ids and values.

    ``samples.parquet``: a row per exposure (and sampled candidate), in stream order: ``log_row`` (the log's
    row, from 1 over all its files; null for a sampled candidate), ``user_id``, ``item_id``, ``request`` (the
    same for what was shown together, and for a choice and its candidates), ``timestamp_ms``,
    ``second_of_day``, ``day_of_week``, ``label_known_ms``, ``label.NAME``, ``attribute.NAME`` (lists of
    text, of the item), context as ``KIND.NAME`` (text, lists of text or a
    float, as the mapping says), ``history_first``, ``history_end``, ``clock_row``.
    ``clocks.parquet``: row ``clock_row`` holds, per clock attribute, a list of the day's buckets, each a
    list of its best values, best first (Eq. 3 as of the start of the sample's UTC day).
    ``histories.parquet``: each user's behaviours in the order in which they became known; those before
    a sample are its rows ``history_first`` to ``history_end``, exclusive.
    ``config.json``: how they were made.

    Args:
        source: the log. out: a folder that does not exist yet; it appears when it is whole.
        config: what clocks and candidates are made with. progress: hears how it comes along.

    Returns:
        Rows by file name.

    Raises:
        ResultError: ``out`` is there already, or cannot be written.
        ConfigError: the log names item attributes and no label counts as a term of Eq. 3.

    Example:
        >>> import tempfile
        >>> export_features(None, Path(tempfile.mkdtemp()), config=PrepareConfig())
        Traceback (most recent call last):
        interestclock.errors.ResultError: ... is there already; give another --out, or remove it first
    """
    out = Path(out)
    progress = progress or Quiet()
    with result_folder(out) as aside:
        if source.schema.attributes:
            require_eq3_term(source.schema, wanted_by="these features")
        folder = prepare_samples(source, aside / "prepared", config=config, progress=progress.phase)
        state = folder.state()
        histories = state.user_histories.laid_out(
            users=state.users.capacity, known_before_ms=folder.manifest.counts["last_ms"]
        )
        rows = _write_samples(folder, state, histories, aside, progress)
        rows["histories.parquet"] = _write_histories(folder, histories, aside)
        write_configuration(aside, folder, {"prepare": asdict(config)})
        shutil.rmtree(aside / "prepared")
    return rows


def _write_samples(
    folder: SampleFolder, state: FeatureState, histories: Histories, out: Path, progress: StudyProgress
) -> dict[str, int]:
    writers: dict[str, pq.ParquetWriter] = {}
    rows = {"samples.parquet": 0, "clocks.parquet": 0}
    tables_of = SampleTables(folder, state, first_row_U=histories.offset_U.numpy())
    for chunk in folder.chunks(BatchMaker(recent=1, clocks=True), state):
        request_R, clock_row_M = _days(chunk.samples)
        clock_row_B = rows["clocks.parquet"] + clock_row_M[chunk.samples.request_row_B.numpy()]
        tables = {
            "samples.parquet": tables_of.samples(chunk, clock_row_B=clock_row_B),
            "clocks.parquet": tables_of.clocks(chunk.samples, request_R),
        }
        for name, table in tables.items():
            writer = writers.get(name) or writers.setdefault(name, pq.ParquetWriter(out / name, table.schema))
            writer.write_table(table)
            rows[name] += table.num_rows
        progress.phase("writing features", rows["samples.parquet"], folder.manifest.counts["samples"])
    for writer in writers.values():
        writer.close()
    return rows


def _days(samples: Batch) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """A request of each user and UTC day that occurs, and which of these days each request is of."""
    first_M = samples.first_M
    day_ms_M = utc_day_start_ms(samples.timestamp_ms_B[first_M]).numpy()
    both = np.stack([samples.user_B[first_M].numpy(), day_ms_M], axis=1)
    _, request_R, day_of_M = np.unique(both, axis=0, return_index=True, return_inverse=True)
    return request_R, day_of_M.ravel()


def _write_histories(folder: SampleFolder, histories: Histories, out: Path) -> int:
    offset_U = histories.offset_U.numpy()
    user_E = np.repeat(np.arange(offset_U.size - 1), np.diff(offset_U))
    table = pa.table(
        {
            "user_id": folder.vocabulary("user").take(pa.array(user_E - 1)),
            "item_id": folder.vocabulary("item").take(pa.array(histories.item_E.numpy() - 1)),
            "timestamp_ms": histories.timestamp_ms_E.numpy(),
            "second_of_day": histories.second_of_day_E.numpy(),
        }
    )
    pq.write_table(table, out / "histories.parquet")
    return int(table.num_rows)
