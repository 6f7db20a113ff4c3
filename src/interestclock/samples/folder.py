"""Prepared samples on disk: written once, streamed by every ranker of a comparison.

::

    manifest.json            what is in it; written last, so a folder with a manifest is whole
    vocabulary/NAME.parquet  original ids by dense number
    items.safetensors        attribute value numbers by item number
    histories.safetensors    every user's behaviours, in the order in which they became known
    samples/00000.safetensors, clocks/00000.safetensors   one pair per stretch of the stream
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
from safetensors.torch import load_file
from torch import Tensor

from interestclock.errors import ResultError
from interestclock.events.schema import LogSchema
from interestclock.histories import Histories
from interestclock.samples.batch import Batch, SampleChunk, moment_starts
from interestclock.samples.item_attributes import carried_values

__all__ = ["ChunkNote", "Manifest", "SampleFolder"]

FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class ChunkNote:
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
    chunks: list[ChunkNote] = field(default_factory=list)
    format: int = FORMAT

    def log_schema(self) -> LogSchema:
        """The schema, with tuples where JSON has lists."""
        names: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in self.schema.items()}
        return LogSchema(**names)

    def write(self, folder: Path) -> None:
        """Write ``manifest.json``."""
        (folder / "manifest.json").write_text(json.dumps(asdict(self), indent=1))

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """Read ``manifest.json``.

        Raises:
            ResultError: there is none, or another version of the package wrote it.
        """
        path = folder / "manifest.json"
        if not path.exists():
            raise ResultError(f"{folder} holds no prepared samples (no manifest.json); prepare the log again")
        content = json.loads(path.read_text())
        if content.get("format") != FORMAT:
            raise ResultError(
                f"{path} has format {content.get('format')}, this version reads {FORMAT}; "
                "prepare the log again"
            )
        chunks = [ChunkNote(**note) for note in content.pop("chunks")]
        return cls(**content, chunks=chunks)


class SampleFolder:
    """Prepared samples, read chunk by chunk in stream order.

    Args:
        path: the folder that ``prepare_samples`` wrote.

    Example:
        >>> SampleFolder(Path("nowhere"))
        Traceback (most recent call last):
        interestclock.errors.ResultError: nowhere holds no prepared samples (no manifest.json); ...
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.manifest = Manifest.read(path)
        self.schema = self.manifest.log_schema()

    def histories(self) -> Histories:
        """Every user's behaviours; exposures carry pointers into them."""
        return Histories.load(self.path / "histories.safetensors")

    def item_attributes(self) -> dict[str, Tensor]:
        """Value numbers by item number: int64 (items + 1, V) per attribute, 0 is none."""
        attributes = load_file(self.path / "items.safetensors")
        return {name: attributes[name].to(torch.int64) for name in self.schema.attributes}

    def vocabulary(self, feature: str) -> pa.Array:
        """Original ids or values of a feature; the one with number n stands at n - 1."""
        return pq.read_table(self.path / "vocabulary" / f"{feature}.parquet")["value"].combine_chunks()

    def exposure_files(self) -> list[Path]:
        """Parquet files of the log's own exposures, in stream order."""
        return sorted((self.path / "exposures").glob("*.parquet"))

    def item_value_table(self, attribute: str) -> pa.Table:
        """``item`` (number), ``attribute``, ``value``: a row for each value an item carries."""
        return carried_values(
            attribute, self.item_attributes()[attribute].numpy(), self.vocabulary(f"attribute.{attribute}")
        )

    def event_times_ms(self) -> npt.NDArray[np.int64]:
        """UTC milliseconds of every event of the log, ascending."""
        files = self.exposure_files()
        times = [pq.read_table(file, columns=["timestamp_ms"])["timestamp_ms"].to_numpy() for file in files]
        return np.concatenate(times)

    def chunks(self, *, recent: int, clocks: bool, histories: Histories) -> Iterator[SampleChunk]:
        """The samples in stream order.

        Args:
            recent: how many of the newest behaviours each sample carries.
            clocks: whether the Eq. 3 clocks are read too.
            histories: what ``histories()`` returned.
        """
        for number, note in enumerate(self.manifest.chunks):
            columns = load_file(self.path / "samples" / f"{number:05d}.safetensors")
            rows = load_file(self.path / "clocks" / f"{number:05d}.safetensors") if clocks else {}
            clock_row_B = rows.pop("row", torch.zeros(note.rows, dtype=torch.int64)).to(torch.int64)
            samples = _as_batch(columns, histories, recent)
            yield SampleChunk(
                samples=samples,
                clock_row_M=clock_row_B[samples.first_M],
                clock_rows={name: rows[f"clock.{name}"] for name in self.schema.clock_attributes if clocks},
                truths=_named(columns, "truth"),
                sizes=note.sizes,
            )


def _named(columns: dict[str, Tensor], kind: str) -> dict[str, Tensor]:
    prefix = f"{kind}."
    return {name.removeprefix(prefix): value for name, value in columns.items() if name.startswith(prefix)}


def _as_batch(columns: dict[str, Tensor], histories: Histories, recent: int) -> Batch:
    whole = {name: columns[name].to(torch.int64) for name in _WHOLE}
    starts_B = moment_starts(*(whole[name] for name in _MOMENT))
    first_M = starts_B.nonzero().squeeze(1)
    start_M, stop_M = histories.newest(whole["user"][first_M], whole["history_length"][first_M], most=recent)
    return Batch(
        user_B=whole["user"],
        item_B=whole["item"],
        request_B=whole["request"],
        timestamp_ms_B=whole["timestamp_ms"],
        second_of_day_B=whole["second_of_day"],
        day_of_week_B=whole["day_of_week"],
        known_ms_B=torch.stack(list(_named(columns, "known_ms").values())).amax(0),
        known_behaviours_B=whole["history_length"],
        labels=_named(columns, "label"),
        moment_of_B=starts_B.cumsum(0) - 1,
        first_M=first_M,
        recent_MN=histories.items_between(start_M, stop_M, width=recent),
        categorical={name: value.to(torch.int64) for name, value in _named(columns, "categorical").items()},
        multivalued={name: value.to(torch.int64) for name, value in _named(columns, "multivalued").items()},
        numeric=_named(columns, "numeric"),
    )


_MOMENT = ("user", "timestamp_ms", "second_of_day", "day_of_week", "history_length")
_WHOLE = ("user", "item", "request", "timestamp_ms", "second_of_day", "day_of_week", "history_length")
