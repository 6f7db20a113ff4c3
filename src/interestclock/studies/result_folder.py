"""A folder of results appears when everything in it is whole, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError

from interestclock.errors import ResultError, system_errors_as
from interestclock.files import new_folder

__all__ = ["result_folder"]


@contextmanager
def result_folder(out: Path) -> Iterator[Path]:
    """A folder beside ``out`` to write in; renamed to it in the end, removed where anything goes wrong.

    It is locked meanwhile, and ``new_folder`` says whose it is.

    Args:
        out: a folder that does not exist yet.

    Raises:
        ResultError: ``out`` is there already, another process is writing it, or it cannot be written.

    Example:
        >>> import tempfile
        >>> out = Path(tempfile.mkdtemp()) / "results"
        >>> with result_folder(out) as folder:
        ...     (folder / "note.txt").write_text("done"), out.exists()
        (4, False)
        >>> [path.name for path in out.iterdir()]
        ['note.txt']
    """
    remedy = "see that its disk has room and lets you write, or give another --out"
    refused = system_errors_as(
        ResultError, f"{out} cannot be written", remedy=remedy, of=(OSError, SafetensorError)
    )
    with refused, new_folder(out) as aside:
        yield aside
