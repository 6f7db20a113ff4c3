"""Prepared samples on disk: written once, streamed by every ranker of a comparison.

::

    manifest.json            what is in it; written last, so a folder with a manifest is whole
    vocabulary/NAME.parquet  original ids by dense number
    state.safetensors        what features are read from: identity, item values, histories, votes
    samples/00000.safetensors   rows to be ranked, in stream order
    exposures/00000.parquet  the log's own exposures, as Eq. 3 counts them
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from interestclock.arrays import Arrays
from interestclock.clock_features import ClockFeatureConfig
from interestclock.errors import ResultError
from interestclock.events.schema import LogSchema
from interestclock.samples.batch import SampleChunk
from interestclock.samples.batch_maker import BatchMaker, Rows
from interestclock.samples.context import context_arrays
from interestclock.saved import made_of, read_object
from interestclock.state import FeatureState, FeatureView, StateConfig

__all__ = ["ChunkManifest", "Manifest", "SampleFolder", "holds_samples"]

FORMAT = 7


@dataclass(frozen=True, kw_only=True)
class ChunkManifest:
    """One chunk: its rows, its time span, and how many ids each feature had by its end."""

    rows: int
    first_ms: int
    last_ms: int
    sizes: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a folder of samples holds.

    Args:
        schema: the log's names, as a dictionary. counts: rows read, used, sampled, left unscored ...
        settings: what the samples were made with. fingerprint: SHA-256 of the log.
    """

    schema: dict[str, Any]
    counts: dict[str, int]
    settings: dict[str, Any]
    fingerprint: str
    chunks: list[ChunkManifest] = field(default_factory=list)
    format: int = FORMAT

    def log_schema(self) -> LogSchema:
        """The schema, with tuples where JSON has lists."""
        return made_of(LogSchema, self.schema, where="manifest.json, schema", remedy="prepare the log again")

    def write(self, folder: str | Path) -> None:
        """Write ``manifest.json``."""
        (Path(folder) / "manifest.json").write_text(json.dumps(asdict(self), indent=1))

    @classmethod
    def read(cls, folder: str | Path) -> Manifest:
        """Read ``manifest.json``.

        Raises:
            ResultError: there is none, or another version of the package wrote it.
        """
        path = Path(folder) / "manifest.json"
        if not path.exists():
            raise ResultError(f"{folder} holds no prepared samples (no manifest.json); prepare the log again")
        remedy = "prepare the log again"
        content = read_object(path, remedy=remedy)
        if content.get("format") != FORMAT:
            raise ResultError(
                f"{path} has format {content.get('format')}, this version reads {FORMAT}; "
                "prepare the log again"
            )
        return made_of(cls, content, where=str(path), remedy=remedy)


def holds_samples(folder: Path) -> bool:
    """Whether a folder holds samples, of whatever version, or nothing at all.

    Example:
        >>> import tempfile
        >>> holds_samples(Path(tempfile.mkdtemp()))
        True
    """
    if not folder.is_dir():
        return False
    names = {path.name for path in folder.iterdir()}
    return not names or {"manifest.json", "samples", "vocabulary"} <= names


class SampleFolder:
    """Prepared samples, read chunk by chunk in stream order.

    Args:
        path: the folder that ``prepare_samples`` wrote.

    Example:
        >>> SampleFolder(Path("nowhere"))
        Traceback (most recent call last):
        interestclock.errors.ResultError: nowhere holds no prepared samples (no manifest.json); ...
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.manifest = Manifest.read(self.path)
        self.schema = self.manifest.log_schema()

    def state(self) -> FeatureState:
        """The state at the end of the log; to be read as of any moment of it."""
        state = FeatureState(self.schema, items=None, config=_forever(self.manifest.settings["clocks"]))
        state.restore(load_arrays(self.path / "state.safetensors"))
        return state

    def item_attributes(self, state: FeatureState) -> dict[str, Tensor]:
        """Value numbers by item number: int64 (items + 1, V) per attribute, 0 is none."""
        item_N = np.arange(state.items.capacity + 1)
        return {
            name: torch.from_numpy(state.values.of(name, item_N).astype(np.int64))
            for name in self.schema.attributes
        }

    def vocabulary(self, feature: str) -> pa.Array:
        """Original ids or values of a feature; the one with number n stands at n - 1."""
        return pq.read_table(self.path / "vocabulary" / f"{feature}.parquet")["value"].combine_chunks()

    def exposure_files(self) -> list[Path]:
        """Parquet files of the log's own exposures, in stream order."""
        return sorted((self.path / "exposures").glob("*.parquet"))

    def event_times_ms(self) -> npt.NDArray[np.int64]:
        """UTC milliseconds of every event of the log, ascending."""
        files = self.exposure_files()
        times = [pq.read_table(file, columns=["timestamp_ms"])["timestamp_ms"].to_numpy() for file in files]
        return np.concatenate(times)

    def chunks(self, maker: BatchMaker, view: FeatureView) -> Iterator[SampleChunk]:
        """The samples in stream order.

        Args:
            maker: says which features they carry. view: what ``state()`` returned.
        """
        for number, chunk_manifest in enumerate(self.manifest.chunks):
            yield self._chunk(
                number, chunk_manifest, maker, view
            )  # a name of it here would keep it beside the next

    def _chunk(
        self, number: int, chunk_manifest: ChunkManifest, maker: BatchMaker, view: FeatureView
    ) -> SampleChunk:
        columns = load_arrays(self.path / "samples" / f"{number:05d}.safetensors")
        return SampleChunk(
            samples=maker.make(_rows(columns), view),
            truths={name: torch.from_numpy(each) for name, each in _named(columns, "truth").items()},
            sizes=chunk_manifest.sizes,
            log_row_B=columns["log_row"],
        )


def load_arrays(path: Path) -> Arrays:
    """Arrays of a safetensors file, to read from.

    Raises:
        ResultError: it is damaged.
    """
    try:
        return {name: tensor.numpy() for name, tensor in load_file(path).items()}
    except SafetensorError as error:
        raise ResultError(f"{path}: it is damaged ({error}); prepare the log again") from error


def _forever(clocks: dict[str, Any]) -> StateConfig:
    where = "manifest.json, settings.clocks"
    config = made_of(ClockFeatureConfig, clocks, where=where, remedy="prepare the log again")
    return StateConfig(clocks=config, longest=None, forget_after_days=None)


def _named(columns: Arrays, kind: str) -> Arrays:
    prefix = f"{kind}."
    return {name.removeprefix(prefix): value for name, value in columns.items() if name.startswith(prefix)}


def _rows(columns: Arrays) -> Rows:
    return Rows(
        user_B=columns["user"],
        item_B=columns["item"],
        request_B=columns["request"],
        timestamp_ms_B=columns["timestamp_ms"],
        second_of_day_B=columns["second_of_day"],
        day_of_week_B=columns["day_of_week"],
        known_ms_B=np.max(list(_named(columns, "known_ms").values()), axis=0),
        labels=_named(columns, "label"),
        **context_arrays(columns),
    )
