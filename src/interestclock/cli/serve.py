"""The command that serves rankings over HTTP."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from interestclock.cli.refusals import check_folder
from interestclock.cli.served_sample import SampleRequests, Served, check_sample, sampled_by_ranker
from interestclock.cli.train_options import ClockFile, LogFile
from interestclock.errors import ConfigError

if TYPE_CHECKING:
    from interestclock.service import RankingService

__all__ = ["serve_command"]

_out = Console()
_NO_SNAPSHOTS = "holds no snapshots; name the folder snapshots/ of a trainer"

Store = Annotated[
    str,
    typer.Option(
        help="What `features follow` was given as --store: a folder, or redis://HOST:PORT/DB with "
        "?prefix=NAME (extra 'redis').",
        show_default=False,
    ),
]
Snapshots = Annotated[
    list[str],
    typer.Option(
        help="The folder of snapshots: TRAINER/snapshots. Repeat it as NAME=FOLDER for several rankers side "
        "by side; the first answers who names none.",
        show_default=False,
    ),
]
Zone = Annotated[
    str | None,
    typer.Option(
        help="IANA zone of users whose local time nothing else tells (default: such a request is refused).",
        show_default=False,
    ),
]
Host = Annotated[
    str, typer.Option(help="Of this machine. Another than loopback needs INTERESTCLOCK_TOKEN to be set.")
]
Port = Annotated[int, typer.Option(help="0 takes any that is free.")]
MostCandidates = Annotated[
    int, typer.Option(metavar="<int>", min=1, max=1_000, help="Of one request; more is answered with 422.")
]
InFlight = Annotated[
    int,
    typer.Option(
        metavar="<int>", min=1, help="Requests worked at or waiting; one more is answered with 503."
    ),
]
TimeoutSeconds = Annotated[
    float, typer.Option(metavar="<seconds>", min=0.01, help="Later than that is answered with 504.")
]
BodyBytes = Annotated[
    int, typer.Option(metavar="<int>", min=1, help="Of a request; more is answered with 413.")
]
Name = Annotated[
    list[str] | None,
    typer.Option(
        help="A name that requests call the service by, such as that of a proxy before it; others but this "
        "machine's are refused.",
        show_default=False,
    ),
]
Demo = Annotated[
    bool, typer.Option("--demo", help="Let histories and clocks of users be read without a token.")
]
TrainerMetrics = Annotated[
    str | None,
    typer.Option(
        metavar="<url>",
        help="Where the trainer serves metrics (train --metrics-port), for /v1/status: such as "
        "http://127.0.0.1:9100/metrics",
        show_default=False,
    ),
]
UpdaterMetrics = Annotated[
    str | None,
    typer.Option(metavar="<url>", help="Likewise, of features follow.", show_default=False),
]
EventsLog = Annotated[
    str | None,
    typer.Option(
        "--log",
        help="Where answers, and events that are posted, are appended: log://DIR, redis://HOST:PORT/STREAM "
        "or kafka://HOST:PORT/TOPIC (default: nowhere, and no events are received).",
        show_default=False,
    ),
]
ExploreShare = Annotated[
    float,
    typer.Option(
        metavar="<share>",
        help="Of requests, whose best items are shuffled, 0 to 1; with the probability of each item's place "
        "in answer and log.",
    ),
]
ExploreTop = Annotated[
    int, typer.Option(metavar="<int>", help="So many of the best items are shuffled, 2 or more.")
]
ExploreSeed = Annotated[
    int, typer.Option(metavar="<int>", help="With a request's id it decides whether and how it is shuffled.")
]
Allow = Annotated[
    list[str] | None,
    typer.Option(
        help="A clock outside this project that may be imported, my_module:MyConfig.", show_default=False
    ),
]


def serve_command(
    *,
    store: Store,
    snapshots: Snapshots,
    log: EventsLog = None,
    explore_share: ExploreShare = 0.0,
    explore_top: ExploreTop = 10,
    explore_seed: ExploreSeed = 0,
    sample_requests: SampleRequests = 0.0,
    served: Served = None,
    zone: Zone = None,
    clock: ClockFile = None,
    host: Host = "127.0.0.1",
    port: Port = 8_000,
    name: Name = None,
    demo: Demo = False,
    candidates: MostCandidates = 1_000,
    in_flight: InFlight = 64,
    timeout_seconds: TimeoutSeconds = 2.0,
    body_bytes: BodyBytes = 1_000_000,
    trainer_metrics: TrainerMetrics = None,
    updater_metrics: UpdaterMetrics = None,
    allow: Allow = None,
    log_file: LogFile = None,
) -> None:
    """Serve rankings over HTTP: a store's features, the newest snapshot's scores.

    New snapshots are used as they come. While the store is away, users are
    ranked as unknown, and answers say so.

    Examples:

      interestclock serve --store store --snapshots trainer/snapshots

      interestclock serve --store 'redis://127.0.0.1:6379/0?prefix=plays'
      --snapshots trainer/snapshots --zone Europe/Berlin --port 8001

      interestclock serve --store store --snapshots trainer/snapshots
      --log log://events --explore-share 0.01
    """
    folders = _folders(snapshots)
    for folder in folders.values():
        check_folder(folder, _NO_SNAPSHOTS)
    check_sample(sample_requests, served)
    _check_extra()
    from interestclock.timeofday import TimeSource, is_zone, read_clock

    if zone is not None and not is_zone(zone):
        raise ConfigError(f"--zone '{zone}' is none; give an IANA name, for example Europe/Berlin")

    time = TimeSource() if clock is None else read_clock(clock)

    import torch

    from interestclock.operations.json_logs import log_to
    from interestclock.plugins import look_in_current_folder
    from interestclock.service import (
        Access,
        EventService,
        Exploration,
        RankingService,
        ReopenedStore,
        ServiceConfig,
        create_app,
        serve_app,
    )
    from interestclock.serving import Rankers
    from interestclock.store import open_store
    from interestclock.streams import open_event_log

    look_in_current_folder(*(allow or ()))
    torch.set_num_threads(1)
    beside = _given(trainer_metrics, updater_metrics)
    access = Access.of_environment(os.environ, host=host, names=tuple(name or ()), demo=demo)
    config = ServiceConfig(
        candidates=candidates, in_flight=in_flight, timeout_seconds=timeout_seconds, body_bytes=body_bytes
    )
    exploration = Exploration(share=explore_share, top=explore_top, seed=explore_seed)
    with contextlib.ExitStack() as stack:
        stack.callback(log_to(log_file if log_file is not None else sys.stderr))
        opened = ReopenedStore(lambda: open_store(store))
        sampled = sampled_by_ranker(tuple(folders), share=sample_requests, served=served, log=log)
        for each in sampled.values():
            stack.callback(each.close)
        rankers = Rankers(opened, folders, allow=allow or (), default_zone=zone, sampled=sampled)
        events = None
        if log is not None:
            events = EventService(
                open_event_log(log), schema=opened.schema, most_messages=config.messages, time=time
            )
            stack.callback(events.close)
        service = RankingService(
            rankers,
            opened,
            served=None if events is None else events.served,
            exploration=exploration,
            config=config,
            time=time,
        )
        app = create_app(service, access=access, events=events, beside=beside)
        serve_app(app, host=host, port=port, started=lambda url: _say_where(url, service))


def _check_extra() -> None:
    """Refuse to serve without what serves."""
    missing = [name for name in ("fastapi", "uvicorn") if importlib.util.find_spec(name) is None]
    if missing:
        raise ConfigError(
            f"{missing[0]} is not installed; install the extra 'serve', in a checkout with "
            "pip install -c constraints.txt '.[serve]'"
        )


def _folders(snapshots: list[str]) -> dict[str, Path]:
    """Folders of snapshots by the name of their ranker."""
    folders: dict[str, Path] = {}
    for each in snapshots:
        name, is_named, folder = each.partition("=")
        name, folder = (name, folder) if is_named else ("ranker", each)
        if not name or not folder:
            raise ConfigError(f"--snapshots '{each}': name or folder is missing; give FOLDER, or NAME=FOLDER")
        if name in folders:
            raise ConfigError(
                f"--snapshots '{each}': a ranker has that name already; give NAME=FOLDER, each another NAME"
            )
        folders[name] = Path(folder)
    return folders


def _given(trainer: str | None, updater: str | None) -> dict[str, str]:
    """Addresses of metrics that were given."""
    beside: dict[str, str] = {}
    for who, url in (("trainer", trainer), ("updater", updater)):
        if url is not None and not url.startswith(("http://", "https://")):
            raise ConfigError(
                f"--{who}-metrics '{url}' is no address; give one such as http://127.0.0.1:9100/metrics"
            )
        if url is not None:
            beside[who] = url
    return beside


def _say_where(url: str, service: RankingService) -> None:
    rankers = service.rankers
    versions = ", ".join(f"{name} {rankers.scorer(name).version}" for name in rankers.names)
    _out.print(
        f"serving at {url} ({versions}); Ctrl-C ends it", highlight=False, markup=False, soft_wrap=True
    )
