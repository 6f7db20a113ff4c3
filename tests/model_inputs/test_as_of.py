"""Features by row of a log are those of its files, in any order of its rows, and none is from the future."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from model_logs import ROWS, START_S, opened, plays

from interestclock.errors import ConfigError, LogError
from interestclock.events import ColumnMapping, open_log
from interestclock.mapping_keys import LabelColumn
from interestclock.model_inputs import ModelFeatures, features_as_of
from interestclock.samples import PrepareConfig
from interestclock.studies.export_features import export_features

POINTERS = ["history_first", "history_end", "clock_row", "request"]
HOUR_MS = 3_600_000


def read_by_row(features: ModelFeatures, rows: list[int]) -> list[dict[str, object]]:
    """All that is known of some rows, pointers followed."""
    clocks, histories = features.clocks.to_pylist(), features.histories.to_pylist()
    found = []
    for row in features.table.take(rows).to_pylist():
        followed = {name: value for name, value in row.items() if name not in [*POINTERS, "log_row"]}
        if row["clock_row"] is not None:
            followed["clocks"] = clocks[row["clock_row"]]
            followed["history"] = histories[row["history_first"] : row["history_end"]]
        found.append(followed)
    return found


def test_they_are_what_the_command_writes_on_the_same_log(tmp_path: Path) -> None:
    features = features_as_of(opened(plays(), tmp_path))
    export_features(opened(plays(), tmp_path), tmp_path / "out", config=PrepareConfig())
    assert features.table["usable"].to_pylist() == [True] * ROWS
    assert features.table.drop_columns(["usable"]).equals(pq.read_table(tmp_path / "out" / "samples.parquet"))
    assert features.clocks.equals(pq.read_table(tmp_path / "out" / "clocks.parquet"))
    assert features.histories.equals(pq.read_table(tmp_path / "out" / "histories.parquet"))


def test_rows_stand_in_the_logs_own_order(tmp_path: Path) -> None:
    log = plays()
    shuffled = np.random.default_rng(1).permutation(ROWS)
    features = features_as_of(opened(log.take(shuffled), tmp_path))
    table = features.table
    assert table["log_row"].to_pylist() == list(range(1, ROWS + 1))
    for name in ("user_id", "item_id"):
        assert table[name].to_pylist() == log[name].take(shuffled).to_pylist()
    assert table["label.finish"].to_pylist() == log["finish"].take(shuffled).to_pylist()
    assert features.torch()[range(ROWS)[7]].log_row_B.tolist() == [8]


def test_the_order_of_rows_changes_nothing_in_them(tmp_path: Path) -> None:
    """Neither do ties: behaviours of one moment, known at one moment, are the same set."""
    log = plays()
    shuffled = np.random.default_rng(2).permutation(ROWS)
    in_order = read_by_row(features_as_of(opened(log, tmp_path / "a")), shuffled.tolist())
    other = read_by_row(features_as_of(opened(log.take(shuffled), tmp_path / "b")), list(range(ROWS)))
    for first, second in zip(in_order, other, strict=True):
        for each in (first, second):
            each["history"] = sorted(each["history"], key=lambda one: (one["timestamp_ms"], one["item_id"]))
        assert first == second


def test_a_history_is_counted_by_hand(tmp_path: Path) -> None:
    """Labels are known at once here: what a user finished or liked at an earlier moment, and nothing else."""
    log = plays().to_pylist()
    found = read_by_row(features_as_of(opened(plays(), tmp_path)), list(range(ROWS)))
    for row in range(0, ROWS, 37):
        now = log[row]
        mine = [
            (each["item_id"], each["timestamp_ms"] * 1_000)
            for each in log
            if each["user_id"] == now["user_id"]
            and each["timestamp_ms"] < now["timestamp_ms"]
            and (each["finish"] or each["like"])
        ]
        history = [(each["item_id"], each["timestamp_ms"]) for each in found[row]["history"]]
        assert sorted(history) == sorted(mine)


def refused_log() -> tuple[pa.Table, list[int]]:
    """A log, shuffled, with a row without a time and two rows that stand there twice; and which those are."""
    log = plays()
    times = log["timestamp_ms"].to_pylist()
    times[100] = None
    log = log.set_column(2, "timestamp_ms", pa.array(times))
    rows = np.random.default_rng(3).permutation([*range(ROWS), 7, 30])
    again = [int(np.flatnonzero(rows == each)[1]) for each in (7, 30)]
    return log.take(rows), [int(np.flatnonzero(rows == 100)[0]), *again]


def test_refused_rows_keep_their_place_and_are_said(tmp_path: Path) -> None:
    log, refused = refused_log()
    features = features_as_of(opened(log, tmp_path))
    assert features.table.num_rows == log.num_rows
    assert features.left_out.tolist() == sorted(row + 1 for row in refused)
    usable = features.table["usable"].to_pylist()
    assert [row for row, each in enumerate(usable) if not each] == sorted(refused)
    for row in features.table.take(refused).to_pylist():
        assert {name for name, value in row.items() if value is not None} == {"usable", "log_row"}
    kept = pa.array(usable)
    assert features.table["item_id"].filter(kept).equals(log["item_id"].filter(kept))
    assert features.remarks[0] == (
        "3 of 602 rows have no features (duplicates: 2, dead letters: 1): they are not usable in table, and "
        "not in torch()"
    )
    assert all(each in repr(features) for each in features.remarks)
    data = features.torch()
    assert data.batch(range(len(data))).log_row_B.tolist() == [
        row for row in range(1, log.num_rows + 1) if row not in features.left_out
    ]


def test_a_log_without_refused_rows_has_no_remark(tmp_path: Path) -> None:
    features = features_as_of(opened(plays(), tmp_path))
    assert features.remarks == ()
    assert repr(features) == (
        f"ModelFeatures: 600 rows of 6 users and {len(set(plays()['item_id'].to_pylist()))} items; clocks: "
        f"genre; {features.histories.num_rows} behaviours"
    )


def poisoned(log: pa.Table, from_s: int) -> pa.Table:
    """The log with all turned round from a moment on, and with another log behind."""
    late = pa.array(log["timestamp_ms"].to_numpy() >= from_s)
    for name, other in (("user_id", "u1"), ("item_id", "song 1 1"), ("device", "radio")):
        place = log.column_names.index(name)
        log = log.set_column(place, name, pc.if_else(late, other, log[name]))
    for name in ("finish", "like"):
        turned = pc.fill_null(pc.subtract(pa.scalar(1, pa.int8()), log[name]), 1)
        log = log.set_column(log.column_names.index(name), name, pc.if_else(late, turned, log[name]))
    more = plays(seed=9)
    times = pc.add(more["timestamp_ms"], from_s - START_S + 1)
    return pa.concat_tables([log, more.set_column(2, "timestamp_ms", times)])


@pytest.mark.parametrize("row", [3, 150, 299, 450])
def test_the_future_changes_no_row(tmp_path: Path, row: int) -> None:
    from_s = plays()["timestamp_ms"][row].as_py()
    before = [place for place in range(ROWS) if place // 3 < row // 3]
    as_it_was = read_by_row(features_as_of(opened(plays(), tmp_path / "a")), before)
    as_it_became = read_by_row(features_as_of(opened(poisoned(plays(), from_s), tmp_path / "b")), before)
    assert as_it_was == as_it_became


def test_nor_do_labels_that_become_known_later(tmp_path: Path) -> None:
    """A label that takes an hour is in no history and no clock before."""
    log = plays()
    delayed = {"finish": LabelColumn(column="finish", delay_seconds=3_600)}
    mapping = ColumnMapping(zone="Europe/Berlin", attributes={"genre": "genre"}, labels=delayed)
    pq.write_table(log, tmp_path / "plays.parquet")
    features = features_as_of(open_log(tmp_path / "plays.parquet", mapping=mapping))
    for row in read_by_row(features, list(range(0, ROWS, 11))):
        assert all(each["timestamp_ms"] + HOUR_MS < row["timestamp_ms"] for each in row["history"])
    assert any(row["history"] for row in read_by_row(features, [ROWS - 1]))


@pytest.mark.parametrize("row", [151, 450])
def test_users_as_of_a_moment_are_rows_of_that_moment(tmp_path: Path, row: int) -> None:
    """Who plays at that moment reads the same: their row differs from theirs in what was played alone."""
    at_ms = plays()["timestamp_ms"][row].as_py() * 1_000
    rows = read_by_row(features_as_of(opened(plays(), tmp_path)), list(range(ROWS)))
    features = features_as_of(opened(plays(), tmp_path), as_of=at_ms)
    by_user = {each["user_id"]: each for each in read_by_row(features, list(range(len(features.table))))}
    now = [each for each in rows if each["timestamp_ms"] == at_ms]
    assert len(now) == 3
    for each in now:
        user = by_user[each["user_id"]]
        assert user == {name: each[name] for name in user}


def test_as_of_a_moment_everybody_seen_before_is_there(tmp_path: Path) -> None:
    at_ms = (START_S + 6_000) * 1_000
    features = features_as_of(opened(plays(), tmp_path), as_of=at_ms)
    assert set(features.table["user_id"].to_pylist()) == set(plays()["user_id"].to_pylist()[:3])
    assert features.table["timestamp_ms"].to_pylist() == [at_ms] * features.table.num_rows
    assert features.left_out.size == 0
    batch = features.torch().batch(range(features.table.num_rows))
    assert batch.log_row_B.tolist() == batch.item_B.tolist() == [0] * len(batch)
    assert batch.labels == {}


@pytest.mark.parametrize("row", [150, 450])
def test_as_of_a_moment_the_future_does_not_exist(tmp_path: Path, row: int) -> None:
    from_s = plays()["timestamp_ms"][row].as_py()
    at_ms = from_s * 1_000
    as_it_was = features_as_of(opened(plays(), tmp_path / "a"), as_of=at_ms)
    as_it_became = features_as_of(opened(poisoned(plays(), from_s), tmp_path / "b"), as_of=at_ms)
    for name in ("table", "clocks", "histories"):
        assert getattr(as_it_was, name).equals(getattr(as_it_became, name))


def test_numbers_of_a_longer_log_go_on_from_those_of_a_shorter(tmp_path: Path) -> None:
    whole = features_as_of(opened(plays(), tmp_path))
    early = features_as_of(opened(plays(), tmp_path), as_of=(START_S + 300_000) * 1_000)
    assert set(early.vocabularies) == {
        "user", "item", "attribute.genre", "context.device", "context.tags",
    }  # fmt: skip
    for name, values in early.vocabularies.items():
        assert whole.vocabularies[name].slice(0, len(values)).equals(values)
        assert whole.embedding_rows[name] == len(whole.vocabularies[name]) + 1


def test_a_moment_may_be_a_time_of_any_zone(tmp_path: Path) -> None:
    at_ms = (START_S + 100_000) * 1_000
    utc = datetime.fromtimestamp(at_ms / 1_000, UTC)
    by_number = features_as_of(opened(plays(), tmp_path), as_of=at_ms).table
    for as_of in (utc, utc.astimezone(timezone(timedelta(hours=-7)))):
        assert features_as_of(opened(plays(), tmp_path), as_of=as_of).table.equals(by_number)
    later = features_as_of(opened(plays(), tmp_path), as_of=utc + timedelta(microseconds=1)).table
    assert later["timestamp_ms"][0].as_py() == at_ms + 1


def test_local_time_as_of_a_moment_respects_daylight_saving(tmp_path: Path) -> None:
    """The log is of winter, the moment of summer."""
    at_ms = int(datetime(2024, 7, 1, 22, 30, tzinfo=UTC).timestamp()) * 1_000
    table = features_as_of(opened(plays(), tmp_path), as_of=at_ms).table
    assert set(table["second_of_day"].to_pylist()) == {1_800}
    assert set(table["day_of_week"].to_pylist()) == {1}


def test_without_a_zone_the_users_last_offset_counts(tmp_path: Path) -> None:
    log = plays().append_column("offset", pa.array([60] * 300 + [-120] * 300))
    pq.write_table(log, tmp_path / "plays.parquet")
    mapping = ColumnMapping(utc_offset_minutes="offset").with_options(labels=["finish"])
    at_ms = int(datetime(2023, 12, 1, tzinfo=UTC).timestamp()) * 1_000
    table = features_as_of(open_log(tmp_path / "plays.parquet", mapping=mapping), as_of=at_ms).table
    assert set(table["second_of_day"].to_pylist()) == {22 * 3_600}


def test_a_moment_without_a_zone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refusal:
        features_as_of(opened(plays(), tmp_path), as_of=datetime(2024, 1, 2, 3))
    assert str(refusal.value) == (
        "as_of is 2024-01-02T03:00:00, which is another moment in each time zone; give it one, for example "
        "datetime.fromisoformat('2024-01-02T03:00:00+00:00')"
    )


def test_a_moment_in_words_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"as_of is '2024-01-05'; give a moment with its time zone, for exam"
    ):
        features_as_of(opened(plays(), tmp_path), as_of="2024-01-05")  # type: ignore[arg-type]


def test_a_moment_before_the_log_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LogError) as refusal:
        features_as_of(opened(plays(), tmp_path), as_of=START_S * 1_000)
    assert str(refusal.value) == (
        "nothing in the log happened before 2023-11-14T22:13:20+00:00 (as_of); give a later moment"
    )


def test_a_log_without_a_term_of_eq3_is_refused(tmp_path: Path) -> None:
    pq.write_table(plays(), tmp_path / "plays.parquet")
    mapping = ColumnMapping(zone="UTC", attributes={"genre": "genre"}).with_options(labels=["click=like"])
    with pytest.raises(ConfigError, match=r"no clocks for these features: Eq\. 3 counts labels called"):
        features_as_of(open_log(tmp_path / "plays.parquet", mapping=mapping))


def test_a_log_of_choices_has_its_rows_alone(tmp_path: Path) -> None:
    """Those too that the command does not score, as nobody had chosen their item before."""
    features = features_as_of(opened(plays(), tmp_path, positive_only="play"))
    assert features.table["log_row"].to_pylist() == list(range(1, ROWS + 1))
    assert features.table["label.play"].to_pylist() == [1] * ROWS
    assert features.remarks[0].startswith("the log holds choices alone: label 'play' is 1 in every row")
    export_features(opened(plays(), tmp_path, positive_only="play"), tmp_path / "out", config=PrepareConfig())
    scored = pq.read_table(tmp_path / "out" / "samples.parquet")
    scored = scored.filter(pc.is_valid(scored["log_row"])).sort_by("log_row")
    assert 0 < len(scored) < ROWS
    same = features.table.take(pc.subtract(scored["log_row"], 1))
    for name in ("user_id", "item_id", "history_first", "history_end", "attribute.genre"):
        assert same[name].equals(scored[name])


def test_dead_letters_say_why(tmp_path: Path) -> None:
    features_as_of(opened(refused_log()[0], tmp_path))
    (letter,) = map(json.loads, (tmp_path / "dead.jsonl").read_text().splitlines())
    assert "timestamp_ms" in letter["reason"]
