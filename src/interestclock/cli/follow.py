"""The commands about features: to write a log's as files, or to keep a stream's current in a store."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from typer.core import TyperGroup

from interestclock.cli import train_options as option
from interestclock.cli.log_counts import counts_in_words
from interestclock.cli.message_counts import message_counts_in_words
from interestclock.cli.stopping import says_what_remains, stopped_by_signals
from interestclock.cli.stream_settings import (
    admission_config,
    minutes_ms,
    open_source,
    then_from_ms,
)
from interestclock.defaults import CHECKPOINT_MESSAGES, IDLE_SECONDS, KEEP_HOURS, POLL_MESSAGES
from interestclock.errors import ConfigError
from interestclock.plugins import exits_refused, look_in_current_folder

if TYPE_CHECKING:
    from interestclock.operations.renewed_line import RenewedLine
    from interestclock.updater import FeatureUpdater, UpdaterMetrics

__all__ = ["features_app", "follow_command"]

_out = Console()
_EXPORT = "export"


class _ExportsByDefault(TyperGroup):
    """``features LOG --out FOLDER`` is ``features export LOG --out FOLDER``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in (*self.commands, *ctx.help_option_names):
            args = [_EXPORT, *args]
        return super().parse_args(ctx, args)


features_app = typer.Typer(
    cls=_ExportsByDefault,
    no_args_is_help=True,
    help="Features for a model of your own: a log's as files ('export', which may be left out: 'features LOG "
    "--out FOLDER'), or a stream's in a store that servers read ('follow').",
)

Source = Annotated[
    str,
    typer.Argument(
        help="What to follow: log://DIR, an embedded log ('append' writes one), redis://HOST:PORT/STREAM "
        "(several with commas) or kafka://HOST:PORT/TOPIC (extras 'redis' and 'kafka'); a log to read to its "
        "end; or your own source, my_module:MySource.",
        show_default=False,
    ),
]
Store = Annotated[
    str,
    typer.Option(
        help="Folder of the store, which goes on where it stopped, or is made; what was admitted and "
        "checkpoints are in it, too. Or redis://HOST:PORT/DB with ?prefix=NAME (rediss:// with TLS; extra "
        "'redis'), a Redis or Valkey server or a node of a cluster.",
        show_default=False,
    ),
]
Folder = Annotated[
    Path | None,
    typer.Option(
        help="Of what was admitted and checkpoints, where the store is on a server.", show_default=False
    ),
]
Then = Annotated[
    str | None,
    typer.Option(
        help="Apply the log, then the stream that it was written from: log://DIR, redis://... or "
        "kafka://...; what of the stream is in the log is counted, not applied again.",
        show_default=False,
    ),
]
Group = Annotated[
    str,
    typer.Option(
        help="Consumer group, of Redis and Kafka; the follower's name in an embedded log. A new one begins "
        "with the oldest message."
    ),
]
KeepFor = Annotated[
    list[str] | None,
    typer.Option(
        help="A trainer's --group, which will read admitted://STORE: what is admitted is kept for it from "
        "the first entry on, even before it first starts. Repeat it for several.",
        show_default=False,
    ),
]
AdmittedTo = Annotated[
    str | None,
    typer.Option(
        metavar="<url>",
        help="Publish what is admitted for trainers on other machines, to a Redis stream or a Kafka topic of "
        "one partition of its own: redis://HOST:PORT/STREAM or kafka://HOST:PORT/TOPIC. They read "
        "admitted+redis://... or admitted+kafka://...",
        show_default=False,
    ),
]
CheckpointMessages = Annotated[
    int,
    typer.Option(
        metavar="<int>",
        min=1,
        help="Messages between checkpoints; as many, at most, are admitted again after a kill. The store is "
        "written to after each micro-batch.",
    ),
]
PollMessages = Annotated[
    int,
    typer.Option(
        metavar="<int>",
        min=1,
        help="Messages taken and committed together, at most. A log is loaded faster in more, such as 65536; "
        "one of many users in 1000000.",
    ),
]
CheckpointsKept = Annotated[int, typer.Option(metavar="<int>", min=1, help="The newest so many stay.")]


@features_app.command("follow")
def follow_command(
    source: Source,
    *,
    store: Store,
    folder: Folder = None,
    then: Then = None,
    then_from: option.ThenFrom = None,
    mapping: option.Mapping = None,
    layout: option.Layout = None,
    items: option.Items = None,
    group: Group = "interestclock-features",
    clock: option.ClockFile = None,
    lateness_minutes: option.LatenessMinutes = None,
    label_wait_minutes: option.LabelWaitMinutes = 60.0,
    request_wait_minutes: option.RequestWaitMinutes = 60.0,
    ahead_minutes: option.AheadMinutes = 60.0,
    idle_seconds: option.IdleSeconds = IDLE_SECONDS,
    forget_users_after_days: option.ForgetUsersAfterDays = 90.0,
    most_state_users: option.MostStateUsers = None,
    keep_hours: option.KeepHours = KEEP_HOURS,
    admitted: AdmittedTo = None,
    keep_for: KeepFor = None,
    checkpoint_messages: CheckpointMessages = CHECKPOINT_MESSAGES,
    checkpoints_kept: CheckpointsKept = 2,
    poll_messages: PollMessages = POLL_MESSAGES,
    metrics_port: option.MetricsPort = None,
    metrics_address: option.MetricsAddress = "127.0.0.1",
    log_file: option.LogFile = None,
) -> None:
    """Keep a store of features current behind a stream, for any number of servers to read.

    Each message counts once, in order, and with its labels. It is written
    down, then it is in the store, in one transaction with how far that is;
    only then does the stream hear that it need not keep it. Whatever stops
    it, the same command goes on: nothing is lost, nothing applied twice.
    Ctrl-C or SIGTERM checkpoints first. The line it shows says how far
    behind it is. How to read a store is in docs/store.md.

    Examples:

      interestclock features follow log://events --store store
      --mapping plays.toml

      interestclock features follow plays.parquet --then log://events
      --store store --mapping plays.toml

      interestclock features follow log://events
      --store 'redis://127.0.0.1:6379/0?prefix=plays' --folder updater
      --mapping plays.toml
    """
    label_wait_ms = minutes_ms("label-wait-minutes", label_wait_minutes)
    from_ms = then_from_ms(then_from, then=then)
    look_in_current_folder(source)

    from interestclock.operations.json_logs import log_to
    from interestclock.operations.prometheus_page import serve_metrics
    from interestclock.operations.renewed_line import RenewedLine
    from interestclock.relay import open_publication
    from interestclock.store import on_redis
    from interestclock.streams import OfALog
    from interestclock.updater import FeatureUpdater, UpdaterConfig, UpdaterMetrics

    own = _folder(store, folder, on_server=on_redis(store))
    letters = own / "log-dead-letters.jsonl"
    opened = open_source(
        source,
        then=then,
        from_ms=from_ms,
        mapping=mapping,
        layout=layout,
        items=items,
        group=group,
        clock=clock,
        speed_up=None,
        label_wait_ms=label_wait_ms,
        dead_letters=letters,
    )
    config = UpdaterConfig(
        admission=admission_config(
            opened,
            lateness_minutes=lateness_minutes,
            label_wait_ms=label_wait_ms,
            request_wait_minutes=request_wait_minutes,
            ahead_minutes=ahead_minutes,
            archive_first=then is not None,
            from_ms=from_ms,
        ),
        keep_hours=keep_hours,
        forget_users_after_days=forget_users_after_days,
        most_state_users=most_state_users,
        checkpoint_messages=checkpoint_messages,
        checkpoints_kept=checkpoints_kept,
        poll_messages=poll_messages,
        idle_seconds=idle_seconds,
    )
    publication = None if admitted is None else open_publication(admitted)
    with contextlib.ExitStack() as stack:
        stack.enter_context(says_what_remains(lambda: _goes_on(own)))
        updater = stack.enter_context(
            FeatureUpdater(
                opened,
                own,
                config=config,
                store=store if folder is not None else None,
                kept_for=keep_for or (),
                publication=publication,
            )
        )
        stack.enter_context(exits_refused("code of your own, in features follow,"))
        metrics = UpdaterMetrics(updater.numbers)
        if metrics_port is not None:
            stack.callback(serve_metrics(metrics, port=metrics_port, addr=metrics_address))
        stack.callback(log_to(log_file if log_file is not None else sys.stderr))
        stack.enter_context(stopped_by_signals(updater))
        line = stack.enter_context(RenewedLine(_out))
        updater.run(lambda: _show(metrics, line, updater))
    _say_counts(updater)
    if isinstance(opened, OfALog):
        for each in counts_in_words(opened.log_counts, letters):
            _say(each)
    _say(f"{own} goes on with the same command")


def _show(metrics: UpdaterMetrics, line: RenewedLine, updater: FeatureUpdater) -> None:
    metrics.note()
    line.show(lambda: updater.numbers().line())


def _folder(store: str, folder: Path | None, *, on_server: bool) -> Path:
    """Of what was admitted: the store's own, where that is one."""
    if on_server and folder is None:
        raise ConfigError(
            "--store is on a server, and what was admitted and checkpoints need a folder of this machine; "
            "give --folder DIR"
        )
    if folder is not None and not on_server:
        raise ConfigError(
            f"--store {store} is a folder, which holds what was admitted and checkpoints, too; leave out "
            "--folder"
        )
    return folder or Path(store)


def _goes_on(folder: Path) -> str | None:
    return f"nothing is lost: {folder} goes on with the same command" if folder.exists() else None


def _say_counts(updater: FeatureUpdater) -> None:
    numbers = updater.numbers()
    counts = dict(numbers.counts)
    counts.pop("learned")
    for each in message_counts_in_words(
        {"received": counts.pop("received"), "exposures": numbers.exposures} | counts, updater.folder
    ):
        _say(each)


def _say(text: str) -> None:
    _out.print(text, highlight=False, markup=False, soft_wrap=True)
