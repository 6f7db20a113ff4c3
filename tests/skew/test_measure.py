"""Each cause of skew alone, by hand; and with none of them, not a bit differs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from in_memory import HOUR_MS
from skewed_streams import MINUTE_MS, NOW_MS, Stream, finished, shown, stream_in

from interestclock.samples import RequestRecords
from interestclock.skew import SkewReport


@pytest.fixture
def stream(tmp_path: Path) -> Stream:
    return stream_in(tmp_path)


def causes_of(report: SkewReport) -> dict[str, dict[str, int]]:
    return {
        cause: {name: each.values for name, each in found.items()}
        for cause, found in report.causes.items()
        if found
    }


def test_with_no_cause_not_a_bit_differs(stream: Stream) -> None:
    stream.serve("r1", NOW_MS)
    stream.append(shown("e2", NOW_MS, request="r1"))
    report = stream.end()
    assert (report.compared, dict(report.differing), causes_of(report)) == (1, {}, {})
    assert report.share("any") == 0.0


def test_an_exposure_at_another_second_is_the_clocks(stream: Stream) -> None:
    stream.serve("r1", NOW_MS)
    stream.append(shown("e2", NOW_MS + 1_000, request="r1"))
    assert causes_of(stream.end()) == {"clock": {"second_of_day": 1, "any": 1}}


def test_what_is_in_the_log_and_not_in_the_store(stream: Stream) -> None:
    stream.append(finished("e1", NOW_MS - 1_000))
    stream.serve("r1", NOW_MS)
    stream.append(shown("e2", NOW_MS, request="r1"))
    report = stream.end()
    found = causes_of(report)
    assert found.keys() == {"not_yet_applied"}
    assert found["not_yet_applied"]["behaviours"] == found["not_yet_applied"]["known_behaviours"] == 1
    assert found["not_yet_applied"]["clock.genre"] > 0
    assert report.differing["any"] == 1


def test_what_comes_to_the_log_later_and_was_before(stream: Stream) -> None:
    stream.serve("r1", NOW_MS)
    stream.append(shown("e2", NOW_MS, request="r1"), finished("e1", NOW_MS - 1_000))
    found = causes_of(stream.end())
    assert found.keys() == {"arrived_later"}
    assert found["arrived_later"]["behaviours"] == 1


def test_what_comes_later_than_the_lateness_was_never_trained_on(stream: Stream) -> None:
    stream.serve("r1", NOW_MS)
    late = shown("e3", NOW_MS + HOUR_MS, user=2), finished("e1", NOW_MS - 1_000)
    stream.append(shown("e2", NOW_MS, request="r1"), *late)
    assert causes_of(stream.end()) == {}


def test_an_entry_is_cut_where_a_label_waits_that_it_gives_up(stream: Stream) -> None:
    stream.append(finished("nothing", NOW_MS - 1_000))
    stream.serve("r1", NOW_MS)
    stream.append(shown("e2", NOW_MS, request="r1"), shown("e3", NOW_MS + 3 * HOUR_MS, user=2))
    report = stream.end()
    assert (report.compared, causes_of(report)) == (1, {})


def test_where_the_log_ended_may_be_unknown(stream: Stream) -> None:
    stream.append(finished("e1", NOW_MS - 1_000))
    stream.serve("r1", NOW_MS, ends=False)
    stream.append(shown("e2", NOW_MS, request="r1"))
    assert causes_of(stream.end()).keys() == {"behind_store"}


def test_all_at_once_add_up_one_after_the_other(stream: Stream) -> None:
    stream.append(finished("e1", NOW_MS - 1_000))
    stream.serve("r1", NOW_MS)
    stream.append(shown("e4", NOW_MS - 30_000, item=102), finished("e4", NOW_MS - 10_000))
    stream.append(shown("e2", NOW_MS + 1_000, request="r1"))
    report = stream.end()
    found = causes_of(report)
    assert found.keys() == {"clock", "not_yet_applied", "arrived_later"}
    assert found["not_yet_applied"]["behaviours"] == found["arrived_later"]["behaviours"] == 1
    assert report.differing["behaviours"] == 1


def test_what_has_no_other_side_is_counted(stream: Stream) -> None:
    stream.serve("r1", NOW_MS)
    stream.serve("r2", NOW_MS)
    stream.append(shown("e2", NOW_MS, request="r2"), shown("e3", NOW_MS, user=2, request="r3"))
    report = stream.end()
    assert (report.compared, report.served_alone, report.trained_alone) == (1, 1, 1)


def test_a_record_that_is_not_of_its_place_is_unexplained(stream: Stream) -> None:
    stream.serve("r1", NOW_MS, user=2)  # the features of another
    other = stream.served
    stream.served = RequestRecords(stream.folder / "served")
    stream.append(shown("e2", NOW_MS, request="r1"))
    other.close()
    path = next((stream.folder / "served").glob("*.jsonl"))
    path.write_bytes(path.read_bytes().replace(b'"user":"2"', b'"user":"1"'))
    assert causes_of(stream.end()).keys() == {"unexplained"}


@settings(max_examples=4, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 3), st.integers(100, 110), st.booleans(), st.booleans()),
        min_size=3,
        max_size=25,
    )
)
def test_whatever_was_there_before_nothing_differs_without_a_cause(
    tmp_path_factory, events: Sequence
) -> None:
    stream = Stream(tmp_path_factory.mktemp("stream"))
    for place, (user, item, engaged, requests) in enumerate(events):
        at_ms = NOW_MS + place * 10 * MINUTE_MS
        if requests and place:
            stream.apply()
            stream.serve(f"r{place}", at_ms, user=user)
        stream.append(shown(f"e{place}", at_ms, user=user, item=item, request=f"r{place}"))
        if engaged:
            stream.append(finished(f"e{place}", at_ms + MINUTE_MS))
    report = stream.end()
    assert report.compared == sum(requests for _, _, _, requests in events[1:])
    assert causes_of(report) == {}
