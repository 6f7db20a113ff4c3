"""Which messages were taken, in order: on the disk before anything is learned from them."""

from __future__ import annotations

import itertools
import json
import logging
import os
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

from interestclock.errors import ResultError
from interestclock.events.live.arrivals import Cut
from interestclock.on_disk import force

__all__ = ["Journal"]

_NAME = re.compile(r"journal-([0-9]{10})\.jsonl")
_log = logging.getLogger("interestclock.journal")


class Journal:
    """Cuts, numbered from 1, one line each, in segments; a line carries its own checksum.

    ``journal-NNNNNNNNNN.jsonl`` begins with the cut of that number. A line that a crash left half written was
    never learned from: it is cut off, with a warning. Any other damage is an error.

    Args:
        folder: made if needed.

    Raises:
        ResultError: a line is damaged, or (from ``append``) cannot be written.

    Example:
        >>> import tempfile
        >>> journal = Journal(Path(tempfile.mkdtemp()))
        >>> journal.append(Cut(source="s", ranges={"0": ("1", "9")}, messages=9))
        1
        >>> [cut.ranges for cut in journal.read_after(0)]
        [{'0': ('1', '9')}]
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._mend_last()
        self.position = self._count()

    def append(self, cut: Cut) -> int:
        """Write a cut to the disk; gives its number."""
        path = self._segments()[-1][1] if self._segments() else self._path(self.position + 1)
        size = path.stat().st_size if path.exists() else 0
        try:
            with path.open("ab") as stream:
                stream.write(_line(cut))
                stream.flush()
                os.fsync(stream.fileno())
            if not size:
                force(self.folder)  # a new file is on the disk once its name is
        except OSError as error:
            if path.exists():
                os.truncate(path, size)
            raise self._unwritable(path, error) from error
        self.position += 1
        return self.position

    def read_after(self, position: int) -> Iterator[Cut]:
        """The cuts behind a position, in order.

        Raises:
            ResultError: some of them are there no more, or a line is damaged.
        """
        segments = self._segments()
        if self.position < position:
            raise ResultError(
                f"{self.folder}: the journal ends with cut {self.position}, but {position} was learned: "
                "files are missing; bring them back from a copy, or start anew in another folder"
            )
        if segments and position + 1 < segments[0][0]:
            raise ResultError(
                f"{self.folder}: the journal begins with cut {segments[0][0]}, but {position + 1} is needed; "
                "bring the older files back from a copy, or start anew in another folder"
            )
        expected = segments[0][0] if segments else 0
        for first, path in segments:
            if first != expected:
                raise ResultError(
                    f"{path}: it should begin with cut {expected}: a file before it is missing or cut short; "
                    f"bring {self._path(expected).name} back from a copy, or start anew in another folder"
                )
            for place, cut in enumerate(_cuts(path)):
                expected += 1
                if first + place > position:
                    yield cut

    def new_segment(self) -> None:
        """The next cut begins a file of its own."""
        path = self._path(self.position + 1)
        try:
            path.touch()
        except OSError as error:
            raise self._unwritable(path, error) from error

    def drop_before(self, position: int) -> None:
        """Remove files that hold nothing behind a position."""
        segments = self._segments()
        for (_, path), (first_of_next, _) in itertools.pairwise(segments):
            if first_of_next <= position + 1:
                path.unlink()

    @staticmethod
    def _unwritable(path: Path, error: OSError) -> ResultError:
        return ResultError(
            f"{path}: the journal cannot be written ({error}); make room or mend the disk, then go on "
            "with --resume"
        )

    def _segments(self) -> list[tuple[int, Path]]:
        found = ((_NAME.fullmatch(path.name), path) for path in self.folder.iterdir())
        return sorted((int(name[1]), path) for name, path in found if name)

    def _path(self, first: int) -> Path:
        return self.folder / f"journal-{first:010d}.jsonl"

    def _count(self) -> int:
        segments = self._segments()
        if not segments:
            return 0
        first, path = segments[-1]
        return first - 1 + path.read_bytes().count(b"\n")

    def _mend_last(self) -> None:
        for _, path in reversed(self._segments()):
            content = path.read_bytes()
            whole = content.rfind(b"\n") + 1
            if whole < len(content):
                _log.warning("%s: a half-written line is cut off; nothing was learned from it", path)
                os.truncate(path, whole)
            return


def _line(cut: Cut) -> bytes:
    known = {"source": cut.source, "ranges": dict(cut.ranges), "messages": cut.messages}
    known |= {"taken_ms": cut.taken_ms} | ({} if cut.awaited is None else {"awaited": cut.awaited})
    said = json.dumps(known, sort_keys=True).encode()
    return b"%08x %s\n" % (zlib.crc32(said), said)


def _cuts(path: Path) -> Iterator[Cut]:
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        checksum, _, said = line.partition(b" ")
        if checksum != b"%08x" % zlib.crc32(said):
            raise ResultError(
                f"{path}, line {number}: damaged; bring the file back from a copy, or start anew in "
                "another folder"
            )
        content = json.loads(said)
        ranges = {partition: (first, last) for partition, (first, last) in content["ranges"].items()}
        awaited = tuple(content["awaited"]) if "awaited" in content else None
        yield Cut(**content | {"ranges": ranges, "awaited": awaited})
