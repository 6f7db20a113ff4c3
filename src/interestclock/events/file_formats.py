"""How a file is written, told by how it begins and only then by its name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from interestclock.errors import LogError

__all__ = ["FORMATS", "compression_of", "format_of", "named_formats", "unpacked_name"]

FORMATS = ("Parquet", "Feather", "CSV")
_ENDINGS = {
    "Parquet": (".parquet", ".pq"),
    "Feather": (".feather", ".arrow", ".ipc"),
    "CSV": (".csv", ".tsv", ".txt"),
}
_PACKED_ENDINGS = (".gz", ".zst", ".bz2")
_BEGINS = {"Parquet": b"PAR1", "Feather": b"ARROW1"}
_PACKED = {"gzip": b"\x1f\x8b", "zstd": b"\x28\xb5\x2f\xfd", "bz2": b"BZh"}
_UNREAD = {
    b"FEA1": "is Feather of version 1, which few still read; write it again as Parquet",
    b"PK\x03\x04": "is a zip archive, or a spreadsheet; unpack it, or save the sheet as CSV",
    b"\xfd7zXZ": "is packed with xz; unpack it, or pack it with gzip, bz2 or zstd",
    b"\x1f\x9d": "is packed with compress; unpack it, or pack it with gzip, bz2 or zstd",
    b"SQLite format 3": "is a database of SQLite; export its table as CSV or Parquet",
    b"\x89HDF": "is HDF5; write its table as CSV or Parquet",
    b"\x80\x04\x95": "is a pickle; write its table as CSV or Parquet",
    b"\xd0\xcf\x11\xe0": "is a spreadsheet; save the sheet as CSV",
    b'{"': "is JSON; write its table as CSV or Parquet",
    b"[{": "is JSON; write its table as CSV or Parquet",
}
_LONGEST = max(map(len, _UNREAD))


def format_of(path: Path) -> str:
    """``Parquet``, ``Feather`` or ``CSV`` (any text in columns).

    Raises:
        LogError: it is of a known kind that is not read; the message says which, and the remedy.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "plays.csv"
        >>> _ = path.write_bytes(b"PAR1....")
        >>> format_of(path), format_of(path.with_name("nowhere.arrow"))
        ('Parquet', 'Feather')
    """
    head = _head(path)
    for begin, why in _UNREAD.items():
        if head.startswith(begin):
            raise LogError(f"{path}: {why}")
    for name, begin in _BEGINS.items():
        if head.startswith(begin):
            return name
    if compression_of(path) is not None:
        return "CSV"
    return next((name for name in FORMATS if path.suffix.lower() in _ENDINGS[name]), "CSV")


def compression_of(path: Path) -> str | None:
    """``gzip``, ``zstd`` or ``bz2``, by its first bytes, else by its ending; None where there is none.

    Example:
        >>> compression_of(Path("nowhere.csv.zst")), compression_of(Path("nowhere.csv"))
        ('zstd', None)
    """
    head = _head(path)
    by_content = next((name for name, begin in _PACKED.items() if head.startswith(begin)), None)
    by_name = dict(zip(_PACKED_ENDINGS, _PACKED, strict=True)).get(path.suffix.lower())
    return by_content or by_name


def named_formats(names: Sequence[str]) -> dict[str, list[str]]:
    """File names by the format that their endings say; ``.txt`` only where no other text is there.

    Example:
        >>> named_formats(["a.csv.gz", "b.parquet", "notes.txt", "README.md"])
        {'Parquet': ['b.parquet'], 'Feather': [], 'CSV': ['a.csv.gz']}
    """
    found: dict[str, list[str]] = {name: [] for name in FORMATS}
    for each in names:
        for name, endings in _ENDINGS.items():
            if (unpacked_name(each) if name == "CSV" else each.lower()).endswith(endings):
                found[name].append(each)
    tables = [each for each in found["CSV"] if not unpacked_name(each).endswith(".txt")]
    return found | {"CSV": tables or found["CSV"]}


def unpacked_name(name: str) -> str:
    """A file's name in small letters, without the ending that says how it is packed.

    Example:
        >>> unpacked_name("Plays.TSV.gz")
        'plays.tsv'
    """
    name = name.lower()
    for ending in _PACKED_ENDINGS:
        name = name.removesuffix(ending)
    return name


def _head(path: Path) -> bytes:
    if not path.is_file():
        return b""
    with path.open("rb") as stream:
        return stream.read(_LONGEST)
