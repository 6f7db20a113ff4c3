"""What a trainer or an updater keeps to go on from, without what would still name erased users."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from interestclock.admission import KEY, AdmittedLog, ErasedUsers, ErasureLedger, UserHashes
from interestclock.arrays import below
from interestclock.erasing.dead_lines import erase_lines
from interestclock.erasing.erased_ids import IsErased
from interestclock.erasing.predictions import erase_predictions
from interestclock.erasing.snapshots import erase_snapshots
from interestclock.errors import ResultError
from interestclock.files import remove_folder, sweep
from interestclock.live.beginning import check_beginning
from interestclock.live.checkpoints import CheckpointManifest, Checkpoints
from interestclock.live.folder_config import config_of
from interestclock.live.prediction_parts import PARTS_LIST
from interestclock.live.trained_requests import TRAINED_REQUESTS
from interestclock.live.trainer_folder import HOLDS, STORE
from interestclock.samples.request_records import record_files
from interestclock.store import LmdbStore
from interestclock.store.compact import compact
from interestclock.streams.log_followers import followers_of

__all__ = ["finish_kept_files", "is_of_one"]

_LETTERS = ("dead-letters.jsonl", "log-dead-letters.jsonl")


def finish_kept_files(folder: Path) -> Iterator[str]:
    """Let go of all before the newest checkpoint, and write anew what else names erased users.

    Whoever calls it has the folder's lock. It may be killed anywhere and called again.

    Args:
        folder: of a trainer, or of an updater and its store.

    Yields:
        What was done, a line each; and what stays, and for whom.

    Raises:
        ResultError: the newest checkpoint is behind what was admitted or who was erased, or damaged.
        OSError: something cannot be written.
    """
    hashes = UserHashes(folder / KEY)
    until_ms = ErasureLedger(folder, hashes=hashes).until_ms()
    if not until_ms:
        yield "nobody was erased here"
        return
    checkpoints, log = Checkpoints(folder / "checkpoints", kept=1), AdmittedLog(folder / "admitted")
    manifest = _newest(folder, checkpoints, log, ErasedUsers(hashes))

    def is_erased(each: str) -> bool:
        return bool(each) and hashes.of(each) in until_ms

    yield from _store(folder, manifest)
    yield from _admitted(folder, log, manifest)
    yield from _checkpoints(checkpoints)
    yield from _rest(folder, is_erased)
    checkpoints.replace_manifest(
        replace(
            manifest,
            dead_letter_bytes=_size(folder / _LETTERS[0]),
            prediction_list_bytes=_size(folder / "predictions" / PARTS_LIST),
        )
    )


def _newest(
    folder: Path, checkpoints: Checkpoints, log: AdmittedLog, erased: ErasedUsers
) -> CheckpointManifest:
    """The newest checkpoint, where it has all that was admitted and all erasures."""
    again = "start it again and stop it, which makes a checkpoint; then finish"
    numbers = checkpoints.numbers()
    if not numbers:
        check_beginning(folder, first=log.first, entries=log.position + 1 - log.first)
        raise ResultError(f"{folder} has no checkpoint; {again}")
    manifest, state = checkpoints.read(numbers[-1])
    erased.restore(below("admission/erased", state))
    behind = log.position - manifest.admitted_position
    if behind > 0 or erased.unknown_of(ErasureLedger(folder, hashes=erased.hashes).until_ms()):
        raise ResultError(f"{folder}: its newest checkpoint is behind what was admitted since; {again}")
    return manifest


def _store(folder: Path, manifest: CheckpointManifest) -> Iterator[str]:
    if config_of(folder).get(HOLDS) != STORE:
        return
    with LmdbStore(folder) as store, store.snapshot() as view:
        position = view.position
    if position != manifest.admitted_position:
        raise ResultError(
            f"{folder}: the store is at entry {position}, its newest checkpoint at "
            f"{manifest.admitted_position}; start the updater again and stop it, then finish"
        )
    before, after = compact(folder)
    yield f"store: {before:,} bytes, now {after:,}; who has it open reads the old file, so open it again"


def _admitted(folder: Path, log: AdmittedLog, manifest: CheckpointManifest) -> Iterator[str]:
    if not log.last_file_is_empty:
        log.new_segment()
    needed, first = manifest.admitted_position, log.first
    for each in followers_of(folder / "admitted"):
        if each.offset < needed:
            yield f"admitted/: entries behind {each.offset:,} stay for its follower '{each.name}'"
    log.drop_before(min([needed, *(each.offset for each in followers_of(folder / "admitted"))]))
    yield f"admitted/: {log.first - first:,} entries went"


def _checkpoints(checkpoints: Checkpoints) -> Iterator[str]:
    sweep(checkpoints.folder)
    older = checkpoints.numbers()[:-1]
    for number in older:
        remove_folder(checkpoints.path(number))
    yield f"checkpoints/: {len(older)} went"


def _rest(folder: Path, is_erased: IsErased) -> Iterator[str]:
    yield f"snapshots/: {erase_snapshots(folder / 'snapshots', is_erased)} went"
    yield f"predictions/: {erase_predictions(folder / 'predictions', is_erased):,} rows went"
    files = record_files(folder / TRAINED_REQUESTS).values()
    requests = sum(erase_lines(path, is_erased, names=is_of_one) for path in files)
    yield f"{TRAINED_REQUESTS}/: {requests:,} lines went"
    for name in _LETTERS:
        yield f"{name}: {erase_lines(folder / name, is_erased):,} lines went"


def is_of_one(record: Any, is_erased: IsErased) -> bool:
    """Whether a record of a request is an erased user's; half a line may be anybody's.

    Example:
        >>> is_of_one({"user": 7}, {"7"}.__contains__), is_of_one({"user": "a"}, {"7"}.__contains__)
        (True, False)
    """
    return not isinstance(record, dict) or is_erased(str(record.get("user")))


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
