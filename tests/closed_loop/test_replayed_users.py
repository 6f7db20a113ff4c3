"""A log whose users are replayed: what is learned first, who comes behind it, and what each says."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from interestclock.client import Logged, Problem, Rank, Ranked, RankedItem, ServiceError, WallClock
from interestclock.closed_loop import Callers, ReplayedUsers
from interestclock.errors import LogError
from interestclock.events import ColumnMapping, LabelColumn, open_log
from interestclock.samples import CandidateConfig, PrepareConfig, prepare_samples
from interestclock.samples.folder import load_arrays
from interestclock.timeofday import DAY_MS, HOUR_MS, TimeSource

DAY_1 = 1_700_006_400_000  # 2023-11-15, 00:00 UTC
PAGES = ColumnMapping(
    request="page",
    zone_column="zone",
    utc_offset_minutes="offset",
    labels={"finish": LabelColumn(column="done", delay_seconds=60), "like": LabelColumn(column="liked")},
    attributes={"genre": "genre"},
    separator="|",
    categorical={"device": "device"},
)
HEAD = "user_id,item_id,timestamp_ms,page,zone,offset,done,liked,genre,device\n"
# a day before; a page of two songs, whose second row is later; one in a place with an offset
ROWS = (
    (7, 1, DAY_1 - HOUR_MS, "p0", "Europe/Berlin", "", 1, 0, "pop", "tv"),
    (7, 1, DAY_1 + 1_000, "p1", "Europe/Berlin", "", 1, "", "pop", "tv"),
    (7, 2, DAY_1 + 3_000, "p1", "Europe/Berlin", "", 0, 0, "rock|pop", "tv"),
    (8, 2, DAY_1 + HOUR_MS, "p2", "", "+05:30", 0, 1, "rock|pop", ""),
)


def paged(
    folder: Path, rows: tuple[tuple[object, ...], ...] = ROWS, *, days_before: int = 1
) -> ReplayedUsers:
    path = folder / "pages.csv"
    path.write_text(HEAD + "".join(",".join(map(str, row)) + "\n" for row in rows))
    users = ReplayedUsers(lambda: open_log(path, mapping=PAGES), days_before=days_before, seed=0)
    users.write_archive(folder / "archive")
    return users


def answer(items: list[str], *, at_ms: int) -> Ranked:
    wall = WallClock(second_of_day=1, day_of_week=0, utc_offset_minutes=0, source="zone")
    return Ranked(
        request_id="r1",
        at_ms=at_ms,
        ranker="ranker",
        version="1",
        local_time=wall,
        weights={},
        known_behaviours=0,
        logged=True,
        items=[RankedItem(item=each, score=0.0, probabilities={}) for each in items],
    )


def test_the_log_before_opens_by_itself_and_says_what_the_log_says(tmp_path: Path) -> None:
    users = paged(tmp_path)
    before = users.log_before(tmp_path / "archive")
    assert before.start_ms == DAY_1
    assert before.label_wait_minutes == 60.0
    assert before.missing_labels == ("like",)
    (table,) = open_log(tmp_path / "archive").chunks()
    (whole,) = open_log(tmp_path / "pages.csv", mapping=PAGES).chunks()
    same = ["timestamp_ms", "second_of_day", "day_of_week", "zone", "label.finish", "known_ms.finish"]
    same += ["label.like", "attribute.genre", "categorical.device"]
    assert table.select(same).to_pylist() == whole.slice(0, 1).select(same).to_pylist()
    assert table.select(["user_id", "item_id", "event_id"]).to_pylist() == [
        {"user_id": "7", "item_id": "1", "event_id": "row 1"}
    ]


def test_visits_are_the_requests_behind_it(tmp_path: Path) -> None:
    users = paged(tmp_path)
    first, second = users.visits(tmp_path / "archive", from_ms=DAY_1)
    assert (first.timestamp_ms, second.timestamp_ms) == (DAY_1 + 1_000, DAY_1 + HOUR_MS)
    call = first.asks()
    assert [each.item for each in call.candidates or ()] == ["1", "2"]  # type: ignore[union-attr]
    assert [each.attributes for each in call.candidates or ()] == [  # type: ignore[union-attr]
        {"genre": ["pop"]},
        {"genre": ["rock", "pop"]},
    ]
    assert (call.user, call.zone, call.utc_offset_minutes) == ("7", "Europe/Berlin", None)
    assert (call.context, call.top) == ({"device": "tv"}, 2)
    call = second.asks()
    assert (call.zone, call.utc_offset_minutes, call.context) == (None, 330, {})


def test_what_is_seen_is_the_logs_at_the_time_of_the_answer(tmp_path: Path) -> None:
    users = paged(tmp_path)
    first, _ = users.visits(tmp_path / "archive", from_ms=DAY_1)
    seen = first.sees(answer(["2", "1"], at_ms=DAY_1 + 5_000))
    assert [(each["event_id"], each["item_id"], each["position"]) for each in seen.exposures] == [
        ("row 2", "1", 0),
        ("row 3", "2", 1),
    ]
    assert all(each["request_id"] == "r1" and "user_id" not in each for each in seen.exposures)
    assert all(each["user_id"] == "7" and each["timestamp_ms"] == DAY_1 + 5_000 for each in seen.whole)
    # finish is 0 or 1 in every row, and only a 1 is sent; like is missing in some, and its 0 is said
    assert [tuple(each.values()) for each in seen.labels] == [
        ("row 2", "finish", 1, DAY_1 + 65_000),
        ("row 3", "like", 0, DAY_1 + 5_000),
    ]
    assert seen.unseen == 0


def test_without_an_answer_all_is_as_the_log_has_it(tmp_path: Path) -> None:
    _, second = paged(tmp_path).visits(tmp_path / "archive", from_ms=DAY_1)
    seen = second.sees(None)
    assert seen.exposures == [
        {
            "event_id": "row 4",
            "item_id": "2",
            "user_id": "8",
            "timestamp_ms": DAY_1 + HOUR_MS,
            "utc_offset_minutes": 330,
            "categorical": {},
            "position": 0,
            "attributes": {"genre": ["rock", "pop"]},
        }
    ]


def test_who_came_before_a_moment_does_not_come(tmp_path: Path) -> None:
    users = paged(tmp_path)
    assert len(list(users.visits(tmp_path / "archive", from_ms=DAY_1 + 2_000))) == 1
    assert users.due(tmp_path / "archive", from_ms=DAY_1, until_ms=DAY_1 + 2_000) == 2
    assert users.due(tmp_path / "archive", from_ms=DAY_1 + 2_000, until_ms=DAY_1 + DAY_MS) == 1


def test_a_page_over_the_end_of_the_log_before_is_two_visits_and_a_long_one_several(tmp_path: Path) -> None:
    over = tuple((7, n, DAY_1 - 50 + n, "p", "UTC", "", 0, 0, "pop", "") for n in range(300))
    users = paged(tmp_path, over)
    sizes = [len(each.asks().candidates or ()) for each in users.visits(tmp_path / "archive", from_ms=DAY_1)]
    assert sizes == [100, 100, 50]
    assert pq.read_metadata(tmp_path / "archive" / "events" / "part-0.parquet").num_rows == 50


@pytest.mark.parametrize("days_before", [2, 0])
def test_a_log_with_nothing_before_or_behind_is_refused(days_before: int, tmp_path: Path) -> None:
    with pytest.raises(LogError, match=f"4 usable rows, none of them .* first {days_before} days"):
        paged(tmp_path, days_before=days_before)
    assert not (tmp_path / "archive").exists()


def test_candidates_beside_choices_are_those_of_a_comparison(tmp_path: Path) -> None:
    path, mapping = tmp_path / "visits.csv", ColumnMapping(zone="Asia/Kolkata", positive_only="visit")
    rows = [(n % 7, n * n % 23, DAY_1 + n * HOUR_MS) for n in range(100)]
    path.write_text("user_id,item_id,timestamp_ms\n" + "".join(f"{u},{i},{t}\n" for u, i, t in rows))
    users = ReplayedUsers(lambda: open_log(path, mapping=mapping), days_before=2, seed=5)
    users.write_archive(tmp_path / "archive")
    visits = list(users.visits(tmp_path / "archive", from_ms=DAY_1 + 2 * DAY_MS))
    config = PrepareConfig(candidates=CandidateConfig(seed=5))
    samples = prepare_samples(open_log(path, mapping=mapping), tmp_path / "samples", config=config)
    columns = load_arrays(tmp_path / "samples" / "samples" / "00000.safetensors")
    ids = samples.vocabulary("item").to_pylist()
    assert len(visits) == 52
    for place, visit in enumerate(visits, 49):
        drawn = [str(ids[each - 1]) for each in columns["item"][columns["request"] == place]]
        assert visit.asks().candidates == (drawn or [str(rows[place - 1][1])])
    assert sum(len(each.asks().candidates or ()) for each in visits) > 3 * len(visits)
    seen = visits[0].sees(answer([str(each) for each in visits[0].asks().candidates or ()], at_ms=DAY_1))
    assert (len(seen.exposures), seen.labels) == (1, [])
    assert seen.unseen == len(visits[0].asks().candidates or ()) - 1
    assert "position" not in seen.exposures[0]


class Service:
    """Ranks as it was asked; every third request goes unanswered."""

    def __init__(self, clock: TimeSource) -> None:
        self.clock, self.lock, self.asked = clock, threading.Lock(), 0
        self.messages: list[Mapping[str, Any]] = []

    def rank(self, call: Rank) -> Ranked:
        with self.lock:
            self.asked += 1
            if self.asked % 3 == 0:
                raise ServiceError(Problem(status=504, title="Too late", detail="by a test"))
        return answer([_item(each) for each in call.candidates or ()], at_ms=self.clock.now_ms())

    def log_events(self, messages: Sequence[Mapping[str, Any]]) -> Logged:
        with self.lock:
            self.messages += messages
        return Logged(logged=len(messages), log="log", acknowledged="here")


def _item(candidate: Any) -> str:
    return str(getattr(candidate, "item", candidate))


def test_nobody_is_left_out_however_many_come_at_once(tmp_path: Path) -> None:
    """Two callers with eight places, and thirty visits whose time has come."""
    rows = ROWS[:1] + tuple((n, n, DAY_1 + n, f"q{n}", "UTC", "", 1, 0, "pop", "") for n in range(30))
    users = paged(tmp_path, rows)
    clock = TimeSource(start_ms=DAY_1 + HOUR_MS, left_ms=TimeSource().now_ms(), factor=720)
    service = Service(clock)
    with Callers(service, clock=clock, callers=2, patient=users.patient) as callers:
        callers.come(users.visits(tmp_path / "archive", from_ms=DAY_1))
        assert callers.settle(seconds=60)
    numbers = callers.counts.numbers()
    due = users.due(tmp_path / "archive", from_ms=DAY_1, until_ms=callers.reached_ms)
    assert (numbers.ranks, numbers.unanswered, numbers.skipped) == (20, 10, 0)
    assert due == numbers.exposures == numbers.exposures_acknowledged == 30
    assert numbers.labels_acknowledged == 30  # finish is 1; no row lacks like, so its 0 needs no message
    assert numbers.behind_seconds >= 3_599
    names = {each["event_id"] for each in service.messages if "event_id" in each}
    assert {each["label_of"] for each in service.messages if "label_of" in each} == names
    assert len(names) == 30
    assert sum("request_id" in each for each in service.messages) == 20
