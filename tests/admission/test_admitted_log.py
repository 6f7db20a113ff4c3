"""The admitted log: what is read is what was admitted, to the type and the null."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from admitted_tables import admitted
from hypothesis import given, settings
from hypothesis import strategies as st

from interestclock.admission import AdmittedEntry, AdmittedLog, Disposition
from interestclock.errors import ResultError
from interestclock.streams import BadMessage, Segments

_TEXT = st.text(
    st.characters(exclude_categories=["Cs"]), max_size=6
)  # half a surrogate pair is no Arrow text
_COLUMNS: dict[str, tuple[pa.DataType, st.SearchStrategy[object]]] = {
    "text": (pa.string(), _TEXT),
    "flag": (pa.int8(), st.integers(-128, 127)),
    "time_ms": (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    "number": (pa.float64(), st.floats(allow_nan=False)),
    "texts": (pa.list_(pa.string()), st.lists(st.none() | _TEXT, max_size=3)),
    "kind": (pa.dictionary(pa.int32(), pa.string()), st.sampled_from(["a", "ü", ""])),
    "kinds": (pa.list_(pa.dictionary(pa.int8(), pa.string())), st.lists(st.sampled_from("xyz"), max_size=2)),
}
_ROWS = st.lists(st.tuples(*(st.none() | values for _, values in _COLUMNS.values())), max_size=12)


def table_of(rows: list[tuple[object, ...]], dispositions: list[int]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [()] * len(_COLUMNS)
    arrays = {
        name: pa.array(column, kind)
        for (name, (kind, _)), column in zip(_COLUMNS.items(), columns, strict=True)
    }
    arrays["arrival"] = pa.array(range(len(rows)), pa.int64())
    arrays["partition"] = pa.array(["0"] * len(rows), pa.string())
    arrays["verdict"] = pa.array(dispositions, pa.int8())
    return pa.table(arrays)


@st.composite
def entries(draw: st.DrawFn, first_arrival: int) -> AdmittedEntry:
    kind = draw(st.sampled_from(["tables", "replay", "tick"]))
    source, polled_ms = draw(_TEXT), draw(st.none() | st.integers(0, 2**60))
    if kind == "tick":
        awaited = tuple(draw(st.lists(_TEXT, max_size=3)))
        return AdmittedEntry(first_arrival=first_arrival, source=source, polled_ms=polled_ms, awaited=awaited)
    disposition = st.sampled_from(list(Disposition))
    ranges = draw(st.dictionaries(_TEXT, st.tuples(_TEXT, _TEXT), max_size=3))
    payload = st.text(st.characters(), max_size=9)  # half a surrogate pair as well
    letter = st.builds(BadMessage, partition=_TEXT, offset=_TEXT, reason=_TEXT, payload=payload)
    tables, dispositions = {}, None
    if kind == "replay":
        dispositions = pa.array(draw(st.lists(disposition, max_size=40)), pa.int8())
    else:
        for name in draw(st.sets(st.sampled_from(["exposures", "labels", "items"]))):
            rows = draw(_ROWS)
            tables[name] = table_of(rows, [draw(disposition) for _ in rows])
    return AdmittedEntry(
        first_arrival=first_arrival,
        source=source,
        ranges=ranges,
        polled_ms=polled_ms,
        tables=tables,
        dispositions=dispositions,
        dead=tuple(draw(st.lists(letter, max_size=2))),
    )


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_what_was_admitted_comes_back_exactly(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("a")
    log = AdmittedLog(folder, segment_bytes=2_000)
    appended: list[AdmittedEntry] = []
    for _ in range(data.draw(st.integers(1, 8))):
        match data.draw(st.sampled_from(["append", "append", "append", "reopen", "segment"])):
            case "append":
                assert log.next_arrival is not None
                appended.append(data.draw(entries(log.next_arrival)))
                assert log.append(appended[-1]) == len(appended)
            case "reopen":
                log = AdmittedLog(folder, segment_bytes=2_000)
            case "segment":
                log.new_segment()
    after = data.draw(st.integers(0, len(appended)))
    read = list(log.read_after(after))
    assert [number for number, _ in read] == list(range(after + 1, len(appended) + 1))
    for (_, entry), expected in zip(read, appended[after:], strict=True):
        assert entry == expected
        for kind, table in entry.tables.items():
            assert table.schema.equals(expected.tables[kind].schema, check_metadata=True)
            table.validate(full=True)


def test_messages_as_they_are_parsed_today(tmp_path: Path) -> None:
    log = AdmittedLog(tmp_path)
    first = admitted(first_arrival=0, exposures=3, labels=2, dead=1)
    then = admitted(first_arrival=6, exposures=0)
    assert (log.append(first), log.append(then)) == (1, 2)
    assert [entry for _, entry in AdmittedLog(tmp_path).read_after(0)] == [first, then]
    assert (first.messages, then.messages, log.next_arrival) == (6, 0, 6)


def test_rows_of_a_slice_and_of_several_chunks_are_these_rows_alone(tmp_path: Path) -> None:
    whole = table_of([(text, 1, 2, 0.5, [text], text, ["x"]) for text in ("a", "ü", "c", "d")], [0, 1, 2, 3])
    rows = pa.concat_tables([whole.slice(1, 1), whole.slice(3, 1)])
    other = table_of([("z", None, None, None, None, "other", [])], [0])  # another dictionary
    log = AdmittedLog(tmp_path)
    tables = {"exposures": pa.concat_tables([rows, other])}
    log.append(AdmittedEntry(first_arrival=0, source="s", tables=tables))
    ((_, entry),) = log.read_after(0)
    assert entry.tables["exposures"].to_pylist() == rows.to_pylist() + other.to_pylist()


def test_a_table_with_other_columns_begins_another_file(tmp_path: Path) -> None:
    log = AdmittedLog(tmp_path)
    plain = table_of([], [])
    tables = [plain, plain, plain.append_column("more", pa.array([], pa.int8())), plain]
    tables += [plain.replace_schema_metadata({"said": "so"})]
    for table in tables:
        log.append(AdmittedEntry(first_arrival=0, source="s", tables={"exposures": table}))
    assert sorted(path.stem[-1] for path in tmp_path.iterdir()) == ["1", "3", "4", "5"]
    read = [entry.tables["exposures"].schema for _, entry in AdmittedLog(tmp_path).read_after(0)]
    assert all(
        mine.equals(table.schema, check_metadata=True) for mine, table in zip(read, tables, strict=True)
    )


def test_a_schema_stands_in_a_file_once(tmp_path: Path) -> None:
    log = AdmittedLog(tmp_path)
    for number in range(20):
        log.append(admitted(first_arrival=number, exposures=1))
    (path,) = tmp_path.iterdir()
    assert path.read_bytes().count(b"schemas") == 1
    assert path.stat().st_size < 20 * 1_000


def test_files_go_once_the_oldest_checkpoint_needs_them_no_more(tmp_path: Path) -> None:
    log = AdmittedLog(tmp_path)
    for number in range(4):
        log.append(admitted(first_arrival=number, exposures=1))
        log.new_segment()
    log.drop_before(2)
    assert [number for number, _ in AdmittedLog(tmp_path).read_after(2)] == [3, 4]
    with pytest.raises(ResultError, match="the log begins with entry 3, but 2 is needed"):
        log.read_after(1)
    log.drop_before(4)
    log = AdmittedLog(tmp_path)
    assert (log.position, log.next_arrival, list(log.read_after(4))) == (4, None, [])
    assert log.append(admitted(first_arrival=4, exposures=1)) == 5
    assert log.next_arrival == 5


@pytest.mark.parametrize("reopened", [False, True])
def test_a_gap_between_arrivals_is_refused(reopened: bool, tmp_path: Path) -> None:
    log = AdmittedLog(tmp_path)
    with pytest.raises(ValueError, match="first_arrival is 1; behind entry 0 it is 0"):
        log.append(admitted(first_arrival=1, exposures=1))
    log.append(admitted(first_arrival=0, exposures=2))
    log = AdmittedLog(tmp_path) if reopened else log
    for wrong in (0, 3):
        with pytest.raises(ValueError, match=f"first_arrival is {wrong}; behind entry 1 it is 2"):
            log.append(admitted(first_arrival=wrong, exposures=1))
    assert log.position == 1


def test_a_full_disk_leaves_the_log_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = AdmittedLog(tmp_path)
    log.append(admitted(first_arrival=0, exposures=1))

    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    other = AdmittedEntry(first_arrival=1, source="s", tables={"exposures": table_of([], [])})
    same = admitted(first_arrival=1, exposures=1)
    for call, entry in (("streams.segment_files.os.fsync", same), ("files.force", other)):
        with monkeypatch.context() as patch:
            patch.setattr(f"interestclock.{call}", full)
            with pytest.raises(ResultError, match="No space left on device"):
                log.append(entry)
    assert (log.position, log.next_arrival) == (1, 1)
    assert log.append(same) == 2
    assert [entry for _, entry in AdmittedLog(tmp_path).read_after(1)] == [same]


def test_damage_is_an_error_at_the_start_where_it_is_in_the_last_entry(tmp_path: Path) -> None:
    AdmittedLog(tmp_path).append(admitted(first_arrival=0, exposures=1))
    (path,) = tmp_path.iterdir()
    whole = bytearray(path.read_bytes())
    whole[-1] ^= 1
    path.write_bytes(whole)
    with pytest.raises(ResultError, match=r"admitted-0000000000000001.segment, byte \d+: entry 1 is damaged"):
        AdmittedLog(tmp_path)


def test_another_format_is_refused(tmp_path: Path) -> None:
    Segments(tmp_path, prefix="admitted").new_segment(b'{"format": 9, "schemas": {}}')
    with pytest.raises(ResultError, match="an admitted log of format 9, this version reads 1; go on"):
        AdmittedLog(tmp_path)


def test_half_a_surrogate_pair_in_a_dead_letter_comes_back(tmp_path: Path) -> None:
    log = AdmittedLog(tmp_path)
    letter = BadMessage(partition="0", offset="1", reason="no text", payload="\ud800")
    log.append(AdmittedEntry(first_arrival=0, source="s", dead=(letter,)))
    ((_, entry),) = AdmittedLog(tmp_path).read_after(0)
    assert entry.dead == (letter,)
