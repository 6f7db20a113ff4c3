"""What was seen of a user before, by which gains are told apart."""

from __future__ import annotations

from pathlib import Path

import gain_by_past
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq


def test_requests_before_are_those_of_the_user_and_count_once(tmp_path: Path) -> None:
    path = tmp_path / "exposures.parquet"
    pq.write_table(pa.table({"user": [7, 7, 3, 7, 3, 7], "request": [0, 0, 1, 2, 3, 4]}), path)
    assert gain_by_past.requests_before(path).tolist() == [0, 0, 0, 1, 1, 2]


def test_seen_before_is_what_a_loop_counts() -> None:
    user_U = np.random.default_rng(0).integers(0, 5, 60)
    expected = [int((user_U[:place] == user).sum()) for place, user in enumerate(user_U)]
    assert gain_by_past.seen_before(user_U).tolist() == expected
    assert gain_by_past.seen_before(user_U[:0]).tolist() == []
