from __future__ import annotations

import shutil
from collections import Counter
from dataclasses import replace
from itertools import pairwise, product
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch
from in_memory import CHOICES, DAY_MS, MemorySource, choices_log

from interestclock.clock_features import ClockFeatureConfig, preference_score
from interestclock.errors import LogError, ResultError
from interestclock.events.schema import EQ3_ROLES
from interestclock.samples import (
    BatchMaker,
    CandidateConfig,
    Manifest,
    PrepareConfig,
    SampleFolder,
    prepare_samples,
)

WINDOW_MS = 2 * DAY_MS
PREPARED = ["requests", "choices"]


@pytest.fixture(params=PREPARED)
def prepared(request: pytest.FixtureRequest) -> tuple[MemorySource, SampleFolder]:
    return (
        request.getfixturevalue(f"{request.param}_source"),
        request.getfixturevalue(f"prepared_{request.param}"),
    )


def genres_by_item(events: pa.Table) -> dict[int | str, set[str]]:
    """As the first row that shows an item says."""
    rows = reversed(events.select(["item_id", "attribute.genre"]).to_pylist())
    return {row["item_id"]: set(row["attribute.genre"]) for row in rows}


def slow_clock(source: MemorySource, user: int | str, day_ms: int) -> list[list[str]]:
    """Equation 3 in loops: a user's best genres by hour, from what was known before a day began."""
    genres, schema = genres_by_item(source.events), source.schema
    counts = {role: Counter() for role in EQ3_ROLES}
    for row, (role, label) in product(source.events.to_pylist(), schema.eq3_labels.items()):
        shown_ms, known_ms = row["timestamp_ms"], row[f"known_ms.{label}"]
        counted = row["user_id"] == user and row[f"label.{label}"] == 1
        if counted and day_ms - WINDOW_MS <= shown_ms < day_ms and known_ms < day_ms:
            counts[role].update((row["second_of_day"] // 3600, genre) for genre in genres[row["item_id"]])
    weights, clock = ClockFeatureConfig().weights, []
    for hour in range(24):
        values = {genre for role in EQ3_ROLES for bucket, genre in counts[role] if bucket == hour}
        scores = {v: preference_score(*(counts[r][hour, v] for r in EQ3_ROLES), weights) for v in values}
        liked = [v for v in sorted(scores, key=lambda v: (-scores[v], v.encode())) if scores[v] > 0]
        clock.append(liked[:3])
    return clock


def test_clocks_are_equation_3_as_of_the_start_of_the_utc_day(
    prepared: tuple[MemorySource, SampleFolder],
) -> None:
    source, folder = prepared
    users, genres = folder.vocabulary("user").to_pylist(), [None, *folder.vocabulary("attribute.genre")]
    slow, filled = {}, 0
    for chunk in folder.chunks(BatchMaker(recent=1, clocks=True), folder.state()):
        for batch in chunk.batches(10_000):
            for request, first in enumerate(batch.first_M.tolist()):
                key = (users[batch.user_B[first] - 1], int(batch.timestamp_ms_B[first]) // DAY_MS * DAY_MS)
                if key not in slow:
                    slow[key] = slow_clock(source, *key)
                clock = batch.clocks["genre"][request].tolist()
                named = [[str(genres[number]) for number in bucket if number] for bucket in clock]
                assert named == slow[key]
                filled += sum(map(len, named))
    assert filled > 100


def test_histories_and_recent_items_are_what_was_known_before(
    prepared: tuple[MemorySource, SampleFolder],
) -> None:
    source, folder = prepared
    users, items = folder.vocabulary("user").to_pylist(), folder.vocabulary("item").to_pylist()
    state, rows = folder.state(), source.events.to_pylist()
    for chunk in folder.chunks(BatchMaker(recent=4, clocks=False), folder.state()):
        batch = next(chunk.batches(10_000))
        histories = state.histories()
        start_M, stop_M = batch.newest(histories, most=1000)
        for request, first in enumerate(batch.first_M.tolist()):
            user, now_ms = users[batch.user_B[first] - 1], int(batch.timestamp_ms_B[first])
            known = sorted(
                (min(times), place)
                for place, row in enumerate(rows)
                if row["user_id"] == user
                and (times := _engaged_ms(row, source.schema.engaged))
                and min(times) < now_ms
            )
            expected = [items.index(rows[place]["item_id"]) + 1 for _, place in known]
            assert histories.item_E[start_M[request] : stop_M[request]].tolist() == expected
            recent = batch.recent_MK[request]
            assert recent[recent > 0].tolist() == expected[-4:]


def _engaged_ms(row: dict[str, int], engaged: tuple[str, ...]) -> list[int]:
    return [row[f"known_ms.{label}"] for label in engaged if row[f"label.{label}"] == 1]


def test_counts_add_up(prepared: tuple[MemorySource, SampleFolder]) -> None:
    source, folder = prepared
    counts, times = folder.manifest.counts, source.events["timestamp_ms"].to_numpy()
    chunks = list(folder.chunks(BatchMaker(recent=1, clocks=False), folder.state()))
    labels = torch.cat([chunk.samples.labels[source.schema.labels[0]] for chunk in chunks])
    assert counts["read"] == counts["used"] == counts["events"] == times.size
    assert counts["samples"] == sum(map(len, chunks)) == len(labels)
    assert (counts["first_ms"], counts["last_ms"]) == (times[0], times[-1])
    assert counts["users"] == len(source.events["user_id"].unique()) == len(folder.vocabulary("user"))
    assert counts["items"] == len(source.events["item_id"].unique())
    assert counts["items_without_attributes"] == sum(
        not genres for genres in genres_by_item(source.events).values()
    )
    if source.schema.positive_only:
        assert counts["samples"] == counts["events"] - counts["unscored"] + counts["sampled_candidates"]
        assert counts["sampled_candidates"] == int((labels == 0).sum())
    else:
        assert counts["unscored"] == counts["sampled_candidates"] == 0


def test_ids_labels_and_times_come_back(
    requests_source: MemorySource, prepared_requests: SampleFolder
) -> None:
    folder, events = prepared_requests, requests_source.events
    chunks = list(folder.chunks(BatchMaker(recent=1, clocks=False), folder.state()))
    samples = [chunk.samples for chunk in chunks]
    for name, column in (("user", "user_B"), ("item", "item_B")):
        numbers = torch.cat([getattr(sample, column) for sample in samples]).numpy()
        assert (
            folder.vocabulary(name).take(pa.array(numbers - 1)).equals(events[f"{name}_id"].combine_chunks())
        )
    known_ms = np.max([events[f"known_ms.{name}"].to_numpy() for name in folder.schema.labels], axis=0)
    assert torch.cat([sample.known_ms_B for sample in samples]).tolist() == known_ms.tolist()
    assert folder.event_times_ms().tolist() == events["timestamp_ms"].to_pylist()
    assert (
        torch.cat([chunk.truths["finish"] for chunk in chunks]).tolist() == events["truth.finish"].to_pylist()
    )
    assert folder.schema == requests_source.schema


def test_sizes_grow_to_the_vocabularies(prepared_requests: SampleFolder) -> None:
    sizes = [note.sizes for note in prepared_requests.manifest.chunks]
    last = sizes[-1]
    assert all(first[name] <= then[name] for first, then in pairwise(sizes) for name in last)
    assert last["attribute.genre"] == len(prepared_requests.vocabulary("attribute.genre"))
    assert set(last) == {"user", "item", "attribute.genre", "context.device", "context.tags"}


@pytest.mark.parametrize("rows_per_chunk", [1, 64, 10_000])
def test_samples_do_not_depend_on_the_chunk_size(
    choices_source: MemorySource, prepared_choices: SampleFolder, tmp_path: Path, rows_per_chunk: int
) -> None:
    config = PrepareConfig(clocks=ClockFeatureConfig(window_days=2), rows_per_chunk=rows_per_chunk)
    other = prepare_samples(choices_source, tmp_path / "samples", config=config)
    assert other.manifest.counts == prepared_choices.manifest.counts
    assert _items_shown(other) == _items_shown(prepared_choices)


def _items_shown(folder: SampleFolder) -> list[int]:
    chunks = folder.chunks(BatchMaker(recent=1, clocks=False), folder.state())
    return torch.cat([chunk.samples.item_B for chunk in chunks]).tolist()


def test_the_seed_of_the_candidates_is_heard(choices_source: MemorySource, tmp_path: Path) -> None:
    folders = [
        prepare_samples(
            choices_source,
            tmp_path / str(seed),
            config=PrepareConfig(candidates=CandidateConfig(seed=seed)),
        )
        for seed in (0, 0, 1)
    ]
    first, again, other = (_items_shown(folder) for folder in folders)
    assert first == again != other


def test_a_log_that_breaks_off_leaves_no_folder(choices_source: MemorySource, tmp_path: Path) -> None:
    broken = replace(choices_source, breaks_after=150)
    with pytest.raises(OSError, match="ends in the middle of a row"):
        prepare_samples(broken, tmp_path / "samples", config=PrepareConfig(rows_per_chunk=50))
    assert list(tmp_path.iterdir()) == []


def test_a_log_that_breaks_off_leaves_an_older_folder_whole(
    choices_source: MemorySource, tmp_path: Path
) -> None:
    before = prepare_samples(choices_source, tmp_path / "samples", config=PrepareConfig())
    with pytest.raises(OSError, match="ends in the middle of a row"):
        prepare_samples(replace(choices_source, breaks_after=0), tmp_path / "samples", config=PrepareConfig())
    assert SampleFolder(tmp_path / "samples").manifest == before.manifest


@pytest.mark.parametrize("choices", [0, 1])
def test_a_log_with_nothing_to_score_says_so(tmp_path: Path, choices: int) -> None:
    source = MemorySource(schema=CHOICES, events=choices_log(1, choices=choices))
    with pytest.raises(LogError, match=f"gave {choices} usable events and nothing to score; see its dead"):
        prepare_samples(source, tmp_path / "samples", config=PrepareConfig())
    assert list(tmp_path.iterdir()) == []


def test_a_log_without_attributes_has_no_clocks(choices_source: MemorySource, tmp_path: Path) -> None:
    schema = replace(choices_source.schema, attributes=(), clock_attributes=())
    source = replace(choices_source, schema=schema)
    folder = prepare_samples(source, tmp_path / "samples", config=PrepareConfig())
    chunk = next(folder.chunks(BatchMaker(recent=2, clocks=True), folder.state()))
    assert chunk.samples.clocks == {}
    assert folder.item_attributes(folder.state()) == {}


def test_progress_tells_how_many_rows_were_read(choices_source: MemorySource, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    prepare_samples(
        choices_source,
        tmp_path / "samples",
        config=PrepareConfig(rows_per_chunk=100),
        progress=lambda *news: told.append(news),
    )
    assert told == [("reading the log", 100, 0), ("reading the log", 200, 0)]


def test_a_folder_without_a_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match=r"holds no prepared samples \(no manifest.json\); prepare the log"):
        SampleFolder(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("manifest.json", "{", "no whole JSON object"),
        ("manifest.json", '{"format": 7, "chunk": []}', "key 'chunk' is unknown; there are schema, counts"),
        ("manifest.json", '{"format": 7, "schema": 1}', "key 'schema': expected object, got int"),
        ("state.safetensors", "{", "it is damaged"),
    ],
)
def test_what_is_damaged_is_named(
    name: str, content: str, said: str, prepared_choices: SampleFolder, tmp_path: Path
) -> None:
    path = tmp_path / "copy"
    shutil.copytree(prepared_choices.path, path)
    (path / name).write_text(content)
    with pytest.raises(ResultError, match=rf"{name}: {said}.*; prepare the log again"):
        SampleFolder(path).state()


def test_only_samples_and_empty_folders_are_replaced(
    choices_source: MemorySource, prepared_choices: SampleFolder, tmp_path: Path
) -> None:
    copied, mine = tmp_path / "copy", tmp_path / "mine"
    shutil.copytree(prepared_choices.path, copied)
    mine.mkdir()
    for path in (copied, mine):
        again = prepare_samples(choices_source, path, config=PrepareConfig())
        assert again.manifest.counts == prepared_choices.manifest.counts
    shutil.rmtree(mine)
    mine.mkdir()
    (mine / "notes.txt").touch()
    with pytest.raises(ResultError, match="mine is there already; name another folder, or remove it first"):
        prepare_samples(choices_source, mine, config=PrepareConfig())
    assert [path.name for path in mine.iterdir()] == ["notes.txt"]


def test_a_folder_of_another_format_is_refused(prepared_choices: SampleFolder, tmp_path: Path) -> None:
    replace(prepared_choices.manifest, format=99).write(tmp_path)
    with pytest.raises(ResultError, match="has format 99, this version reads 7; prepare the log again"):
        Manifest.read(tmp_path)
