from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from clocks_as_of import clocks_as_of, value_codes, votes
from hypothesis import given, settings
from hypothesis import strategies as st
from stream_clocks import CLOCK_COLUMNS, stream_clocks

from interestclock.clock_features import ClockFeatureConfig, Eq3Weights, preference_score
from interestclock.errors import ConfigError, LogError
from interestclock.timeofday import DAY_MS

TERMS = ("like", "finish", "skip", "dislike")
Row = dict[str, Any]


def exposure_table(rows: list[Row], terms: tuple[str, ...] = TERMS) -> pa.Table:
    fields = [("user", pa.int64()), ("item", pa.int64()), ("timestamp_ms", pa.int64())]
    fields += [("second_of_day", pa.int32())]
    for term in terms:
        fields += [(term, pa.int8()), (f"known_ms_{term}", pa.int64())]
    return pa.Table.from_pylist(rows, schema=pa.schema(fields))


def value_table(values: list[tuple[int, str, str]]) -> pa.Table:
    columns: list[list[Any]] = [[row[place] for row in values] for place in range(3)]
    types = (pa.int64(), pa.string(), pa.string())
    arrays = [pa.array(column, kind) for column, kind in zip(columns, types, strict=True)]
    return pa.table(arrays, names=["item", "attribute", "value"])


def play(user: int, item: int, timestamp_ms: int, second_of_day: int, **labels: int | None) -> Row:
    row: Row = {"user": user, "item": item, "timestamp_ms": timestamp_ms, "second_of_day": second_of_day}
    for term in TERMS:
        row |= {term: labels.get(term, 0), f"known_ms_{term}": timestamp_ms + 1}
    return row


def collect(*args: Any, **kwargs: Any) -> list[Row]:
    rows = [row for batch in stream_clocks(*args, **kwargs) for row in batch.to_pylist()]
    return sorted(
        rows, key=lambda row: (row["as_of_ms"], row["user"], row["attribute"], row["bucket"], row["rank"])
    )


def reference(
    rows: list[Row], values: list[tuple[int, str, str]], moments_ms: list[int], config: ClockFeatureConfig
) -> list[Row]:
    """Equation 3 as loops."""
    clocks: list[Row] = []
    for moment_ms in sorted(set(moments_ms)):
        counts: Counter[tuple[Any, ...]] = Counter()
        for row in rows:
            if not moment_ms - config.window_days * DAY_MS <= row["timestamp_ms"] < moment_ms:
                continue
            bucket = row["second_of_day"] * config.buckets_per_day // 86_400
            for term in TERMS:
                if row.get(term) == 1 and row[f"known_ms_{term}"] < moment_ms:
                    for _, attribute, value in {value for value in values if value[0] == row["item"]}:
                        counts[row["user"], attribute, bucket, value, term] += 1
        for user, attribute, bucket in sorted({key[:3] for key in counts}):
            scored = []
            for value in {key[3] for key in counts if key[:3] == (user, attribute, bucket)}:
                numbers = [counts[user, attribute, bucket, value, term] for term in TERMS]
                score = preference_score(*map(float, numbers), config.weights)
                if score > 0:
                    scored.append((-score, value.encode(), numbers))
            for rank, (negated, value, numbers) in enumerate(sorted(scored)[: config.values_per_attribute]):
                fields = (moment_ms, user, attribute, bucket, rank, value.decode(), -negated, *numbers)
                clocks.append(dict(zip(CLOCK_COLUMNS, fields, strict=True)))
    return clocks


def test_hand_computed() -> None:
    values = [(1, "genre", "jazz"), (1, "genre", "funk"), (2, "genre", "jazz"), (2, "mood", "calm")]
    rows = [
        play(5, 1, 100, 8 * 3600, finish=1, like=1),
        play(5, 2, 200, 8 * 3600 + 3599, finish=1),
        play(5, 2, 300, 9 * 3600, skip=1, dislike=1),
    ]
    found = collect(exposure_table(rows), value_table(values), [1000], config=ClockFeatureConfig())
    short = [(row["attribute"], row["bucket"], row["rank"], row["value"], row["score"]) for row in found]
    assert short == [
        ("genre", 8, 0, "jazz", 4.0),
        ("genre", 8, 1, "funk", 3.0),
        ("mood", 8, 0, "calm", 1.0),
    ]
    assert (found[0]["like"], found[0]["finish"], found[0]["skip"], found[0]["dislike"]) == (1, 2, 0, 0)


def test_window_holds_its_start_and_not_its_end() -> None:
    values = value_table([(1, "genre", "jazz")])
    moment_ms = 100 * DAY_MS
    edges = [moment_ms - 30 * DAY_MS - 1, moment_ms - 30 * DAY_MS, moment_ms - 2, moment_ms]
    rows = [play(user, 1, edge, 0, finish=1) for user, edge in enumerate(edges)]
    found = collect(exposure_table(rows), values, [moment_ms], config=ClockFeatureConfig())
    assert [row["user"] for row in found] == [1, 2]


def test_label_counts_only_once_known() -> None:
    values = value_table([(1, "genre", "jazz")])
    rows = [play(1, 1, 0, 0, finish=1) | {"known_ms_finish": 500}]
    found = collect(exposure_table(rows), values, [500, 501], config=ClockFeatureConfig())
    assert [row["as_of_ms"] for row in found] == [501]


def test_ties_go_to_the_bytewise_smaller_value() -> None:
    names = ["é", "z", "Z", "a", "\U0001f3b5", "ｚ"]
    values = value_table([(1, "genre", name) for name in names])
    config = ClockFeatureConfig(values_per_attribute=6)
    found = collect(exposure_table([play(1, 1, 0, 0, like=1)]), values, [10], config=config)
    assert [row["value"] for row in found] == sorted(names, key=str.encode)


def test_log_with_one_term_and_string_ids() -> None:
    exposures = exposure_table([play(1, 1, 0, 0, finish=1)], ("finish",))
    names = pa.array(["ann"])
    exposures = exposures.set_column(0, "user", names).set_column(1, "item", pa.array(["song"]))
    values = pa.table({"item": ["song"], "attribute": ["genre"], "value": ["jazz"]})
    found = collect(exposures, values, [10], config=ClockFeatureConfig())
    assert [(row["user"], row["value"], row["like"]) for row in found] == [("ann", "jazz", 0)]


def test_parquet_files_give_what_a_table_gives(tmp_path: Path) -> None:
    values = value_table([(1, "genre", "jazz"), (2, "genre", "funk")])
    exposures = exposure_table([play(user, 1 + user % 2, user, 0, finish=1) for user in range(6)])
    paths = [tmp_path / "a.parquet", tmp_path / "it's.parquet"]
    for place, path in enumerate(paths):
        pq.write_table(exposures.slice(3 * place, 3), path)
    config = ClockFeatureConfig()
    assert collect(paths, values, [99], config=config) == collect(exposures, values, [99], config=config)
    assert len(collect(paths[0], values, [99], config=config)) == 3


def test_nothing_in_nothing_out() -> None:
    config = ClockFeatureConfig()
    assert collect(exposure_table([]), value_table([]), [0, DAY_MS], config=config) == []
    assert collect(exposure_table([play(1, 1, 0, 0, finish=1)]), value_table([]), [9], config=config) == []
    values = value_table([(1, "genre", "jazz")])
    assert collect(exposure_table([play(1, 1, 0, 0, finish=1)]), values, [], config=config) == []


def test_batches_hold_one_moment_each_in_order() -> None:
    values = value_table([(1, "genre", "jazz")])
    exposures = exposure_table([play(user, 1, 0, 0, finish=1) for user in range(50)])
    batches = list(stream_clocks(exposures, values, [30, 10, 20, 10], config=ClockFeatureConfig()))
    moments = [batch["as_of_ms"].unique().to_pylist() for batch in batches]
    assert moments == sorted(moments)
    assert {tuple(moment) for moment in moments} == {(10,), (20,), (30,)}
    assert tuple(batches[0].schema.names) == CLOCK_COLUMNS


ids = st.integers(0, 2)
row_strategy = st.builds(
    lambda user, item, day, edge, second, labels, late: (
        {"user": user, "item": item, "timestamp_ms": day * DAY_MS + edge, "second_of_day": second}
        | dict(zip(TERMS, labels, strict=True))
        | {
            f"known_ms_{term}": day * DAY_MS + edge + late_ms
            for term, late_ms in zip(TERMS, late, strict=True)
        }
    ),
    ids,
    ids,
    st.integers(0, 4),
    st.sampled_from([-1, 0, 1]),
    st.sampled_from([0, 3599, 3600, 43_200, 86_399]),
    st.tuples(*[st.sampled_from([None, 0, 1, 1])] * 4),
    st.tuples(*[st.sampled_from([0, 1, DAY_MS, 2 * DAY_MS])] * 4),
)
value_strategy = st.tuples(
    ids, st.sampled_from(["genre", "mood"]), st.sampled_from(["a", "B", "é", "ｚ", "🎵"])
)


@settings(max_examples=30, deadline=None)
@given(
    rows=st.lists(row_strategy, max_size=25),
    values=st.lists(value_strategy, max_size=10),
    moments_ms=st.lists(
        st.builds(lambda day, edge: day * DAY_MS + edge, st.integers(0, 8), st.integers(-1, 2)), max_size=5
    ),
    config=st.builds(
        ClockFeatureConfig,
        buckets_per_day=st.sampled_from([1, 7, 24, 48]),
        window_days=st.integers(1, 3),
        values_per_attribute=st.integers(1, 3),
        weights=st.sampled_from([Eq3Weights(), Eq3Weights(like=0.1, finish=0.3, skip=0.2, dislike=0)]),
    ),
)
def test_agrees_with_loops(
    rows: list[Row], values: list[tuple[int, str, str]], moments_ms: list[int], config: ClockFeatureConfig
) -> None:
    found = collect(exposure_table(rows), value_table(values), moments_ms, config=config)
    assert found == reference(rows, values, moments_ms, config)


def test_one_moment_as_an_expression_agrees_with_the_stream() -> None:
    values = value_table([(1, "genre", "jazz"), (2, "genre", "funk"), (2, "mood", "calm")])
    rows = [play(user, 1 + user % 2, user * DAY_MS, 60 * user, finish=1) for user in range(9)]
    exposures, config = exposure_table(rows), ClockFeatureConfig(window_days=4)
    item_values = ibis.memtable(values)
    codes = value_codes(item_values)
    cast = votes(ibis.memtable(exposures), item_values, codes, config)
    for moment_ms in (3 * DAY_MS, 8 * DAY_MS + 5):
        expression = clocks_as_of(cast, codes, moment_ms, config)
        by_user = expression.order_by("user", "attribute").to_pyarrow().to_pylist()
        assert by_user == collect(exposures, values, [moment_ms], config=config)


def test_log_without_any_term() -> None:
    exposures = exposure_table([play(1, 1, 0, 0)], ())
    with pytest.raises(LogError, match="no column like, finish, skip or dislike among user, item"):
        collect(exposures, value_table([]), [1], config=ClockFeatureConfig())


def test_memory_limit_out_of_range() -> None:
    with pytest.raises(ConfigError, match="memory_limit_mib is 0; give 1 or more"):
        collect(exposure_table([]), value_table([]), [1], config=ClockFeatureConfig(), memory_limit_mib=0)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"buckets_per_day": 0}, "buckets_per_day is 0; give 1 to 86400"),
        ({"window_days": 0}, "window_days is 0; give 1 or more"),
        ({"values_per_attribute": -1}, "values_per_attribute is -1; give 1 or more"),
    ],
)
def test_config_out_of_range(setting: dict[str, int], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        ClockFeatureConfig(**setting)
