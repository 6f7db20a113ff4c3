"""The command elsewhere: a package that cannot be written, a user without a home, no modules of POSIX."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import interestclock

PACKAGE = Path(interestclock.__file__).parent
# What lets root, and a user that root becomes, write where modes say no.
_POWERS = "-dac_override,-dac_read_search,-fowner"
_READS = "+dac_read_search"
_POSIX_ONLY = ("fcntl", "grp", "pwd", "resource", "termios")
_SITE = f"""
import sys

BLOCKED = {set(_POSIX_ONLY)}


class NotOnThisSystem:
    def find_spec(self, name, path=None, target=None):
        if name in BLOCKED:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)


for name in BLOCKED:
    sys.modules.pop(name, None)
sys.meta_path.insert(0, NotOnThisSystem())
"""


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """Where a command runs: its folder, what stands before Python, and its environment beside PATH."""

    folder: Path
    path: Path
    before: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)

    def python(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run Python on words, in these surroundings, with nothing else of this environment."""
        return subprocess.run(
            [*self.before, sys.executable, *words],
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(self.path), **self.environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )

    def command(self, *words: str) -> str:
        """What ``interestclock`` says; it must end well."""
        done = self.python("-m", "interestclock", *words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def read_only_copy(folder: Path) -> Path:
    """A copy of the package, without what Python and numba keep beside it, that no one can write."""
    copy = folder / "site-packages"
    shutil.copytree(PACKAGE, copy / PACKAGE.name, ignore=shutil.ignore_patterns("__pycache__"))
    for path in sorted(copy.rglob("*"), reverse=True):
        path.chmod(0o555 if path.is_dir() else 0o444)
    copy.chmod(0o555)
    return copy


def without_powers() -> tuple[str, ...] | None:
    """What to put before a command so that modes of files bind it; None where nothing does that."""
    if not hasattr(os, "geteuid"):
        return None
    if os.geteuid() != 0:
        return ()
    return _if_it_works("setpriv", f"--bounding-set={_POWERS}", f"--inh-caps={_POWERS}")


def as_no_one() -> tuple[str, ...] | None:
    """What to put before a command so that it runs as a user id without a name; None where only root may.

    It may read what root may, for Python itself can lie in root's home.
    """
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return None
    user = ("--reuid=54321", "--regid=54321", "--clear-groups")
    return _if_it_works("setpriv", *user, f"--inh-caps={_READS}", f"--ambient-caps={_READS}")


def _if_it_works(*before: str) -> tuple[str, ...] | None:
    if shutil.which(before[0]) is None:
        return None
    done = subprocess.run([*before, sys.executable, "-c", ""], check=False, capture_output=True, timeout=30)
    return before if done.returncode == 0 else None


def block_posix(folder: Path) -> Path:
    """A folder for the front of Python's path, with which it has no modules of POSIX, child processes too."""
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(_SITE)
    return folder
