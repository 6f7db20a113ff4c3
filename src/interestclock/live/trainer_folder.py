"""Whose folder it is: one trainer's at a time, of one source and one configuration for good."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from interestclock.admission import KEY, LEDGER
from interestclock.checksums import digest_of_json
from interestclock.errors import ResultError, system_errors_as
from interestclock.files import aside_of
from interestclock.live.begin_anew import clear, is_of_a_log
from interestclock.live.checkpoints import FORMAT, CheckpointReader
from interestclock.live.folder_config import CONFIG, config_of, unchanged_config, write_config
from interestclock.live.old_states import OLD_FORMATS, format_of_settings
from interestclock.live.prediction_parts import part_paths
from interestclock.locks import lock
from interestclock.saved import read_object

if TYPE_CHECKING:
    from filelock import BaseFileLock

__all__ = [
    "FINGERPRINTED",
    "HOLDS",
    "LOCK",
    "STATE_FROM",
    "STORE",
    "TrainerFolder",
    "check_format",
    "check_unclaimed",
    "format_of",
    "holds_trainer",
    "may_begin_anew",
]

LOCK = "lock"
FINGERPRINTED = ("source", "schema", "clock", "config")  # in the configuration: what its fingerprint is over
_NAMES_ALONE = ("source", "config")  # in the configuration: which those of other commands do not have
STATE_FROM = "state_from"  # in the configuration: on whose state it began
HOLDS, STORE = "holds", "store"  # in the configuration: this is no trainer's folder but a feature updater's
_JOURNAL = "journal"  # before there was an admitted log
_log = logging.getLogger("interestclock.train")


class TrainerFolder:
    """A folder that a trainer has for itself until ``release``.

    ``config.json`` says of which source and configuration it is; ``lock`` is held while a trainer runs.

    Args:
        path: made if needed. settings: source, schema and configuration, for JSON.
        resume: go on where the folder's trainer stopped; an empty folder starts anew. So does, without it,
            one whose trainer of another log or with other settings has no checkpoint (``may_begin_anew``).
        state_from: the folder of the trainer on whose state this one begins; None: it begins with nothing.
            Once there is a checkpoint, it is not looked at.

    Raises:
        ResultError: another trainer runs in it, it is not empty and ``resume`` is not set, it is of another
            source, configuration or version, it begins otherwise, or it cannot be used.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "trainer"
        >>> TrainerFolder(path, {"source": "a log"}, resume=False).release()
        >>> TrainerFolder(path, {"source": "another log"}, resume=True)
        Traceback (most recent call last):
        interestclock.errors.ResultError: ... source was 'a log' and is 'another log'; go on with those ...
    """

    def __init__(
        self,
        path: str | Path,
        settings: Mapping[str, Any],
        *,
        resume: bool,
        state_from: str | Path | None = None,
    ) -> None:
        path = Path(path)
        self.path, self.fingerprint = path, digest_of_json(settings)
        begins = _resolved(state_from)
        with _usable(path):
            _refuse_foreign(path)
            path.mkdir(parents=True, exist_ok=True)
            self._lock = _locked(path)
        try:
            with _usable(path):
                _check_claim(path, settings, resume=resume, begins=begins)
                if _begins_anew(path, settings, resume=resume):
                    _log.info("%s has no checkpoint, and is of another log or other settings: anew", path)
                    clear(path, last=CONFIG)
                if not holds_trainer(path):
                    write_config(path, settings, **({} if begins is None else {STATE_FROM: begins}))
        except BaseException:
            self.release()
            raise

    @staticmethod
    def check(
        path: str | Path,
        settings: Mapping[str, Any],
        *,
        resume: bool,
        state_from: str | Path | None = None,
    ) -> None:
        """Refuse at once what would be refused, and change nothing.

        Raises:
            ResultError: as for the folder.
        """
        path = Path(path)
        check_unclaimed(path, resume=resume)
        _check_claim(path, settings, resume=resume, begins=_resolved(state_from))

    def release(self) -> None:
        """Another trainer may have it."""
        self._lock.release()


def check_unclaimed(path: Path, *, resume: bool) -> None:
    """Refuse a folder that is somebody's, as far as can be said before a source is opened.

    One that may be begun anew is not refused before it is known with which source.

    Raises:
        ResultError: another trainer runs in it, it is not empty and ``resume`` is not set, or cannot be used.

    Example:
        >>> check_unclaimed(Path("nowhere"), resume=False)
    """
    with _usable(path):
        _refuse_foreign(path)
        if (path / LOCK).exists():
            _locked(path).release()
    if holds_trainer(path) and (resume or not may_begin_anew(path)):
        _check_resumed(path, resume=resume)


def may_begin_anew(path: Path) -> bool:
    """Whether a trainer stopped here before its first checkpoint, of a log alone.

    Nothing is lost with it then but time: all of it is in the log, be that mended meanwhile.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp())
        >>> TrainerFolder(path, {"source": "log 8f43"}, resume=False).release()
        >>> may_begin_anew(path)
        True
    """
    if not holds_trainer(path) or CheckpointReader(path / "checkpoints").numbers():
        return False
    if any(part > 1 for part in part_paths(path / "predictions")):  # there was one
        return False
    try:
        return is_of_a_log(config_of(path).get("source"))
    except ResultError:  # it is damaged, which is said where it is read for good
        return False


def holds_trainer(path: Path) -> bool:
    """Whether there is a trainer to go on with; one whose ``config.json`` is damaged is there, too.

    Example:
        >>> holds_trainer(Path("nowhere"))
        False
    """
    if not (path / CONFIG).exists():
        return False
    try:
        settings = read_object(path / CONFIG, remedy="")
    except ResultError:
        return True
    if settings.get(HOLDS) == STORE:
        return False
    # Results of other commands have a config.json of another kind, and neither of these folders.
    mine = any(name in settings for name in _NAMES_ALONE)
    return mine or any((path / name).exists() for name in (LOCK, "checkpoints", "admitted"))


def _usable(path: Path) -> AbstractContextManager[None]:
    return system_errors_as(ResultError, f"{path} cannot be used", remedy="name another folder")


def _resolved(state_from: str | Path | None) -> str | None:
    return None if state_from is None else str(Path(state_from).resolve())


def _locked(path: Path) -> BaseFileLock:
    return lock(
        path / LOCK, taken=f"another trainer runs in {path}", remedy="stop it, or name another folder"
    )


def _refuse_foreign(path: Path) -> None:
    ours = {aside_of(path / CONFIG).name, LOCK, LEDGER, KEY}  # who was erased may be there before it
    names = {each.name for each in path.iterdir()} if path.exists() else set()
    if names - ours and not holds_trainer(path):
        raise ResultError(f"{path} is not empty and holds no trainer; name another folder")
    if _JOURNAL in names:
        raise ResultError(
            f"{path} is of a version that kept a journal of offsets; finish it with that version "
            f"({config_of(path).get('version')}), or start anew in another folder"
        )


def _check_resumed(path: Path, *, resume: bool) -> None:
    """A folder that holds a trainer can only be gone on with, by a version that can."""
    if not resume:
        raise ResultError(f"{path} holds a trainer; go on with --resume, or name another folder")
    check_format(path)


def format_of(folder: Path) -> int:
    """The format of a trainer's checkpoints; where it has none yet, of those it would write.

    Raises:
        ResultError: its ``config.json`` cannot be read.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp())
        >>> TrainerFolder(path, {"source": "a log"}, resume=False).release()
        >>> format_of(path) == FORMAT
        True
    """
    settings = config_of(folder).get("config", {})
    found = CheckpointReader(folder / "checkpoints").format()
    return format_of_settings(settings) if found is None else found


def check_format(folder: Path) -> None:
    """Refuse a trainer's folder that another version wrote, and say what can be done.

    Raises:
        ResultError: it is of another version.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp())
        >>> TrainerFolder(path, {"source": "a log"}, resume=False).release()
        >>> check_format(path)
    """
    found = format_of(folder)
    if found in OLD_FORMATS:
        raise ResultError(
            f"{folder} is of an older version (format {found}, this version reads {FORMAT}); convert it with "
            f"'interestclock migrate {folder} --out NEW', and go on in NEW"
        )
    if found != FORMAT:
        raise ResultError(
            f"{folder} is of another version ({config_of(folder).get('version')}: format {found}, this "
            f"version reads {FORMAT}); finish it with that version, or start anew in another folder"
        )


def _check_claim(path: Path, settings: Mapping[str, Any], *, resume: bool, begins: str | None) -> None:
    if not holds_trainer(path) or _begins_anew(path, settings, resume=resume):
        return
    _check_resumed(path, resume=resume)
    before = unchanged_config(
        path,
        settings,
        otherwise=lambda: " (without --resume it begins anew: there is no checkpoint)" * may_begin_anew(path),
    )
    _check_beginning(path, before.get(STATE_FROM), begins)


def _begins_anew(path: Path, settings: Mapping[str, Any], *, resume: bool) -> bool:
    """A log or settings that were changed, and nothing that could go on."""
    if resume or not may_begin_anew(path):
        return False
    return bool(config_of(path)["fingerprint"] != digest_of_json(settings))


def _check_beginning(path: Path, before: str | None, begins: str | None) -> None:
    """Without a checkpoint it begins once more, and has to begin with the same."""
    if before == begins or CheckpointReader(path / "checkpoints").numbers():
        return
    if before is None:
        raise ResultError(
            f"{path} holds a trainer that begins with nothing, and has no checkpoint yet; leave out "
            "--state-from, or name another folder"
        )
    raise ResultError(
        f"{path} was stopped before its first checkpoint, and begins on the state of {before}; give "
        f"--state-from {before} again, or name another folder"
    )
