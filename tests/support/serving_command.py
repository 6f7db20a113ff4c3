"""``interestclock serve`` in a process of its own, on a free port."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass
class Serving:
    """Where it serves, its process, and what it printed in the end."""

    address: str
    process: subprocess.Popen[str]
    ended: tuple[int, str, str] | None = None


@contextmanager
def serving(*arguments: str, token: str | None = None) -> Iterator[Serving]:
    """It is ended by SIGTERM; ``ended`` is status, standard output and standard error."""
    environment = {name: each for name, each in os.environ.items() if name != "INTERESTCLOCK_TOKEN"}
    if token is not None:
        environment["INTERESTCLOCK_TOKEN"] = token
    command = [sys.executable, "-m", "interestclock", "serve", "--port", "0"]
    command += ["--timeout-seconds", "60", *arguments]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"serving at (http://\S+) ", line)
        assert found, line + process.communicate(timeout=60)[1]
        made = Serving(found[1], process)
        yield made
        process.send_signal(signal.SIGTERM)
        out, errors = process.communicate(timeout=60)
        made.ended = (process.returncode, out, errors)
    finally:
        process.kill()
        process.communicate()  # which closes the pipes, too
