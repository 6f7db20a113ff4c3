"""A trainer's folder of an older version as this one keeps it, in a new folder beside it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from interestclock import __version__
from interestclock.arrays import Arrays
from interestclock.errors import ResultError, system_errors_as
from interestclock.files import ASIDE, REMOVED, check_new, digest_of_json, new_folder, write_text
from interestclock.live.checkpoints import FORMAT, CheckpointManifest, CheckpointReader, Checkpoints
from interestclock.live.old_states import OLD_FORMATS, settings_now, state_now
from interestclock.live.prediction_parts import list_parts
from interestclock.live.trainer_folder import (
    CONFIG,
    FINGERPRINTED,
    LOCK,
    check_format,
    config_of,
    format_of,
    holds_trainer,
)
from interestclock.locks import lock

__all__ = ["Migrated", "migrate"]

_CHECKPOINTS, _PREDICTIONS = "checkpoints", "predictions"


@dataclass(frozen=True, kw_only=True)
class Migrated:
    """What became of a trainer's folder.

    Args:
        checkpoints: numbers of those that were converted. damaged: why others were left out, a line each.
    """

    checkpoints: tuple[int, ...]
    damaged: tuple[str, ...]


def migrate(folder: Path, out: Path, *, report: Callable[[str], None] = lambda _: None) -> Migrated:
    """Write a trainer's folder of an older version as this one keeps it; go on there with ``--resume``.

    Checkpoints and ``config.json`` are converted, all else is copied as it is. The old folder is only read
    (its ``lock`` is held meanwhile), and the version that wrote it can go on in it.

    Args:
        folder: of the trainer, which must not run. out: a new folder, whole once it has that name.
        report: told what is under way, for a status line.

    Raises:
        ResultError: there is no trainer, it runs, is of this version or one that cannot be converted, or none
            of its checkpoints is whole; or ``out`` is there already or cannot be written.

    Example:
        >>> migrate(Path("nowhere"), Path("new"))
        Traceback (most recent call last):
        interestclock.errors.ResultError: nowhere holds no trainer; give what its --checkpoints were called
    """
    if not holds_trainer(folder):
        raise ResultError(f"{folder} holds no trainer; give what its --checkpoints were called")
    check_new(out)
    with _at_rest(folder):
        since = _convertible(folder)
        remedy = f"make room for as much as {folder} takes, or give another --out"
        with (
            system_errors_as(ResultError, f"{out} cannot be written", remedy=remedy),
            new_folder(out) as aside,
        ):
            return _converted(folder, aside, since, report)


@contextmanager
def _at_rest(folder: Path) -> Iterator[None]:
    """While no trainer runs in it, nor starts."""
    path = folder / LOCK
    if not os.access(path, os.W_OK):  # a copy without it, or on a disk that none can be written on
        yield
        return
    held = lock(path, taken=f"a trainer runs in {folder}", remedy="stop it first: it checkpoints and ends")
    try:
        yield
    finally:
        held.release()


def _convertible(folder: Path) -> int:
    """The format of a folder that can be converted."""
    since = format_of(folder)
    if since == FORMAT:
        raise ResultError(f"{folder} is of this version already; go on in it with --resume")
    if since not in OLD_FORMATS:
        check_format(folder)
    before = config_of(folder)
    if before["fingerprint"] != digest_of_json(_fingerprinted(before)):
        raise ResultError(
            f"{folder / CONFIG} is not what its trainer wrote: its fingerprint is of other settings; bring "
            "it back from a copy"
        )
    return since


def _fingerprinted(known: dict[str, Any]) -> dict[str, Any]:
    return {name: known[name] for name in FINGERPRINTED if name in known}


def _converted(folder: Path, aside: Path, since: int, report: Callable[[str], None]) -> Migrated:
    known = config_of(folder)
    old_fingerprint = known["fingerprint"]
    known["config"] = settings_now(known["config"], since)
    known |= {"fingerprint": digest_of_json(_fingerprinted(known)), "version": __version__}
    write_text(aside / CONFIG, json.dumps(known, indent=1))
    for path in sorted(folder.iterdir()):
        if path.name not in (CONFIG, LOCK, _CHECKPOINTS) and not path.name.endswith((ASIDE, REMOVED)):
            report(f"copying {path.name}")
            _copy(path, aside / path.name)
    listed = list_parts(aside / _PREDICTIONS)  # which the version before did not
    return _convert_checkpoints(
        folder / _CHECKPOINTS, aside / _CHECKPOINTS, (old_fingerprint, known["fingerprint"]), listed, report
    )


def _convert_checkpoints(
    folder: Path,
    to: Path,
    fingerprints: tuple[str, str],
    listed: Mapping[int, int],
    report: Callable[[str], None],
) -> Migrated:
    """All that are whole: one that is damaged is passed over by who goes on, too."""
    numbers, done, damaged = CheckpointReader(folder).numbers(), [], []
    writer = Checkpoints(to, kept=max(1, len(numbers)))
    for number in numbers:
        report(f"converting checkpoint {number}")
        try:
            manifest, state = _checkpoint_now(CheckpointReader(folder), number, fingerprints)
        except ResultError as error:
            damaged.append(str(error))
            continue
        size = max((each for part, each in listed.items() if part <= number), default=0)
        writer.write(state, replace(manifest, prediction_list_bytes=size))
        done.append(number)
    if damaged and not done:
        raise ResultError(
            f"{folder}: no checkpoint can be converted ({damaged[0]}); bring one back from a copy, or start "
            "anew in another folder"
        )
    return Migrated(checkpoints=tuple(done), damaged=tuple(damaged))


def _checkpoint_now(
    reader: CheckpointReader, number: int, fingerprints: tuple[str, str]
) -> tuple[CheckpointManifest, Arrays]:
    """A checkpoint as this version has it, its fingerprint the latter of the two where it was the former."""
    before, now = fingerprints
    content, state = reader.read_as_written(number)
    if content.get("format") not in OLD_FORMATS or content.get("fingerprint") != before:
        raise ResultError(f"{reader.path(number)}: it is of another version, source or configuration")
    since = content["format"]
    renewed = {"fingerprint": now, "format": FORMAT, "version": __version__}
    content = content | renewed | {"prediction_list_bytes": 0}
    return CheckpointManifest(**content), state_now(state, since)


def _copy(path: Path, to: Path) -> None:
    if path.is_dir():
        shutil.copytree(path, to, ignore=shutil.ignore_patterns(f"*{ASIDE}", f"*{REMOVED}"))
    else:
        shutil.copy2(path, to)
