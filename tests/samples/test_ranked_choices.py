"""Choices ranked among many: which, among what, and nothing of what came later."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from in_memory import CHOICES, HOUR_MS, MemorySource, choices_log

from interestclock.samples import CandidateConfig, PrepareConfig, SampleFolder, prepare_samples
from interestclock.samples.ranked_choices import RankedChoices, _merged, draw_ranked_choices

PARTS = {"validation": (100, 150), "test": (150, 200)}


def drawn(folder: SampleFolder, *, most: int = 1_000, config: CandidateConfig | None = None) -> RankedChoices:
    config = config or CandidateConfig()
    return draw_ranked_choices(folder, folder.state(), parts=PARTS, most=most, config=config)


def known_before(events: pa.Table, row: int, *, own: bool) -> set[str]:
    """Items known to be chosen before a row, less what its user chose at that very time: a slow loop."""
    rows = events.to_pylist()
    this, found = rows[row], set()
    for each in rows:
        if each["known_ms.visit"] < this["timestamp_ms"] and (not own or each["user_id"] == this["user_id"]):
            found.add(each["item_id"])
    for each in rows:
        if (each["user_id"], each["timestamp_ms"]) == (this["user_id"], this["timestamp_ms"]):
            found.discard(each["item_id"])
    return found


@pytest.mark.parametrize(
    ("config", "own"),
    [
        (CandidateConfig(), False),
        (CandidateConfig(own_past="recent"), False),
        (CandidateConfig(from_own_past=0), False),
        (CandidateConfig(by_popularity=0), True),
    ],
)
def test_a_small_past_stands_beside_each_choice_whole_and_once(
    prepared_choices: SampleFolder, choices_source: MemorySource, config: CandidateConfig, own: bool
) -> None:
    items = ["", *prepared_choices.vocabulary("item").to_pylist()]
    ranked = drawn(prepared_choices, config=config)
    for request, listed in zip(ranked.request_N, ranked.item_NC, strict=True):
        chosen, *others = [items[number] for number in listed if number]
        assert chosen == choices_source.events["item_id"][int(request) - 1].as_py()
        assert len(set(others)) == len(others)
        assert set(others) == known_before(choices_source.events, int(request) - 1, own=own)


def test_scored_choices_alone_are_picked_and_all_where_there_are_few(
    prepared_choices: SampleFolder, choices_source: MemorySource
) -> None:
    scored = [row + 1 for row in range(100, 200) if _chosen_before(choices_source.events, row)]
    assert 0 < len(scored) < 100
    ranked = drawn(prepared_choices)
    assert ranked.request_N.tolist() == scored
    assert ranked.part_N.tolist() == ["validation" if request <= 150 else "test" for request in scored]


def _chosen_before(events: pa.Table, row: int) -> bool:
    rows = events.to_pylist()
    return any(
        each["item_id"] == rows[row]["item_id"] and each["known_ms.visit"] < rows[row]["timestamp_ms"]
        for each in rows
    )


def test_a_few_are_picked_by_lot(prepared_choices: SampleFolder) -> None:
    ranked, again = drawn(prepared_choices, most=7), drawn(prepared_choices, most=7)
    other = drawn(prepared_choices, most=7, config=CandidateConfig(seed=1))
    assert ranked.part_N.tolist() == ["validation"] * 7 + ["test"] * 7
    assert (np.diff(ranked.request_N) > 0).all()
    assert ranked.request_N.tolist() == again.request_N.tolist() != other.request_N.tolist()
    assert set(ranked.request_N) <= set(drawn(prepared_choices, most=20).request_N)
    np.testing.assert_array_equal(ranked.item_NC, again.item_NC)


def test_nothing_later_changes_a_list(prepared_choices: SampleFolder, tmp_path: Path) -> None:
    poisoned = choices_log(11, delay_ms=HOUR_MS)
    later = [
        f"poison {row % 3}" if row >= 150 else item.as_py() for row, item in enumerate(poisoned["item_id"])
    ]
    poisoned = poisoned.set_column(poisoned.column_names.index("item_id"), "item_id", pa.array(later))
    source = MemorySource(schema=CHOICES, events=poisoned)
    folder = prepare_samples(source, tmp_path / "samples", config=PrepareConfig(rows_per_chunk=17))
    ranked, other = drawn(prepared_choices), drawn(folder)
    first = ranked.part_N == "validation"
    np.testing.assert_array_equal(ranked.request_N[first], other.request_N[other.part_N == "validation"])
    np.testing.assert_array_equal(ranked.item_NC[first], other.item_NC[other.part_N == "validation"])


def test_half_is_popular_half_of_the_own_past_and_either_fills_up() -> None:
    popular, own = np.arange(1, 301), np.arange(1_001, 1_301)
    assert _merged(popular, own, popular=100).tolist() == [*range(1, 101), *range(1_001, 1_100)]
    assert _merged(popular, own[:9], popular=100).tolist() == [*range(1, 101), *own[:9], *range(101, 191)]
    assert _merged(popular[:9], own, popular=100).tolist() == [*range(1, 10), *range(1_001, 1_191)]
    assert _merged(popular[:3], np.array([2, 7]), popular=100).tolist() == [1, 2, 3, 7]


def test_they_are_read_as_they_were_written(prepared_choices: SampleFolder, tmp_path: Path) -> None:
    for most in (5, 0):
        ranked = drawn(prepared_choices, most=most)
        ranked.write(tmp_path / "choices.parquet")
        read = RankedChoices.read(tmp_path / "choices.parquet")
        for name in ("request_N", "user_N", "part_N", "item_NC"):
            np.testing.assert_array_equal(getattr(read, name).ravel(), getattr(ranked, name).ravel())
        assert read.candidates().tolist() == ranked.candidates().tolist()
