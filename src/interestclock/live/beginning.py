"""Whether a trainer's folder has what a trainer goes on from: with a checkpoint, or without one."""

from __future__ import annotations

from pathlib import Path

from interestclock.admission.admitted_log import AdmittedLog
from interestclock.errors import ResultError
from interestclock.live.prediction_parts import part_paths
from interestclock.snapshots.manifest import snapshot_names

__all__ = ["check_admitted", "check_beginning"]


def check_beginning(folder: Path, *, first: int, entries: int) -> None:
    """Refuse a folder whose checkpoints are gone; one that was stopped before its first may begin again.

    Then all that it made follows from what was admitted, from the first entry on, and is made again.

    Args:
        folder: of the trainer, without a checkpoint. first: the oldest entry that it admitted and has.
        entries: how many it has.

    Raises:
        ResultError: what is there was made behind a checkpoint, or of entries that are not there.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> check_beginning(folder, first=1, entries=0)
        >>> check_beginning(folder, first=7, entries=2)
        Traceback (most recent call last):
        interestclock.errors.ResultError: ... has no checkpoint, but what was admitted begins ...
    """
    parts = part_paths(folder / "predictions")
    if first > 1:
        problem = f"what was admitted begins with entry {first}"
    elif any(number > 1 for number in parts):
        problem = f"predictions behind one ({parts[max(parts)].name})"
    elif not entries and (made := _made(folder)):
        problem = f"{made} that do not follow from what was admitted"
    else:
        return
    raise ResultError(
        f"{folder} has no checkpoint, but {problem}; bring checkpoints/ and admitted/ back from a copy, or "
        "start anew in another folder"
    )


def check_admitted(log: AdmittedLog, folder: Path, *, position: int, messages: int) -> list[str]:
    """Read all that was admitted behind a checkpoint of a version that did not sum what it says of itself.

    Args:
        log: in ``folder``. position: the last entry that the checkpoint says it has seen.
        messages: how many of them its state has seen.

    Returns:
        What else is missing or damaged, a line each; it is needed only to go on from an older checkpoint.

    Raises:
        ResultError: entries are missing or damaged, or those before the position had other messages.

    Example:
        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> check_admitted(AdmittedLog(folder), folder, position=0, messages=0)
        []
    """
    entries = log.read_after(position)
    first = next(entries, None)
    arrived = log.next_arrival if first is None else first[1].first_arrival
    if arrived not in (None, messages):
        raise ResultError(
            f"{folder}: the checkpoint has seen {messages:,} messages, and behind its entry {position} it is "
            f"{arrived:,}: one of the two is damaged; bring checkpoints/ and admitted/ back from a copy"
        )
    for _ in entries:
        pass
    noticed = log.problems_before(position)
    if log.position == position and not log.last_file_is_empty:
        noticed.append(
            f"{folder}: the file that begins with entry {position + 1} is missing: what it held, if "
            "anything, is asked of the source again"
        )
    return noticed


def _made(folder: Path) -> str:
    """What a trainer has made there, in words."""
    letters = folder / "dead-letters.jsonl"
    made = {
        "predictions": bool(part_paths(folder / "predictions")),
        "snapshots": bool(snapshot_names(folder / "snapshots")),
        "dead letters": letters.exists() and letters.stat().st_size > 0,
    }
    return " and ".join(name for name, there in made.items() if there)
