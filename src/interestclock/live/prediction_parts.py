"""Predictions of an endless stream: a Parquet file for each span between two checkpoints."""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from torch import Tensor

from interestclock.checksums import digest_of, problem_with
from interestclock.errors import ResultError, system_errors_as
from interestclock.files import aside_of, force, put_in_place
from interestclock.saved import made_of, object_of
from interestclock.training.prediction_file import PredictionFile

__all__ = ["PARTS_LIST", "PredictionPart", "PredictionParts", "list_parts", "part_paths"]

PARTS_LIST, _PART = "parts.jsonl", re.compile(r"part-([0-9]{8})\.parquet")
_LOOKED_AT_BYTES = 1 << 30  # about a second
_log = logging.getLogger("interestclock.predictions")


@dataclass(frozen=True, kw_only=True)
class PredictionPart:
    """A line of ``parts.jsonl``: what a part is, so that one that is missing or changed is noticed.

    Example:
        >>> PredictionPart(name="part-00000001.parquet", rows=128, bytes=2_048, sha256="e3b0").rows
        128
    """

    name: str
    rows: int
    bytes: int
    sha256: str


def part_paths(folder: Path) -> dict[int, Path]:
    """The parts that stand in a folder, by their numbers, ascending; other files are none.

    Example:
        >>> part_paths(Path("nowhere"))
        {}
    """
    found = ((_PART.fullmatch(path.name), path) for path in folder.glob("part-*.parquet"))
    return dict(sorted((int(name[1]), path) for name, path in found if name))


def list_parts(folder: Path, to: Path) -> tuple[dict[int, int], list[str]]:
    """List the parts of a version that listed none, in ``parts.jsonl`` of another folder.

    Args:
        folder: of the parts, which is only read. to: where the list goes; must be there.

    Returns:
        The list's bytes by each part's number, and what is wrong with parts that are not listed.

    Example:
        >>> list_parts(Path("nowhere"), Path("nowhere"))
        ({}, [])
    """
    sizes: dict[int, int] = {}
    problems, size = [], 0
    for number, path in part_paths(folder).items():
        try:
            rows = pq.read_metadata(path).num_rows
        except (pa.ArrowException, OSError) as error:
            problems.append(f"{path}: these predictions are damaged ({error})")
            continue
        part = PredictionPart(name=path.name, rows=rows, bytes=path.stat().st_size, sha256=digest_of(path))
        size += _append(to / PARTS_LIST, part)
        sizes[number] = size
    return sizes, problems


def _append(path: Path, part: PredictionPart) -> int:
    """Add a part to a list, forced to disk; gives the line's bytes."""
    line = json.dumps(asdict(part)) + "\n"
    with path.open("a", encoding="utf-8") as stream:
        stream.write(line)
    for each in (path, path.parent):
        force(each)
    return len(line.encode())


class PredictionParts:
    """``part-NNNNNNNN.parquet`` holds what was predicted between checkpoint N - 1 and checkpoint N.

    A part gets its name when it is whole, just before its checkpoint is; one without its checkpoint is made
    again. ``parts.jsonl`` lists them. Each is a ``PredictionFile``, whose exposures are described by
    ``event_id`` and ``timestamp_ms`` (UTC); where candidates stand beside choices also by ``item_id``, text,
    and ``chosen``.

    Args:
        folder: made if needed. tasks: names. candidates: whether there are any.

    Raises:
        ResultError: (from ``add`` and ``close_part``) a part cannot be written; (from ``read``) one is
            missing or damaged.

    Example:
        >>> import tempfile, torch
        >>> parts = PredictionParts(Path(tempfile.mkdtemp()), ("finish",))
        >>> rows = pa.table({"event_id": ["a"], "timestamp_ms": [5]})
        >>> parts.add(rows, {"finish": torch.tensor([0.5])})
        >>> listed_bytes = parts.close_part(1)
        >>> [(part.name, part.rows) for part in parts.listed()]
        [('part-00000001.parquet', 1)]
        >>> parts.read()["p.finish"].to_pylist()
        [0.5]
    """

    def __init__(self, folder: str | Path, tasks: tuple[str, ...], *, candidates: bool = False) -> None:
        self.folder, self._tasks = Path(folder), tasks
        folder = self.folder
        folder.mkdir(parents=True, exist_ok=True)
        self._aside = aside_of(folder / "part")
        described = [("event_id", pa.string()), ("timestamp_ms", pa.int64())]
        described += [("item_id", pa.string()), ("chosen", pa.bool_())] if candidates else []
        self._described = pa.schema(described)
        self._file: PredictionFile | None = None
        self._rows = 0  # of the part under way
        self._list = folder / PARTS_LIST

    def add(self, rows: pa.Table | None, probabilities: Mapping[str, Tensor]) -> None:
        """Take a batch's predictions, and its exposures as they were shown."""
        if self._file is None:
            self._file = PredictionFile(self._aside, self._tasks, described=self._described)
        self._file.add(rows, probabilities)
        self._rows += len(probabilities[self._tasks[0]])

    def close_part(self, number: int) -> int:
        """Give what was predicted since the last part its name, and list it; gives the list's bytes."""
        if self._file is not None:
            path, rows = self._path(number), self._rows
            self._file.close()
            self._file, self._rows = None, 0
            with system_errors_as(
                ResultError,
                f"{self.folder}: predictions cannot be written",
                remedy="make room, then go on with --resume",
            ):
                size, digest = self._aside.stat().st_size, digest_of(self._aside)
                put_in_place(self._aside, path, force_name=False)
                _append(self._list, PredictionPart(name=path.name, rows=rows, bytes=size, sha256=digest))
        return self._listed_bytes()

    def truncate(self, number: int, listed_bytes: int) -> None:
        """Remove what was predicted after a checkpoint; 0 is the beginning.

        Parts before it that are missing or damaged are warned of: nothing that is learned needs them. The
        newest, up to a gigabyte, are looked at byte by byte, of the others the size.

        Args:
            listed_bytes: what ``close_part`` gave when it was taken.
        """
        self._aside.unlink(missing_ok=True)
        behind = [path for each, path in part_paths(self.folder).items() if each > number]
        if behind:
            _log.info("%s and what follows is made again, from what was admitted", behind[0])
        for path in behind:
            path.unlink()
        if self._listed_bytes() < listed_bytes:
            _log.warning(
                "%s is missing or cut short: what predictions there should be is unknown", self._list
            )
        elif self._list.exists():
            os.truncate(self._list, listed_bytes)
        for problem in self.problems():
            _log.warning("%s", problem)

    def listed(self) -> list[PredictionPart]:
        """The parts there should be.

        Raises:
            ResultError: the list is damaged.
        """
        if not self._list.exists():
            if part_paths(self.folder):
                raise ResultError(
                    f"{self._list} is missing, so what predictions there should be is unknown; bring it back "
                    "from a copy, or read the parts one by one"
                )
            return []
        parts = []
        for line, text in enumerate(self._list.read_bytes().splitlines(), start=1):
            where, remedy = f"{self._list}, line {line}", "bring the file back from a copy"
            described = object_of(text, where=where, remedy=remedy)
            parts.append(made_of(PredictionPart, described, where=where, remedy=remedy))
        return parts

    def read(self) -> pa.Table:
        """All parts, each looked at first, in the order of the stream.

        Raises:
            ResultError: one is missing or damaged.
        """
        parts = self.listed()
        for part in parts:
            if (problem := self._problem(part, deep=True)) is not None:
                raise ResultError(
                    f"{problem}; bring it back from a copy, or do without: take its line out of {self._list}"
                )
        tables = [pq.read_table(self.folder / part.name) for part in parts]
        return pa.concat_tables(tables) if tables else pa.table({})

    def problems(self) -> list[str]:
        """What is missing or damaged, a line each; as ``truncate`` looks at it."""
        try:
            parts = self.listed()
        except ResultError as error:
            return [str(error)]
        problems, left = [], _LOOKED_AT_BYTES
        for part in reversed(parts):
            left -= part.bytes
            if (problem := self._problem(part, deep=left >= 0)) is not None:
                problems.append(f"{problem}; bring it back from a copy, if predictions are to be evaluated")
        return problems

    def _problem(self, part: PredictionPart, *, deep: bool) -> str | None:
        """What is wrong with a part; its content is looked at only if asked for."""
        path = self.folder / part.name
        if not path.exists():
            return f"{path}: {part.rows:,} predictions are missing"
        problem = problem_with(path, size=part.bytes, digest=part.sha256 if deep else None)
        return None if problem is None else f"{problem}: these predictions are damaged"

    def _listed_bytes(self) -> int:
        return self._list.stat().st_size if self._list.exists() else 0

    def _path(self, number: int) -> Path:
        return self.folder / f"part-{number:08d}.parquet"
