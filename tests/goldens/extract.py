"""The one place that knows where the package keeps what the goldens hold.

Everything else here speaks of users, items and events by their own ids. When an internal name or array
changes, this file follows; a value that changes with it is a change of behaviour.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch

from interestclock.events import EventSource
from interestclock.live import LiveConfig, LiveRun
from interestclock.samples import PrepareConfig
from interestclock.snapshots import Snapshot, SnapshotReader, list_manifests
from interestclock.streams import LiveSource
from interestclock.studies import CompareConfig, compare, export_features
from interestclock.workers import Job, Workers

__all__ = ["compared", "exported", "final_state", "run_in_two", "snapshots", "what_was_predicted"]

_COSTS = ("seconds", "samples_per_second", "peak_rss_mib")
_INTERVALS = ("ci95", "seeds")
_NO_INTEGER, _PADDING = np.iinfo(np.int64).min, b"\xff"


def compared(source: EventSource, folder: Path, *, config: CompareConfig) -> dict[str, Any]:
    """``compare``, its jobs in this very process, since starting one takes longer than they do.

    Parts: ``predictions/RANKER`` by task, float32, in the log's order; ``metrics``; ``counts``.
    """
    module = sys.modules[compare.__module__]
    with mock.patch.object(module, "Workers", _Here):
        results = compare(source, folder, config=config)
    parts: dict[str, Any] = {}
    for ranker in config.rankers:
        run = pq.read_table(folder / "predictions" / f"{ranker}-seed0.parquet")
        tasks = [name.removeprefix("p.") for name in run.column_names if name.startswith("p.")]
        parts[f"predictions/{ranker}"] = {task: run[f"p.{task}"].to_numpy() for task in tasks}
    views = ("rankers", "frozen", "validation", "oracle")
    parts["metrics"] = _means({view: results[view] for view in views})
    parts["counts"] = {name: value for name, value in results["log"].items() if name != "fingerprint"}
    return parts


class _Here(Workers):
    def __init__(self, count: int, *, prepare: Any) -> None:
        super().__init__(0, prepare=prepare)

    def run(self, jobs: Sequence[Job], heard: Any) -> list[Any]:
        return [job(heard) for job in jobs]


def _means(results: Any) -> Any:
    """Without what a run cost, and without intervals; a mean stands for itself."""
    if not isinstance(results, dict):
        return results
    kept = {n: _means(each) for n, each in results.items() if n not in _COSTS and not n.endswith(_INTERVALS)}
    return kept["mean"] if list(kept) == ["mean"] else kept


def exported(source: EventSource, folder: Path, *, config: PrepareConfig) -> dict[str, Any]:
    """What samples are made from, by external id.

    Parts: ``features/samples``, a line a request: user, time, local second of day, weekday, how many
    behaviours were known, and the candidates with their label; ``features/histories``, by user the
    behaviours (item, time, local second of day) as they became known; ``features/clocks``, by UTC day and
    user the values of each attribute and bucket, best first.
    """
    export_features(source, folder, config=config)
    samples = pq.read_table(folder / "samples.parquet").to_pylist()
    return {
        "features/samples": _by_request(samples, source.schema.main_label),
        "features/histories": _by_user(pq.read_table(folder / "histories.parquet")),
        "features/clocks": _by_day(samples, pq.read_table(folder / "clocks.parquet")),
    }


def _by_request(samples: list[dict[str, Any]], label: str) -> list[dict[str, Any]]:
    requests: dict[int, dict[str, Any]] = {}
    for row in samples:
        said = {
            "user": row["user_id"],
            "timestamp_ms": row["timestamp_ms"],
            "second_of_day": row["second_of_day"],
            "day_of_week": row["day_of_week"],
            "known": row["history_end"] - row["history_first"],
            "candidates": [],
        }
        request = requests.setdefault(row["request"], said)
        request["candidates"].append([row["item_id"], row[f"label.{label}"]])
    return list(requests.values())


def _by_user(behaviours: pa.Table) -> dict[str, list[list[Any]]]:
    histories: dict[str, list[list[Any]]] = {}
    for row in behaviours.to_pylist():
        histories.setdefault(str(row["user_id"]), []).append(
            [row["item_id"], row["timestamp_ms"], row["second_of_day"]]
        )
    return histories


def _by_day(samples: list[dict[str, Any]], clocks: pa.Table) -> dict[str, dict[str, Any]]:
    days: dict[str, dict[str, Any]] = {}
    rows = clocks.to_pylist()
    for sample in samples:
        day = datetime.fromtimestamp(sample["timestamp_ms"] / 1_000, UTC).date().isoformat()
        clock = {name: _buckets(each) for name, each in rows[sample["clock_row"]].items()}
        said = days.setdefault(day, {}).setdefault(sample["user_id"], clock)
        assert said == clock, "a user has one clock a day"
    return days


def _buckets(values: list[list[str]]) -> dict[str, list[str]]:
    return {str(bucket): each for bucket, each in enumerate(values) if each}


def run_in_two(
    source: LiveSource, again: LiveSource, folder: Path, *, config: LiveConfig, stop_after: int
) -> LiveRun:
    """A live run that stops after so many arrivals, and one that goes on to the end of the stream."""
    with LiveRun(source, folder, config=config) as run:
        turns = iter(range(stop_after - 1))

        def stop() -> None:
            run.stopping = next(turns, None) is None

        run.run(stop)
    with LiveRun(again, folder, config=config, resume=True) as run:
        run.run()
    return run


def what_was_predicted(run: LiveRun) -> dict[str, Any]:
    """Parts: ``predicted``, event ids in the order of the stream, and ``predictions`` of these by task."""
    paths = sorted((run.folder / "predictions").glob("part-*.parquet"))
    table = pa.concat_tables([pq.read_table(path) for path in paths])
    tasks = run.source.schema.labels
    return {
        "predicted": table["event_id"].to_pylist(),
        "predictions": {task: table[f"p.{task}"].to_numpy() for task in tasks},
    }


def final_state(run: LiveRun) -> dict[str, Any]:
    """The state as of the last exposure, by external id.

    Parts: ``counters``; ``dead-letters``, where and why; ``ids``, by kind and id whether it was admitted;
    ``items``, their attributes' values; ``histories`` and ``clocks``, as ``exported`` has them.
    """
    rows = run.trainer.rows
    slot_of = {kind: _numbers(rows.identity(kind).ids()) for kind in rows.ledgers}
    admitted = {
        kind: dict(zip(slots, rows.ledgers[kind].is_admitted(_array(slots)).tolist(), strict=True))
        for kind, slots in slot_of.items()
    }
    path = run.folder / "dead-letters.jsonl"
    letters = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return {
        "counters": run.trainer.buffer.counters.counts(),
        "dead-letters": [[each["offset"], each["reason"]] for each in map(json.loads, letters)],
        "ids": admitted,
        "items": _described(run, slot_of["item"]),
        "histories": _live_histories(run, slot_of["user"], slot_of["item"]),
        "clocks": _live_clocks(run, slot_of["user"]),
    }


def _numbers(ids: pa.Array) -> dict[str, int]:
    """Numbers by id, in the order of the ids."""
    known = [(str(each), number) for number, each in enumerate(ids.to_pylist(), 1) if each is not None]
    return dict(sorted(known))


def _array(numbers: dict[str, int]) -> np.ndarray:
    return np.array(list(numbers.values()), np.int64)


def _described(run: LiveRun, item_of: dict[str, int]) -> dict[str, dict[str, list[str]]]:
    values = run.trainer.features.values
    described: dict[str, dict[str, list[str]]] = {each: {} for each in item_of}
    for name in values.names:
        words = [None, *values.named(name).to_pylist()]
        for item, row in zip(item_of, values.of(name, _array(item_of)).tolist(), strict=True):
            described[item][name] = [words[each] for each in row if each]
    return described


def _live_histories(
    run: LiveRun, user_of: dict[str, int], item_of: dict[str, int]
) -> dict[str, list[list[Any]]]:
    histories, at_ms = run.trainer.features.user_histories, run.trainer.event_ms
    id_of = {slot: each for each, slot in item_of.items()}
    found = {}
    for user, slot in user_of.items():
        mine = histories.of_user(slot)
        known = [each for each in range(len(mine["item"])) if mine["known_ms"][each] < at_ms]
        rows = zip(*(mine[name].tolist() for name in ("item", "timestamp_ms", "second_of_day")), strict=True)
        listed = list(rows)[: len(known)][-run.config.longest :]
        found[user] = [[id_of.get(item), shown_ms, second] for item, shown_ms, second in listed]
    return found


def _live_clocks(run: LiveRun, user_of: dict[str, int]) -> dict[str, Any]:
    features = run.trainer.features
    if features.votes is None:
        return {}
    read = features.votes.read(_array(user_of), np.full(len(user_of), run.trainer.event_ms))
    words = {name: [None, *features.values.named(name).to_pylist()] for name in read}
    return {
        user: {
            name: _buckets([[words[name][v] for v in bucket if v] for bucket in clock_MHK[place].tolist()])
            for name, clock_MHK in read.items()
        }
        for place, user in enumerate(user_of)
    }


def snapshots(folder: Path) -> dict[str, Any]:
    """Parts: ``snapshots/all``, kinds and watermarks; ``snapshots/whole``, ``snapshots/delta``, the first.

    A snapshot is what a server has after it: by kind and id the embedding row (null where an id has none),
    by item the values it is made of; of a delta, whose rows are other ones. ``snapshots/whole-norms`` and
    ``snapshots/delta-norms``: of dense weights, by name.
    """
    manifests, reader = list_manifests(folder), SnapshotReader(folder)
    delta = next(place for place, manifest in enumerate(manifests) if manifest.kind == "delta")
    before, after = (reader.load(manifests[place].name) for place in (delta - 1, delta))
    whole, changed = _rows_by_id(before), _rows_by_id(after)
    others = {
        kind: [each for each, row in rows.items() if row != whole.get(kind, {}).get(each)]
        for kind, rows in changed.items()
    }
    return {
        "snapshots/all": [[manifest.kind, manifest.watermark_ms, manifest.step] for manifest in manifests],
        "snapshots/whole": _said(before),
        "snapshots/delta": _said(after) | {"others": others},
        "snapshots/whole-norms": _norms(before),
        "snapshots/delta-norms": _norms(after),
    }


def _said(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "kind": snapshot.manifest.kind,
        "watermark_ms": snapshot.manifest.watermark_ms,
        "rows": _rows_by_id(snapshot),
        "items": _made_of(snapshot),
    }


def _norms(snapshot: Snapshot) -> dict[str, float]:
    return {name: _rounded(each.norm()) for name, each in sorted(snapshot.dense.items())}


def _kinds(snapshot: Snapshot) -> Iterator[tuple[str, dict[str, int]]]:
    """Each kind of id, and the row of each id of it."""
    for name, ids in sorted(snapshot.tables.items()):
        if name.startswith("ids."):
            kind = name.removeprefix("ids.")
            row_of = snapshot.tables[f"rows.{kind}"].tolist()
            known = ((_id(each), number) for number, each in enumerate(ids.numpy(), 1))
            yield kind, dict(sorted((each, row_of[number]) for each, number in known if each is not None))


def _id(row: Any) -> str | None:
    if np.ndim(row):
        return row.tobytes().rstrip(_PADDING).decode() or None
    return None if row == _NO_INTEGER else str(row)


def _rows_by_id(snapshot: Snapshot) -> dict[str, dict[str, list[float] | None]]:
    weight = snapshot.tables["weight"]
    return {
        kind: {each: [_rounded(value) for value in weight[row]] if row else None for each, row in ids.items()}
        for kind, ids in _kinds(snapshot)
    }


def _made_of(snapshot: Snapshot) -> dict[str, list[str]]:
    kinds = dict(_kinds(snapshot))
    value_of = {
        row: each for kind, ids in kinds.items() if kind.startswith("attribute.") for each, row in ids.items()
    }
    items = _numbers(pa.array([_id(each) for each in snapshot.tables["ids.item"].numpy()]))
    rows = snapshot.tables["items"].tolist()
    return {item: [value_of[row] for row in rows[number][1:] if row] for item, number in items.items()}


def _rounded(value: torch.Tensor) -> float:
    return float(f"{float(value):.7g}")
