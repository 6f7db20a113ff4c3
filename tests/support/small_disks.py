"""A program on a file system of its own, which is small and gone with it."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path

_IN_A_NAMESPACE = ("unshare", "--user", "--map-root-user", "--mount")  # whose mounts end with it


@cache
def may_mount() -> bool:
    try:
        tried = subprocess.run(
            [*_IN_A_NAMESPACE, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, check=False
        )
    except FileNotFoundError:
        return False
    return tried.returncode == 0


def run_on_a_disk(program: str, disk: Path, *arguments: Path, size: str) -> None:
    """Run ``program DISK ARGUMENTS`` where a folder is a disk of so much room."""
    script = f'mount -t tmpfs -o size={size} tmpfs "$2" && exec "$0" "$@"'
    command = ["sh", "-c", script, sys.executable, program, str(disk), *map(str, arguments)]
    ran = subprocess.run(
        [*_IN_A_NAMESPACE, *command],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    assert ran.returncode == 0, ran.stderr
