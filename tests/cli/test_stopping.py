"""What a signal does to a command, by small programs that are ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from interestclock.cli.stopping import stopped_by_signals
from interestclock.unfinished import SIGNALS

BEGIN = """
import gc, os, signal, sys, threading, time
from interestclock.cli.stopping import end_on_signals, says_what_remains, stopped_by_signals
from interestclock.unfinished import put_away_by
def stop(number=signal.SIGINT):
    signal.raise_signal(number)
"""


def ended(program: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", BEGIN + program],
        capture_output=True, text=True, check=False, timeout=60, **options,  # type: ignore[call-overload]
    )  # fmt: skip


@pytest.mark.parametrize("number", SIGNALS)
def test_it_puts_away_says_so_and_ends(number: signal.Signals) -> None:
    done = ended(f"""
end_on_signals()
with put_away_by(lambda: print("put away", flush=True)):
    stop({int(number)})
    print("went on", flush=True)
""")
    assert (done.returncode, done.stdout) == (128 + number, "put away\n")
    assert done.stderr == "stopped; nothing is left half written\n"


@pytest.mark.parametrize(
    "swallowing",
    [
        "try:\n        stop()\n    except BaseException:\n        pass",
        "gc.callbacks.append(lambda *_: stop())\n    gc.collect()",
        "try:\n        1 / 0\n    except ZeroDivisionError:\n        stop()",
        "sys.meta_path.insert(0, type('F', (), {'find_spec': lambda *_: stop()}))\n    import wave",
        "type('A', (), {'__del__': lambda self: stop()})()",
        "threading.Timer(0.2, os.kill, (os.getpid(), 2)).start()\n    threading.Event().wait()",
    ],
    ids=["caught", "collecting", "handling", "importing", "deleting", "waiting"],
)
def test_no_code_that_it_comes_to_can_swallow_it(swallowing: str) -> None:
    done = ended(f"end_on_signals()\nif True:\n    {swallowing}\n    print('went on', flush=True)\n")
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "stopped; nothing is left half written\n"


def test_another_signal_while_it_ends_changes_nothing() -> None:
    done = ended("""
end_on_signals()
with put_away_by(lambda: (stop(signal.SIGTERM), stop(), print("put away", flush=True))):
    stop()
""")
    assert (done.returncode, done.stdout) == (130, "put away\n")
    assert done.stderr == "stopped; nothing is left half written\n"


def test_what_could_not_be_put_away_is_named_and_it_ends_all_the_same() -> None:
    done = ended("""
def fail():
    raise OSError("out.unfinished is unfinished and could not be removed")
end_on_signals()
with put_away_by(fail):
    stop()
""")
    assert (done.returncode, done.stderr) == (
        130,
        "stopped; out.unfinished is unfinished and could not be removed\n",
    )


def test_it_ends_where_nobody_reads_what_it_says() -> None:
    done = ended("""
os.close(2)
end_on_signals()
stop()
""")
    assert (done.returncode, done.stderr) == (130, "")


def test_a_command_says_itself_what_remains() -> None:
    done = ended("""
end_on_signals()
with says_what_remains(lambda: None), says_what_remains(lambda: "half of it is in x"):
    stop()
""")
    assert done.stderr == "stopped; half of it is in x\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="sets the signal as a shell does")
def test_a_signal_that_it_was_started_to_ignore_stays_ignored() -> None:
    program = """
class Run:
    stopping, under_way = False, True
end_on_signals()
with stopped_by_signals(Run):
    stop()
    print("went on", Run.stopping, flush=True)
"""
    done = ended(program, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
    assert (done.returncode, done.stdout, done.stderr) == (0, "went on False\n", "")


@pytest.mark.skipif(sys.platform == "win32", reason="needs a terminal of POSIX")
@pytest.mark.parametrize("terminal", ["xterm", "dumb"])
def test_the_cursor_is_there_again(terminal: str) -> None:
    import pty

    ours, theirs = pty.openpty()
    program = BEGIN + "end_on_signals()\nstop()\n"
    done = subprocess.run(
        [sys.executable, "-c", program],
        stdout=theirs, stderr=subprocess.PIPE, env=os.environ | {"TERM": terminal}, check=False, timeout=60,
    )  # fmt: skip
    os.write(theirs, b"end")
    shown = os.read(ours, 1_000)
    os.close(ours)
    os.close(theirs)
    assert done.stderr == b"stopped; nothing is left half written\n"
    assert (b"\x1b[?25h" in shown) == (terminal == "xterm")


class Run:
    """What looks whether it is to stop."""

    def __init__(self, *, under_way: bool) -> None:
        self.stopping, self.under_way = False, under_way


def test_a_run_under_way_ends_by_itself_and_a_second_signal_ends_it() -> None:
    run = Run(under_way=True)
    before = [signal.getsignal(number) for number in SIGNALS]
    with pytest.raises(KeyboardInterrupt), stopped_by_signals(run):
        _twice(run)
    assert [signal.getsignal(number) for number in SIGNALS] == before


def _twice(run: Run) -> None:
    signal.raise_signal(signal.SIGTERM)
    assert run.stopping
    signal.raise_signal(signal.SIGTERM)


def test_a_run_that_is_not_under_way_yet_ends_at_once() -> None:
    run = Run(under_way=False)
    with pytest.raises(KeyboardInterrupt), stopped_by_signals(run):
        signal.raise_signal(signal.SIGINT)
    assert not run.stopping


def test_a_signal_that_comes_while_the_interpreter_ends_comes_too_late() -> None:
    done = ended("""
import atexit
atexit.register(lambda: [print("done", flush=True), stop(), stop(signal.SIGTERM)])
end_on_signals()
""")
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")


def test_importing_the_package_installs_nothing() -> None:
    program = """
before = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
import interestclock.cli.app, interestclock.studies, interestclock.live
assert before == [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
"""
    assert ended(program).stderr == ""
