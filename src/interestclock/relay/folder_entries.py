"""Entries of the admitted log in a feature updater's folder, read while it is written."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from interestclock.admission import AdmittedEntry, AdmittedFollower
from interestclock.admission.admitted_log import ADMITTED
from interestclock.errors import ResultError, system_errors_as
from interestclock.files import written_aside
from interestclock.relay.admitted_settings import AdmittedSettings
from interestclock.relay.admitted_source import entries_gone
from interestclock.saved import read_object
from interestclock.streams.log_followers import FollowerOffset, check_follower_name, followers_of
from interestclock.streams.segment_header import files_of

__all__ = ["FolderEntries", "write_items"]

_CONFIG, _ITEMS = "config.json", "items.arrow"
_LOOK_AGAIN_S = 0.005
_log = logging.getLogger("interestclock.source")


class FolderEntries:
    """What the ``FeatureUpdater`` of a folder admits, as soon as it is on the disk.

    How far a reader has come stands in the folder, under its name: what it did not acknowledge is kept.

    Args:
        folder: of the store, or the ``admitted/`` in it. group: the reader's name; one process reads under
            it.

    Raises:
        ConfigError: the name cannot be a file's.
        ResultError: there is no store of a feature updater; (from what reads) what comes next was removed or
            is damaged, or another process reads under that name.

    Example:
        >>> FolderEntries("nowhere", group="trainer")
        Traceback (most recent call last):
        interestclock.errors.ResultError: nowhere holds no store that a feature updater made; start it ...
    """

    def __init__(self, folder: str | Path, *, group: str) -> None:
        check_follower_name(group)
        self._store = _store(Path(folder))
        self._folder, self._group = self._store / ADMITTED, group
        self.name = f"admitted://{self._store}"
        self._settings = _settings(self._store)
        self._offset: FollowerOffset | None = None
        self._follower = AdmittedFollower(self._folder)
        self._found: Iterator[tuple[int, AdmittedEntry]] = iter(())

    @property
    def settings(self) -> AdmittedSettings:
        """What the updater's ``config.json`` says."""
        return self._settings

    def items(self) -> pa.Table | None:
        """The item table that the updater was given."""
        return _read_items(self._store)

    def start_after(self, position: int) -> None:
        """Go on behind an entry; from here on what follows is kept."""
        first = min(files_of(self._folder, ADMITTED), default=1) if self._folder.exists() else 1
        if position + 1 < first:
            raise entries_gone(self.name, first=first, needed=position + 1)
        if self._offset is None:
            self._offset = FollowerOffset(self._folder, self._group)
        self._offset.write(position)
        self._follower, self._found = AdmittedFollower(self._folder, position=position), iter(())

    def next(self, wait_s: float) -> tuple[int, AdmittedEntry] | None:
        """The next entry that is on the disk."""
        until_s = time.monotonic() + wait_s
        while True:
            if (found := next(self._found, None)) is not None:
                return found
            self._found = self._follower.read()
            if (found := next(self._found, None)) is not None:
                return found
            left_s = until_s - time.monotonic()
            if left_s <= 0:
                return None
            time.sleep(min(left_s, _LOOK_AGAIN_S))

    def acknowledge(self, position: int) -> None:
        """Note it in the folder; where that cannot be written, the next time does."""
        if self._offset is None:
            return
        try:
            self._offset.write(position)
        except ResultError as error:
            _log.warning("%s", error)

    def close(self) -> None:
        """Let another process read under this name; the updater waits for it."""
        if self._offset is not None:
            self._offset.release()
            self._offset = None


def keep_for(names: Sequence[str], admitted: Path, *, first: int) -> None:
    """Keep what is admitted for readers that have not come yet; of those that have, nothing changes.

    Args:
        admitted: the log's folder; made if needed. first: the oldest entry that is kept.

    Raises:
        ConfigError: no name of that kind. ResultError: one would begin with what is gone.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp()) / "admitted"
        >>> keep_for(["trainer"], folder, first=1)
        >>> [(each.name, each.offset) for each in followers_of(folder)]
        [('trainer', 0)]
        >>> keep_for(["trainer", "late"], folder, first=8)
        Traceback (most recent call last):
        interestclock.errors.ResultError: ... begins with entry 8, and 'late' would need it from the first ...
    """
    there = {each.name for each in followers_of(admitted)}
    for name in names:
        check_follower_name(name)
        if name in there:
            continue
        if first > 1:
            raise ResultError(
                f"{admitted} begins with entry {first}, and '{name}' would need it from the first on: leave "
                "the name out and let it start on the state of another trainer, or begin anew in another "
                "folder"
            )
        offset = FollowerOffset(admitted, name)
        offset.write(0)
        offset.release()


def write_items(store: Path, items: pa.Table | None) -> None:
    """Put the item table beside a store, or take it away, for those who follow what is admitted there.

    Raises:
        OSError: it cannot be written.

    Example:
        >>> import tempfile
        >>> store = Path(tempfile.mkdtemp())
        >>> write_items(store, pa.table({"item_id": ["a"], "attribute.genre": [["rock"]]}))
        >>> _read_items(store)["item_id"].to_pylist()
        ['a']
        >>> write_items(store, None)
        >>> _read_items(store) is None
        True
    """
    path = store / _ITEMS
    if items is None:
        path.unlink(missing_ok=True)
        return
    with written_aside(path) as aside, pa.ipc.new_file(aside, items.schema) as writer:
        writer.write_table(items)


def _read_items(store: Path) -> pa.Table | None:
    path = store / _ITEMS
    if not path.exists():
        return None
    with (
        system_errors_as(ResultError, f"{path}: cannot be read", remedy="start the updater again"),
        pa.ipc.open_file(pa.memory_map(str(path))) as reader,
    ):
        return reader.read_all()


def _store(folder: Path) -> Path:
    for each in (folder, *([folder.parent] if folder.name == ADMITTED else [])):
        if (each / _CONFIG).exists():
            return each.resolve()
    raise ResultError(
        f"{folder} holds no store that a feature updater made; start it first: interestclock features follow "
        f"SOURCE --store {folder}"
    )


def _settings(store: Path) -> AdmittedSettings:
    described = read_object(store / _CONFIG, remedy="give the folder of a store ('features follow --store')")
    if described.get("holds") != "store":
        raise ResultError(
            f"{store} holds no store that a feature updater made; give what its --store was called"
        )
    admission = described.get("config", {}).get("admission", {})
    return AdmittedSettings.of(described | {"admission": admission}, where=str(store / _CONFIG))
