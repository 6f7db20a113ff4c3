"""Features of a sample of requests, on disk: as they were served, or trained on; the newest so many bytes."""

from __future__ import annotations

import hashlib
import logging
import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from interestclock.errors import ConfigError, ResultError, system_errors_as
from interestclock.samples.request_features import Id, RequestFeatures

__all__ = ["RequestRecord", "RequestRecords", "check_share", "is_sampled", "read_records", "record_files"]

_NAME = re.compile(r"requests-([0-9]{8})\.jsonl")
_FILES = 8  # the oldest of them goes when another begins
_MOST_BYTES = 64 << 20
_log = logging.getLogger("interestclock.requests")


@dataclass(frozen=True, kw_only=True)
class RequestRecord:
    """One request of the sample, as a server or a trainer had it.

    Args:
        request_id: of the service. user: id. features: as they were read.
        clocks_of_day: whether clocks were read as of the start of the UTC day. most: behaviours it reads.
        population_votes: κ, by which everyone's counts filled up the clocks.
        position: of a server, the last entry of the admitted log that was in its store for this user.
        log_ends: of a server, the last offset of each partition that was in the source's log by then; None
            where nobody asked.

    Example:
        >>> features = RequestFeatures(at_ms=0, second_of_day=0, day_of_week=3, known_behaviours=0)
        >>> record = RequestRecord(request_id="r", user=7, features=features, clocks_of_day=False, most=3)
        >>> record.position is None
        True
    """

    request_id: str
    user: Id
    features: RequestFeatures
    clocks_of_day: bool
    most: int
    population_votes: float = 0.0
    position: int | None = None
    log_ends: Mapping[str, str] | None = None


def is_sampled(request_id: str, share: float) -> bool:
    """Whether a request is of the sample: told by its id alone, so that all processes agree.

    Who is in a smaller sample is in every larger one.

    Args:
        share: of the requests, 0 to 1.

    Example:
        >>> [is_sampled("r1", share) for share in (0.0, 0.2, 0.3, 1.0)]
        [False, False, False, True]
        >>> sum(is_sampled(f"r{each}", 0.1) for each in range(10_000))
        979
    """
    number = int.from_bytes(hashlib.blake2b(request_id.encode(), digest_size=8).digest(), "big")
    return number < share * 2**64


def check_share(name: str, share: float) -> None:
    """Refuse what is no share.

    Raises:
        ConfigError: it is below 0, above 1 or no number.

    Example:
        >>> check_share("sample_requests", 2.0)
        Traceback (most recent call last):
        interestclock.errors.ConfigError: sample_requests is 2.0; give a share from 0 (none) to 1 (all)
    """
    if not 0 <= share <= 1:
        raise ConfigError(f"{name} is {share}; give a share from 0 (none) to 1 (all)")


class RequestRecords:
    """Appends records to a folder of its own, and lets go of the oldest.

    Nothing waits for the disk. What cannot be written is lost, and a warning says so once: neither serving
    nor training stops for it.

    Args:
        folder: made with the first record; one process writes there. most_bytes: of all files, about.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> features = RequestFeatures(at_ms=0, second_of_day=0, day_of_week=3, known_behaviours=0)
        >>> records = RequestRecords(folder)
        >>> records.add(RequestRecord(request_id="r", user=7, features=features, clocks_of_day=False, most=3))
        >>> records.close()
        >>> [(each.request_id, each.features == features) for each in read_records(folder)]
        [('r', True)]
    """

    def __init__(self, folder: str | Path, *, most_bytes: int = _MOST_BYTES) -> None:
        self.folder = Path(folder)
        self._each_bytes = most_bytes // _FILES
        self._writing, self._failed = threading.Lock(), False
        self._path: Path | None = None

    def add(self, record: RequestRecord) -> None:
        """Keep one; from any thread."""
        line = msgspec.json.encode(record) + b"\n"
        with self._writing:
            try:
                with self._file().open("ab") as stream:
                    stream.write(line)
            except OSError as error:
                if not self._failed:
                    _log.warning("%s: features of requests cannot be kept (%s)", self.folder, error)
                self._failed = True

    def close(self) -> None:
        """Another process may have the folder."""
        self._path = None

    def _file(self) -> Path:
        """Where the next one goes; a file that another process left may end in half a line."""
        if self._path is None or self._path.stat().st_size >= self._each_bytes:
            self.folder.mkdir(parents=True, exist_ok=True)
            files = record_files(self.folder)
            self._path = self.folder / f"requests-{max(files, default=0) + 1:08d}.jsonl"
            self._path.touch()
            for number in sorted(files)[: len(files) + 1 - _FILES]:
                files[number].unlink()
        return self._path


def record_files(folder: Path) -> dict[int, Path]:
    """Files of records by their numbers, ascending.

    Example:
        >>> record_files(Path("nowhere"))
        {}
    """
    found = ((_NAME.fullmatch(path.name), path) for path in folder.glob("requests-*.jsonl"))
    return dict(sorted((int(name[1]), path) for name, path in found if name))


def read_records(folder: str | Path) -> Iterator[RequestRecord]:
    """All records of a folder, oldest first; beside one who writes there.

    A line that is cut off, as a kill leaves it, is left out.

    Raises:
        ResultError: a line is no record, or cannot be read.

    Example:
        >>> list(read_records("nowhere"))
        []
    """
    decoder = msgspec.json.Decoder(RequestRecord)
    remedy = "remove it; what it says is lost"
    for path in record_files(Path(folder)).values():
        with system_errors_as(ResultError, f"{path} cannot be read", remedy=remedy):
            try:
                lines = path.read_bytes().splitlines(keepends=True)
            except FileNotFoundError:
                continue  # its writer let go of it
        for number, line in enumerate(lines, start=1):
            if not line.endswith(b"\n"):
                continue
            try:
                yield decoder.decode(line)
            except msgspec.DecodeError as error:
                where = f"{path}, line {number}"
                raise ResultError(f"{where}: no record of a request ({error}); {remedy}") from error
