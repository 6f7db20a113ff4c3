"""Candidates beside the choices of a log that is replayed, drawn as a comparison draws them."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from interestclock.arrays import with_columns
from interestclock.events import ColumnMapping, open_log
from interestclock.samples import CandidateConfig, PrepareConfig, SampleFolder, prepare_samples
from interestclock.samples.folder import load_arrays

__all__ = ["CANDIDATES", "with_candidates"]

# Shapes: N choices behind the log before, R samples.

CANDIDATES = "candidates"


def with_candidates(before: Path, rows: Path, *, mapping: Path, seed: int) -> None:
    """Write the candidates of each choice beside it: list<string>, itself among them, shuffled.

    A choice that nobody made before has none: a comparison does not score it.

    Args:
        before: folder of the log before. rows: file of the choices behind it, which is rewritten.
        mapping: of both. seed: of the draw.
    """
    choices = pq.read_table(rows)
    with tempfile.TemporaryDirectory(dir=rows.parent) as folder:
        log = open_log([*sorted(before.glob("*.parquet")), rows], mapping=ColumnMapping.from_toml(mapping))
        config = PrepareConfig(candidates=CandidateConfig(seed=seed))
        samples = prepare_samples(log, Path(folder) / "samples", config=config)
        first_row = samples.manifest.counts["events"] - choices.num_rows + 1
        drawn = _drawn(samples, first_row, choices.num_rows)
    pq.write_table(with_columns(choices, {CANDIDATES: drawn}), rows)


def _drawn(samples: SampleFolder, first_row: int, choices: int) -> pa.ListArray:
    """By choice, ids of what stands beside it."""
    files = sorted((samples.path / "samples").glob("*.safetensors"))
    columns = [load_arrays(each) for each in files]
    row_R = np.concatenate([each["request"] for each in columns])  # of choices each is one, from 1
    item_R = np.concatenate([each["item"] for each in columns])[row_R >= first_row]
    ends_N = np.searchsorted(row_R[row_R >= first_row], np.arange(first_row, first_row + choices + 1))
    ids = samples.vocabulary("item").take(pa.array(item_R - 1))
    return pa.ListArray.from_arrays(pa.array(ends_N, pa.int32()), ids)
