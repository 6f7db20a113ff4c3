"""Whether a file is what was written: SHA-256 of files, bytes and what goes through JSON."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

__all__ = ["digest_of", "digest_of_bytes", "digest_of_json", "problem_with"]


def digest_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal.

    Example:
        >>> len(digest_of(Path(__file__)))
        64
    """
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def digest_of_bytes(content: bytes) -> str:
    """SHA-256 of bytes, in hexadecimal.

    Example:
        >>> digest_of_bytes(b"")[:8]
        'e3b0c442'
    """
    return hashlib.sha256(content).hexdigest()


def problem_with(path: Path, *, size: Any, digest: Any) -> str | None:
    """Why a file is not what was written; None where it is.

    Args:
        size: bytes as noted then. digest: SHA-256 as noted then; None is not looked at, which is quick.

    Example:
        >>> problem_with(Path(__file__), size=7, digest=None).partition(", ")[2]
        'should be 7'
    """
    if (found := path.stat().st_size) != size:
        return f"{path}: {found:,} bytes, should be {f'{size:,}' if isinstance(size, int) else repr(size)}"
    if digest is not None and digest_of(path) != digest:
        return f"{path}: its checksum is another than was written"
    return None


def digest_of_json(described: Any) -> str:
    """SHA-256 of what goes through JSON, in hexadecimal, in whatever order its keys stand.

    Example:
        >>> digest_of_json({"a": 1, "b": 2}) == digest_of_json({"b": 2, "a": 1})
        True
    """
    return digest_of_bytes(json.dumps(described, sort_keys=True).encode())
