"""Which files a log has, and in which order they are read."""

from __future__ import annotations

import os
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interestclock.errors import LogError
from interestclock.events.log_files import called, log_files, partition_of


def touch(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")


def names(folder, log):
    return [str(path.relative_to(folder)) for path in log_files(log).paths]


def test_numbers_in_names_are_numbers(tmp_path):
    touch(tmp_path, "part-10.parquet", "part-2.parquet", "part-1.parquet")
    assert names(tmp_path, tmp_path) == ["part-1.parquet", "part-2.parquet", "part-10.parquet"]


@given(st.lists(st.integers(0, 10**6), unique=True, min_size=1, max_size=12), st.randoms())
def test_parts_come_in_the_order_of_their_numbers(tmp_path_factory, numbers, shuffle: random.Random):
    folder = tmp_path_factory.mktemp("parts")
    shuffle.shuffle(numbers)
    touch(folder, *(f"part-{number}.csv" for number in numbers))
    expected = [f"part-{number}.csv" for number in sorted(numbers)]
    assert names(folder, folder) == expected
    assert names(folder, folder / "part-*.csv") == expected
    given_by_a_shell = sorted(str(folder / name) for name in expected)
    assert names(folder, given_by_a_shell) == expected


def test_folders_of_hive_are_read_by_date(tmp_path):
    touch(
        tmp_path,
        *("date=2023-11-14/part-0.parquet", "date=2023-11-14/part-10.parquet"),
        *("date=2023-11-14/part-9.parquet", "date=2023-09-30/part-3.parquet", "date=2023-11-14/_SUCCESS"),
        *("_temporary/part-1.parquet", ".part-0.parquet.crc"),
    )
    assert names(tmp_path, tmp_path) == [
        "date=2023-09-30/part-3.parquet",
        "date=2023-11-14/part-0.parquet",
        "date=2023-11-14/part-9.parquet",
        "date=2023-11-14/part-10.parquet",
    ]
    assert names(tmp_path, tmp_path / "date=2023-11-*") == names(tmp_path, tmp_path)[1:]


@pytest.mark.parametrize(
    ("held", "read", "left_out"),
    [
        (["b.parquet", "a.parquet", "notes.txt", "items.csv"], ["a.parquet", "b.parquet"], 2),
        (["a.pq", "b.feather"], ["a.pq"], 1),
        (["a.arrow", "b.feather", "c.csv"], ["a.arrow", "b.feather"], 1),
        (
            ["b.csv.gz", "a.tsv", "c.csv.zst", "d.csv.bz2", "readme.txt"],
            ["a.tsv", "b.csv.gz", "c.csv.zst", "d.csv.bz2"],
            1,
        ),
        (["b.txt", "a.TXT", "README.md"], ["a.TXT", "b.txt"], 1),
    ],
)
def test_a_folder_has_one_format_and_the_rest_is_left_out(tmp_path, held, read, left_out):
    touch(tmp_path, *held)
    assert names(tmp_path, tmp_path) == read
    assert {path.name for path in log_files(tmp_path).left_out} == set(held) - set(read)
    assert len(log_files(tmp_path).left_out) == left_out


def test_several_stay_in_their_order(tmp_path):
    touch(tmp_path, "october.csv", "november.csv", "more/b.parquet", "more/a.parquet")
    log = [tmp_path / "october.csv", str(tmp_path / "november.csv"), tmp_path / "more"]
    assert names(tmp_path, log) == ["october.csv", "november.csv", "more/a.parquet", "more/b.parquet"]
    assert called(log) == f"{tmp_path / 'october.csv'} and 2 more"


def test_a_name_may_have_the_characters_of_a_pattern(tmp_path):
    touch(tmp_path, "plays[1].csv", "plays1.csv")
    assert names(tmp_path, tmp_path / "plays[1].csv") == ["plays[1].csv"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nowhere", "no such file or folder"),
        ("plays-*.csv", "no file or folder is called so"),
        ("empty", "a folder without Parquet, Feather, CSV or TSV files; name a file, or a folder of these"),
        ("pipe", "a pipe or a device; write it to a file first"),
    ],
)
def test_refusals(tmp_path, name, message):
    touch(tmp_path, "empty/README.md")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(LogError, match=f"{message}$"):
        log_files(tmp_path / name)


def test_a_file_is_named_once(tmp_path):
    touch(tmp_path, "events/a.csv", "events/b.csv")
    with pytest.raises(LogError, match=r"a\.csv: named 2 times; name each file of a log once"):
        log_files([tmp_path / "events", tmp_path / "events" / "a.csv"])


def test_what_folders_say(tmp_path):
    path = tmp_path / "country=DE" / "day=__HIVE_DEFAULT_PARTITION__" / "part=0.parquet"
    assert dict(partition_of(path)) == {"country": "DE", "day": None}
    assert dict(partition_of(tmp_path / "a=b=c" / "x.csv")) == {"a": "b=c"}
