"""The options of the command that trains on a stream."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from interestclock.defaults import ORDERS

__all__ = [
    "AheadMinutes",
    "BatchMinutes",
    "BatchSize",
    "CheckpointMinutes",
    "Checkpoints",
    "CheckpointsKept",
    "ClockFile",
    "ForgetUsersAfterDays",
    "FullSnapshotHours",
    "Group",
    "IdleSeconds",
    "Items",
    "KeepHours",
    "LabelWaitMinutes",
    "LatenessMinutes",
    "Layout",
    "LearningRate",
    "LogFile",
    "Mapping",
    "MetricsAddress",
    "MetricsPort",
    "MinCount",
    "MissingLabel",
    "MostItems",
    "MostStateUsers",
    "MostUsers",
    "Order",
    "RequestWaitMinutes",
    "Resume",
    "SampleRequests",
    "Seed",
    "SnapshotMinutes",
    "Source",
    "SpeedUp",
    "StateFrom",
    "Then",
    "ThenFrom",
    "Threads",
    "UnusedDays",
]

_MOST_SEED, _MOST_THREADS = 2**63 - 1, 1_024
_LATENESS = "Lateness and labels"
_TABLES = "Rows of the embedding table"
_STATE = "What is remembered of users"
_SCHEDULE = "Checkpoints and snapshots, in the stream's own time"

Source = Annotated[
    str,
    typer.Argument(
        help="A log to replay; a stream of JSON messages (see docs/live.md): log://DIR, an embedded log, "
        "redis://HOST:PORT/STREAM (several with commas) or kafka://HOST:PORT/TOPIC (these need the extras "
        "'redis' and 'kafka'); what 'features follow' admits, admitted://STORE or "
        "admitted+redis://... and admitted+kafka://...; or your own source, "
        "my_module:MySource.",
        show_default=False,
    ),
]
Checkpoints = Annotated[
    Path,
    typer.Option(
        help="Folder of the trainer: what was admitted, checkpoints, predictions, snapshots.",
        show_default=False,
    ),
]
Then = Annotated[
    str | None,
    typer.Option(
        help="Learn the log, then the stream that it was written from: log://DIR, redis://... or "
        "kafka://...; what of the stream is in the log is counted, not learned again.",
        show_default=False,
    ),
]
ThenFrom = Annotated[
    str | None,
    typer.Option(
        help="The stream's messages of before this time are in the log, such as 2026-03-01T00:00:00Z; "
        "needed where the log has no event_id.",
        show_default=False,
    ),
]
Resume = Annotated[
    bool,
    typer.Option("--resume", help="Go on where the folder's trainer stopped; anew if there is none."),
]
StateFrom = Annotated[
    Path | None,
    typer.Option(
        help="Folder of another trainer of this source: begin with fresh weights, and other settings of "
        "the ranker, on what that one knows of the stream (histories, clocks, ids, how far it came), "
        "without the history again. It is only read; while that one runs, give another --group.",
        show_default=False,
    ),
]
Mapping = Annotated[
    Path | None, typer.Option(help="TOML file that says what columns, or a stream's fields, mean.")
]
Layout = Annotated[str | None, typer.Option(help="A built-in layout of a log.")]
Items = Annotated[Path | None, typer.Option(help="Item attributes: Parquet, CSV or TSV.")]
Group = Annotated[
    str,
    typer.Option(
        help="Consumer group, of Redis and Kafka; the follower's name in an embedded log. A new trainer "
        "begins with the oldest message."
    ),
]
ClockFile = Annotated[
    Path | None,
    typer.Option(
        "--clock",
        help="What time it is says this file, which 'live' writes, and not this machine's clock.",
        show_default=False,
    ),
]
SpeedUp = Annotated[
    float | None,
    typer.Option(help="Replay a log so many times faster than it happened (default: as fast as it goes)."),
]
LatenessMinutes = Annotated[
    float | None,
    typer.Option(
        metavar="<float>",
        min=0,
        help="How far an event may stand behind the newest of its partition; later ones are counted, not "
        "used. (default: 1 for a stream; 0 for a log, which is in order)",
        rich_help_panel=_LATENESS,
        show_default=False,
    ),
]
LabelWaitMinutes = Annotated[
    float,
    typer.Option(
        metavar="<float>",
        min=0,
        help="How long after its exposure a label may come; none by then is a 0. As long as the slowest "
        "label takes, in a replay too.",
        rich_help_panel=_LATENESS,
    ),
]
RequestWaitMinutes = Annotated[
    float,
    typer.Option(
        metavar="<float>",
        min=0,
        help="How long after a served request exposures may leave to it who saw them, and when.",
        rich_help_panel=_LATENESS,
    ),
]
AheadMinutes = Annotated[
    float,
    typer.Option(
        metavar="<float>",
        min=0,
        help="How far an event of a stream may stand ahead of this machine's clock; further ones are "
        "counted, not used.",
        rich_help_panel=_LATENESS,
    ),
]
IdleSeconds = Annotated[
    float,
    typer.Option(
        help="A partition of a stream that is silent for so long is not waited for; where all are, the "
        "stream goes on by this machine's clock. What a partition brings later with an older time is "
        "counted, not used. (A replay knows no silence.)",
        rich_help_panel=_LATENESS,
    ),
]
MissingLabel = Annotated[
    list[str] | None,
    typer.Option(
        help="A label that is missing, not 0, when it has not come by then; repeat for several.",
        rich_help_panel=_LATENESS,
        show_default=False,
    ),
]
MinCount = Annotated[
    int,
    typer.Option(
        metavar="<int>", min=1, help="An id earns its row when seen so often.", rich_help_panel=_TABLES
    ),
]
UnusedDays = Annotated[
    float, typer.Option(help="An id loses its row when not seen for so long.", rich_help_panel=_TABLES)
]
MostUsers = Annotated[
    int | None,
    typer.Option(
        help="Rows at most; the longest unused lose theirs.", rich_help_panel=_TABLES, show_default=False
    ),
]
MostItems = Annotated[
    int | None,
    typer.Option(
        help="Rows at most; the longest unused lose theirs.", rich_help_panel=_TABLES, show_default=False
    ),
]
ForgetUsersAfterDays = Annotated[
    float,
    typer.Option(
        help="A user not seen for so long is forgotten, with history and clock; an item, once no history "
        "names it.",
        rich_help_panel=_STATE,
    ),
]
MostStateUsers = Annotated[
    int | None,
    typer.Option(
        metavar="<int>",
        min=1,
        help="At most so many at midnight (UTC); those not seen for longest are forgotten.",
        rich_help_panel=_STATE,
        show_default=False,
    ),
]
KeepHours = Annotated[
    float,
    typer.Option(
        metavar="<float>",
        min=0,
        help="How far behind what may still come late features can be read; at least as long as a batch "
        "is filled.",
        rich_help_panel=_STATE,
    ),
]
CheckpointMinutes = Annotated[float, typer.Option(help="Between checkpoints.", rich_help_panel=_SCHEDULE)]
CheckpointsKept = Annotated[
    int, typer.Option(metavar="<int>", min=1, help="The newest so many stay.", rich_help_panel=_SCHEDULE)
]
SnapshotMinutes = Annotated[
    float, typer.Option(help="Between snapshots: what changed.", rich_help_panel=_SCHEDULE)
]
FullSnapshotHours = Annotated[float, typer.Option(help="Between whole snapshots.", rich_help_panel=_SCHEDULE)]
SampleRequests = Annotated[
    float,
    typer.Option(
        metavar="<float>",
        min=0,
        max=1,
        help="Keep features of this share of requests, as they were trained on, in requests/: `store skew` "
        "holds them against what was served.",
    ),
]
BatchSize = Annotated[
    int,
    typer.Option(
        metavar="<int>",
        min=1,
        help="Exposures predicted and learned together; fewer where the stream is quiet.",
    ),
]
BatchMinutes = Annotated[
    float,
    typer.Option(
        metavar="<float>",
        min=0,
        help="A batch that does not fill is learned all the same after so long in the stream's time.",
    ),
]
Order = Annotated[
    str,
    typer.Option(
        help=f"{' or '.join(ORDERS)}: learn a batch once its labels are settled, or what a UTC day has "
        "settled when it is over, shuffled."
    ),
]
LearningRate = Annotated[float, typer.Option(help="Adam's step size.")]
Seed = Annotated[
    int, typer.Option(metavar="<int>", min=0, max=_MOST_SEED, help="Of the first weights and the shuffling.")
]
Threads = Annotated[int, typer.Option(metavar="<int>", min=1, max=_MOST_THREADS, help="PyTorch's threads.")]
MetricsPort = Annotated[
    int | None,
    typer.Option(help="Serve Prometheus metrics on this port.", show_default=False),
]
MetricsAddress = Annotated[
    str, typer.Option(help="Of this machine; 0.0.0.0 lets others read the metrics, too.")
]
LogFile = Annotated[
    Path | None,
    typer.Option(
        help="Append a JSON object per event of note (default: to standard error; plain on a terminal).",
        show_default=False,
    ),
]
