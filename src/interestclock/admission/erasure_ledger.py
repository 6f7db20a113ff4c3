"""Who was erased, kept beside the log: what is gone on from, replayed or learned again brings nobody back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from interestclock.admission.user_hashes import UserHashes
from interestclock.errors import ResultError, system_errors_as
from interestclock.files import force

__all__ = ["KEY", "LEDGER", "ErasureLedger", "copy_erasures"]

LEDGER, KEY = "erasures.jsonl", "erasures.key"
_FORMAT = 1
_NOBODY = ""  # no user's id: what it hashes to tells the key
_REMEDY = "bring erasures.jsonl and erasures.key back from one copy"


class ErasureLedger:
    """A line for each erasure, on the disk when ``add`` returns: until when, and the user's hash.

    Nothing is written before somebody is erased.

    Args:
        folder: of an updater or a trainer; nobody else adds to it. hashes: under the folder's key.

    Raises:
        ResultError: (from what reads) it is damaged, or of another key; (from ``add``) it cannot be written.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> hashes = UserHashes(folder / KEY)
        >>> ledger = ErasureLedger(folder, hashes=hashes)
        >>> ledger.add({hashes.of("ann"): 50})
        >>> ledger.add({hashes.of("ann"): 50})
        >>> ErasureLedger(folder, hashes=hashes).until_ms() == {hashes.of("ann"): 50}
        True
        >>> len((folder / LEDGER).read_text().splitlines())
        2
    """

    def __init__(self, folder: str | Path, *, hashes: UserHashes) -> None:
        self.path, self.hashes = Path(folder) / LEDGER, hashes
        self._known: dict[bytes, int] | None = None
        self._whole_bytes = 0  # behind them stands at most a line that a crash cut short

    def until_ms(self) -> Mapping[bytes, int]:
        """Until when users were erased, UTC milliseconds, by hash."""
        if self._known is None:
            self._known = self._read() if self.path.exists() else {}
        return self._known

    def add(self, until_ms: Mapping[bytes, int]) -> None:
        """Note erasures that are not there, or not with so late a time."""
        known = self.until_ms()
        new = {each: ms for each, ms in until_ms.items() if each not in known or known[each] < ms}
        if not new:
            return
        lines = [{"timestamp_ms": ms, "user": each.hex()} for each, ms in new.items()]
        if not self._whole_bytes:
            lines.insert(0, {"format": _FORMAT, "key": self.hashes.of(_NOBODY).hex()})
        content = "".join(json.dumps(each) + "\n" for each in lines).encode()
        with self._writable():
            with self.path.open("ab") as stream:
                stream.truncate(self._whole_bytes)
                stream.write(content)
            for each in (self.path, self.path.parent):
                force(each)
        self._whole_bytes += len(content)
        self._known = {**known, **new}

    def _read(self) -> dict[bytes, int]:
        with system_errors_as(ResultError, f"{self.path} cannot be read", remedy=_REMEDY):
            content = self.path.read_bytes()
        self._whole_bytes = content.rfind(b"\n") + 1
        lines = content[: self._whole_bytes].splitlines()
        if not lines:
            return {}
        self.hashes.check_there(needed_by=self.path.name)
        known: dict[bytes, int] = {}
        for number, line in enumerate(lines, start=1):
            try:
                described: dict[str, Any] = json.loads(line)
                if number == 1:
                    self._check_header(described)
                else:
                    each, ms = bytes.fromhex(described["user"]), int(described["timestamp_ms"])
                    known[each] = max(ms, known.get(each, ms))
            except (ValueError, KeyError, TypeError) as error:
                raise ResultError(
                    f"{self.path}, line {number}: it is damaged ({error}); {_REMEDY}"
                ) from error
        return known

    def _check_header(self, described: Mapping[str, Any]) -> None:
        if described["format"] != _FORMAT:
            raise ResultError(
                f"{self.path} is of format {described['format']}, this version reads {_FORMAT}; go on with "
                "the version that wrote it"
            )
        if described["key"] != self.hashes.of(_NOBODY).hex():
            raise ResultError(f"{self.path} is of another key than {self.hashes.path}; {_REMEDY}")

    def _writable(self) -> AbstractContextManager[None]:
        remedy = "make room or see to the folder's permissions, then start again: nothing is lost"
        return system_errors_as(ResultError, f"{self.path} cannot be written", remedy=remedy)


def copy_erasures(folder: str | Path, to: str | Path) -> None:
    """Who was erased in one folder is erased in another that begins on its state.

    Raises:
        ResultError: the other has erasures under a key of its own, or they cannot be copied.

    Example:
        >>> import tempfile
        >>> folder, to = Path(tempfile.mkdtemp()), Path(tempfile.mkdtemp())
        >>> hashes = UserHashes(folder / KEY)
        >>> ErasureLedger(folder, hashes=hashes).add({hashes.of("ann"): 50})
        >>> copy_erasures(folder, to)
        >>> len(ErasureLedger(to, hashes=UserHashes(to / KEY)).until_ms())
        1
    """
    folder, to = Path(folder), Path(to)
    there = UserHashes(folder / KEY)
    if not there.path_exists:
        return
    mine = UserHashes(to / KEY)
    if not mine.path_exists:
        mine.adopt(there)
    elif mine.of(_NOBODY) != there.of(_NOBODY):
        raise ResultError(f"{to} has erasures under another key than {folder}; begin in another folder")
    ErasureLedger(to, hashes=mine).add(ErasureLedger(folder, hashes=there).until_ms())
