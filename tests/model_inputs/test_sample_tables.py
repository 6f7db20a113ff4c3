"""What stands beside each sample: its row of the log, what its item is, and its context."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from interestclock.events import ColumnMapping, open_log
from interestclock.model_inputs.sample_tables import lists_of
from interestclock.samples import CandidateConfig, PrepareConfig
from interestclock.studies.export_features import export_features

ROWS = 400
CONTEXT = {"categorical": {"device": "device"}, "multivalued": {"tags": "tags"}, "numeric": {"age": "age"}}


def plays(folder: Path) -> pa.Table:
    """Two files of a log: names with an order of their own, a bad row in the first, labels missing."""
    log = pa.table(
        {
            "user_id": [f"u{row % 5}" for row in range(ROWS)],
            "item_id": [f"song {row * 7 % 30}" for row in range(ROWS)],
            "timestamp_ms": [
                1_700_000_000 + 900 * row if row != 20 else None for row in range(ROWS)
            ],
            "finish": [(1, 0, None)[row % 3] for row in range(ROWS)],
            "like": [row % 11 == 0 for row in range(ROWS)],
            "genre": [[["rock"], ["jazz", "soul"], []][row * 7 % 30 % 3] for row in range(ROWS)],
            "device": [("tv", None, "phone")[row % 3] for row in range(ROWS)],
            "tags": [[["new", "loud"], [], None, ["old"]][row % 4] for row in range(ROWS)],
            "age": [None if row % 5 == 0 else row / 4 for row in range(ROWS)],
        }
    )  # fmt: skip
    (folder / "plays").mkdir()
    pq.write_table(log.slice(0, 150), folder / "plays" / "part-2.parquet")
    pq.write_table(log.slice(150), folder / "plays" / "part-10.parquet")
    return log


def exported(
    folder: Path, mapping: ColumnMapping, *, name: str = "out", rows_per_chunk: int = 64
) -> pa.Table:
    source = open_log(folder / "plays", mapping=mapping, dead_letters=folder / "dead.jsonl")
    config = PrepareConfig(rows_per_chunk=rows_per_chunk, candidates=CandidateConfig())
    export_features(source, folder / name, config=config)
    return pq.read_table(folder / name / "samples.parquet")


def mapping_of(**rest: object) -> ColumnMapping:
    return ColumnMapping(zone="UTC", attributes={"genre": "genre"}, **CONTEXT, **rest)


def test_samples_are_rows_of_the_log(tmp_path: Path) -> None:
    log = plays(tmp_path)
    samples = exported(tmp_path, mapping_of().with_options(labels=["finish", "like"]))
    assert samples["log_row"].to_pylist() == [row for row in range(1, ROWS + 1) if row != 21]
    beside = log.take(pc.subtract(samples["log_row"], 1))
    for name in ("user_id", "item_id"):
        assert samples[name].to_pylist() == beside[name].to_pylist()
    assert samples["timestamp_ms"].to_pylist() == [
        1_000 * each for each in beside["timestamp_ms"].to_pylist()
    ]
    assert samples["label.finish"].to_pylist() == beside["finish"].to_pylist()
    assert samples["label.like"].to_pylist() == beside["like"].cast(pa.int8()).to_pylist()
    assert samples["attribute.genre"].to_pylist() == beside["genre"].to_pylist()
    assert samples["categorical.device"].to_pylist() == beside["device"].to_pylist()
    assert samples["multivalued.tags"].to_pylist() == [each or [] for each in beside["tags"].to_pylist()]
    assert samples["numeric.age"].to_pylist() == beside["age"].to_pylist()


def test_sampled_candidates_are_no_rows_of_the_log(tmp_path: Path) -> None:
    log = plays(tmp_path)
    samples = exported(tmp_path, mapping_of(positive_only="play"))
    is_row = pc.is_valid(samples["log_row"])
    assert is_row.to_pylist() == [label == 1 for label in samples["label.play"].to_pylist()]
    assert 0 < pc.sum(is_row).as_py() < samples.num_rows
    genres = dict(zip(log["item_id"].to_pylist(), log["genre"].to_pylist(), strict=True))
    choices = {row["request"]: row for row in samples.filter(is_row).to_pylist()}
    for row in samples.to_pylist():
        choice = choices[row["request"]]
        assert row["attribute.genre"] == genres[row["item_id"]]
        for name in ("user_id", "timestamp_ms", "categorical.device", "multivalued.tags", "numeric.age"):
            assert row[name] == choice[name]


def test_where_the_log_is_cut_changes_nothing(tmp_path: Path) -> None:
    plays(tmp_path)
    mapping = mapping_of(positive_only="play")
    small = exported(tmp_path, mapping, name="small", rows_per_chunk=7).drop_columns(["clock_row"])
    whole = exported(tmp_path, mapping, name="whole", rows_per_chunk=10_000).drop_columns(["clock_row"])
    assert small.equals(whole)


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (2, 0)])
def test_no_values_at_all(shape: tuple[int, int]) -> None:
    assert lists_of(np.zeros(shape, np.int32), pa.array([], pa.string())).to_pylist() == [[]] * shape[0]
