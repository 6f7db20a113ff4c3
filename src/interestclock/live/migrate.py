"""A trainer's folder of an older version as this one keeps it, in a new folder beside it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from interestclock import __version__
from interestclock.admission.admitted_log import AdmittedLog
from interestclock.arrays import Arrays
from interestclock.checksums import digest_of_json
from interestclock.errors import ResultError, system_errors_as
from interestclock.files import ASIDE, REMOVED, check_new, new_folder, write_text
from interestclock.live.beginning import check_admitted, check_beginning
from interestclock.live.checkpoints import FORMAT, CheckpointManifest, CheckpointReader, Checkpoints
from interestclock.live.folder_config import CONFIG, config_of
from interestclock.live.old_states import (
    OLD_FORMATS,
    format_of_arrays,
    format_of_settings,
    settings_now,
    state_now,
)
from interestclock.live.prediction_parts import PARTS_LIST, PredictionParts, list_parts, part_paths
from interestclock.live.trainer_folder import (
    FINGERPRINTED,
    LOCK,
    STATE_FROM,
    check_format,
    format_of,
    holds_trainer,
)
from interestclock.locks import lock
from interestclock.saved import made_of

__all__ = ["Migrated", "migrate"]

_CHECKPOINTS, _PREDICTIONS, _ADMITTED = "checkpoints", "predictions", "admitted"
_FOLDERS = (_CHECKPOINTS, _PREDICTIONS, _ADMITTED, "snapshots")
_COUNTS = "admission/counters/counts"  # in a checkpoint: messages received, and what became of them


@dataclass(frozen=True, kw_only=True)
class Migrated:
    """What became of a trainer's folder.

    Args:
        checkpoints: numbers of those that were converted. damaged: why others were left out, a line each.
        noticed: what else is missing or damaged, that a trainer can go on without, a line each.
    """

    checkpoints: tuple[int, ...]
    damaged: tuple[str, ...]
    noticed: tuple[str, ...] = ()


def migrate(
    folder: str | Path, out: str | Path, *, report: Callable[[str], None] = lambda _: None
) -> Migrated:
    """Write a trainer's folder of an older version as this one keeps it; go on there with ``--resume``.

    Checkpoints and ``config.json`` are converted, all else is copied as it is. The old folder is only read
    (its ``lock`` is held meanwhile), and the version that wrote it can go on in it.

    Args:
        folder: of the trainer, which must not run. out: a new folder, whole once it has that name.
        report: told what is under way, for a status line.

    Raises:
        ResultError: there is no trainer, it runs, is of this version or one that cannot be converted, or no
            trainer could go on in it: none of its checkpoints is whole, or what was admitted behind the
            newest is not there; or ``out`` is there already, lies in it or cannot be written.

    Example:
        >>> migrate(Path("nowhere"), Path("new"))
        Traceback (most recent call last):
        interestclock.errors.ResultError: nowhere holds no trainer; give what its --checkpoints were called
    """
    folder, out = Path(folder), Path(out)
    if not holds_trainer(folder):
        raise ResultError(f"{folder} holds no trainer; give what its --checkpoints were called")
    if out.resolve().is_relative_to(folder.resolve()):
        raise ResultError(f"{out} lies in {folder}, which is only read; give another --out")
    check_new(out)
    with _at_rest(folder):
        since = _convertible(folder)
        room = f"make room for as much as {folder} takes, or give another --out"
        with system_errors_as(ResultError, f"{out} cannot be written", remedy=room), new_folder(out) as aside:
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
    for each in (folder / name for name in _FOLDERS):
        if each.exists() and not each.is_dir():
            raise ResultError(f"{each} is no folder; bring it back from a copy")
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
    if not isinstance(before.get("config"), dict):
        raise ResultError(f"{folder / CONFIG}: key 'config': expected an object; bring it back from a copy")
    return since


def _fingerprinted(known: dict[str, Any]) -> dict[str, Any]:
    return {name: known[name] for name in FINGERPRINTED if name in known}


@dataclass(kw_only=True)
class _Done:
    """What was converted so far."""

    newest: CheckpointManifest | None = None
    messages: int = 0  # messages that the newest has seen
    checkpoints: list[int] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    noticed: list[str] = field(default_factory=list)


def _converted(folder: Path, aside: Path, since: int, report: Callable[[str], None]) -> Migrated:
    known = config_of(folder)
    old_fingerprint = known["fingerprint"]
    known["config"] = settings_now(known["config"], min(since, format_of_settings(known["config"])))
    known |= {"fingerprint": digest_of_json(_fingerprinted(known)), "version": __version__}
    write_text(aside / CONFIG, json.dumps(known, indent=1))
    for path in sorted(folder.iterdir()):
        if path.name not in (CONFIG, LOCK, _CHECKPOINTS) and not path.name.endswith((ASIDE, REMOVED)):
            report(f"copying {path.name}")
            _copy(path, aside / path.name)
    done = _Done()
    listed = _listed(folder / _PREDICTIONS, aside / _PREDICTIONS, done)
    _convert_checkpoints(folder, aside, (old_fingerprint, known["fingerprint"]), listed, done, report=report)
    _check_admitted(folder, done)
    return Migrated(
        checkpoints=tuple(done.checkpoints), damaged=tuple(done.damaged), noticed=tuple(done.noticed)
    )


def _listed(folder: Path, to: Path, done: _Done) -> Mapping[int, int] | None:
    """Bytes of the list by each part's number, where the version before listed none; else None."""
    if not folder.exists():
        return {}
    if (folder / PARTS_LIST).exists():
        done.noticed += PredictionParts(folder, ()).problems()
        return None
    listed, problems = list_parts(folder, to)
    done.noticed += problems
    return listed


def _convert_checkpoints(
    folder: Path,
    aside: Path,
    fingerprints: tuple[str, str],
    listed: Mapping[int, int] | None,
    done: _Done,
    *,
    report: Callable[[str], None],
) -> None:
    """All that are whole: one that is damaged is passed over by who goes on, too."""
    reader = CheckpointReader(folder / _CHECKPOINTS)
    numbers = reader.numbers()
    writer = Checkpoints(aside / _CHECKPOINTS, kept=max(1, len(numbers)))
    for number in numbers:
        report(f"converting checkpoint {number}")
        try:
            manifest, state = _checkpoint_now(reader, number, fingerprints)
        except ResultError as error:
            done.damaged.append(str(error))
            continue
        if listed is not None:
            size = max((each for part, each in listed.items() if part <= number), default=0)
            manifest = replace(manifest, prediction_list_bytes=size)
        done.newest = writer.write(state, manifest)
        done.messages = int(state[_COUNTS][0])
        done.checkpoints.append(number)
    if done.damaged and done.newest is None:
        raise ResultError(
            f"{reader.folder}: no checkpoint can be converted ({done.damaged[0]}); bring one back from a "
            "copy, or start anew in another folder"
        )
    if listed is not None and done.newest is not None:
        there = part_paths(folder / _PREDICTIONS)
        done.noticed += [
            f"{folder / _PREDICTIONS}: there is no part {number}: nothing was predicted before checkpoint "
            f"{number}, or it is missing"
            for number in range(1, done.newest.number + 1)
            if number not in there
        ]


def _checkpoint_now(
    reader: CheckpointReader, number: int, fingerprints: tuple[str, str]
) -> tuple[CheckpointManifest, Arrays]:
    """A checkpoint as this version has it, its fingerprint the latter of the two where it was the former."""
    before, now = fingerprints
    content, state = reader.read_as_written(number)
    since, path = content.get("format"), reader.path(number)
    if not isinstance(since, int) or since not in OLD_FORMATS or content.get("fingerprint") != before:
        raise ResultError(f"{path}: it is of another version, source or configuration")
    converted = state_now(state, since)
    if format_of_arrays(state) < since or _COUNTS not in converted:
        raise ResultError(f"{path}: it says format {since}, and is of another; the checkpoint is damaged")
    renewed = {"fingerprint": now, "format": FORMAT, "version": __version__}
    content = {"prediction_list_bytes": 0} | content | renewed
    manifest = made_of(CheckpointManifest, content, where=str(path), remedy="the checkpoint is damaged")
    return manifest, converted


def _check_admitted(folder: Path, done: _Done) -> None:
    """What was admitted behind the newest checkpoint has to be there, as for who goes on."""
    log = AdmittedLog(folder / _ADMITTED)
    if done.newest is None and STATE_FROM in config_of(folder):
        check_beginning(folder, first=1, entries=0)  # what was copied from the other is copied again
        return
    if done.newest is None:
        check_beginning(folder, first=log.first, entries=log.position + 1 - log.first)
        position, messages = 0, 0
    else:
        position, messages = done.newest.admitted_position, done.messages
    done.noticed += check_admitted(log, folder / _ADMITTED, position=position, messages=messages)


def _copy(path: Path, to: Path) -> None:
    if path.is_dir():
        shutil.copytree(path, to, ignore=shutil.ignore_patterns(f"*{ASIDE}", f"*{REMOVED}"))
    else:
        shutil.copy2(path, to)
