"""The command line: wiring only."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
import typer.rich_utils
from rich.console import Console

from interestclock import __version__
from interestclock.cli.append import append_command
from interestclock.cli.candidate_options import (
    BY_POPULARITY,
    FROM_OWN_PAST,
    OWN_PAST,
    ByPopularity,
    FromOwnPast,
    OwnPast,
    RankChoices,
)
from interestclock.cli.erase import erase_app
from interestclock.cli.follow import features_app
from interestclock.cli.live import live_command
from interestclock.cli.log_counts import counts_in_words
from interestclock.cli.log_options import LogOptions, with_log_options
from interestclock.cli.mapping import mapping_app
from interestclock.cli.migrate import migrate_command
from interestclock.cli.ranker_options import Lineup, RankerNames, named_rankers
from interestclock.cli.refusals import check_choice
from interestclock.cli.serve import serve_command
from interestclock.cli.snapshots import snapshots_app
from interestclock.cli.store import store_app
from interestclock.cli.train import train_command
from interestclock.defaults import (
    ALL_TIME_DAYS,
    LEARNING_RATE,
    ORDERS,
    OWN_PASTS,
    SIMULATOR_SIZES,
    SIMULATOR_WORLDS,
    SITTING_MINUTES,
)
from interestclock.errors import InterestClockError, settings_checked
from interestclock.files import check_new

if TYPE_CHECKING:
    from interestclock.events.schema import LogCounts
    from interestclock.samples import PrepareConfig

__all__ = ["app", "run"]

typer.rich_utils.RANGE_STRING = ""  # ranges beside types leave names and help no room at 80 columns

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Time perception for streaming recommenders: does the time of day matter in your log, and what "
    "would a clock gain you? Begin with 'inspect LOG' ('simulate' makes one), then 'compare'; 'features' "
    "feeds a model of your own, 'train' learns from a live stream, 'serve' ranks over HTTP, and 'live' shows "
    "all of it at work.",
)
_out = Console()
_errors = Console(stderr=True)

Out = Annotated[Path, typer.Option(help="Folder to write; must not exist yet.", show_default=False)]
BucketsPerDay = Annotated[
    int, typer.Option(metavar="<int>", min=1, help="Hour buckets of a clock (Interest Clock paper, Eq. 3).")
]
WindowDays = Annotated[
    int, typer.Option(metavar="<int>", min=1, max=ALL_TIME_DAYS, help="How far back a clock counts, in days.")
]


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    if version:
        _out.print(f"interestclock {__version__}", highlight=False)
        raise typer.Exit


@app.command("compare")
@with_log_options
def compare_command(
    log: LogOptions,
    *,
    out: Out,
    rankers: RankerNames = None,
    lineup: Lineup = None,
    seeds: Annotated[
        int, typer.Option(metavar="<int>", min=1, help="Runs of each ranker; figures are their means.")
    ] = 3,
    label: Annotated[
        str | None,
        typer.Option(help="The label to compare on (default: finish, else the first).", show_default=False),
    ] = None,
    jobs: Annotated[int, typer.Option(metavar="<int>", min=1, help="Runs at a time, one core each.")] = 1,
    order: Annotated[str, typer.Option(help=f"How rankers learn: {' or '.join(ORDERS)}.")] = "streaming",
    device: Annotated[str, typer.Option(help="cpu, or cuda where there is one.")] = "cpu",
    batch_size: Annotated[
        int, typer.Option(metavar="<int>", min=1, help="Exposures predicted and learned together.")
    ] = 128,
    learning_rate: Annotated[float, typer.Option(help="Of Adam.")] = LEARNING_RATE,
    sigma_hours: Annotated[
        float, typer.Option(help="Width of the Gaussian Clock (Interest Clock paper, Eq. 4).")
    ] = 1.0,
    mu_hours: Annotated[float, typer.Option(help="Gap of its largest weight.")] = 0.0,
    bucket_centre_hours: Annotated[
        float | None,
        typer.Option(help="Where a bucket stands after its start (default: its middle).", show_default=False),
    ] = None,
    buckets_per_day: BucketsPerDay = 24,
    window_days: WindowDays = 30,
    candidates_by_popularity: ByPopularity = BY_POPULARITY,
    candidates_from_own_past: FromOwnPast = FROM_OWN_PAST,
    candidates_own_past: OwnPast = OWN_PAST,
    rank_choices: RankChoices = 0,
    replicates: Annotated[
        int, typer.Option(metavar="<int>", min=2, help="Bootstrap resamples of users.")
    ] = 1000,
) -> None:
    """Compare rankers on a log in streaming order: what would a clock gain you?

    Writes results.json, report.html (look at it), picture.svg, predictions and trained rankers.

    Examples:

      interestclock compare plays.csv --user uid --item song --time ts --zone Europe/Berlin
      --label-column finish --attribute genre --out results

      interestclock compare checkins.tsv.gz --layout foursquare --items categories.csv --jobs 2 --out results

      interestclock compare plays.parquet --mapping plays.toml --rankers base,hour,hour+gaussian --out results
    """
    check_choice("order", order, ORDERS)
    check_choice("candidates-own-past", candidates_own_past, OWN_PASTS)
    check_new(out)
    named = named_rankers(rankers, lineup)
    log.check()
    from interestclock.clocks import GaussianConfig
    from interestclock.evaluation.draw_words import draw_words, ranked_words
    from interestclock.evaluation.verdict import limits_of_the_log
    from interestclock.studies.compare import CompareConfig, compare
    from interestclock.studies.progress import TerminalProgress
    from interestclock.studies.result_table import beside_hour_table, ranked_table, result_table
    from interestclock.training import TrainConfig

    with settings_checked():
        gaussian = GaussianConfig(
            sigma_hours=sigma_hours, mu_hours=mu_hours, bucket_centre_hours=bucket_centre_hours
        )
    config = CompareConfig(
        rankers=named,
        seeds=seeds,
        label=label,
        jobs=jobs,
        replicates=replicates,
        rank_choices=rank_choices,
        prepare=_prepare(
            buckets_per_day,
            window_days,
            candidates_by_popularity=candidates_by_popularity,
            candidates_from_own_past=candidates_from_own_past,
            candidates_own_past=candidates_own_past,
        ),
        train=TrainConfig(batch_size=batch_size, learning_rate=learning_rate, order=order, device=device),
        gaussian=gaussian,
    )
    with TerminalProgress(_out) as progress:
        source = log.open(dead_letters=_dead_letters(out))
        results = compare(source, out, config=config, title=f"Rankers on {log.title}", progress=progress)
    _out.print(result_table(results))
    for more in (beside_hour_table(results), ranked_table(results)):
        if more is not None:
            _out.print()
            _out.print(more)
    for sentence in (*limits_of_the_log(results), *ranked_words(results), *draw_words(results)):
        _out.print(sentence, highlight=False, markup=False, soft_wrap=True)
    _say_counts(source.counts, _dead_letters(out))
    _out.print(f"Look at {out / 'report.html'}", highlight=False, markup=False, soft_wrap=True)


@features_app.command("export")
@with_log_options
def features_command(
    log: LogOptions,
    *,
    out: Out,
    buckets_per_day: BucketsPerDay = 24,
    window_days: WindowDays = 30,
    candidates_by_popularity: ByPopularity = BY_POPULARITY,
    candidates_from_own_past: FromOwnPast = FROM_OWN_PAST,
    candidates_own_past: OwnPast = OWN_PAST,
) -> None:
    """Write samples with point-in-time clocks and histories as Parquet, for a model of your own.

    Writes samples.parquet (labels, the item's attributes, context, the row of the log), clocks.parquet and
    histories.parquet; the guide on features says how they join.
    """
    check_choice("candidates-own-past", candidates_own_past, OWN_PASTS)
    check_new(out)
    log.check()
    from interestclock.studies.export_features import export_features
    from interestclock.studies.progress import TerminalProgress

    config = _prepare(
        buckets_per_day,
        window_days,
        candidates_by_popularity=candidates_by_popularity,
        candidates_from_own_past=candidates_from_own_past,
        candidates_own_past=candidates_own_past,
    )
    with TerminalProgress(_out) as progress:
        source = log.open(dead_letters=_dead_letters(out))
        rows = export_features(source, out, config=config, progress=progress)
    _say_counts(source.counts, _dead_letters(out))
    for name, count in rows.items():
        _out.print(f"{out / name}: {count:,} rows", highlight=False, markup=False, soft_wrap=True)


@app.command("simulate")
def simulate_command(
    out: Annotated[
        Path, typer.Option(help="Folder to write; must be empty or not exist.", show_default=False)
    ],
    size: Annotated[str, typer.Option(help=f"One of {', '.join(SIMULATOR_SIZES)}.")] = "small",
    seed: Annotated[int, typer.Option(metavar="<int>", min=0, help="The same seed writes the same log.")] = 0,
    world: Annotated[
        str, typer.Option(help=f"{', '.join(SIMULATOR_WORLDS)} (weekends, drift, a recommender's exposures).")
    ] = SIMULATOR_WORLDS[0],
) -> None:
    """Write the log of a simulated music service whose true probabilities are known.

    compare, features and inspect read the folder as it is.
    """
    check_choice("size", size, SIMULATOR_SIZES)
    check_choice("world", world, SIMULATOR_WORLDS)
    check_new(out, may_replace=Path.exists)  # what is in it is looked at below
    from interestclock.simulator import size_named, world_named, write_simulated_log

    with _out.status("simulating"):
        rows = write_simulated_log(out, size=size_named(size), seed=seed, truth=world_named(world))
    _out.print(f"{out}: {rows:,} exposures", highlight=False, markup=False, soft_wrap=True)


@app.command("inspect")
@with_log_options
def inspect_command(
    log: LogOptions,
    *,
    sitting_minutes: Annotated[
        float,
        typer.Option(
            metavar="<minutes>", min=0.01, help="A gap so long between a user's events ends a sitting."
        ),
    ] = SITTING_MINUTES,
) -> None:
    """Show a log as it was understood, and foretell what the time of day would gain."""
    log.check()
    from interestclock.studies.inspect_log import inspect_log, render

    with _out.status("reading the log"):
        found = inspect_log(log.open(), sitting_minutes=sitting_minutes)
    _out.print(render(found))


app.command("train")(train_command)
app.command("append")(append_command)
app.command("serve")(serve_command)
app.command("live")(live_command)
app.command("migrate")(migrate_command)
app.add_typer(features_app, name="features")
app.add_typer(erase_app, name="erase")
app.add_typer(mapping_app, name="mapping")
app.add_typer(snapshots_app, name="snapshots")
app.add_typer(store_app, name="store")


def _say_counts(counts: LogCounts, dead_letters: Path) -> None:
    for each in counts_in_words(counts, dead_letters):
        _out.print(each, highlight=False, markup=False, soft_wrap=True)


def _dead_letters(out: Path) -> Path:
    return out.parent / f"{out.name}-dead-letters.jsonl"


def _prepare(
    buckets: int,
    window_days: int,
    *,
    candidates_by_popularity: int,
    candidates_from_own_past: int,
    candidates_own_past: str,
) -> PrepareConfig:
    from interestclock.clock_features import ClockFeatureConfig
    from interestclock.samples import CandidateConfig, PrepareConfig

    return PrepareConfig(
        candidates=CandidateConfig(
            by_popularity=candidates_by_popularity,
            from_own_past=candidates_from_own_past,
            own_past=candidates_own_past,
        ),
        clocks=ClockFeatureConfig(buckets_per_day=buckets, window_days=window_days),
    )


def run() -> None:
    """Run a command; what the package refuses ends with a message and status 1."""
    try:
        app()
    except InterestClockError as error:
        _errors.print(f"[bold red]error[/]: {_escaped(str(error))}", highlight=False, soft_wrap=True)
        for note in getattr(error, "__notes__", ()):  # what was said of a log until then
            _errors.print(note, highlight=False, markup=False, soft_wrap=True)
        sys.exit(1)
    except OSError as error:
        _errors.print(f"[bold red]error[/]: {_escaped(str(error))}", highlight=False, soft_wrap=True)
        sys.exit(1)


def _escaped(text: str) -> str:
    return text.replace("[", "\\[")
