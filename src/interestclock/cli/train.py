"""The command that trains on a stream for as long as it runs."""

from __future__ import annotations

import contextlib
import math
import sys
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from interestclock.cli.candidate_options import BY_POPULARITY, FROM_OWN_PAST, ByPopularity, FromOwnPast
from interestclock.cli.stopping import says_what_remains, stopped_by_signals
from interestclock.defaults import (
    BATCH_MINUTES,
    IDLE_SECONDS,
    KEEP_HOURS,
    LEARNING_RATE,
    ORDERS,
    RANKER_NAMES,
)
from interestclock.errors import ConfigError
from interestclock.plugins import look_in_current_folder

if TYPE_CHECKING:
    from interestclock.live import LiveRun
    from interestclock.ranking import RankerConfig
    from interestclock.streams import LiveSource

__all__ = ["default_lateness_minutes", "moment_ms", "train_command"]

_out = Console()
_MINUTE_MS = 60_000
_MOST_SEED, _MOST_THREADS = 2**63 - 1, 1_024
_LATENESS = "Lateness and labels"
_TABLES = "Rows of the embedding table"
_STATE = "What is remembered of users"
_SCHEDULE = "Checkpoints and snapshots, in the stream's own time"


def train_command(
    source: Annotated[
        str,
        typer.Argument(
            help="A log to replay, redis://HOST:PORT/STREAM (several with commas) or kafka://HOST:PORT/TOPIC "
            "(JSON messages, see docs/live.md; they need the extras 'redis' and 'kafka'); or your own "
            "source, my_package.my_module:MySource.",
            show_default=False,
        ),
    ],
    *,
    checkpoints: Annotated[
        Path,
        typer.Option(
            help="Folder of the trainer: what was admitted, checkpoints, predictions, snapshots.",
            show_default=False,
        ),
    ],
    then: Annotated[
        str | None,
        typer.Option(
            help="Learn the log, then the stream that it was written from: redis://... or kafka://...; what "
            "of the stream is in the log is counted, not learned again.",
            show_default=False,
        ),
    ] = None,
    then_from: Annotated[
        str | None,
        typer.Option(
            help="The stream's messages of before this time are in the log, such as 2026-03-01T00:00:00Z; "
            "needed where the log has no event_id.",
            show_default=False,
        ),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Go on where the folder's trainer stopped; anew if there is none."),
    ] = False,
    state_from: Annotated[
        Path | None,
        typer.Option(
            help="Folder of another trainer of this source: begin with fresh weights, and other settings of "
            "the ranker, on what that one knows of the stream (histories, clocks, ids, how far it came), "
            "without the history again. It is only read; while that one runs, give another --group.",
            show_default=False,
        ),
    ] = None,
    ranker: Annotated[
        str,
        typer.Option(
            help=f"One of {', '.join(RANKER_NAMES)}; or a clock of your own, "
            "my_package.my_module:MyClockConfig."
        ),
    ] = "gaussian+longterm",
    mapping: Annotated[
        Path | None, typer.Option(help="TOML file that says what columns, or a stream's fields, mean.")
    ] = None,
    layout: Annotated[str | None, typer.Option(help="A built-in layout of a log.")] = None,
    items: Annotated[Path | None, typer.Option(help="Item attributes: Parquet, CSV or TSV.")] = None,
    group: Annotated[
        str,
        typer.Option(
            help="Consumer group, of Redis and Kafka. A new trainer begins with the oldest message."
        ),
    ] = "interestclock",
    speed_up: Annotated[
        float | None,
        typer.Option(
            help="Replay a log so many times faster than it happened (default: as fast as it goes)."
        ),
    ] = None,
    lateness_minutes: Annotated[
        float | None,
        typer.Option(
            min=0,
            help="How far an event may stand behind the newest of its partition; later ones are counted, not "
            "learned. (default: 1 for a stream; 0 for a log, which is in order)",
            rich_help_panel=_LATENESS,
            show_default=False,
        ),
    ] = None,
    label_wait_minutes: Annotated[
        float,
        typer.Option(
            min=0,
            help="How long after its exposure a label may come; none by then is a 0. As long as the slowest "
            "label takes, in a replay too.",
            rich_help_panel=_LATENESS,
        ),
    ] = 60.0,
    request_wait_minutes: Annotated[
        float,
        typer.Option(
            min=0,
            help="How long after a served request exposures may leave to it who saw them, and when.",
            rich_help_panel=_LATENESS,
        ),
    ] = 60.0,
    ahead_minutes: Annotated[
        float,
        typer.Option(
            min=0,
            help="How far an event of a stream may stand ahead of this machine's clock; further ones are "
            "counted, not learned.",
            rich_help_panel=_LATENESS,
        ),
    ] = 60.0,
    idle_seconds: Annotated[
        float,
        typer.Option(
            help="A partition of a stream that is silent for so long is not waited for; where all are, the "
            "stream goes on by this machine's clock. What a partition brings later with an older time is "
            "counted, not learned. (A replay knows no silence.)",
            rich_help_panel=_LATENESS,
        ),
    ] = IDLE_SECONDS,
    missing_label: Annotated[
        list[str] | None,
        typer.Option(
            help="A label that is missing, not 0, when it has not come by then; repeat for several.",
            rich_help_panel=_LATENESS,
            show_default=False,
        ),
    ] = None,
    min_count: Annotated[
        int, typer.Option(min=1, help="An id earns its row when seen so often.", rich_help_panel=_TABLES)
    ] = 1,
    unused_days: Annotated[
        float, typer.Option(help="An id loses its row when not seen for so long.", rich_help_panel=_TABLES)
    ] = 90.0,
    most_users: Annotated[
        int | None,
        typer.Option(
            help="Rows at most; the longest unused lose theirs.", rich_help_panel=_TABLES, show_default=False
        ),
    ] = None,
    most_items: Annotated[
        int | None,
        typer.Option(
            help="Rows at most; the longest unused lose theirs.", rich_help_panel=_TABLES, show_default=False
        ),
    ] = None,
    forget_users_after_days: Annotated[
        float,
        typer.Option(
            help="A user not seen for so long is forgotten, with history and clock; an item, once no history "
            "names it.",
            rich_help_panel=_STATE,
        ),
    ] = 90.0,
    most_state_users: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="At most so many at midnight (UTC); those not seen for longest are forgotten.",
            rich_help_panel=_STATE,
            show_default=False,
        ),
    ] = None,
    keep_hours: Annotated[
        float,
        typer.Option(
            min=0,
            help="How far behind what may still come late features can be read; at least as long as a batch "
            "is filled.",
            rich_help_panel=_STATE,
        ),
    ] = KEEP_HOURS,
    checkpoint_minutes: Annotated[
        float, typer.Option(help="Between checkpoints.", rich_help_panel=_SCHEDULE)
    ] = 60.0,
    checkpoints_kept: Annotated[
        int, typer.Option(min=1, help="The newest so many stay.", rich_help_panel=_SCHEDULE)
    ] = 3,
    snapshot_minutes: Annotated[
        float, typer.Option(help="Between snapshots: what changed.", rich_help_panel=_SCHEDULE)
    ] = 60.0,
    full_snapshot_hours: Annotated[
        float, typer.Option(help="Between whole snapshots.", rich_help_panel=_SCHEDULE)
    ] = 24.0,
    batch_size: Annotated[
        int,
        typer.Option(
            min=1, help="Exposures predicted and learned together; fewer where the stream is quiet."
        ),
    ] = 128,
    batch_minutes: Annotated[
        float,
        typer.Option(
            min=0,
            help="A batch that does not fill is learned all the same after so long in the stream's time.",
        ),
    ] = BATCH_MINUTES,
    order: Annotated[
        str,
        typer.Option(
            help=f"{' or '.join(ORDERS)}: learn a batch once its labels are settled, or what a UTC day has "
            "settled when it is over, shuffled."
        ),
    ] = ORDERS[0],
    candidates_by_popularity: ByPopularity = BY_POPULARITY,
    candidates_from_own_past: FromOwnPast = FROM_OWN_PAST,
    learning_rate: Annotated[float, typer.Option(help="Adam's step size.")] = LEARNING_RATE,
    seed: Annotated[
        int, typer.Option(min=0, max=_MOST_SEED, help="Of the first weights and the shuffling.")
    ] = 0,
    threads: Annotated[int, typer.Option(min=1, max=_MOST_THREADS, help="PyTorch's threads.")] = 1,
    metrics_port: Annotated[
        int | None,
        typer.Option(help="Serve Prometheus metrics on this port.", show_default=False),
    ] = None,
    metrics_address: Annotated[
        str, typer.Option(help="Of this machine; 0.0.0.0 lets others read the metrics, too.")
    ] = "127.0.0.1",
    log_file: Annotated[
        Path | None,
        typer.Option(
            help="Append a JSON object per event of note (default: to standard error; plain on a terminal).",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Train on a stream that never stops: predict, record, then learn when the label is known.

    Features are current to the last event. Whatever stops it, --resume goes on and ends bit for bit where a
    trainer that never stopped ends. Ctrl-C or SIGTERM checkpoints first; a second one ends it at once.

    Examples:

      interestclock train plays.parquet --mapping plays.toml --checkpoints trainer

      interestclock train redis://127.0.0.1:6379/plays --mapping plays.toml --checkpoints trainer --resume

      interestclock train plays.parquet --then kafka://127.0.0.1:9092/plays --mapping plays.toml --checkpoints
      trainer

      interestclock train plays.parquet --then kafka://127.0.0.1:9092/plays --mapping plays.toml --checkpoints
      trainer2 --state-from trainer --ranker longterm
    """
    label_wait_ms = _ms("label-wait-minutes", label_wait_minutes)
    look_in_current_folder(source, ranker)
    then_from_ms = None if then_from is None else moment_ms(then_from)
    if then is None and then_from is not None:
        raise ConfigError("--then-from goes with --then; leave it out")
    _say_how_it_begins(checkpoints, resume=resume)

    import torch

    from interestclock.admission import AdmissionConfig
    from interestclock.embeddings import IdPolicy
    from interestclock.live import LiveConfig, LiveRun
    from interestclock.operations.json_logs import log_to
    from interestclock.operations.prometheus_page import serve_metrics
    from interestclock.operations.status_line import StatusLine
    from interestclock.operations.telemetry import Telemetry
    from interestclock.samples import CandidateConfig
    from interestclock.streams import open_live, open_then
    from interestclock.training import TrainConfig

    open_source = open_live if then is None else partial(open_then, stream=then, from_ms=then_from_ms)
    opened = open_source(
        source,
        mapping=mapping,
        layout=layout,
        items=items,
        group=group,
        speed_up=speed_up,
        label_wait_ms=label_wait_ms,
    )
    if lateness_minutes is None:
        lateness_minutes = default_lateness_minutes(opened)
    config = LiveConfig(
        ranker=_ranker(ranker),
        train=TrainConfig(
            batch_size=batch_size, learning_rate=learning_rate, order=order, seed=seed, threads=threads
        ),
        admission=AdmissionConfig(
            lateness_ms=_ms("lateness-minutes", lateness_minutes),
            label_wait_ms=label_wait_ms,
            request_wait_ms=_ms("request-wait-minutes", request_wait_minutes),
            ahead_ms=_ms("ahead-minutes", ahead_minutes),
            archive_first=then is not None,
            then_from_ms=then_from_ms,
        ),
        users=IdPolicy(min_count=min_count, unused_days=unused_days, most=most_users),
        items=IdPolicy(min_count=min_count, unused_days=unused_days, most=most_items),
        contexts=IdPolicy(min_count=min_count, unused_days=unused_days),
        candidates=CandidateConfig(
            by_popularity=candidates_by_popularity, from_own_past=candidates_from_own_past
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
        idle_seconds=idle_seconds,
    )
    torch.set_num_threads(threads)
    labels = opened.schema.labels
    telemetry = Telemetry(tasks=labels, main_task=opened.schema.main_label)
    with contextlib.ExitStack() as stack:
        stack.enter_context(says_what_remains(partial(_goes_on, checkpoints)))
        if metrics_port is not None:
            stack.callback(serve_metrics(telemetry, port=metrics_port, addr=metrics_address))
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
    _say("go on with --resume")


def _say_how_it_begins(checkpoints: Path, *, resume: bool) -> None:
    """Refuse a folder that is taken before a source is opened; a mistyped one must not pass for resumed."""
    from interestclock.live.trainer_folder import check_unclaimed, holds_trainer

    check_unclaimed(checkpoints, resume=resume)
    if resume and not holds_trainer(checkpoints):
        _say(f"nothing to resume in {checkpoints}: starting anew")


def default_lateness_minutes(source: LiveSource) -> float:
    """A minute for a stream; none for a log, which is in the order of its events.

    Messages of servers and phones pass each other on their way: without lateness half of them would be late
    (``docs/decisions/0011-watermarks.md`` has the figures).
    """
    return 0.0 if source.clock is None else 1.0


def _ms(option: str, minutes: float) -> int:
    if not math.isfinite(minutes):
        raise ConfigError(f"--{option} is {minutes}; give a number of minutes")
    return round(minutes * _MINUTE_MS)


def moment_ms(text: str) -> int:
    """UTC milliseconds of --then-from; a time without its offset could be anyone's.

    Raises:
        ConfigError: it is no date and time, or has no offset.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise ConfigError(
            f"--then-from is '{text}'; give a date and time with Z or an offset, such as 2026-03-01T00:00:00Z"
        )
    return round(moment.timestamp() * 1_000)


def _ranker(name: str) -> RankerConfig:
    if "," in name:
        raise ConfigError(f"'{name}' names several rankers; a live trainer trains one")
    from interestclock.studies.rankers import lineup

    (config,) = lineup([name]).values()
    return config


def _goes_on(folder: Path) -> str | None:
    return f"nothing is lost: {folder} goes on with --resume" if folder.exists() else None


def _print_counters(run: LiveRun) -> None:
    counts = run.trainer.buffer.counters.counts()
    received, along = counts.pop("received"), counts.pop("given_labels_late")
    changes = counts.pop("item_changes")
    ahead, most_ms = counts.pop("known_ahead"), counts.pop("known_ahead_most_ms")
    parts = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in counts.items() if count)
    _say(f"{received:,} messages: {parts or 'none used'}")
    if along:
        _say(
            f"{along:,} labels that came along were known after --label-wait-minutes: they count as not given"
        )
    if changes:
        _say(f"{changes:,} items became something else")
    if ahead:
        _say(
            f"{ahead:,} labels or outcomes say they were known up to {most_ms / 1_000:,.1f} s after they "
            "arrived, and count as known then: a producer's clock runs ahead"
        )
    if any((run.folder / "snapshots").glob("*-full")):
        _say(f"snapshots in {run.folder / 'snapshots'}, predictions in {run.folder / 'predictions'}")


def _say(text: str) -> None:
    _out.print(text, highlight=False, markup=False, soft_wrap=True)
