"""``interestclock erase finish``: of one folder, whatever it holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from interestclock.erasing.kept_files import finish_kept_files
from interestclock.erasing.log_messages import finish_log
from interestclock.errors import ResultError, system_errors_as
from interestclock.live.folder_config import CONFIG, config_of
from interestclock.live.trainer_folder import HOLDS, LOCK, STORE, holds_trainer
from interestclock.locks import lock
from interestclock.streams.embedded_log_folder import PREFIX
from interestclock.streams.segment_header import files_of

__all__ = ["finish"]


def finish(folder: str | Path) -> Iterator[str]:
    """Take out of a folder's files what still names erased users, and would age out later.

    It may be killed anywhere and called again.

    Args:
        folder: of a trainer, of an updater and its store, or of an embedded log; nobody else has it.

    Yields:
        What was done, a line each; and what stays, and for whom.

    Raises:
        ResultError: it is none of them, a process has it, it has to be gone on with first, or its files are
            damaged or cannot be written.

    Example:
        >>> import tempfile
        >>> from interestclock.events import erase_message
        >>> from interestclock.streams import EmbeddedLogWriter
        >>> folder = Path(tempfile.mkdtemp()) / "events"
        >>> with EmbeddedLogWriter(folder) as writer:
        ...     _ = writer.append([erase_message(erase="ann", timestamp_ms=5)])
        >>> list(finish(folder))
        ['1 message of 1 erased user went']
    """
    folder = Path(folder)
    remedy = "make room or see to the permissions, then finish again"
    with system_errors_as(ResultError, f"{folder} cannot be written", remedy=remedy):
        if _holds_log(folder):
            yield from finish_log(folder)
        elif _holds_store(folder) or holds_trainer(folder):
            held = lock(folder / LOCK, taken=f"a process runs in {folder}", remedy="stop it, then finish")
            try:
                yield from finish_kept_files(folder)
            finally:
                held.release()
        else:
            raise ResultError(
                f"{folder} holds no trainer, no store that 'features follow' keeps and no embedded log; name "
                "the folder of one"
            )


def _holds_log(folder: Path) -> bool:
    return folder.is_dir() and bool(files_of(folder, PREFIX))


def _holds_store(folder: Path) -> bool:
    return (folder / CONFIG).exists() and config_of(folder).get(HOLDS) == STORE
