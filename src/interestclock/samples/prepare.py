"""From an event log to samples on disk, point in time, in one pass and bounded memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from safetensors.numpy import save_file

from interestclock.clock_features import ClockFeatureConfig
from interestclock.errors import ConfigError, LogError, check_numbers
from interestclock.events.schema import EventSource
from interestclock.files import new_folder
from interestclock.samples.candidates import CandidateConfig
from interestclock.samples.folder import ChunkManifest, Manifest, SampleFolder, holds_samples
from interestclock.samples.sample_maker import REQUEST, SAME_TIME, Columns, SampleMaker, whole_runs

__all__ = ["PrepareConfig", "Progress", "prepare_samples"]

Progress = Callable[[str, int, int], None]  # what is being done, how much is done, of how much (0: unknown)


@dataclass(frozen=True, kw_only=True)
class PrepareConfig:
    """What samples are made with.

    Args:
        candidates: sampled beside each choice of a positive-only log; None: the log's rows alone.
        clocks: buckets, window and weights of Eq. 3.
        rows_per_chunk: log rows that are turned into samples together; bounds memory.

    Raises:
        ConfigError: ``rows_per_chunk`` is below 1, or not whole.

    Example:
        >>> PrepareConfig().clocks.buckets_per_day
        24
    """

    candidates: CandidateConfig | None = field(default_factory=CandidateConfig)
    clocks: ClockFeatureConfig = field(default_factory=ClockFeatureConfig)
    rows_per_chunk: int = 32_768

    def __post_init__(self) -> None:
        check_numbers(self)
        if self.rows_per_chunk < 1:
            raise ConfigError(f"rows_per_chunk is {self.rows_per_chunk}; give 1 or more")


def prepare_samples(
    source: EventSource, folder: str | Path, *, config: PrepareConfig, progress: Progress = lambda *_: None
) -> SampleFolder:
    """Write a log's samples and feature state to a folder that appears only when it is whole.

    Args:
        source: the log. folder: earlier samples in it are replaced.
        progress: called with a phase, the rows done, and their total (0 where unknown).

    Raises:
        LogError: the log has no usable event.
        ResultError: the folder holds something else, or another process is writing it.

    Example:
        >>> import tempfile
        >>> from interestclock.events import open_log
        >>> from interestclock.simulator import SimulatorSize, write_simulated_log
        >>> folder = Path(tempfile.mkdtemp())
        >>> size = SimulatorSize(users=5, items=200, days=3, exposures_per_day=40)
        >>> exposures = write_simulated_log(folder / "log", size=size)
        >>> samples = prepare_samples(open_log(folder / "log"), folder / "samples", config=PrepareConfig())
        >>> samples.manifest.counts["samples"] == exposures
        True
    """
    folder = Path(folder)
    try:
        with new_folder(
            folder, may_replace=holds_samples, forced=False, remedy="name another folder"
        ) as aside:
            _write(source, aside, config, progress)
    finally:
        pa.default_memory_pool().release_unused()  # the log's pages; rankers are often trained right here
    return SampleFolder(folder)


def _write(source: EventSource, folder: Path, config: PrepareConfig, progress: Progress) -> None:
    for part in ("vocabulary", "samples", "exposures"):
        (folder / part).mkdir(parents=True)
    maker = SampleMaker(
        schema=source.schema, item_table=source.items(), candidates=config.candidates, clocks=config.clocks
    )
    chunks = _write_samples(source, maker, folder, config=config, progress=progress)
    manifest = _manifest(source, maker, config, chunks)
    _write_vocabularies(maker, folder)
    save_file(_contiguous(maker.state.state()), folder / "state.safetensors")
    manifest.write(folder)


def _write_samples(
    source: EventSource, maker: SampleMaker, folder: Path, *, config: PrepareConfig, progress: Progress
) -> list[ChunkManifest]:
    chunks: list[ChunkManifest] = []
    together = SAME_TIME if source.schema.positive_only else REQUEST
    for table in whole_runs(source.chunks(config.rows_per_chunk), together):
        samples, exposures = maker.make(table)
        pq.write_table(pa.table(exposures), folder / "exposures" / f"{maker.rows:012d}.parquet")
        if samples["user"].size:
            save_file(_contiguous(samples), folder / "samples" / f"{len(chunks):05d}.safetensors")
            chunks.append(_chunk_manifest(samples, maker))
        progress("reading the log", maker.rows, 0)
    return chunks


def _contiguous(columns: Columns) -> Columns:
    return {name: np.asarray(column, order="C") for name, column in columns.items()}


def _chunk_manifest(samples: Columns, maker: SampleMaker) -> ChunkManifest:
    timestamp_ms = samples["timestamp_ms"]
    return ChunkManifest(
        rows=int(timestamp_ms.size),
        first_ms=int(timestamp_ms[0]),
        last_ms=int(timestamp_ms[-1]),
        sizes=maker.sizes(),
    )


def _write_vocabularies(maker: SampleMaker, folder: Path) -> None:
    state = maker.state
    vocabularies = {"user": state.users.ids(), "item": state.items.ids()}
    vocabularies |= {f"context.{name}": v.values() for name, v in maker.contexts.items()}
    vocabularies |= {f"attribute.{name}": v.values() for name, v in state.values.vocabularies.items()}
    for name, values in vocabularies.items():
        pq.write_table(pa.table({"value": values}), folder / "vocabulary" / f"{name}.parquet")


def _manifest(
    source: EventSource,
    maker: SampleMaker,
    config: PrepareConfig,
    chunks: list[ChunkManifest],
) -> Manifest:
    if not chunks:
        raise LogError(
            f"the log gave {maker.rows} usable events and nothing to score; see its dead letters, "
            "and check the columns named for user, item and time"
        )
    counts = source.counts.numbers() | {
        "events": maker.rows,
        "requests": maker.requests,
        "samples": sum(chunk_manifest.rows for chunk_manifest in chunks),
        "sampled_candidates": maker.sampled,
        "unscored": maker.unscored,
        "labels_known_later": maker.labels_known_later,
        "users": len(maker.state.users),
        "items": len(maker.state.items),
        "items_without_attributes": maker.state.values.without,
        "first_ms": maker.first_ms,
        "last_ms": maker.last_ms,
    }
    return Manifest(
        schema=asdict(source.schema),
        counts=counts,
        settings=asdict(config),
        fingerprint=source.fingerprint(),
        chunks=chunks,
    )
