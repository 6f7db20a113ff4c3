"""What a backup of a store says of itself: how far it is, and of each file its size and checksum."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from interestclock import __version__
from interestclock.checksums import digest_of, problem_with
from interestclock.errors import ResultError
from interestclock.saved import made_of, read_object

__all__ = ["BACKUP", "BackupManifest", "FileSum"]

BACKUP = "backup.json"
_FORMAT = 1
_REMEDY = "take another backup"


@dataclass(frozen=True, kw_only=True)
class FileSum:
    """A file as it was written: bytes, and SHA-256."""

    bytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class BackupManifest:
    """A backup.

    Args:
        position: the last entry of the admitted log that its store has. checkpoint: the last one that its
            checkpoint has, 0 where there is none. files: by path below the folder.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> _ = (folder / "config.json").write_text("{}")
        >>> BackupManifest.of(folder, position=7, checkpoint=5).write(folder)
        >>> BackupManifest.read(folder).bytes_by_part()
        {'config.json': 2}
        >>> _ = (folder / "config.json").write_text("[]")
        >>> BackupManifest.read(folder).problem(folder, "config.json").partition(": ")[2]
        'its checksum is another than was written'
    """

    position: int
    checkpoint: int
    files: dict[str, FileSum] = field(default_factory=dict)
    version: str = __version__
    format: int = _FORMAT

    @classmethod
    def of(cls, folder: Path, *, position: int, checkpoint: int) -> BackupManifest:
        """Of all files that are in a folder."""
        files = {
            path.relative_to(folder).as_posix(): FileSum(bytes=path.stat().st_size, sha256=digest_of(path))
            for path in sorted(folder.rglob("*"))
            if path.is_file() and not path.name.startswith(".")
        }
        return cls(position=position, checkpoint=checkpoint, files=files)

    @classmethod
    def read(cls, folder: Path) -> BackupManifest:
        """What ``write`` wrote.

        Raises:
            ResultError: it is no backup, or one of another format.
        """
        path = folder / BACKUP
        if not path.exists():
            raise ResultError(f"{folder} is no backup of a store (it has no {BACKUP}); name another")
        content = read_object(path, remedy=_REMEDY)
        if content.get("format") != _FORMAT:
            raise ResultError(
                f"{path}: format {content.get('format')}, this version reads {_FORMAT}; restore it with the "
                f"version that wrote it ({content.get('version')})"
            )
        return made_of(cls, content, where=str(path), remedy=_REMEDY)

    def write(self, folder: Path) -> None:
        """Write it beside the files."""
        (folder / BACKUP).write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")

    def problem(self, folder: Path, name: str) -> str | None:
        """Why a file of a copy is not what was backed up; None where it is.

        Args:
            folder: of the copy. name: the file's path below it.
        """
        return problem_with(folder / name, size=self.files[name].bytes, digest=self.files[name].sha256)

    def bytes_by_part(self) -> dict[str, int]:
        """How large each part of the folder is."""
        sizes: dict[str, int] = {}
        for name, each in self.files.items():
            part, slash, _ = name.partition("/")
            sizes[part + slash] = sizes.get(part + slash, 0) + each.bytes
        return sizes
