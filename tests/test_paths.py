"""Whatever takes a path takes it as text, too."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from in_memory import REQUESTS, MemorySource, requests_log
from random_batches import make_ranker
from small_live import LIVE

import interestclock
from interestclock.admission import AdmissionConfig, AdmittedEntry, AdmittedFollower, AdmittedLog, EventBuffer
from interestclock.admission.admission import Admission
from interestclock.events import ColumnMapping, open_log
from interestclock.events.schema import LogSchema
from interestclock.live import Checkpoints, LiveRun
from interestclock.live.migrate import migrate
from interestclock.live.trainer_folder import TrainerFolder
from interestclock.operations.json_logs import log_to
from interestclock.ranking import load_ranker, save_ranker
from interestclock.search import ProjectionCache
from interestclock.simulator import SimulatorSize, write_simulated_log
from interestclock.snapshots import SnapshotReader, SnapshotWriter, diff, list_manifests, verify
from interestclock.state import StateConfig
from interestclock.store import LmdbStore, StoreWriter
from interestclock.streams import (
    EmbeddedLogSource,
    EmbeddedLogWriter,
    ReplaySource,
    SegmentFollower,
    Segments,
    followers_of,
    open_live,
)

IN_A_PLAN = {"RunPlan"}  # a comparison fills it in; it is handed to other processes


def public_calls() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Functions that packages export, and what one calls on classes that they do."""
    for each in pkgutil.iter_modules(interestclock.__path__, "interestclock."):
        if not each.ispkg or each.name == "interestclock.cli":
            continue
        package = importlib.import_module(each.name)
        for name in package.__all__:
            thing = getattr(package, name)
            if inspect.isfunction(thing):
                yield name, thing
            if inspect.isclass(thing):
                methods = {key: getattr(value, "__func__", value) for key, value in vars(thing).items()}
                for key, method in methods.items():
                    if inspect.isfunction(method) and (key == "__init__" or not key.startswith("_")):
                        yield f"{name}.{key}", method


def takes_a_path(annotation: str) -> bool:
    return "Path" in annotation and "LogPath" not in annotation  # which is text, too


def test_who_says_path_says_text_too() -> None:
    taken = [
        (name, parameter.name, str(parameter.annotation))
        for name, call in public_calls()
        for parameter in inspect.signature(call).parameters.values()
        if takes_a_path(str(parameter.annotation)) and name.partition(".")[0] not in IN_A_PLAN
    ]
    assert len(taken) > 30
    assert [each for each in taken if "str | " not in each[2]] == []


def _snapshots(folder: Any) -> None:
    writer = SnapshotWriter(folder, feature_fingerprint="f")
    common: dict[str, Any] = {"dense": {"w": torch.ones(1)}, "tables": {}, "about": {}, "watermark_ms": 0}
    names = [writer.full(**common, step=step).name for step in (1, 2)]
    diff(folder, *names)
    list_manifests(folder)
    verify(folder)
    SnapshotReader(folder)


def _embedded(folder: Any) -> None:
    EmbeddedLogWriter(folder).close()
    EmbeddedLogSource(folder, schema=LogSchema(labels=("finish",))).close()
    followers_of(folder)


def _store(folder: Any) -> None:
    StoreWriter(folder, schema=LogSchema(labels=("finish",)), config=StateConfig()).close()
    LmdbStore(folder).close()


def _ranker(folder: Any) -> None:
    save_ranker(make_ranker(), folder)
    load_ranker(folder)


def _segments(folder: Any) -> None:
    Segments(folder, prefix="log").append([b"1"])
    list(SegmentFollower(folder, prefix="log").read())


def _admitted(folder: Any) -> None:
    AdmittedLog(folder).append(AdmittedEntry(first_arrival=0, source="wall", polled_ms=9_000, awaited=()))
    AdmittedFollower(folder)
    buffer = EventBuffer(REQUESTS, config=AdmissionConfig())
    Admission(ReplaySource(MemorySource(schema=REQUESTS, events=requests_log(3))), folder, buffer=buffer)


def _log(folder: Any) -> None:
    write_simulated_log(folder, size=SimulatorSize(users=5, items=200, days=2, exposures_per_day=40))
    open_log(folder)
    open_live(str(folder), mapping=None)


def _run(folder: Any) -> None:
    source = ReplaySource(MemorySource(schema=REQUESTS, events=requests_log(3)))
    with LiveRun(source, folder, config=LIVE) as run:
        run.run(lambda: setattr(run, "stopping", True))
    with LiveRun(source, f"{folder}-2", config=LIVE, state_from=folder):
        pass
    list_manifests(f"{folder}/snapshots")


def _cache(path: Any) -> None:
    written = ProjectionCache.write(path, key_NZ=torch.eye(3), query_NZ=torch.eye(3), version="1")
    ProjectionCache(path)
    rows = {"item_R": torch.tensor([0]), "key_RZ": torch.ones(1, 3), "query_RZ": torch.ones(1, 3)}
    written.updated(path, **rows, version="2")


def _mapping(path: Any) -> None:
    Path(path).write_text('labels = ["finish"]\n')
    ColumnMapping.from_toml(path)


ENTRIES: list[Callable[[Any], object]] = [
    _snapshots,
    _embedded,
    _store,
    _ranker,
    _segments,
    _admitted,
    _log,
    _run,
    _cache,
    _mapping,
    lambda folder: TrainerFolder(folder, {"source": "a"}, resume=False).release(),
    lambda folder: Checkpoints(folder, kept=1),
    lambda folder: log_to(folder)(),
]


@pytest.mark.parametrize("entry", ENTRIES)
def test_it_does_the_same_with_text(entry: Callable[[Any], object], tmp_path: Path) -> None:
    made = {}
    for name, kind in (("path", Path), ("text", str)):
        (tmp_path / name).mkdir()
        entry(kind(tmp_path / name / "it"))
        made[name] = sorted(path.name for path in (tmp_path / name).iterdir())
    assert made["path"] == made["text"] != []


def test_a_folder_to_migrate_may_be_text(tmp_path: Path) -> None:
    from interestclock.errors import ResultError

    for kind in (Path, str):
        with pytest.raises(ResultError):
            migrate(kind(tmp_path / "none"), kind(tmp_path / "new"))
