"""A sample of requests on disk: bounded, told by ids alone, and in nobody's way."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interestclock.errors import ConfigError, ResultError
from interestclock.samples import RequestFeatures, RequestRecord, RequestRecords, is_sampled, read_records
from interestclock.samples.request_records import check_share, record_files


def record(name: str, **changed) -> RequestRecord:
    features = RequestFeatures(
        at_ms=5,
        second_of_day=86_399,
        day_of_week=6,
        known_behaviours=2,
        behaviours=(("song", 1, 60), (None, 2, 61)),
        clocks={"genre": (("rock", "jazz"), ())},
    )
    return RequestRecord(
        request_id=name, user="ann", features=features, clocks_of_day=False, most=3, **changed
    )


def test_comes_back_to_the_bit_and_goes_on_in_another_file(tmp_path: Path) -> None:
    written = [record("r1", position=7, log_ends={"0": "12"}), record("r2")]
    for each in written:
        records = RequestRecords(tmp_path)
        records.add(each)
        records.close()
    assert list(read_records(tmp_path)) == written
    assert len(record_files(tmp_path)) == 2


def test_the_oldest_go(tmp_path: Path) -> None:
    records = RequestRecords(tmp_path, most_bytes=8_000)
    for each in range(200):
        records.add(record(f"r{each}"))
    kept = [each.request_id for each in read_records(tmp_path)]
    assert kept == [f"r{each}" for each in range(200 - len(kept), 200)]
    assert 10 < len(kept) < 100
    assert sum(path.stat().st_size for path in record_files(tmp_path).values()) < 10_000


def test_half_a_line_is_left_out_and_another_is_an_error(tmp_path: Path) -> None:
    RequestRecords(tmp_path).add(record("r1"))
    (path,) = record_files(tmp_path).values()
    path.write_bytes(path.read_bytes() + b'{"request_id":')
    assert [each.request_id for each in read_records(tmp_path)] == ["r1"]
    path.write_bytes(b'{"request_id": 1}\n')
    with pytest.raises(
        ResultError, match=r"requests-00000001.jsonl, line 1: no record of a request .*remove it"
    ):
        list(read_records(tmp_path))


def test_what_cannot_be_written_is_said_once(tmp_path: Path, caplog) -> None:
    (tmp_path / "file").write_text("")
    records = RequestRecords(tmp_path / "file" / "requests")
    with caplog.at_level(logging.WARNING):
        for name in ("r1", "r2"):
            records.add(record(name))
    assert [each.message for each in caplog.records if "features of requests cannot be kept" in each.message]
    assert len(caplog.records) == 1


@given(st.text(min_size=1, max_size=20), st.floats(0, 1), st.floats(0, 1))
def test_who_is_in_a_smaller_sample_is_in_a_larger(name: str, one: float, other: float) -> None:
    assert is_sampled(name, min(one, other)) <= is_sampled(name, max(one, other))
    assert is_sampled(name, 1.0)
    assert not is_sampled(name, 0.0)


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_that_is_none(share: float) -> None:
    with pytest.raises(ConfigError, match=r"share is .*; give a share from 0 \(none\) to 1 \(all\)"):
        check_share("share", share)
