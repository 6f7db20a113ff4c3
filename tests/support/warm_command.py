"""The command line in a process that has imported it already, and forks for every command.

For tests that run many commands, each in a fresh process: an interpreter that starts takes a second of them.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_FORK = """
import contextlib, importlib, json, os, sys
from interestclock.cli import main
from interestclock.cli.app import app

with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
    app(["compare", "--help"], standalone_mode=False)  # imports what options and help are made with
for name in sys.argv[1:]:
    importlib.import_module(name)
print(json.dumps(sorted(sys.modules)), flush=True)
for line in sys.stdin:
    words, said, folder = json.loads(line)
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for number in (1, 2):
            os.dup2(os.open(said, os.O_WRONLY | os.O_APPEND), number)
        os.chdir(folder)
        sys.argv = ["interestclock", *words]
        try:
            main()
        finally:
            print("imported:", json.dumps(sorted(sys.modules)))
    _, status = os.waitpid(child, 0)
    print(os.waitstatus_to_exitcode(status), flush=True)
"""


@dataclass(frozen=True)
class Done:
    """How a command ended, the modules that were imported then, and all that it said, errors too."""

    status: int
    imported: frozenset[str]
    said: str


class WarmCommand:
    """Runs commands one by one, each in a fork; ``imported`` is what each fork starts with."""

    def __init__(self, process: subprocess.Popen[str], said: Path) -> None:
        assert process.stdout is not None
        self._process, self._said = process, said
        self.imported = frozenset(json.loads(process.stdout.readline()))

    def run(self, words: Sequence[str], *, folder: Path | None = None) -> Done:
        """Run ``interestclock`` on words, in a folder or where it was started."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._said.write_text("")
        call = [list(words), str(self._said), str(folder or Path.cwd())]
        print(json.dumps(call), file=self._process.stdin, flush=True)
        status = int(self._process.stdout.readline())
        said, found, imported = self._said.read_text().partition("imported:")
        assert found, said
        modules, _, errors = imported.partition("\n")
        return Done(status, frozenset(json.loads(modules)), said + errors)


@contextmanager
def warm_command(*imported: str) -> Iterator[WarmCommand]:
    """Start it, with more modules that it imports once for all; it ends with the block."""
    # -P, as the console script: nothing is imported from the current folder.
    command = [sys.executable, "-P", "-c", _FORK, *imported]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process,
    ):
        yield WarmCommand(process, Path(folder) / "said")
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(60) == 0
