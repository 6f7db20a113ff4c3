"""A folder of results appears when everything in it is whole, or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError

from interestclock.errors import ResultError

__all__ = ["result_folder"]


@contextmanager
def result_folder(out: Path) -> Iterator[Path]:
    """A folder beside ``out`` to write in; renamed to it in the end, removed where anything goes wrong.

    Args:
        out: a folder that does not exist yet.

    Raises:
        ResultError: ``out`` is there already, or cannot be written.

    Example:
        >>> import tempfile
        >>> out = Path(tempfile.mkdtemp()) / "results"
        >>> with result_folder(out) as folder:
        ...     (folder / "note.txt").write_text("done"), out.exists()
        (4, False)
        >>> [path.name for path in out.iterdir()]
        ['note.txt']
    """
    if out.exists():
        raise ResultError(f"{out} is there already; give another --out, or remove it first")
    aside = out.with_name(out.name + ".unfinished")
    try:
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        yield aside
        aside.rename(out)
    except (OSError, SafetensorError) as error:
        raise ResultError(
            f"{out} cannot be written ({error}); see that its disk has room and lets you write, "
            "or give another --out"
        ) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
