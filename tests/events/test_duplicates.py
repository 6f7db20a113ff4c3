"""What a log says twice, and what it says of one event in several rows."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interestclock.errors import ConfigError
from interestclock.events import ColumnMapping, LabelColumn, open_log
from interestclock.events.duplicates import DuplicateFilter
from interestclock.events.seen_ids import SeenIds

LABELS = {"finish": LabelColumn(column="finish"), "like": LabelColumn(column="like", delay_seconds=60)}


def table(rows, **columns):
    users, items, times = zip(*rows, strict=True)
    return pa.table(
        {
            "user_id": users,
            "item_id": items,
            "timestamp_ms": pa.array(times, pa.int64()),
            "log_row": range(1, len(rows) + 1),
            **columns,
        }
    )


def kept(events, **settings):
    return DuplicateFilter(**settings).keep(events).events["log_row"].to_pylist()


def test_same_user_item_and_time():
    events = table([(1, 2, 5), (1, 3, 5), (1, 2, 5), (1, 2, 6)])
    assert kept(events, event_id=None) == [1, 2, 4]


def test_another_request_is_another_event():
    events = table([(1, 2, 5), (1, 2, 5), (1, 2, 5), (1, 2, 5)], request_id=["a", "b", "b", None])
    assert kept(events, event_id=None) == [1, 2, 4]


def test_an_event_id_is_one_event_whatever_its_time():
    events = table([(1, 2, 0), (9, 9, 10), (1, 2, 11), (1, 2, 25)], event_id=["e", "e", "e", None])
    assert kept(events, event_id="event_id") == [1, 4]


def test_rows_without_an_event_id_are_kept():
    events = table([(1, 2, 0), (1, 2, 0)], event_id=pa.array([None, None], pa.string()))
    assert kept(events, event_id="event_id") == [1, 2]


def test_event_ids_are_remembered_across_calls():
    duplicates = DuplicateFilter(event_id="event_id")
    assert duplicates.keep(table([(1, 2, 0)], event_id=["e"])).events.num_rows == 1
    assert duplicates.keep(table([(1, 2, 10)], event_id=["e"])).duplicates == 1
    assert duplicates.keep(table([(1, 2, 100)], event_id=["f"])).events.num_rows == 1
    assert duplicates.keep(table([(1, 2, 10**12)], event_id=["e"])).duplicates == 1


def test_only_so_many_event_ids_are_remembered():
    duplicates = DuplicateFilter(event_id="event_id", seen=SeenIds(remembered=2))
    for time_ms, event_id in enumerate("abcd"):
        assert duplicates.keep(table([(1, 2, time_ms)], event_id=[event_id])).duplicates == 0
    assert duplicates.has_forgotten
    assert duplicates.keep(table([(1, 2, 9)], event_id=["d"])).duplicates == 1
    assert duplicates.keep(table([(1, 2, 9)], event_id=["a"])).duplicates == 0


def test_empty():
    empty = table([(1, 2, 3)]).slice(0, 0)
    assert DuplicateFilter(event_id=None).keep(empty).events.num_rows == 0


@given(st.lists(st.tuples(*[st.integers(min_value=0, max_value=2)] * 3), min_size=1, max_size=30))
def test_against_a_loop(rows):
    rows = sorted(rows, key=lambda row: row[2])
    expected = [at for at, row in enumerate(rows, start=1) if row not in rows[: at - 1]]
    assert kept(table(rows), event_id=None) == expected


@given(st.lists(st.lists(st.integers(-20, 20), max_size=12), max_size=12), st.integers(1, 200))
def test_seen_ids_against_a_set(calls, remembered):
    seen, known = SeenIds(remembered=remembered), set()
    for call in calls:
        hash_N = np.unique(np.array(call, np.int64))
        if not seen.has_forgotten:
            assert seen.holds(hash_N).tolist() == [each in known for each in hash_N.tolist()]
        new = [each for each in hash_N.tolist() if each not in known]
        seen.add(np.array(new, np.int64))
        known |= set(new)
        assert seen.holds(np.array(new, np.int64)).all()


@pytest.fixture
def read(tmp_path):
    def _read(rows, header="user_id,item_id,timestamp_ms,finish,like", files=1, **keys):
        for each in tmp_path.glob("*.csv"):
            each.unlink()
        for file in range(files):
            part = rows[file * len(rows) // files : (file + 1) * len(rows) // files]
            if part:
                (tmp_path / f"{file}.csv").write_text("\n".join([header, *part]) + "\n")
        mapping = ColumnMapping(zone="UTC", labels=LABELS, time_unit="ms", **keys)
        log = open_log(tmp_path, mapping=mapping)
        events = pa.concat_tables(log.chunks())
        assert log.counts.add_up()
        return events, log.counts

    return _read


def labels(events):
    return list(zip(*(events[f"label.{name}"].to_pylist() for name in LABELS), strict=True))


BASE_MS = 1_700_000_000_000
ROWS = [
    f"1,2,{BASE_MS},1,",
    f"1,2,{BASE_MS},,1",
    f"1,3,{BASE_MS},0,0",
    f"1,2,{BASE_MS},0,0",
    f"1,2,{BASE_MS + 1},1,1",
]


def test_duplicates_that_disagree_are_counted_and_said(read, tmp_path):
    events, counts = read(ROWS)
    assert labels(events) == [(1, None), (0, 0), (1, 1)]
    assert (counts.used, counts.duplicates, counts.disagreeing, counts.merged) == (3, 2, 2, 0)
    assert counts.remarks == [
        "2 of the duplicates have other labels than the first row of the same user, item and time, which "
        f"counts: {tmp_path}/0.csv, row 2 (finish missing, like 1) beside {tmp_path}/0.csv, row 1 "
        "(finish 1, like missing); --duplicates merge makes one row of them"
    ]


def test_duplicates_that_agree_are_no_remark(read):
    _, counts = read([ROWS[2], ROWS[2]])
    assert (counts.duplicates, counts.disagreeing, counts.remarks) == (1, 0, [])


def test_rows_of_one_event_are_merged(read, tmp_path):
    events, counts = read(ROWS, duplicates="merge")
    assert labels(events) == [(1, 1), (0, 0), (1, 1)]
    assert (counts.used, counts.duplicates, counts.disagreeing, counts.merged) == (3, 2, 0, 2)
    assert counts.remarks[0].startswith(
        "2 of the duplicates had other labels than the first row of the same user, item and time, and were "
        f"merged with it: {tmp_path}/0.csv, row 2"
    )
    assert events["known_ms.finish"].to_pylist()[0] == BASE_MS
    assert events["known_ms.like"].to_pylist()[0] == BASE_MS + 60_000


label_value = st.sampled_from(["", "0", "1"])
action = st.tuples(st.integers(1, 2), st.integers(0, 2), label_value, label_value)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # it empties its folder
@given(data=st.data(), actions=st.lists(action, min_size=1, max_size=12), files=st.integers(1, 4))
def test_what_is_merged_depends_on_neither_order_nor_cut(read, data, actions, files):
    best = {}
    for user, after_ms, *values in actions:
        found = best.setdefault((BASE_MS + after_ms, user), ["", ""])
        best[BASE_MS + after_ms, user] = [max(pair) for pair in zip(found, values, strict=True)]
    shuffled = sorted(data.draw(st.permutations(actions)), key=lambda each: each[1])
    rows = [f"{user},7,{BASE_MS + after_ms},{a},{b}" for user, after_ms, a, b in shuffled]
    events, _ = read(rows, files=files, duplicates="merge")
    columns = [events[name].to_pylist() for name in ("timestamp_ms", "user_id")]
    assert dict(zip(zip(*columns, strict=True), labels(events), strict=True)) == {
        key: tuple(int(value) if value else None for value in values) for key, values in best.items()
    }


def test_a_merged_label_is_known_since_the_first_row_that_says_it():
    rows = table(
        [(1, 2, 5)] * 4,
        **{
            "label.like": pa.array([0, 1, 1, None], pa.int8()),
            "known_ms.like": [6, 9, 8, 5],
            "outcome.played": pa.array([None, 2.5, 7.0, 1.0]),
        },
    )
    merged = DuplicateFilter(event_id=None, labels=["like"], outcomes=["played"], merge=True).keep(rows)
    (row,) = merged.events.to_pylist()
    assert (row["label.like"], row["known_ms.like"], row["outcome.played"]) == (1, 8, 7.0)
    assert (merged.duplicates, merged.merged, merged.disagreeing) == (3, 3, 0)


WITH_IDS = "user_id,item_id,timestamp_ms,finish,like,id"


@pytest.mark.parametrize("files", [1, 3])
def test_event_ids_that_come_again_with_other_labels(read, files):
    rows = [
        f"1,2,{BASE_MS},1,,a",
        f"1,2,{BASE_MS},,1,a",
        f"1,2,{BASE_MS + 5_000_000},1,,a",
        f"1,2,{BASE_MS + 5_000_000},0,,a",
    ]
    events, counts = read(rows, WITH_IDS, files=files, event_id="id")
    assert labels(events) == [(1, None)]
    assert (counts.duplicates, counts.disagreeing) == (3, 2)
    events, counts = read(rows, WITH_IDS, files=files, event_id="id", duplicates="merge")
    assert labels(events) == [(1, 1)]
    assert (counts.duplicates, counts.merged, counts.disagreeing) == (3, 1, 2)
    assert (
        "2 of the duplicates have other labels than the first row of the same event_id" in counts.remarks[1]
    )


def test_one_event_id_in_all_rows_is_one_event_and_that_is_said(read):
    rows = [f"{row % 12},{row % 20},{BASE_MS + row * 1_800_000},1,,same" for row in range(1_499)]
    events, counts = read(rows, WITH_IDS, event_id="id")
    assert events.num_rows == counts.used == 1
    assert counts.duplicates == 1_498
    assert (
        "column 'id': 1,498 of 1,499 rows have an event id that an earlier row has, and are no events of "
        "their own; if it does not name one event, leave event_id out"
    ) in counts.remarks


def test_an_unknown_way():
    with pytest.raises(ConfigError, match="'duplicates' is 'last'; give one of first, merge"):
        ColumnMapping(duplicates="last")


@pytest.mark.parametrize("event_id", [None, "event"])
def test_a_label_that_the_first_row_lacks_is_said_or_merged(tmp_path, event_id):
    path = tmp_path / "log.csv"
    path.write_text("event,user_id,item_id,timestamp_ms,finish\na,1,1,1700000000,\na,1,1,1700000000,1\n")
    for duplicates, finish, counted in (("first", None, (1, 0)), ("merge", 1, (0, 1))):
        labels = {"finish": LabelColumn(column="finish")}
        mapping = ColumnMapping(zone="UTC", labels=labels, event_id=event_id, duplicates=duplicates)
        source = open_log(path, mapping=mapping)
        assert [each for chunk in source.chunks() for each in chunk["label.finish"].to_pylist()] == [finish]
        assert (source.counts.disagreeing, source.counts.merged) == counted
        pair = f"{path}, row 2 (finish 1) beside {path}, row 1 (finish missing)"
        assert sum(pair in remark for remark in source.counts.remarks) == 1
