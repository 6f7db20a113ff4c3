"""The command that holds features as they were served against those that were trained on."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from interestclock.cli.refusals import check_folder
from interestclock.cli.store_argument import Store, check_store

if TYPE_CHECKING:
    from interestclock.skew import SkewReport

__all__ = ["skew_command"]

_out = Console(width=None if sys.stdout.isatty() else 120)  # a table in a file is not cut to a terminal
Served = Annotated[
    list[Path],
    typer.Option(help="Folder in which a server keeps its sample; repeat for several.", show_default=False),
]
Trained = Annotated[
    Path, typer.Option(help="TRAINER/requests of `train --sample-requests`.", show_default=False)
]
Json = Annotated[bool, typer.Option("--json", help="For machines: one JSON object.")]
Metrics = Annotated[
    Path | None,
    typer.Option(help="Write the figures there, too, as Prometheus' textfile collector reads them."),
]


def skew_command(
    store: Store, served: Served, trained: Trained, *, as_json: Json = False, metrics: Metrics = None
) -> None:
    """Compare features served with those trained on, request by request, and say why they differ.

    Of requests that both a server and the trainer kept. The admitted log is
    replayed in memory from a checkpoint of the updater on, beside what runs;
    requests of before the oldest checkpoint cannot be compared, unless a name
    of `features follow --keep-for` keeps the log. clock: the exposure was at
    another time than the request. not_yet_applied: it was in the log, and not
    in the store. arrived_later: it came to the log behind the request.

    Example:

      interestclock store skew store --served served --trained trainer/requests
    """
    check_store(store)
    for each in served:
        check_folder(each, "holds no requests; name a folder in which a server keeps a sample of them")
    check_folder(trained, "holds no requests; start the trainer with --sample-requests")
    from interestclock.files import write_text
    from interestclock.skew import measure_skew, prometheus_text

    report = measure_skew(store, served=served, trained=trained)
    if metrics is not None:
        write_text(metrics, prometheus_text(report))
    if as_json:
        typer.echo(json.dumps(report.described(), indent=1))
        return
    _out.print(_table(report))
    _out.print(
        f"{report.compared:,} requests compared; {report.served_alone:,} were served alone, "
        f"{report.trained_alone:,} trained on alone, {report.not_comparable:,} cannot be compared",
        highlight=False,
        soft_wrap=True,
    )


def _table(report: SkewReport) -> Table:
    from interestclock.skew.report import ANY

    table = Table("feature", "requests that differ", *report.causes)
    for feature in (*report.features, ANY):
        counts = [by_feature.get(feature) for by_feature in report.causes.values()]
        cells = ["0" if each is None else f"{each.requests:,}, by {each.values:,}" for each in counts]
        differing = report.differing.get(feature, 0)
        share = f" ({differing / report.compared:.2%})" if report.compared else ""
        table.add_row(feature, f"{differing:,}{share}", *cells)
    return table
