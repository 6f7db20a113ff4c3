"""The command that brings a trainer's folder of an older version up to this one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from interestclock.cli.refusals import check_folder
from interestclock.files import check_new

__all__ = ["migrate_command"]

_out = Console()


def migrate_command(
    folder: Annotated[
        Path, typer.Argument(help="What the trainer's --checkpoints were called.", show_default=False)
    ],
    *,
    out: Annotated[Path, typer.Option(help="Folder to write; must not exist yet.", show_default=False)],
) -> None:
    """Convert a trainer's folder that an older version wrote, to go on in with --resume.

    Its trainer must be stopped. The old folder is only read, and the version that wrote it can go on in it.
    All of it is copied: the new one takes as much room.

    Example:

      interestclock migrate trainer --out trainer-now
    """
    check_folder(folder, "holds no trainer; give what its --checkpoints were called")
    check_new(out)
    from interestclock.live.migrate import migrate

    with _out.status("reading the folder") as status:
        migrated = migrate(folder, out, report=status.update)
    for problem in migrated.damaged:
        _say(f"left out: {problem}")
    for problem in migrated.noticed:
        _say(f"noticed: {problem}")
    count = len(migrated.checkpoints)
    _say(f"{out}: {count} checkpoint{'s' * (count != 1)} converted; {folder} is as it was")
    _say(f"go on with: interestclock train ... --checkpoints {out} --resume")


def _say(text: str) -> None:
    _out.print(text, highlight=False, markup=False, soft_wrap=True)
