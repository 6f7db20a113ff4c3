"""The command that trains on a stream for as long as it runs."""

from __future__ import annotations

import contextlib
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.console import Console

from interestclock.cli import train_options as option
from interestclock.cli.admitted_options import options_given
from interestclock.cli.candidate_options import (
    BY_POPULARITY,
    FROM_OWN_PAST,
    OWN_PAST,
    ByPopularity,
    FromOwnPast,
    OwnPast,
)
from interestclock.cli.log_counts import counts_in_words
from interestclock.cli.message_counts import message_counts_in_words
from interestclock.cli.ranker_options import Lineup, RankerName, check_ranker, named_ranker
from interestclock.cli.refusals import check_choice, check_folder, check_logs
from interestclock.cli.stopping import says_what_remains, stopped_by_signals
from interestclock.cli.stream_settings import (
    admission_config,
    minutes_ms,
    open_if_admitted,
    open_source,
    then_from_ms,
)
from interestclock.defaults import (
    BATCH_MINUTES,
    IDLE_SECONDS,
    KEEP_HOURS,
    LAYOUTS,
    LEARNING_RATE,
    ORDERS,
)
from interestclock.plugins import exits_refused, look_in_current_folder

if TYPE_CHECKING:
    from interestclock.live import LiveRun

__all__ = ["train_command"]

_out = Console()


def train_command(
    context: typer.Context,
    source: option.Source,
    *,
    checkpoints: option.Checkpoints,
    then: option.Then = None,
    then_from: option.ThenFrom = None,
    resume: option.Resume = False,
    state_from: option.StateFrom = None,
    ranker: RankerName = "gaussian+longterm",
    lineup: Lineup = None,
    mapping: option.Mapping = None,
    layout: option.Layout = None,
    items: option.Items = None,
    group: option.Group = "interestclock",
    clock: option.ClockFile = None,
    speed_up: option.SpeedUp = None,
    lateness_minutes: option.LatenessMinutes = None,
    label_wait_minutes: option.LabelWaitMinutes = 60.0,
    request_wait_minutes: option.RequestWaitMinutes = 60.0,
    ahead_minutes: option.AheadMinutes = 60.0,
    idle_seconds: option.IdleSeconds = IDLE_SECONDS,
    missing_label: option.MissingLabel = None,
    min_count: option.MinCount = 1,
    unused_days: option.UnusedDays = 90.0,
    most_users: option.MostUsers = None,
    most_items: option.MostItems = None,
    forget_users_after_days: option.ForgetUsersAfterDays = 90.0,
    most_state_users: option.MostStateUsers = None,
    keep_hours: option.KeepHours = KEEP_HOURS,
    checkpoint_minutes: option.CheckpointMinutes = 60.0,
    checkpoints_kept: option.CheckpointsKept = 3,
    snapshot_minutes: option.SnapshotMinutes = 60.0,
    full_snapshot_hours: option.FullSnapshotHours = 24.0,
    sample_requests: option.SampleRequests = 0.0,
    batch_size: option.BatchSize = 128,
    batch_minutes: option.BatchMinutes = BATCH_MINUTES,
    order: option.Order = ORDERS[0],
    candidates_by_popularity: ByPopularity = BY_POPULARITY,
    candidates_from_own_past: FromOwnPast = FROM_OWN_PAST,
    candidates_own_past: OwnPast = OWN_PAST,
    learning_rate: option.LearningRate = LEARNING_RATE,
    seed: option.Seed = 0,
    threads: option.Threads = 1,
    metrics_port: option.MetricsPort = None,
    metrics_address: option.MetricsAddress = "127.0.0.1",
    log_file: option.LogFile = None,
) -> None:
    """Train on a stream that never stops: predict, record, then learn when the label is known.

    Features are current to the last event. Whatever stops it, --resume goes on and ends bit for bit where a
    trainer that never stopped ends. Ctrl-C or SIGTERM checkpoints first; a second one ends it at once.

    Examples:

      interestclock train plays.parquet --mapping plays.toml --checkpoints trainer

      interestclock train log://events --mapping plays.toml --checkpoints trainer

      interestclock train redis://127.0.0.1:6379/plays --mapping plays.toml --checkpoints trainer --resume

      interestclock train plays.parquet --then kafka://127.0.0.1:9092/plays --mapping plays.toml --checkpoints
      trainer

      interestclock train admitted://store --checkpoints trainer

      interestclock train plays.parquet --then kafka://127.0.0.1:9092/plays --mapping plays.toml --checkpoints
      trainer2 --state-from trainer --ranker longterm
    """
    label_wait_ms = minutes_ms("label-wait-minutes", label_wait_minutes)
    check_ranker(ranker, lineup)
    check_choice("order", order, ORDERS)
    check_choice("layout", layout, LAYOUTS)
    if state_from is not None:
        check_folder(state_from, "holds no trainer; give --state-from what its --checkpoints were called")
    look_in_current_folder(source)
    from_ms = then_from_ms(then_from, then=then)
    if then is None and not checkpoints.exists():  # else what is wrong with these is said first
        check_logs([source, items])
    _say_how_it_begins(checkpoints, resume=resume)

    import torch

    from interestclock.embeddings import IdPolicy
    from interestclock.live import LiveConfig, LiveRun
    from interestclock.operations.json_logs import log_to
    from interestclock.operations.prometheus_page import serve_metrics
    from interestclock.operations.status_line import StatusLine
    from interestclock.operations.telemetry import Telemetry
    from interestclock.samples import CandidateConfig
    from interestclock.streams import OfALog
    from interestclock.training import TrainConfig

    given = options_given(context)
    opened = open_if_admitted(source, group=group, given=given) or open_source(
        source,
        then=then,
        from_ms=from_ms,
        mapping=mapping,
        layout=layout,
        items=items,
        group=group,
        clock=clock,
        speed_up=speed_up,
        label_wait_ms=label_wait_ms,
        dead_letters=_letters_of_log(checkpoints),
    )
    config = LiveConfig(
        ranker=named_ranker(ranker, lineup),
        train=TrainConfig(
            batch_size=batch_size, learning_rate=learning_rate, order=order, seed=seed, threads=threads
        ),
        admission=admission_config(
            opened,
            lateness_minutes=lateness_minutes,
            label_wait_ms=label_wait_ms,
            request_wait_minutes=request_wait_minutes,
            ahead_minutes=ahead_minutes,
            archive_first=then is not None,
            from_ms=from_ms,
            given=given,
        ),
        users=IdPolicy(min_count=min_count, unused_days=unused_days, most=most_users),
        items=IdPolicy(min_count=min_count, unused_days=unused_days, most=most_items),
        contexts=IdPolicy(min_count=min_count, unused_days=unused_days),
        candidates=CandidateConfig(
            by_popularity=candidates_by_popularity,
            from_own_past=candidates_from_own_past,
            own_past=candidates_own_past,
        ),
        missing_labels=tuple(missing_label or ()),
        forget_users_after_days=forget_users_after_days,
        most_state_users=most_state_users,
        keep_hours=keep_hours,
        batch_minutes=batch_minutes,
        checkpoint_minutes=checkpoint_minutes,
        checkpoints_kept=checkpoints_kept,
        snapshot_minutes=snapshot_minutes,
        full_snapshot_hours=full_snapshot_hours,
        sample_requests=sample_requests,
        idle_seconds=idle_seconds,
    )
    torch.set_num_threads(threads)
    labels = opened.schema.labels
    telemetry = Telemetry(tasks=labels, main_task=opened.schema.main_label)
    with contextlib.ExitStack() as stack:
        stack.enter_context(says_what_remains(partial(_goes_on, checkpoints)))
        if metrics_port is not None:
            stack.callback(serve_metrics(telemetry, port=metrics_port, addr=metrics_address))
        stack.enter_context(exits_refused(f"code of your own, in train {source},"))
        run = stack.enter_context(
            LiveRun(
                opened,
                checkpoints,
                config=config,
                resume=resume,
                state_from=state_from,
                telemetry=telemetry,
            )
        )
        stack.callback(log_to(log_file if log_file is not None else sys.stderr))
        stack.enter_context(stopped_by_signals(run))
        status = stack.enter_context(StatusLine(_out, among_candidates=opened.schema.positive_only))
        run.run(lambda: status.show(telemetry.line()))
    _print_counters(run)
    if isinstance(opened, OfALog):
        for line in counts_in_words(opened.log_counts, _letters_of_log(checkpoints)):
            _say(line)
    _say("go on with --resume")


def _letters_of_log(checkpoints: Path) -> Path:
    """Rows of a log that cannot be used; messages of a stream that cannot are in ``dead-letters.jsonl``."""
    return checkpoints / "log-dead-letters.jsonl"


def _say_how_it_begins(checkpoints: Path, *, resume: bool) -> None:
    """Refuse a folder that is taken before a source is opened; a mistyped one must not pass for resumed."""
    from interestclock.live.checkpoints import CheckpointReader
    from interestclock.live.trainer_folder import check_unclaimed, holds_trainer, may_begin_anew

    check_unclaimed(checkpoints, resume=resume)
    if not resume and may_begin_anew(checkpoints):
        _say(f"no checkpoint in {checkpoints}: it begins anew, if the log or the settings were changed")
    if resume and not holds_trainer(checkpoints):
        _say(f"nothing to resume in {checkpoints}: starting anew")
    elif resume and not CheckpointReader(checkpoints / "checkpoints").numbers():
        _say(f"no checkpoint in {checkpoints} to go on from: looking for what was admitted")


def _goes_on(folder: Path) -> str | None:
    return f"nothing is lost: {folder} goes on with --resume" if folder.exists() else None


def _print_counters(run: LiveRun) -> None:
    for line in message_counts_in_words(run.trainer.buffer.counters.counts(), run.folder):
        _say(line)
    for remark in run.trainer.remarks():
        _say(remark)
    if any((run.folder / "snapshots").glob("*-full")):
        _say(f"snapshots in {run.folder / 'snapshots'}, predictions in {run.folder / 'predictions'}")


def _say(text: str) -> None:
    _out.print(text, highlight=False, markup=False, soft_wrap=True)
