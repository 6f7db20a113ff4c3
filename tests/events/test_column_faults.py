"""A column that is at fault is named, with its values and what to write; a row at fault is a row's."""

from __future__ import annotations

import json
import random
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interestclock.errors import LogError
from interestclock.events import ColumnMapping, LabelColumn, open_log, text_tables
from interestclock.events.column_remedies import expression_for
from interestclock.events.items import read_items

START_MS = 1_700_000_000_000
RATED = ColumnMapping(zone="UTC", labels={"finish": LabelColumn(column="rating")})
CHOSEN = ColumnMapping(zone="UTC", positive_only="play")


def write(folder: Path, values: Sequence[object], *, name: str = "plays.csv", column: str = "rating") -> Path:
    path = folder / name
    lines = [f"u{row % 12},i{row % 20},{START_MS + row * 1_000},{each}\n" for row, each in enumerate(values)]
    path.write_text(f"user_id,item_id,timestamp_ms,{column}\n" + "".join(lines))
    return path


def refusal(path: Path, mapping: ColumnMapping, *, dead: Path | None) -> str:
    with pytest.raises(LogError) as refused:
        list(open_log(path, mapping=mapping, dead_letters=dead).chunks())
    return str(refused.value)


def test_ratings_as_a_label(tmp_path: Path) -> None:
    values = [5] * 133 + [2] * 131 + [3] * 128 + [4] * 125 + [0] * 140 + [1] * 143
    random.Random(0).shuffle(values)
    path = write(tmp_path, values)
    message = (
        f"{path}: column 'rating': 517 of its 800 rows (64.6%) hold something else than 0, 1, true, false or "
        "empty: '5' (133 rows), '2' (131), '3' (128), '4' (125). Say which are 1, for example finish = "
        '"rating >= 4" below [labels] in the mapping file, or --label-column "finish=rating >= 4"'
    )
    assert refusal(path, RATED, dead=tmp_path / "dead.jsonl") == message
    assert refusal(path, RATED, dead=None) == message  # and not the first of 517 rows


@pytest.mark.parametrize(
    ("values", "expression", "ones"),
    [
        ([0, 1, 2, 3, 4, 5], "rating >= 4", [4, 5]),
        ([1, 2, 3, 4, 5], "rating >= 4", [4, 5]),
        ([0.5, 1.0, 3.5, 4.5], "rating >= 3.5", [3.5, 4.5]),
        ([-1, 1], "rating > 0", [1]),
        (["yes", "no"], "rating = 'yes'", ["yes"]),
        (["Yes", "yes", "No"], "rating in ('Yes', 'yes')", ["Yes", "yes"]),
        (["y", "n", ""], "rating = 'y'", ["y"]),
        (["it's ok", "bad"], "rating = 'bad'", ["bad"]),  # whatever is most frequent: an example
        (["1", "0", "NULL"], "case when rating = '1' then true when rating = '0' then false end", ["1"]),
    ],
)
def test_the_remedy_can_be_written_as_it_stands(
    tmp_path: Path, values: list, expression: str, ones: list
) -> None:
    path = write(tmp_path, [*values * 20, values[-1]])
    said = refusal(path, RATED, dead=None)
    line = said.partition("for example ")[2].partition(" below [labels]")[0]
    assert tomllib.loads(line) == {"finish": expression}
    option = said.partition('--label-column "')[2].rpartition('"')[0]
    for mapping in (
        ColumnMapping(zone="UTC", labels={"finish": LabelColumn(expression=expression)}),
        ColumnMapping(zone="UTC").with_options(labels=[option]),
    ):
        (rows,) = open_log(path, mapping=mapping).chunks()
        assert rows.num_rows == 20 * len(values) + 1
        found = rows["label.finish"].to_pylist()[: len(values)]
        none = ("", "NULL")
        assert found == [None if value in none else int(value in ones) for value in values]


def test_expressions_of_odd_names_and_values() -> None:
    assert expression_for("my rating", {"2": 1, "5": 1}) == '"my rating" >= 5'
    assert expression_for('a"b', {"it's": 1}) == "\"a\"\"b\" = 'it''s'"
    assert expression_for("select", {"yes": 1}) == "\"select\" = 'yes'"


@pytest.mark.parametrize("dead", [True, False])
def test_a_few_rows_are_at_fault_themselves(tmp_path: Path, dead: bool) -> None:
    path = write(tmp_path, [0, 1] * 200 + [7] * 4)
    letters = tmp_path / "dead.jsonl"
    if dead:
        source = open_log(path, mapping=RATED, dead_letters=letters)
        assert sum(chunk.num_rows for chunk in source.chunks()) == 400
        assert source.counts.dead_letters == 4
        assert {json.loads(line)["row"] for line in letters.read_text().splitlines()} == {401, 402, 403, 404}
    else:
        assert refusal(path, RATED, dead=None).startswith(f"{path}, row 401: column 'rating': expected 0, 1")


def test_a_small_log(tmp_path: Path) -> None:
    assert "8 of its 10 rows (80.0%)" in refusal(write(tmp_path, [1, 2, 3, 4, 5] * 2), RATED, dead=None)
    dead = tmp_path / "dead.jsonl"
    said = refusal(write(tmp_path, [3, 4]), RATED, dead=dead)  # too few to tell; but none is left
    assert "none of its 2 rows can be used" in said
    assert 'finish = "rating >= 3"' in said


@settings(max_examples=60, deadline=None)
@given(
    values=st.lists(st.sampled_from(["0", "1", "", "4", "5"]), min_size=1, max_size=60),
    block=st.integers(90, 400),
    shuffle=st.randoms(use_true_random=False),
)
def test_the_same_rows_give_the_same_answer(
    tmp_path_factory: pytest.TempPathFactory, values: list[str], block: int, shuffle: random.Random
) -> None:
    folder = tmp_path_factory.mktemp("log")
    bad = sum(value in ("4", "5") for value in values)
    at_fault = bad >= 5 and bad > 0.05 * len(values)
    again = list(values)
    shuffle.shuffle(again)
    answers = set()
    for number, log in enumerate((values, again)):
        path = write(folder, log, name="plays.csv")
        for size in (block, 1 << 22):
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(text_tables, "BLOCK_BYTES", size)
                try:
                    source = open_log(path, mapping=RATED, dead_letters=folder / f"dead-{number}.jsonl")
                    used = sum(chunk.num_rows for chunk in source.chunks())
                    answers.add(f"{used} used, {source.counts.dead_letters} not")
                except LogError as error:
                    answers.add(str(error).replace("dead-1", "dead-0"))
    assert len(answers) == 1
    (answer,) = answers
    if at_fault:
        assert answer.startswith(f"{folder / 'plays.csv'}: column 'rating': {bad} of its {len(values)} rows")
    elif bad < len(values):
        assert answer == f"{len(values) - bad} used, {bad} not"


def made(column: str, **keys: object) -> Callable[[], ColumnMapping]:
    return lambda: ColumnMapping(**{"zone": "UTC", "positive_only": "play"} | keys)


@pytest.mark.parametrize(
    ("keys", "good", "bad", "message"),
    [
        ({"numeric": {"v": "v"}}, "1.5", "n/a", r"a finite number.*: 'n/a' \(40 rows\)\. Give plain numbers"),
        ({"attributes": {"v": "v"}}, "[1 9]", "x", r"one value, or a list.*'\[1 9\]'.*Write lists"),
        ({"time": "v"}, "2023-11-14T10:00:00", "gestern", r"than a time: 'gestern'.*Give time_unit, or"),
        (
            {"zone": None, "zone_column": "v"},
            "Asia/Tokyo",
            "Nihon",
            r"zone: 'Nihon'.*Name IANA zones",
        ),
        ({"utc_offset_minutes": "v"}, "60", "east", r"whole minutes.*'east'"),
        (
            {"positive_only": None, "labels": {"f": LabelColumn(expression="v > 1")}},
            *("1.5", "far", r"a finite number, true.*'far'.*Label 'f' takes it for a number"),
        ),
        (
            {"positive_only": None, "labels": {"f": LabelColumn(expression="w > 1", known_column="v")}},
            *(str(START_MS + 10**7), str(START_MS - 10**7), r"not before the exposure: '1699990000000'"),
        ),
    ],
)
def test_other_columns(tmp_path: Path, keys: dict, good: str, bad: str, message: str) -> None:
    path = tmp_path / "plays.csv"
    good, bad = (bad, good) if "attributes" in keys else (good, bad)
    rows = [
        f"u,{row},{START_MS + row},{bad if row % 3 == 0 else good},2\n" for row in range(120)
    ]  # 40 of 120
    path.write_text("user_id,item_id,timestamp_ms,v,w\n" + "".join(rows))
    said = refusal(path, made("v", **keys)(), dead=tmp_path / "dead.jsonl")
    assert said.startswith(f"{path}: column 'v': 40 of its 120 rows (33.3%) hold something else than ")
    assert pytest.importorskip("re").search(message, said)


def test_floats_that_are_no_ids(tmp_path: Path) -> None:
    path = tmp_path / "plays.parquet"
    ids = [row + 0.5 * (row % 2) for row in range(40)]
    pq.write_table(pa.table({"user_id": ids, "item_id": [1] * 40, "timestamp_ms": range(40)}), path)
    assert "column 'user_id': 20 of its 40 rows (50.0%) hold something else than an id (an integer): " in (
        refusal(path, CHOSEN, dead=None)
    )


def test_rows_without_a_user_are_set_aside_and_said(tmp_path: Path) -> None:
    """Guests have no id: nothing is wrong with the column, but much is left out."""
    path = tmp_path / "plays.csv"
    rows = [f"{'' if row % 3 == 0 else row % 5},{row},{START_MS + row}\n" for row in range(60)]
    path.write_text("user_id,item_id,timestamp_ms\n" + "".join(rows))
    source = open_log(path, mapping=CHOSEN, dead_letters=tmp_path / "dead.jsonl")
    assert sum(chunk.num_rows for chunk in source.chunks()) == 40
    assert source.counts.dead_letters == 20
    assert source.counts.remarks == [
        "column 'user_id' is empty in 20 of its 60 rows (33.3%); they are set aside"
    ]


def test_an_items_file(tmp_path: Path) -> None:
    path = tmp_path / "items.csv"
    mapping = ColumnMapping(item_attributes={"genre": "genre"})
    path.write_text("item_id,genre\n" + "".join(f"{row},[1 9]\n" for row in range(10)))
    with pytest.raises(LogError, match=r"items\.csv: column 'genre': 10 of its 10 rows \(100\.0%\) hold"):
        read_items(path, mapping, pa.int64())
    path.write_text("item_id,genre\n" + "".join(f"{'x' if row == 7 else row},pop\n" for row in range(10)))
    with pytest.raises(LogError, match=r"items\.csv, row 8: column 'item_id'.*; correct the items file"):
        read_items(path, mapping, pa.int64())


def test_one_label_beyond_every_integer_is_a_dead_letter(tmp_path: Path) -> None:
    labels = pa.array([row % 2 for row in range(599)] + [(1 << 63) + 5], pa.uint64())
    columns = {"user_id": [row % 12 for row in range(600)], "item_id": [row % 20 for row in range(600)]}
    log, dead = tmp_path / "log.parquet", tmp_path / "dead.jsonl"
    times = [1_700_000_000 + 1_800 * row for row in range(600)]
    pq.write_table(pa.table({**columns, "timestamp_ms": times, "finish": labels}), log)
    mapping = ColumnMapping(zone="UTC", labels={"finish": LabelColumn(column="finish")})
    source = open_log(str(log), mapping=mapping, dead_letters=str(dead))
    events = pa.concat_tables(source.chunks())
    assert events["label.finish"].to_pylist() == labels.to_pylist()[:599]
    (letter,) = map(json.loads, dead.read_text().splitlines())
    assert (letter["row"], letter["values"]["finish"]) == (600, (1 << 63) + 5)
    assert letter["reason"] == "column 'finish': expected 0, 1, true, false or empty"
