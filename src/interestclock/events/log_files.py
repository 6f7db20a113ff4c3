"""The files of a log, in the order they are read: a file, a folder, a pattern, or several of these."""

from __future__ import annotations

import glob
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from interestclock.errors import LogError
from interestclock.events.file_formats import FORMATS, named_formats
from interestclock.plugins import instead_of_a_file

__all__ = ["LogFiles", "LogPath", "as_paths", "called", "log_files", "partition_of"]

LogPath = str | Path | Sequence[str | Path]

_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True, kw_only=True)
class LogFiles:
    """A log's files.

    Args:
        paths: in reading order.
        left_out: what a folder holds beside them, in no hidden file.

    Example:
        >>> LogFiles(paths=(Path("a.csv"),)).left_out
        ()
    """

    paths: tuple[Path, ...]
    left_out: tuple[Path, ...] = ()


def as_paths(log: LogPath) -> tuple[Path, ...]:
    """One path or several as paths.

    Example:
        >>> as_paths("a.csv") == as_paths([Path("a.csv")])
        True
    """
    return (Path(log),) if isinstance(log, str | Path) else tuple(Path(each) for each in log)


def called(log: LogPath) -> str:
    """A log in a message.

    Example:
        >>> called("a.csv"), called(["a.csv", "b.csv", "c.csv"])
        ('a.csv', 'a.csv and 2 more')
    """
    first, *more = as_paths(log) or (Path("no file"),)
    return f"{first} and {len(more)} more" if more else str(first)


def log_files(log: LogPath) -> LogFiles:
    """The files of a log.

    Those of a folder, its folders included, and of a pattern are read in the order of their names, in which
    ``part-2`` comes before ``part-10``; so are several in the order that a shell gives them. A folder's files
    are those of one format: Parquet, else Feather, else CSV and TSV (else .txt). What begins with a dot or an
    underscore is no part of it.

    Args:
        log: a file, a folder, a pattern such as ``plays-*.csv``, or several of these.

    Raises:
        LogError: no such file or folder, a folder or a pattern without one, or a file that is named twice.

    Example:
        >>> log_files("nowhere.csv")
        Traceback (most recent call last):
        interestclock.errors.LogError: nowhere.csv: no such file or folder
    """
    found = [_one(path) for path in _ordered(as_paths(log))]
    paths = tuple(path for files in found for path in files.paths)
    for path, count in Counter(path.resolve() for path in paths).items():
        if count > 1:
            raise LogError(f"{path}: named {count} times; name each file of a log once")
    return LogFiles(paths=paths, left_out=tuple(path for files in found for path in files.left_out))


def partition_of(path: Path) -> Mapping[str, str | None]:
    """What the folders above a file say of all its rows: ``date=2023-11-14/part-0.parquet``, as Hive has it.

    Example:
        >>> dict(partition_of(Path("events/country=DE/city=S%C3%A3o%20Paulo/part-0.parquet")))
        {'country': 'DE', 'city': 'São Paulo'}
    """
    pairs = [part.split("=", 1) for part in path.parts[:-1] if "=" in part.lstrip("=")]
    return {unquote(key): None if value == _NO_VALUE else unquote(value) for key, value in pairs}


def _ordered(paths: tuple[Path, ...]) -> Sequence[Path]:
    """Several paths as given, unless a shell seems to have put them in the order of their characters."""
    return _by_name(paths) if list(paths) == sorted(paths) else paths


def _one(path: Path) -> LogFiles:
    if path.is_file():
        return LogFiles(paths=(path,))
    if path.is_dir():
        return _in_folder(path)
    if path.exists():
        raise LogError(f"{path}: a pipe or a device; write it to a file first")
    if not glob.has_magic(str(path)):
        raise LogError(f"{path}: no such file or folder{instead_of_a_file(str(path))}")
    names = glob.glob(str(path), recursive=True)  # noqa: PTH207 (absolute ones, too)
    found = [_one(each) for each in _by_name(map(Path, names))]
    if not found:
        raise LogError(f"{path}: no file or folder is called so")
    return LogFiles(
        paths=tuple(each for files in found for each in files.paths),
        left_out=tuple(each for files in found for each in files.left_out),
    )


def _in_folder(folder: Path) -> LogFiles:
    names = [
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and not _is_hidden(path.relative_to(folder))
    ]
    formats = named_formats(names)
    chosen = next((formats[each] for each in FORMATS if formats[each]), [])
    if not chosen:
        raise LogError(
            f"{folder}: a folder without Parquet, Feather, CSV or TSV files; name a file, or a folder of "
            "these"
        )
    return LogFiles(
        paths=tuple(_by_name(folder / name for name in chosen)),
        left_out=tuple(_by_name(folder / name for name in set(names) - set(chosen))),
    )


def _is_hidden(path: Path) -> bool:
    return any(part.startswith((".", "_")) for part in path.parts)


def _by_name(paths: Iterable[Path]) -> list[Path]:
    """In the order of names, numbers in them as numbers."""
    return sorted(paths, key=lambda path: ([_numbers_apart(part) for part in path.parts], str(path)))


def _numbers_apart(part: str) -> list[str | int]:
    """Text and numbers by turns, so that like is compared with like."""
    return [int(each) if each.isdecimal() else each for each in re.split(r"(\d+)", part)]
