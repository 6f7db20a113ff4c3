"""A copy of a store's folder, made while its updater runs, that an updater goes on from."""

from __future__ import annotations

import logging
import shutil
from contextlib import suppress
from pathlib import Path

from interestclock.admission.admitted_log import AdmittedLog, copy_admitted
from interestclock.errors import ResultError, system_errors_as
from interestclock.files import new_folder
from interestclock.live.checkpoints import CheckpointReader
from interestclock.live.folder_config import CONFIG, config_of
from interestclock.live.trainer_folder import HOLDS, STORE
from interestclock.store.environment import FOLDER, Environment
from interestclock.store.meta import read_meta
from interestclock.updater.backup_manifest import BackupManifest

__all__ = ["backup"]

_ATTEMPTS = 3
_CHECKPOINTS, _ADMITTED = "checkpoints", "admitted"
_LETTERS = ("dead-letters.jsonl", "log-dead-letters.jsonl")
_log = logging.getLogger("interestclock.backup")


def backup(folder: str | Path, to: str | Path) -> BackupManifest:
    """Copy a store's folder, whether or not an updater runs in it; it is only read.

    In this order, as an updater writes the other way round: the newest checkpoint that is whole; the store,
    in one snapshot and without its free pages, which is as far or farther; what was admitted behind the
    checkpoint, at least as far as the store has it. So ``restore`` gives a folder that an updater goes on in
    as if it had been killed just then.

    Args:
        folder: that an updater keeps. to: a folder that is not there yet; it has its name once it is whole
            and on the disk.

    Raises:
        ResultError: it is no updater's folder, ``to`` is there, something cannot be copied, or the updater
            let go of what had to be copied again and again.

    Example:
        >>> import tempfile
        >>> from interestclock.events import open_log
        >>> from interestclock.simulator import SimulatorSize, write_simulated_log
        >>> from interestclock.streams import ReplaySource
        >>> from interestclock.updater import FeatureUpdater, UpdaterConfig
        >>> from interestclock.updater.restore import restore
        >>> folder = Path(tempfile.mkdtemp())
        >>> size = SimulatorSize(users=5, items=200, days=2, exposures_per_day=40)
        >>> _ = write_simulated_log(folder / "log", size=size)
        >>> source = ReplaySource(open_log(folder / "log"))
        >>> with FeatureUpdater(source, folder / "store", config=UpdaterConfig()) as updater:
        ...     updater.run()
        >>> made = backup(folder / "store", folder / "backup")
        >>> made.position == made.checkpoint > 0, sorted(made.bytes_by_part())
        (True, ['admitted/', 'checkpoints/', 'config.json', 'features.lmdb/'])
        >>> restore(folder / "backup", folder / "restored") == made
        True
    """
    folder, to = Path(folder), Path(to)
    if not (folder / CONFIG).exists() or config_of(folder).get(HOLDS) != STORE:
        raise ResultError(f"{folder} holds no store that a feature updater made; name another folder")
    with (
        new_folder(to, remedy="give another folder") as aside,
        system_errors_as(ResultError, f"{to} cannot be written", remedy="make room, then back up again"),
    ):
        position, checkpoint = _copied(folder, aside)
        made = BackupManifest.of(aside, position=position, checkpoint=checkpoint)
        made.write(aside)
    return made


def _copied(folder: Path, aside: Path) -> tuple[int, int]:
    """Positions of the store and of the checkpoint that were copied."""
    for _ in range(_ATTEMPTS):
        try:
            return _copy(folder, aside)
        except FileNotFoundError as error:  # let go of meanwhile, as newer checkpoints were written
            _log.warning("%s; copying once more", error)
            for part in (_CHECKPOINTS, FOLDER, _ADMITTED):
                shutil.rmtree(aside / part, ignore_errors=True)
    raise ResultError(
        f"{folder}: parts of it are missing, or went {_ATTEMPTS} times while they were copied; stop the "
        "updater for it, or let it keep more (--checkpoints-kept)"
    )


def _copy(folder: Path, aside: Path) -> tuple[int, int]:
    shutil.copy(folder / CONFIG, aside)
    checkpoint = _copy_checkpoint(folder / _CHECKPOINTS, aside / _CHECKPOINTS)
    position = _copy_store(folder, aside)
    if position:
        copy_admitted(folder / _ADMITTED, aside / _ADMITTED, position=checkpoint)
        last = AdmittedLog(aside / _ADMITTED).position
        if not checkpoint <= position <= last:
            raise ResultError(
                f"{folder}: the checkpoint is at entry {checkpoint}, the store at {position}, and what was "
                f"admitted ends with {last}; `features follow` has to put them in order first"
            )
    for name in _LETTERS:
        with suppress(FileNotFoundError):  # there were none
            shutil.copy(folder / name, aside)
    return position, checkpoint


def _copy_checkpoint(checkpoints: Path, to: Path) -> int:
    """The position of the newest one that is whole; 0 where there is none at all."""
    numbers, copies = CheckpointReader(checkpoints).numbers(), CheckpointReader(to)
    to.mkdir()
    for number in reversed(numbers):
        copies.path(number).mkdir()
        for path in sorted(CheckpointReader(checkpoints).path(number).iterdir()):
            shutil.copy(path, copies.path(number))
        try:
            return copies.check(number).admitted_position
        except ResultError as error:
            _log.warning("%s; copying the one before it", error)
            shutil.rmtree(copies.path(number))
    if numbers:
        raise ResultError(f"{checkpoints}: no checkpoint is whole; restore an older backup")
    return 0


def _copy_store(folder: Path, aside: Path) -> int:
    """The position that was copied."""
    (aside / FOLDER).mkdir()
    environment = Environment.open(folder)
    try:
        environment.copy_to(aside / FOLDER)
    finally:
        environment.close()
    copied = Environment.open(aside)
    try:
        with copied.reading() as txn:
            return read_meta(txn, copied.databases["meta"], copied.path).position
    finally:
        copied.close()
        (aside / FOLDER / "lock.mdb").unlink()
