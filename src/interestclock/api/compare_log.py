"""Rankers compared on a log, from Python."""

from __future__ import annotations

import atexit
import shutil
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from interestclock.api.log_arguments import Columns, Labels, log_title, open_described
from interestclock.clock_features import ClockFeatureConfig
from interestclock.clocks import ClockConfig, GaussianConfig
from interestclock.defaults import (
    CANDIDATES_BY_POPULARITY,
    CANDIDATES_FROM_OWN_PAST,
    DEFAULT_RANKERS,
    LEARNING_RATE,
    OWN_PASTS,
)
from interestclock.errors import ConfigError, settings_checked
from interestclock.events import ColumnMapping, CsvFormat, EventSource
from interestclock.events.frames import Frame, LogData
from interestclock.results import Comparison
from interestclock.results.frames import frame_kind
from interestclock.results.in_arguments import speaking_in_arguments
from interestclock.samples import CandidateConfig, PrepareConfig
from interestclock.studies import CompareConfig, NamedRanker, progress_here, read_lineup
from interestclock.studies.compare import compare as compare_rankers
from interestclock.studies.progress import Quiet, StudyProgress
from interestclock.training import TrainConfig

__all__ = ["compare"]

Rankers = Sequence[str | ClockConfig | NamedRanker]


def compare(
    data: LogData,
    *,
    out: str | Path | None = None,
    rankers: Rankers | None = None,
    lineup: str | Path | None = None,
    seeds: int = 3,
    label: str | None = None,
    jobs: int = 1,
    order: str = "streaming",
    device: str = "cpu",
    batch_size: int = 128,
    learning_rate: float = LEARNING_RATE,
    sigma_hours: float = 1.0,
    mu_hours: float = 0.0,
    bucket_centre_hours: float | None = None,
    buckets_per_day: int = 24,
    window_days: int = 30,
    candidates_by_popularity: int = CANDIDATES_BY_POPULARITY,
    candidates_from_own_past: int = CANDIDATES_FROM_OWN_PAST,
    candidates_own_past: str = OWN_PASTS[0],
    rank_choices: int = 0,
    replicates: int = 1000,
    mapping: str | Path | ColumnMapping | None = None,
    layout: str | None = None,
    items: str | Path | Frame | None = None,
    items_key: str | None = None,
    items_match: str | None = None,
    user: str | None = None,
    item: str | None = None,
    id_type: str | None = None,
    time: str | None = None,
    time_unit: str | None = None,
    time_format: str | None = None,
    time_is_local: bool | None = None,
    utc_offset_minutes: str | None = None,
    zone_column: str | None = None,
    zone: str | None = None,
    request: str | None = None,
    event_id: str | None = None,
    duplicates: str | None = None,
    separator: str | None = None,
    positive_only: str | None = None,
    clock_attributes: Sequence[str] | None = None,
    engaged: Sequence[str] | None = None,
    labels: Labels | None = None,
    label_delays: Mapping[str, float] | None = None,
    eq3: Mapping[str, str] | None = None,
    attributes: Columns | None = None,
    item_attributes: Columns | None = None,
    categorical: Columns | None = None,
    multivalued: Columns | None = None,
    numeric: Columns | None = None,
    outcomes: Columns | None = None,
    truths: Columns | None = None,
    csv: CsvFormat | None = None,
    lateness_minutes: float = 0.0,
    dead_letters: str | Path | None = None,
    progress: bool = True,
) -> Comparison:
    """Compare rankers on a log in streaming order: what would a clock gain you?

    What the columns mean is said by the keys of a mapping file, by the same names (the guide 'Read your log'
    has them all): those given here are put over those of ``mapping``.

    Args:
        data: a path, several or a folder; a frame of pandas, Polars or Narwhals, an Arrow table or reader, a
            relation of DuckDB, a table of Ibis.
        mapping: a mapping file, or a ``ColumnMapping``. layout: a built-in one instead: ``foursquare``.
        items: the items file, or a frame. lateness_minutes: how far a row may stand behind the newest.
        out: folder to write, which must not exist yet; None: a temporary one, removed when Python ends.
        rankers: names such as ``hour+gaussian``, clocks' configurations, or ``NamedRanker``; None: the
            default ones. lineup: a TOML file of rankers instead.
        seeds: runs of each ranker. label: to compare on; None: finish, else the first. jobs: runs at a time.
        order: how rankers learn: streaming or daily-shuffled. device: cpu, or cuda.
        batch_size: exposures predicted and learned together. learning_rate: of Adam.
        sigma_hours, mu_hours, bucket_centre_hours: of every Gaussian Clock (Eq. 4).
        buckets_per_day, window_days: of a clock (Eq. 3).
        candidates_by_popularity, candidates_from_own_past: beside each choice, in a log of choices.
        candidates_own_past: how the latter are drawn: all-time or recent.
        rank_choices: in a log of choices, how many (2000, say) of the validation and of the test part are
            ranked among 199 candidates each, for hit@10; in every run 200 predictions more for each.
        replicates: bootstrap resamples of users.
        dead_letters: file for rows that cannot be used; None: beside ``out``, and a warning says how many.
        progress: tell on the standard error how it comes along: bars in a terminal, in a notebook a line that
            is renewed, in a file a line for each phase.

    Raises:
        ConfigError: what is given cannot be. LogError: the log cannot be read, or holds too little.
        ResultError: ``out`` is there already, or cannot be written.

    Example:
        >>> compare("plays.parquet", zone="UTC", labels=["finish"], rankers=["base", "hour"])
        Traceback (most recent call last):
        interestclock.errors.LogError: plays.parquet: no such file or folder
    """
    arguments = locals()
    with speaking_in_arguments(), _progress(progress) as shown:
        folder = _temporary() if out is None else Path(out)
        with settings_checked():
            gaussian = GaussianConfig(
                sigma_hours=sigma_hours, mu_hours=mu_hours, bucket_centre_hours=bucket_centre_hours
            )
        config = CompareConfig(
            rankers=_rankers(rankers, lineup),
            seeds=seeds,
            label=label,
            jobs=jobs,
            replicates=replicates,
            rank_choices=rank_choices,
            prepare=PrepareConfig(
                candidates=CandidateConfig(
                    by_popularity=candidates_by_popularity,
                    from_own_past=candidates_from_own_past,
                    own_past=candidates_own_past,
                ),
                clocks=ClockFeatureConfig(buckets_per_day=buckets_per_day, window_days=window_days),
            ),
            train=TrainConfig(batch_size=batch_size, learning_rate=learning_rate, order=order, device=device),
            gaussian=gaussian,
        )
        set_aside = Path(dead_letters or folder.parent / f"{folder.name}-dead-letters.jsonl")
        source = open_described(data, arguments, dead_letters=set_aside)
        compare_rankers(source, folder, config=config, title=f"Rankers on {log_title(data)}", progress=shown)
        _warn_of_refused(source, set_aside)
        return Comparison.open(folder, frames=frame_kind(data))


def _rankers(
    rankers: Rankers | None, lineup: str | Path | None
) -> tuple[str | ClockConfig | NamedRanker, ...]:
    if lineup is None:
        if isinstance(rankers, str):
            raise ConfigError(f"rankers is the text {rankers!r}; give a list, as {rankers.split(',')!r}")
        return DEFAULT_RANKERS if rankers is None else tuple(rankers)
    if rankers is not None:
        raise ConfigError(f"rankers and lineup {lineup} both name rankers; give one of them")
    return read_lineup(Path(lineup))


def _progress(wanted: bool) -> AbstractContextManager[StudyProgress]:
    return progress_here() if wanted else nullcontext(Quiet())


def _temporary() -> Path:
    folder = tempfile.mkdtemp(prefix="interestclock-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder) / "results"


def _warn_of_refused(source: EventSource, set_aside: Path) -> None:
    refused, read = source.counts.dead_letters, source.counts.read
    if refused:
        warnings.warn(
            f"{refused:,} of {read:,} rows cannot be used and are set aside in {set_aside}", stacklevel=3
        )
