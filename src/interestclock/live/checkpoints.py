"""A trainer's whole state on disk: written aside, verified when read, the newest few kept."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from interestclock import __version__
from interestclock.arrays import Arrays
from interestclock.checksums import digest_of, digest_of_json, problem_with
from interestclock.errors import ResultError, system_errors_as
from interestclock.files import folder_aside, remove_folder, sweep, write_text
from interestclock.saved import made_of, read_object

__all__ = ["FORMAT", "CheckpointManifest", "CheckpointReader", "Checkpoints"]

FORMAT = 8
_DAMAGED = "the checkpoint is damaged"
_NAME = re.compile(r"checkpoint-([0-9]{8})")
_STATE, _MANIFEST = "state.safetensors", "checkpoint.json"
_SUM = "manifest_sha256"  # in the manifest: over all else that stands there
_SUMMED = range(6, FORMAT + 1)
_LEAST = {"number": 1, "admitted_position": 0, "dead_letter_bytes": 0, "prediction_list_bytes": 0, "bytes": 0}
_log = logging.getLogger("interestclock.checkpoints")


@dataclass(frozen=True, kw_only=True)
class CheckpointManifest:
    """What a checkpoint says of itself.

    Args:
        number: from 1. fingerprint: of log and configuration; only the same may go on from it.
        admitted_position: the last entry of the admitted log that is in it. offsets: last one of each
            partition that is in it.
        event_ms: of the last exposure predicted. dead_letter_bytes, prediction_list_bytes: sizes of their
            files by then.
        sha256, bytes: of the state's file. version: of the package.

    Raises:
        ValueError: ``number`` is below 1, or a position or size below 0.
    """

    number: int
    fingerprint: str
    admitted_position: int
    offsets: dict[str, str]
    event_ms: int
    dead_letter_bytes: int
    prediction_list_bytes: int
    sha256: str = ""
    bytes: int = 0
    version: str = __version__
    format: int = FORMAT

    def __post_init__(self) -> None:
        for name, least in _LEAST.items():
            if (value := getattr(self, name)) < least:
                raise ValueError(f"key '{name}' is {value}, and at least {least}")


class CheckpointReader:
    """A folder of checkpoints, of which nothing is changed.

    A checkpoint's checksums, of its manifest and of its state, are compared before they are believed.

    Args:
        folder: one that is missing has none.

    Raises:
        ResultError: (from what reads) it is no folder.

    Example:
        >>> CheckpointReader(Path("no/such/folder")).numbers()
        []
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def numbers(self) -> list[int]:
        """Of the checkpoints that are there, ascending."""
        if self.folder.exists() and not self.folder.is_dir():
            raise ResultError(
                f"{self.folder} is no folder; bring it back from a copy, or start anew in another folder"
            )
        there = self.folder.iterdir() if self.folder.exists() else ()
        names = (_NAME.fullmatch(each.name) for each in there)
        return sorted(int(name[1]) for name in names if name)

    def path(self, number: int) -> Path:
        """The folder of a checkpoint."""
        return self.folder / f"checkpoint-{number:08d}"

    def newest(self, *, fingerprint: str) -> tuple[CheckpointManifest, Arrays] | None:
        """The newest checkpoint that is whole, and its state; None where there is none at all.

        A damaged one is passed over with a warning: what was admitted since brings the one before up to date.

        Raises:
            ResultError: none of them is whole, or the newest whole one is of another log or configuration.
        """
        problems: list[str] = []
        for number in reversed(self.numbers()):
            try:
                manifest, state = self.read(number)
            except ResultError as error:
                _log.warning("%s; going on from the checkpoint before it", error)
                problems.append(str(error))
                continue
            _check_same(self.path(number), manifest, fingerprint)
            return manifest, state
        if problems:
            raise ResultError(
                f"{self.folder}: no checkpoint is whole ({problems[0]}); bring one back from a copy, or "
                "start anew in another folder"
            )
        return None

    def read(self, number: int) -> tuple[CheckpointManifest, Arrays]:
        """One checkpoint, verified.

        Raises:
            ResultError: a file is missing, cut off, changed, or of another format.
        """
        content, state = self.read_as_written(number)
        return self._manifest_of(number, content), state

    def check(self, number: int) -> CheckpointManifest:
        """What a checkpoint says of itself, its state verified but not read into memory.

        Raises:
            ResultError: a file is missing, cut off, changed, or of another format.
        """
        with self._damage(number):
            return self._manifest_of(number, self._verified(number))

    def _manifest_of(self, number: int, content: dict[str, Any]) -> CheckpointManifest:
        path = self.path(number)
        if content.get("format") != FORMAT:
            raise ResultError(
                f"{path}: format {content.get('format')}, this version reads {FORMAT}; finish with the "
                f"version that wrote it ({content.get('version')}), or start anew in another folder"
            )
        return made_of(CheckpointManifest, content, where=str(path / _MANIFEST), remedy=_DAMAGED)

    def read_as_written(self, number: int) -> tuple[dict[str, Any], Arrays]:
        """One checkpoint of any format, verified: its manifest, and its arrays.

        Raises:
            ResultError: a file is missing, cut off or changed.
        """
        with self._damage(number):
            return self._verified(number), load_file(self.path(number) / _STATE)

    @contextmanager
    def _damage(self, number: int) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError, KeyError, SafetensorError) as error:
            raise ResultError(f"{self.path(number)}: {_DAMAGED} ({error})") from error

    def _verified(self, number: int) -> dict[str, Any]:
        content, state = self._noted(number), self.path(number) / _STATE
        if problem := problem_with(state, size=content["bytes"], digest=content["sha256"] or ""):
            raise ResultError(f"{problem}: {_DAMAGED}")
        return content

    def format(self) -> int | None:
        """That of the newest checkpoint whose manifest is whole; None where there is none."""
        for number in reversed(self.numbers()):
            try:
                content = self._noted(number)
            except ResultError:
                continue
            if isinstance(content.get("format"), int):
                return int(content["format"])
        return None

    def _noted(self, number: int) -> dict[str, Any]:
        """What a checkpoint of any format says of itself, as far as that can be checked.

        Without its sum, and of its own number: a folder that was renamed is another checkpoint's.
        """
        path = self.path(number) / _MANIFEST
        content = read_object(path, remedy=_DAMAGED)
        digest = content.pop(_SUM, None)
        if digest is None and content.get("format") in _SUMMED:
            raise ResultError(f"{path}: key '{_SUM}' is missing; {_DAMAGED}")
        if digest is not None and digest != digest_of_json(content):
            raise ResultError(f"{path}: its checksum is another than was written; {_DAMAGED}")
        if content.get("number") != number:
            raise ResultError(f"{path}: it is of checkpoint {content.get('number')}; {_DAMAGED}")
        return content


class Checkpoints(CheckpointReader):
    """A folder of checkpoints, to which more are written.

    A checkpoint is a folder of its own, written aside, forced to disk and renamed: one that has its name is
    whole. What a crash left half written is removed when the next one is written.

    Args:
        folder: made if needed. kept: the newest so many stay.

    Example:
        >>> import tempfile
        >>> checkpoints = Checkpoints(Path(tempfile.mkdtemp()), kept=2)
        >>> manifest = CheckpointManifest(number=1, fingerprint="f", admitted_position=3, offsets={"0": "17"},
        ...     event_ms=5, dead_letter_bytes=0, prediction_list_bytes=0)
        >>> _ = checkpoints.write({"weights": np.ones(3)}, manifest)
        >>> found = checkpoints.newest(fingerprint="f")
        >>> found[0].offsets, found[1]["weights"].tolist()
        ({'0': '17'}, [1.0, 1.0, 1.0])
    """

    def __init__(self, folder: str | Path, *, kept: int) -> None:
        super().__init__(folder)
        self.kept = kept
        self.folder.mkdir(parents=True, exist_ok=True)

    def write(
        self, state: Mapping[str, npt.NDArray[Any]], manifest: CheckpointManifest
    ) -> CheckpointManifest:
        """Write a checkpoint and let go of the oldest.

        Raises:
            ResultError: it cannot be written; the ones before stay.
        """
        with system_errors_as(
            ResultError,
            f"{self.path(manifest.number)}: the checkpoint cannot be written",
            remedy="make room or mend the disk, then go on with --resume: what came since the last one is "
            "learned again",
            of=(OSError, SafetensorError),  # a full disk may come as either
        ):
            sweep(self.folder)
            whole = self._write(state, manifest)
        for number in self.numbers()[: -self.kept]:
            remove_folder(self.path(number))
        return whole

    def oldest(self) -> CheckpointManifest | None:
        """What the oldest checkpoint says of itself; None, with a warning, where that is damaged."""
        try:
            number = self.numbers()[0]
            return self._manifest_of(number, self._noted(number))
        except ResultError as error:
            _log.warning("%s; nothing admitted is let go of", error)
            return None

    def replace_manifest(self, manifest: CheckpointManifest) -> None:
        """Let a checkpoint that is there say something else of itself; its state stays.

        Raises:
            OSError: it cannot be written; it is as it was.
        """
        content = asdict(manifest)
        content[_SUM] = digest_of_json(content)
        write_text(self.path(manifest.number) / _MANIFEST, json.dumps(content, indent=1))

    def _write(
        self, state: Mapping[str, npt.NDArray[Any]], manifest: CheckpointManifest
    ) -> CheckpointManifest:
        # A damaged one of its number, if it is made anew, is replaced.
        with folder_aside(self.path(manifest.number)) as aside:
            save_file({name: np.asarray(each, order="C") for name, each in state.items()}, aside / _STATE)
            size = (aside / _STATE).stat().st_size
            whole = CheckpointManifest(
                **asdict(manifest) | {"sha256": digest_of(aside / _STATE), "bytes": size}
            )
            content = asdict(whole)
            content[_SUM] = digest_of_json(content)
            (aside / _MANIFEST).write_text(json.dumps(content, indent=1))
        return whole


def _check_same(path: Path, manifest: CheckpointManifest, fingerprint: str) -> None:
    if manifest.fingerprint != fingerprint:
        raise ResultError(
            f"{path} is of another source or configuration; go on with those it was made with (config.json "
            "beside it says which), or start anew in another folder"
        )
