from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from in_memory import CHOICES, REQUESTS, choices_log, requests_log

from interestclock.clock_features import ClockFeatureConfig
from interestclock.errors import LatenessError
from interestclock.events.schema import LogSchema
from interestclock.samples import CandidateConfig
from interestclock.samples.sample_maker import MISSING, REQUEST, SAME_TIME, Columns, SampleMaker, whole_runs


def new_maker(schema: LogSchema, *, seed: int = 0) -> SampleMaker:
    return SampleMaker(
        schema=schema,
        item_table=None,
        candidates=CandidateConfig(seed=seed),
        clocks=ClockFeatureConfig(),
    )


def known_before(maker: SampleMaker, samples: Columns) -> list[int]:
    """How many behaviours each sample's user had, as of the sample."""
    return maker.state.user_histories.known_before(samples["user"], samples["timestamp_ms"]).tolist()


def take_all(
    table: pa.Table, schema: LogSchema, cuts: list[int], *, seed: int = 0
) -> tuple[SampleMaker, Columns]:
    """A log's samples, made table by table."""
    maker = new_maker(schema, seed=seed)
    edges = [0, *cuts, table.num_rows]
    slices = (table.slice(start, stop - start) for start, stop in pairwise(edges))
    together = SAME_TIME if schema.positive_only else REQUEST
    pieces = [maker.make(piece)[0] for piece in whole_runs(slices, together)]
    widest = {name: max(p[name].shape[1] for p in pieces) for name in pieces[0] if pieces[0][name].ndim == 2}
    for name, width in widest.items():
        for piece in pieces:
            piece[name] = np.pad(piece[name], ((0, 0), (0, width - piece[name].shape[1])))
    return maker, {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}


def assert_same(first: Columns, second: Columns) -> None:
    assert first.keys() == second.keys()
    for name, column in first.items():
        np.testing.assert_array_equal(column, second[name], err_msg=name)


@pytest.mark.parametrize("cuts", [[7], [1, 2, 3, 60, 61], list(range(10, 200, 10))])
@pytest.mark.parametrize("delay_ms", [0, 5_000_000])
def test_choices_give_the_same_samples_however_they_are_cut(cuts: list[int], delay_ms: int) -> None:
    table = choices_log(1, delay_ms=delay_ms)
    whole, cut = take_all(table, CHOICES, []), take_all(table, CHOICES, cuts)
    assert_same(whole[1], cut[1])
    assert (whole[0].unscored, whole[0].sampled) == (cut[0].unscored, cut[0].sampled)


@pytest.mark.parametrize("cuts", [[9], [3, 6, 180], list(range(30, 360, 30))])
def test_requests_give_the_same_samples_however_they_are_cut(cuts: list[int]) -> None:
    table = requests_log(1)
    assert_same(take_all(table, REQUESTS, [])[1], take_all(table, REQUESTS, cuts)[1])


@pytest.mark.parametrize("delay_ms", [0, 5_000_000])
def test_candidates_were_chosen_and_known_strictly_before(delay_ms: int) -> None:
    table = choices_log(2, delay_ms=delay_ms)
    maker, samples = take_all(table, CHOICES, [50, 51, 120])
    time, known = table["timestamp_ms"].to_numpy(), table["known_ms.visit"].to_numpy()
    items, users = maker.state.items.look_up(table["item_id"]), maker.state.users.look_up(table["user_id"])
    unscored = 0
    for row in range(table.num_rows):
        before = set(items[known < time[row]].tolist())
        mine = samples["request"] == row + 1
        if items[row] not in before:
            unscored += 1
            assert not mine.any()
            continue
        shown, label = samples["item"][mine], samples["label.visit"][mine]
        assert shown[label == 1].tolist() == [items[row]]
        assert set(shown[label == 0].tolist()) <= before - {items[row]}
        assert len(set(shown.tolist())) == shown.size <= 5
        own = int(((users == users[row]) & (known < time[row])).sum())
        of_row = {name: samples[name][mine] for name in ("user", "timestamp_ms")}
        assert set(known_before(maker, of_row)) == {own}
    assert (maker.unscored, maker.requests) == (unscored, table.num_rows)
    assert maker.sampled == int((samples["label.visit"] == 0).sum())


def test_unscored_choices_still_enter_histories_and_equation_3() -> None:
    table = choices_log(3, choices=1)
    maker = new_maker(CHOICES)
    samples, exposures = maker.make(table)
    assert samples["user"].size == 0
    assert exposures["finish"].tolist() == [1]
    assert exposures["item"].tolist() == [1]
    later = table.set_column(2, "timestamp_ms", pa.array([table["timestamp_ms"][0].as_py() + 1]))
    assert known_before(maker, maker.make(later)[0]) == [1]
    assert (maker.unscored, maker.sampled) == (1, 0)


def test_sampled_candidates_never_count_in_equation_3_or_histories() -> None:
    table = choices_log(4)
    maker = new_maker(CHOICES)
    samples, exposures = maker.make(table)
    assert exposures["item"].tolist() == maker.state.items.look_up(table["item_id"]).tolist()
    assert samples["user"].size > 2 * table.num_rows
    assert maker.state.choices is not None
    last_ms = table["timestamp_ms"].to_numpy()[-1:]
    assert 0 < maker.state.choices.known_before(last_ms)[0] < table.num_rows  # the last are not known yet
    assert maker.state.choices.known_before(last_ms + 1)[0] == table.num_rows  # the candidates never are


def test_rows_of_one_choice_stay_together() -> None:
    _, samples = take_all(choices_log(5), CHOICES, [30, 90])
    assert (np.diff(samples["request"]) >= 0).all()


def test_a_history_holds_what_was_engaged_with_from_its_first_positive_label() -> None:
    table = requests_log(6, requests=1)
    shown = table["timestamp_ms"][0].as_py()
    early, late = shown + 10_000, shown + 20_000
    for name, values in {
        "label.finish": [1, 0, 1],
        "label.like": [1, 1, 0],
        "known_ms.finish": [late] * 3,
        "known_ms.like": [early] * 3,
    }.items():
        at = table.column_names.index(name)
        table = table.set_column(at, name, pa.array(values, table.schema.field(name).type))
    maker = new_maker(REQUESTS)
    maker.make(table)
    mine = maker.state.user_histories.of_user(1)
    assert mine["item"].tolist() == [1, 2, 3]
    assert mine["known_ms"].tolist() == [early, early, late]


def test_no_exposure_is_in_its_own_history_whatever_its_label_says_of_its_time() -> None:
    table = choices_log(3, choices=1)
    early = table.set_column(
        table.column_names.index("known_ms.visit"), "known_ms.visit", pa.array([0], pa.int64())
    )
    maker = new_maker(CHOICES)
    maker.make(early)
    shown_ms = table["timestamp_ms"].to_numpy()
    assert maker.state.user_histories.known_before(np.array([1]), shown_ms).tolist() == [0]
    assert maker.state.user_histories.known_before(np.array([1]), shown_ms + 1).tolist() == [1]


def test_missing_labels_and_contexts_are_marked() -> None:
    table = requests_log(7)
    _, samples = take_all(table, REQUESTS, [])
    assert (samples["label.finish"] == MISSING).sum() == table["label.finish"].null_count > 0
    assert (samples["categorical.device"] == 0).sum() == table["categorical.device"].null_count > 0
    assert np.isnan(samples["numeric.age"]).sum() == table["numeric.age"].null_count > 0
    tags = Counter(samples["multivalued.tags"].ravel().tolist())
    assert sum(tags.values()) - tags[0] == len(table["multivalued.tags"].combine_chunks().flatten())


def test_requests_are_numbered_as_they_come() -> None:
    table = requests_log(8, requests=4)
    _, samples = take_all(table, REQUESTS, [3])
    assert samples["request"].tolist() == [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4]
    _, alone = take_all(table.drop_columns(["request_id"]), REQUESTS, [3])
    assert alone["request"].tolist() == list(range(1, 13))


@pytest.mark.parametrize("rows", [1, 2, 3, 4, 5, 100])
def test_whole_requests_splits_none_and_loses_none(rows: int) -> None:
    table = pa.table({"user_id": [1, 1, 1, 1, 2, 2, 2, 3], "request_id": [5, 5, 5, 5, 5, 6, 6, None]})
    chunks = [table.slice(start, rows) for start in range(0, 8, rows)]
    tables = list(whole_runs(iter(chunks), REQUEST))
    assert pa.concat_tables(tables).equals(table)
    ends = np.cumsum([part.num_rows for part in tables])
    assert set(ends.tolist()) <= {4, 5, 7, 8}


def test_a_table_that_ends_with_its_request_stays_as_it_is() -> None:
    table = pa.table({"user_id": [1, 1, 2, 2], "request_id": [5, 6, 7, 8]})
    for more in (1, 2):  # whether or not anything follows
        tables = list(whole_runs(iter([table, table][:more]), REQUEST))
        assert tables[0].equals(table)


def test_whole_requests_of_nothing() -> None:
    assert list(whole_runs(iter([]), REQUEST)) == []
    empty = pa.table({"user_id": pa.array([], pa.int64()), "request_id": pa.array([], pa.int64())})
    assert list(whole_runs(iter([empty]), REQUEST)) == []


def test_a_moment_of_choices_is_never_cut() -> None:
    chunks = [pa.table({"timestamp_ms": times}) for times in ([1, 2], [2, 2], [3])]
    tables = list(whole_runs(iter(chunks), SAME_TIME))
    assert [table["timestamp_ms"].to_pylist() for table in tables] == [[1], [2, 2, 2], [3]]


def test_rows_out_of_time_order_are_refused() -> None:
    table = choices_log(1)
    maker = new_maker(CHOICES)
    maker.make(table.slice(60))
    with pytest.raises(LatenessError, match="a source gives its rows in time order: sort them"):
        maker.make(table.slice(0, 60))
