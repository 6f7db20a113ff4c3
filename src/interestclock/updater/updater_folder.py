"""Whose folder it is: one feature updater's at a time, of one source and one configuration for good."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from interestclock.admission import KEY, LEDGER
from interestclock.checksums import digest_of_json
from interestclock.errors import ResultError, system_errors_as
from interestclock.files import aside_of
from interestclock.live.folder_config import CONFIG, config_of, unchanged_config, write_config
from interestclock.live.trainer_folder import HOLDS, LOCK, STORE
from interestclock.locks import lock
from interestclock.relay.folder_entries import write_items

__all__ = ["UpdaterFolder"]


class UpdaterFolder:
    """A folder that a feature updater has for itself until ``release``.

    Args:
        path: made if needed; one that an updater left goes on.
        settings: source, schema and configuration, for JSON.

    Raises:
        ResultError: another updater runs in it, it holds something else, it is of another source or
            configuration, or it cannot be used.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "store"
        >>> UpdaterFolder(path, {"source": "log:///events"}).release()
        >>> UpdaterFolder(path, {"source": "log:///others"})
        Traceback (most recent call last):
        interestclock.errors.ResultError: ... source was 'log:///events' and is 'log:///others'; go on ...
    """

    def __init__(self, path: Path, settings: Mapping[str, Any]) -> None:
        self.path, self.fingerprint = path, digest_of_json(settings)
        with system_errors_as(ResultError, f"{path} cannot be used", remedy="name another folder"):
            _refuse_foreign(path)
            path.mkdir(parents=True, exist_ok=True)
            self._lock = lock(
                path / LOCK,
                taken=f"another process keeps the store in {path} current",
                remedy="stop it, or name another folder",
            )
            try:
                self._claim(settings)
            except BaseException:
                self.release()
                raise

    def put_items(self, items: pa.Table | None) -> None:
        """The item table, for those who follow what is admitted; of an older one nothing stays.

        Raises:
            ResultError: it cannot be written.
        """
        with system_errors_as(
            ResultError, f"{self.path} cannot be written", remedy="make room, then start it again"
        ):
            write_items(self.path, items)

    @property
    def owner(self) -> str:
        """Who writes, for a store on a server: one updater at a time has a folder."""
        return f"{socket.gethostname()}:{self.path.resolve()}"

    def release(self) -> None:
        """Another updater may have it."""
        self._lock.release()

    def _claim(self, settings: Mapping[str, Any]) -> None:
        if (self.path / CONFIG).exists():
            unchanged_config(self.path, settings)
        else:
            write_config(self.path, settings, **{HOLDS: STORE})


def _refuse_foreign(path: Path) -> None:
    if (path / CONFIG).exists():
        if config_of(path).get(HOLDS) != STORE:
            raise ResultError(f"{path} holds no store that a feature updater made; name another folder")
        return
    ours = {aside_of(path / CONFIG).name, LOCK, LEDGER, KEY}  # who was erased may be there before it
    names = {each.name for each in path.iterdir()} if path.exists() else set()
    if names - ours:
        raise ResultError(
            f"{path} holds {min(names - ours)} and no store that a feature updater made; name another folder"
        )
