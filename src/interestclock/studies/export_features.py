"""Point-in-time clocks and histories as Parquet, for people with a model of their own."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from pathlib import Path

import pyarrow.parquet as pq

from interestclock.clock_features.clock_terms import require_eq3_term
from interestclock.events.schema import EventSource
from interestclock.model_inputs import FeatureTables
from interestclock.samples import PrepareConfig, prepare_samples
from interestclock.studies.progress import Quiet, StudyProgress
from interestclock.studies.result_folder import result_folder
from interestclock.studies.write_results import write_configuration

__all__ = ["export_features"]


def export_features(
    source: EventSource, out: str | Path, *, config: PrepareConfig, progress: StudyProgress | None = None
) -> dict[str, int]:
    """Write what the clocks of this package read, with the log's own ids and values.

    ``samples.parquet``: a row per exposure (and sampled candidate), in stream order: ``log_row`` (the log's
    row, from 1 over all its files; null for a sampled candidate), ``user_id``, ``item_id``, ``request`` (the
    same for what was shown together, and for a choice and its candidates), ``timestamp_ms``,
    ``second_of_day``, ``day_of_week``, ``utc_offset_minutes``, ``label_known_ms``, ``label.NAME``,
    ``attribute.NAME`` (lists of text, of the item), context as ``KIND.NAME`` (text, lists of text or a
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
        tables = FeatureTables(folder)
        rows = _write_pieces(tables, aside, progress)
        histories = tables.histories()
        pq.write_table(histories, aside / "histories.parquet")
        rows["histories.parquet"] = histories.num_rows
        write_configuration(aside, folder, {"prepare": asdict(config)})
        shutil.rmtree(aside / "prepared")
    return rows


def _write_pieces(tables: FeatureTables, out: Path, progress: StudyProgress) -> dict[str, int]:
    writers: dict[str, pq.ParquetWriter] = {}
    rows = {"samples.parquet": 0, "clocks.parquet": 0}
    for piece in tables.pieces():
        for name, table in (("samples.parquet", piece.samples), ("clocks.parquet", piece.clocks)):
            writer = writers.get(name) or writers.setdefault(name, pq.ParquetWriter(out / name, table.schema))
            writer.write_table(table)
            rows[name] += table.num_rows
        progress.phase("writing features", rows["samples.parquet"], tables.folder.manifest.counts["samples"])
    for writer in writers.values():
        writer.close()
    return rows
