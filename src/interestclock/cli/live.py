"""The command that runs the whole loop on one machine, with simulated users or those of a log."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from interestclock.cli.admitted_options import options_given
from interestclock.cli.log_options import LogOptions, with_replay_options
from interestclock.cli.ranker_options import check_ranker
from interestclock.cli.refusals import check_choice
from interestclock.cli.stopping import says_what_remains, stopped_by_signals
from interestclock.defaults import SIMULATOR_SIZES
from interestclock.errors import ConfigError

if TYPE_CHECKING:
    from interestclock.closed_loop import ClosedLoop, LoopConfig, LoopCounts, LoopNumbers, ReplayedUsers

__all__ = ["live_command"]

_out = Console()
_OF_SIMULATED_USERS = ("size", "requests_per_day", "candidates", "shown")

Folder = Annotated[
    Path,
    typer.Argument(
        help="Of the loop: the log before, the log, store, trainer and snapshots, and what parts print. "
        "It is made, or goes on where it stopped.",
        show_default=False,
    ),
]
Size = Annotated[str, typer.Option(help=f"Of the simulated world: {', '.join(SIMULATOR_SIZES)}.")]
Seed = Annotated[int, typer.Option(metavar="<int>", min=0, help="Of the world and of the trainer.")]
Days = Annotated[
    float | None,
    typer.Option(
        metavar="<days>",
        help="Users come for so many days of the loop's time (default: until Ctrl-C).",
        show_default=False,
    ),
]
DaysBefore = Annotated[
    int, typer.Option(metavar="<days>", min=1, help="Of a log that is learned before the first user comes.")
]
SpeedUp = Annotated[
    float, typer.Option(help="How many times as fast as the wall's the clock of all parts runs.")
]
RequestsPerDay = Annotated[
    float, typer.Option(metavar="<float>", help="Of all users, on average, in a day of the loop's time.")
]
Candidates = Annotated[int, typer.Option(metavar="<int>", min=1, max=1_000, help="Of a request.")]
Shown = Annotated[int, typer.Option(metavar="<int>", min=1, help="The best so many are looked at.")]
Ranker = Annotated[str, typer.Option(help="The one that is trained, as `train` has it.")]
Redis = Annotated[
    str | None,
    typer.Option(
        metavar="<address>",
        help="A Redis stream in the middle, redis://HOST:PORT/STREAM, in place of the log in the folder.",
        show_default=False,
    ),
]
Kafka = Annotated[
    str | None,
    typer.Option(
        metavar="<address>",
        help="Likewise a Kafka topic that is there, kafka://HOST:PORT/TOPIC.",
        show_default=False,
    ),
]
Port = Annotated[int, typer.Option(help="Of the service, on this machine alone; 0 takes any that is free.")]
SettleSeconds = Annotated[
    float,
    typer.Option(
        metavar="<seconds>", min=0, help="How long, in the end, to wait until all that was done is learned."
    ),
]


@with_replay_options
def live_command(
    log: LogOptions | None,
    context: typer.Context,
    folder: Folder,
    *,
    size: Size = "small",
    seed: Seed = 0,
    speed_up: SpeedUp = 1.0,
    days: Days = None,
    days_before: DaysBefore = 7,
    requests_per_day: RequestsPerDay = 2_000.0,
    candidates: Candidates = 50,
    shown: Shown = 4,
    ranker: Ranker = "gaussian+longterm",
    redis: Redis = None,
    kafka: Kafka = None,
    port: Port = 0,
    settle_seconds: SettleSeconds = 300.0,
) -> None:
    """Run all of it on this machine: users, service, log, updater, trainer, snapshots.

    Simulated users come, are ranked for, and do what is true of them; what
    they do is learned, and answers follow. With --replay those of a log come
    when they came, and do what it says, whatever is answered. Each part is a
    command of its own, and is started again if it ends. Ctrl-C lets no more
    users come, waits until all is learned, and compares what was sent with
    what was admitted and learned: status 1 if that is not equal. A second
    one does not wait.

    Examples:

      interestclock live loop --speed-up 720

      interestclock live loop --speed-up 720 --days 30 --size tiny

      interestclock live loop --redis redis://127.0.0.1:6379/plays

      interestclock live loop --replay plays.parquet --mapping plays.toml
      --speed-up 720
    """
    check_choice("size", size, SIMULATOR_SIZES)
    check_ranker(ranker, None)
    if log is not None:
        _check_replay(log, options_given(context))
    from interestclock.closed_loop import ClosedLoop, LoopConfig, LoopFolder
    from interestclock.operations.renewed_line import RenewedLine

    config = LoopConfig(
        size=size,
        seed=seed,
        days_before=days_before,
        requests_per_day=requests_per_day,
        candidates=candidates,
        shown=shown,
        speed_up=speed_up,
        ranker=ranker,
        broker=_broker(redis, kafka),
        replayed=None if log is None else _digest(log, dead_letters=_dead_letters(folder)),
    )
    users = None if log is None else _users_of(log, folder, config)
    with contextlib.ExitStack() as stack:
        stack.enter_context(says_what_remains(lambda: f"{folder} goes on with the same command"))
        opened = stack.enter_context(LoopFolder(folder, config=config, users=users))
        token = os.environ.get("INTERESTCLOCK_TOKEN")
        loop = ClosedLoop(opened, port=port, token=token, settle_seconds=settle_seconds)
        stack.enter_context(stopped_by_signals(loop))
        _say(f"the service will be at {loop.address}; what parts print is in {opened.output}")
        with RenewedLine(_out) as line:
            counts = loop.run(days=days, report=lambda numbers: line.show(lambda: _words(numbers)))
    if counts is None:
        _say(f"stopped before the first user came; {folder} goes on with the same command")
        return
    _say_end(loop, counts)
    if not counts.equal:
        raise typer.Exit(1)


def _check_replay(log: LogOptions, given: Collection[str]) -> None:
    if simulated := [name for name in _OF_SIMULATED_USERS if name in given]:
        raise ConfigError(
            ", ".join(f"--{each.replace('_', '-')}" for each in simulated)
            + ": of simulated users, and those of --replay come as the log has them; leave one of them out"
        )
    log.check()


def _digest(log: LogOptions, *, dead_letters: Path) -> str:
    """Of a log and of what its columns mean: a folder goes on with the same alone."""
    import hashlib

    source = log.open(dead_letters=dead_letters)
    return hashlib.sha256(f"{source.fingerprint()} {source.schema}".encode()).hexdigest()


def _users_of(log: LogOptions, folder: Path, config: LoopConfig) -> ReplayedUsers:
    from interestclock.closed_loop import ReplayedUsers

    return ReplayedUsers(
        lambda: log.open(dead_letters=_dead_letters(folder)),
        days_before=config.days_before,
        seed=config.seed,
    )


def _dead_letters(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}-dead-letters.jsonl")


def _broker(redis: str | None, kafka: str | None) -> str | None:
    """Where messages go; None: into the folder."""
    from interestclock.streams.addresses import without_login

    if redis is not None and kafka is not None:
        raise ConfigError("--redis and --kafka are both given; give one of them")
    for kind, address in (("redis", redis), ("kafka", kafka)):
        if address is not None and not address.startswith(f"{kind}://"):
            name = "STREAM" if kind == "redis" else "TOPIC"
            raise ConfigError(f"--{kind} '{without_login(address)}': give {kind}://HOST:PORT/{name}")
    return redis or kafka


def _words(numbers: LoopNumbers) -> str:
    """Lines on a terminal, one line elsewhere."""
    return ("\n" if _out.is_terminal else " | ").join(numbers.lines())


def _say_end(loop: ClosedLoop, counts: LoopCounts) -> None:
    minutes = max(loop.seconds / 60, 1e-9)
    _say(
        f"{loop.days:.2f} days in {minutes:.1f} minutes, {loop.days / minutes:.2f} a minute; "
        f"{counts.users.ranks:,} ranks, {counts.users.unanswered:,} unanswered, "
        f"{counts.users.skipped:,} skipped, {counts.users.repeats:,} calls repeated"
    )
    if loop.folder.users.patient:
        _say(
            f"{counts.users.unseen:,} items were ranked that the log did not show; the latest visit was "
            f"{counts.users.behind_seconds:,.0f} s behind its time, of the loop's time"
        )
    if loop.left_out:
        _say(f"{loop.left_out:,} rows of the log lie between where users stopped and went on: left out")
    if loop.unanswered_because is not None:
        _say(f"the last unanswered one: {loop.unanswered_because}")
    for before, after in zip(loop.at_begin, loop.at_end, strict=True):
        _say(f"{before.words()}; in the end {after.words()}")
    for each in counts.compared():
        _say(str(each))
    for name, count in counts.set_aside().items():
        _say(f"{name.replace('_', ' ')}: {count:,}")
    if counts.repeated():
        _say(f"came again, and count once: {counts.repeated():,}")
    _say(f"{loop.folder.path} goes on with the same command")


def _say(text: str) -> None:
    _out.print(text, highlight=False, markup=False, soft_wrap=True)
