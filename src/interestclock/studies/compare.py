"""The main job: one stream, several rankers, every figure with its interval."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from interestclock.clock_features.clock_terms import require_eq3_term
from interestclock.clocks import ClockConfig, GaussianConfig, TimeEncodingConfig
from interestclock.defaults import DEFAULT_RANKERS
from interestclock.errors import ConfigError, LogError, check_numbers
from interestclock.evaluation import Split, split_by_time
from interestclock.events.schema import EventSource, LogSchema
from interestclock.ranking import FeatureNames, Ranker, RankerConfig, describe_clock
from interestclock.samples import CandidateConfig, PrepareConfig, SampleFolder, prepare_samples
from interestclock.studies.end_state import keep_end_state
from interestclock.studies.evaluation_rows import write_evaluation_rows
from interestclock.studies.figures import figures
from interestclock.studies.pictures import LogPictures, log_pictures
from interestclock.studies.progress import Quiet, StudyProgress
from interestclock.studies.ranked_figures import RANKED_FILE, choose_ranked, ranked_figures
from interestclock.studies.rankers import NamedRanker, lineup
from interestclock.studies.result_folder import result_folder
from interestclock.studies.run_all import run_all
from interestclock.studies.without_effect import Readable, readable_of, without_effect
from interestclock.studies.write_results import write_results
from interestclock.training import RunCost, RunPlan, TrainConfig, check_device, warm_up
from interestclock.workers import Workers

__all__ = ["CompareConfig", "compare"]


@dataclass(frozen=True, kw_only=True)
class CompareConfig:
    """What is compared, and how.

    Args:
        rankers: as ``lineup`` takes them: names such as ``hour+gaussian``, clocks' configurations, rankers
            under names of their own.
        seeds: runs of each, with seeds 0, 1, ...
        label: the comparison is about; None for finish, else the log's first.
        jobs: runs at a time. replicates: of the bootstrap over users.
        rank_choices: of a log of choices, how many of the validation and of the test part are ranked among
            199 candidates each; 200 predictions more for each of them, in every run.
        prepare, train: of samples and training. gaussian: of every Gaussian Clock.

    Raises:
        ConfigError: a number is below 1 or a ranker unknown.

    Example:
        >>> CompareConfig(rankers=("base", "gaussian"), seeds=3).train.order
        'streaming'
    """

    rankers: tuple[str | ClockConfig | NamedRanker, ...] = DEFAULT_RANKERS
    seeds: int = 3
    label: str | None = None
    jobs: int = 1
    replicates: int = 1000
    rank_choices: int = 0
    prepare: PrepareConfig = field(default_factory=PrepareConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    gaussian: GaussianConfig = field(default_factory=GaussianConfig)

    def __post_init__(self) -> None:
        check_numbers(self)
        for name, least in (("seeds", 1), ("jobs", 1), ("replicates", 2)):  # one resample has no interval
            if getattr(self, name) < least:
                raise ConfigError(f"{name} is {getattr(self, name)}; give {least} or more")
        if self.rank_choices < 0:
            raise ConfigError(f"rank_choices is {self.rank_choices}; give 0 or more, for example 2000")
        if not self.rankers:
            raise ConfigError("no ranker is named; name some, for example base,hour,hour+gaussian")
        lineup(self.rankers)


def compare(
    source: EventSource,
    out: str | Path,
    *,
    config: CompareConfig,
    title: str = "Rankers compared",
    progress: StudyProgress | None = None,
) -> dict[str, Any]:
    """Run every ranker over a log in streaming order and write what came out.

    ``out`` appears when everything in it is whole: ``results.json``, ``report.html``, ``report.json``,
    ``picture.svg``, ``predictions/``, ``rankers/``, ``vocabulary/``, ``state/`` and ``config.json``; and
    ``ranked/`` where choices are ranked.

    Args:
        source: the log. out: a folder that does not exist yet. title: of the report.
        progress: hears how it comes along.

    Runs, and then figures, are made in ``config.jobs`` processes that end when this does, or when its process
    does. A run's predictions do not depend on what ran before in its process. A ranker that has nothing to
    read in this log, such as a clock of one that is shorter than a day, is left out, and that is said.

    Returns:
        What ``results.json`` holds.

    Raises:
        ResultError: ``out`` is there already, or cannot be written.
        ConfigError: the log has no such label, or nothing to make the clocks of that a ranker reads, a
            clock's settings do not fit the log, choices are to be ranked and it says what was shown, or the
            device is not there.
        LogError: the log cannot be read, not be split into parts with both classes, or holds nothing that
            any of the rankers could read.

    Example:
        >>> from interestclock.events import open_log
        >>> compare(open_log(Path("plays.parquet")), Path("out"), config=CompareConfig())
        Traceback (most recent call last):
        interestclock.errors.LogError: plays.parquet: no such file or folder
    """
    rankers = lineup(config.rankers, gaussian=config.gaussian)
    settings = asdict(config) | {"rankers": _described(rankers), "rms_limit": _limits(rankers)}
    label = _label(source, config, rankers)
    _check_built(source.schema, config, rankers)
    if config.rank_choices and not source.schema.positive_only:
        raise ConfigError(
            "choices are ranked among candidates where a log holds choices only; this one says what was "
            "shown, and that is ranked as it is: leave out --rank-choices"
        )
    check_device(config.train.device)
    progress = progress or Quiet()
    processes = min(config.jobs, config.seeds * len(config.rankers))
    with result_folder(Path(out)) as aside, Workers(processes, prepare=warm_up) as workers:
        results, folder, pictures = _compare(
            source, aside, label, config=config, rankers=rankers, workers=workers, progress=progress
        )
        progress.phase("writing the report", 0, 0)
        write_results(aside, folder, results, settings=settings, pictures=pictures, title=title)
        keep_end_state(aside / "samples", aside, source)
        shutil.rmtree(aside / "samples")
    return results


def _compare(
    source: EventSource,
    aside: Path,
    label: str,
    *,
    config: CompareConfig,
    rankers: Mapping[str, RankerConfig],
    workers: Workers,
    progress: StudyProgress,
) -> tuple[dict[str, Any], SampleFolder, LogPictures]:
    """What came out, the samples, and what they look like."""
    for part in ("predictions", "rankers"):
        (aside / part).mkdir()
    folder = prepare_samples(source, aside / "samples", config=config.prepare, progress=progress.phase)
    remarks = list(source.counts.remarks)
    split = split_by_time(folder.event_times_ms())
    pictures, readable = _ask_of_log(folder, aside, split=split, label=label, config=config)
    idle = without_effect(rankers, readable)
    rankers = _those_that_read(rankers, idle)
    plans = _plans(config, rankers, folder, aside, label=label, freeze_ms=split.test_start_ms)
    costs = run_all(plans, workers=workers, progress=progress)
    results = figures(
        aside / "predictions",
        label=label,
        rankers=list(rankers),
        beside_hour=_beside_hour(rankers),
        seeds=config.seeds,
        replicates=config.replicates,
        workers=workers,
        progress=progress,
    )
    if config.rank_choices:
        results["ranked"] = ranked_figures(
            aside / "ranked",
            rankers=list(rankers),
            beside_hour=_beside_hour(rankers),
            seeds=config.seeds,
            replicates=config.replicates,
        )
    results["not_compared"] = idle
    results["partly_empty"] = without_effect(rankers, readable, wholly=False)
    results["one_hour"] = readable.one_hour
    for name, row in results["rankers"].items():
        row.update(_cost([cost for cost in costs if cost.ranker == name]))
    if folder.schema.positive_only and config.prepare.candidates is not None:
        results["candidates"] = asdict(config.prepare.candidates)
    results["log"] = folder.manifest.counts | {
        "label": label,
        "fingerprint": folder.manifest.fingerprint,
        "validation_from_ms": split.validation_start_ms,
        "test_from_ms": split.test_start_ms,
    }
    results["remarks"] = remarks
    return results, folder, pictures


def _ask_of_log(
    folder: SampleFolder, out: Path, *, split: Split, label: str, config: CompareConfig
) -> tuple[LogPictures, Readable]:
    """All that figures and report need of the log, so that nobody asks it again once rankers are trained."""
    state = folder.state()
    evaluation_rows = out / "predictions" / "exposures.parquet"
    histories = write_evaluation_rows(folder, state, evaluation_rows, split=split, label=label)
    readable = readable_of(evaluation_rows, state.votes, behaviours=histories)
    if config.rank_choices:
        drawn, most = config.prepare.candidates or CandidateConfig(), config.rank_choices
        choose_ranked(folder, state, out / "ranked", split=split, most=most, config=drawn)
    return log_pictures(folder, state, clocks=config.prepare.clocks), readable


def _those_that_read(rankers: Mapping[str, RankerConfig], idle: Mapping[str, str]) -> dict[str, RankerConfig]:
    kept = {name: ranker for name, ranker in rankers.items() if name not in idle}
    if not kept:
        why = "; ".join(f"{name}: {reason}" for name, reason in idle.items())
        raise LogError(f"no ranker has anything to read in this log ({why}); give a longer one")
    return kept


def _label(source: EventSource, config: CompareConfig, rankers: Mapping[str, RankerConfig]) -> str:
    label = config.label or source.schema.main_label
    if label not in source.schema.labels:
        raise ConfigError(f"no label '{label}' in this log; it has {', '.join(source.schema.labels)}")
    needy = [name for name, ranker in rankers.items() if ranker.needs_clocks]
    if needy:
        _require_clocks(source.schema, wanted_by=", ".join(needy))
    return label


def _require_clocks(schema: LogSchema, *, wanted_by: str) -> None:
    if schema.attributes:
        require_eq3_term(schema, wanted_by=wanted_by)
    if not schema.clock_attributes:
        raise ConfigError(
            f"no clocks for {wanted_by}: this log names no item attribute for them; name one, "
            "for example --attribute genre=COLUMN, or compare rankers without: --rankers base,hour,longterm"
        )


def _check_built(schema: LogSchema, config: CompareConfig, rankers: Mapping[str, RankerConfig]) -> None:
    """Build every ranker once: what does not fit the log would be refused after it was prepared."""
    names = FeatureNames.of(schema, buckets_per_day=config.prepare.clocks.buckets_per_day)
    for ranker in rankers.values():
        Ranker(names=names, config=ranker, seed=0)


def _plans(
    config: CompareConfig,
    rankers: Mapping[str, RankerConfig],
    folder: SampleFolder,
    out: Path,
    *,
    label: str,
    freeze_ms: int,
) -> list[RunPlan]:
    """Seed by seed, so that after each round all rankers stand equal."""
    return [
        RunPlan(
            ranker=name,
            config=ranker,
            train=replace(config.train, seed=seed),
            samples=folder.path,
            out=out,
            label=label,
            freeze_ms=freeze_ms,
            ranked=out / "ranked" / RANKED_FILE if config.rank_choices else None,
        )
        for seed in range(config.seeds)
        for name, ranker in rankers.items()
    ]


def _beside_hour(rankers: Mapping[str, RankerConfig]) -> list[str]:
    """Rankers that carry an hour embedding and more."""
    parts = {name: [clock.kind for clock in ranker.clocks] for name, ranker in rankers.items()}
    return [name for name, kinds in parts.items() if TimeEncodingConfig.kind in kinds and len(kinds) > 1]


def _described(rankers: Mapping[str, RankerConfig]) -> dict[str, list[dict[str, Any]]]:
    """For JSON: each ranker's parts with all their settings."""
    return {name: [describe_clock(clock) for clock in ranker.clocks] for name, ranker in rankers.items()}


def _limits(rankers: Mapping[str, RankerConfig]) -> dict[str, float | None]:
    """For JSON: at what size each sum of parts joins them."""
    return {name: ranker.rms_limit for name, ranker in rankers.items() if len(ranker.clocks) > 1}


def _cost(costs: Sequence[RunCost]) -> dict[str, float | None]:
    """Means over seeds; the highest memory, if the system says."""
    seconds = sum(cost.seconds for cost in costs) / len(costs)
    return {
        "seconds": seconds,
        "samples_per_second": costs[0].samples / seconds,
        "peak_rss_mib": max((peak for cost in costs if (peak := cost.peak_rss_mib)), default=None),
    }
