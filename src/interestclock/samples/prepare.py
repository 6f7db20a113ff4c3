"""From an event log to samples on disk, point in time, in one pass and bounded memory."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from safetensors.numpy import save_file

from interestclock.errors import LogError
from interestclock.events.schema import EventSource
from interestclock.features import ClockFeatureConfig
from interestclock.histories import Histories
from interestclock.samples.candidates import CandidateConfig
from interestclock.samples.clock_rows import write_clock_rows
from interestclock.samples.folder import ChunkNote, Manifest, SampleFolder
from interestclock.samples.item_attributes import carried_values
from interestclock.samples.stretch import MOMENT, REQUEST, Columns, StreamState, whole_runs

__all__ = ["PrepareConfig", "prepare_samples"]

Progress = Callable[[str, int, int], None]  # what is being done, how much is done, of how much (0: unknown)


@dataclass(frozen=True, kw_only=True)
class PrepareConfig:
    """What samples are made with.

    Args:
        candidates: sampled beside each choice of a positive-only log.
        clocks: buckets, window and weights of Eq. 3.
        rows_per_chunk: log rows that are turned into samples together; bounds memory.

    Example:
        >>> PrepareConfig().clocks.buckets_per_day
        24
    """

    candidates: CandidateConfig = field(default_factory=CandidateConfig)
    clocks: ClockFeatureConfig = field(default_factory=ClockFeatureConfig)
    rows_per_chunk: int = 32_768


def prepare_samples(
    source: EventSource, folder: Path, *, config: PrepareConfig, progress: Progress = lambda *_: None
) -> SampleFolder:
    """Write a log's samples, histories and clocks to a folder that appears only when it is whole.

    Args:
        source: the log. folder: replaced if it exists.
        progress: called with a phase, the rows or days done, and their total (0 where unknown).

    Raises:
        LogError: the log has no usable event.

    Example:
        >>> import tempfile
        >>> from interestclock.events import open_log
        >>> from interestclock.events.simulator import SimulatorSize, write_simulated_log
        >>> folder = Path(tempfile.mkdtemp())
        >>> size = SimulatorSize(users=5, items=200, days=3, exposures_per_day=40)
        >>> exposures = write_simulated_log(folder / "log", size=size)
        >>> samples = prepare_samples(open_log(folder / "log"), folder / "samples", config=PrepareConfig())
        >>> samples.manifest.counts["samples"] == exposures
        True
    """
    aside = folder.with_name(folder.name + ".unfinished")
    shutil.rmtree(aside, ignore_errors=True)
    try:
        _write(source, aside, config, progress)
        shutil.rmtree(folder, ignore_errors=True)
        aside.rename(folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return SampleFolder(folder)


def _write(source: EventSource, folder: Path, config: PrepareConfig, progress: Progress) -> None:
    for part in ("vocabulary", "samples", "clocks", "exposures"):
        (folder / part).mkdir(parents=True)
    state = StreamState(schema=source.schema, item_table=source.items(), candidates=config.candidates)
    notes = _write_samples(source, state, folder, config=config, progress=progress)
    manifest = _manifest(source, state, config, notes)
    _write_state(state, folder)
    write_clock_rows(
        folder,
        schema=source.schema,
        values={n: v.values() for n, v in state.attributes.vocabularies.items()},
        item_values=[_item_values(state, name) for name in source.schema.clock_attributes],
        config=config.clocks,
        progress=progress,
    )
    manifest.write(folder)


def _item_values(state: StreamState, name: str) -> pa.Table:
    attributes = state.attributes
    return carried_values(name, attributes.padded(name), attributes.vocabularies[name].values())


def _write_samples(
    source: EventSource, state: StreamState, folder: Path, *, config: PrepareConfig, progress: Progress
) -> list[ChunkNote]:
    notes: list[ChunkNote] = []
    together = MOMENT if source.schema.positive_only else REQUEST
    for table in whole_runs(source.chunks(config.rows_per_chunk), together):
        samples, exposures = state.take(table)
        pq.write_table(pa.table(exposures), folder / "exposures" / f"{state.rows:012d}.parquet")
        if samples["user"].size:
            save_file(_contiguous(samples), folder / "samples" / f"{len(notes):05d}.safetensors")
            notes.append(_note(samples, state))
        progress("reading the log", state.rows, 0)
    return notes


def _contiguous(columns: Columns) -> Columns:
    return {name: np.ascontiguousarray(column) for name, column in columns.items()}


def _note(samples: Columns, state: StreamState) -> ChunkNote:
    timestamp_ms = samples["timestamp_ms"]
    vocabularies = {
        "user": state.users,
        "item": state.items,
        **{f"attribute.{name}": v for name, v in state.attributes.vocabularies.items()},
        **{f"context.{name}": v for name, v in state.contexts.items()},
    }
    return ChunkNote(
        rows=int(timestamp_ms.size),
        first_ms=int(timestamp_ms[0]),
        last_ms=int(timestamp_ms[-1]),
        sizes={name: len(vocabulary) for name, vocabulary in vocabularies.items()},
    )


def _write_state(state: StreamState, folder: Path) -> None:
    vocabularies = {"user": state.users, "item": state.items}
    vocabularies |= {f"context.{name}": v for name, v in state.contexts.items()}
    vocabularies |= {f"attribute.{name}": v for name, v in state.attributes.vocabularies.items()}
    for name, vocabulary in vocabularies.items():
        pq.write_table(pa.table({"value": vocabulary.values()}), folder / "vocabulary" / f"{name}.parquet")
    padded = {name: state.attributes.padded(name) for name in state.schema.attributes}
    save_file(padded or {"none": np.zeros(1, np.int32)}, folder / "items.safetensors")
    offsets, fields = state.known.by_user.compacted()
    users = len(state.users) + 2
    Histories(
        offset_U=torch.from_numpy(np.pad(offsets, (0, max(0, users - offsets.size)), mode="edge")),
        item_E=torch.from_numpy(fields["item"]),
        second_of_day_E=torch.from_numpy(fields["second_of_day"]),
        timestamp_ms_E=torch.from_numpy(fields["timestamp_ms"]),
    ).save(folder / "histories.safetensors")


def _manifest(
    source: EventSource,
    state: StreamState,
    config: PrepareConfig,
    notes: list[ChunkNote],
) -> Manifest:
    if not notes:
        raise LogError(
            f"the log gave {state.rows} usable events and nothing to score; see its dead letters, "
            "and check the columns named for user, item and time"
        )
    counts = asdict(source.counts) | {
        "events": state.rows,
        "requests": state.requests,
        "samples": sum(note.rows for note in notes),
        "sampled_candidates": state.sampled,
        "unscored": state.unscored,
        "labels_known_later": state.labels_known_later,
        "users": len(state.users),
        "items": len(state.items),
        "items_without_attributes": state.attributes.without,
        "first_ms": state.first_ms,
        "last_ms": state.last_ms,
    }
    return Manifest(
        schema=asdict(source.schema),
        counts=counts,
        settings=asdict(config),
        fingerprint=source.fingerprint(),
        chunks=notes,
    )
