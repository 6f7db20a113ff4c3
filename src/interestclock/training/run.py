"""One run: a ranker, a seed, one pass over prepared samples."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import torch

from interestclock.errors import ConfigError, check_numbers
from interestclock.metrics.learning_curve import LearningCurve
from interestclock.ranking import FeatureNames, Ranker, RankerConfig, save_ranker
from interestclock.samples import Batch, BatchMaker, SampleFolder
from interestclock.samples.ranked_choices import RankedChoices
from interestclock.training.choice_ranks import ChoiceRanks
from interestclock.training.config import TrainConfig
from interestclock.training.memory import forget_peak, peak_rss_mib
from interestclock.training.prediction_file import PredictionFile
from interestclock.training.sample_trainer import SampleTrainer
from interestclock.training.trainer import PredictedBatch

__all__ = ["RunCost", "RunPlan", "RunProgress", "check_device", "run_ranker", "warm_up"]

_SECONDS_BETWEEN_REPORTS = 0.5


@dataclass(frozen=True, kw_only=True)
class RunPlan:
    """What to run on which samples, and where its predictions and weights go.

    Args:
        ranker: the name it is compared under. config, train: what it is and how it learns.
        samples: folder of prepared samples. out: folder with ``predictions`` and ``rankers`` in it.
        label: whose AUC is shown on the way. freeze_ms: from when a frozen copy is asked too.
        ranked: file of choices to be ranked among many; ``out`` has a folder ``ranked`` then. None: none.

    Example:
        >>> RunPlan(ranker="base", config=RankerConfig(), train=TrainConfig(seed=1),
        ...     samples=Path("samples"), out=Path("out"), label="finish").name
        'base-seed1'
    """

    ranker: str
    config: RankerConfig
    train: TrainConfig
    samples: Path
    out: Path
    label: str
    freeze_ms: int | None = None
    ranked: Path | None = None

    def __post_init__(self) -> None:
        check_numbers(self)

    @property
    def name(self) -> str:
        """The run's name in files."""
        return f"{self.ranker}-seed{self.train.seed}"


@dataclass(frozen=True, kw_only=True)
class RunProgress:
    """How far a run has come: samples so far and in all, event time, samples per second, running AUC."""

    run: str
    samples: int
    total: int
    event_ms: int
    samples_per_second: float
    auc: float


@dataclass(frozen=True, kw_only=True)
class RunCost:
    """What a run took, and its running AUC at the end.

    ``seconds`` are of training and predicting, without reading the log. ``peak_rss_mib`` is the highest
    resident memory of its process while it ran (so far, where the system does not tell: all but Linux); None
    where it says nothing.
    """

    ranker: str
    seed: int
    seconds: float
    samples: int
    peak_rss_mib: float | None
    auc: float


def warm_up() -> None:
    """What a process does once before its first run, so that the run's seconds are its own.

    Example:
        >>> warm_up()
    """
    torch.optim.Adam([torch.zeros(1)])  # imports torch._dynamo, which takes longer than PyTorch itself


def run_ranker(plan: RunPlan, report: Callable[[RunProgress], None]) -> RunCost:
    """Train one ranker over the whole stream, writing predictions and, at the end, weights.

    What ran before in this process changes nothing of it.

    Raises:
        ConfigError: the device is not there, or a clock has no attributes to read.

    Example:
        >>> import tempfile
        >>> from interestclock.events import open_log
        >>> from interestclock.simulator import SimulatorSize, write_simulated_log
        >>> from interestclock.samples import PrepareConfig, prepare_samples
        >>> folder = Path(tempfile.mkdtemp())
        >>> size = SimulatorSize(users=5, items=200, days=3, exposures_per_day=40)
        >>> exposures = write_simulated_log(folder / "log", size=size)
        >>> _ = prepare_samples(open_log(folder / "log"), folder / "samples", config=PrepareConfig())
        >>> (folder / "predictions").mkdir()
        >>> plan = RunPlan(ranker="base", config=RankerConfig(), train=TrainConfig(),
        ...     samples=folder / "samples", out=folder, label="finish")
        >>> run_ranker(plan, lambda progress: None).samples == exposures
        True
    """
    check_device(plan.train.device)
    torch.set_num_threads(plan.train.threads)
    _forget_runs()
    folder = SampleFolder(plan.samples)
    names = FeatureNames.of(folder.schema, buckets_per_day=_buckets(folder))
    state = folder.state()
    ranker = Ranker(names=names, config=plan.config, seed=plan.train.seed)
    trainer = SampleTrainer(
        ranker,
        histories=state.histories(),
        item_values=folder.item_attributes(state),
        config=plan.train,
        freeze_ms=plan.freeze_ms,
    )
    ranks = _choice_ranks(plan, trainer)
    path = plan.out / "predictions" / f"{plan.name}.parquet"
    with PredictionFile(path, names.tasks, frozen=True) as file:
        meter = _ProgressMeter(plan, file, ranks, total=folder.manifest.counts["samples"], report=report)
        maker = BatchMaker(
            recent=plan.config.recent,
            clocks=plan.config.needs_clocks,
            population_votes=plan.config.population_votes,
        )
        trainer.run(folder.chunks(maker, state), meter)
    if ranks is not None:
        ranks.write(plan.out / "ranked" / f"{plan.name}.parquet")
    save_ranker(ranker, plan.out / "rankers" / plan.name)
    return RunCost(
        ranker=plan.ranker,
        seed=plan.train.seed,
        seconds=meter.seconds,
        samples=meter.samples,
        peak_rss_mib=peak_rss_mib(),
        auc=meter.auc,
    )


def _choice_ranks(plan: RunPlan, trainer: SampleTrainer) -> ChoiceRanks | None:
    if plan.ranked is None:
        return None
    return ChoiceRanks(RankedChoices.read(plan.ranked), label=plan.label, ask=trainer.ask)


def _forget_runs() -> None:
    """What runs before left in memory is none of the next one's."""
    gc.collect()
    pa.default_memory_pool().release_unused()
    forget_peak()


class _ProgressMeter:
    """Writes predictions down, counts, times and, twice a second, tells; has choices ranked, untimed."""

    def __init__(
        self,
        plan: RunPlan,
        file: PredictionFile,
        ranks: ChoiceRanks | None,
        *,
        total: int,
        report: Callable[[RunProgress], None],
    ) -> None:
        self._plan, self._file, self._total, self._report = plan, file, total, report
        self._ranks = ranks
        self._began = self._reported_s = time.perf_counter()
        self._curve = LearningCurve(events_per_window=10_000)
        self.samples = 0

    @property
    def seconds(self) -> float:
        ranking = 0.0 if self._ranks is None else self._ranks.seconds
        return time.perf_counter() - self._began - ranking

    @property
    def auc(self) -> float:
        return self._curve.running_auc

    def predicted(self, predicted: PredictedBatch) -> None:
        self._file.add(predicted.rows, predicted.probabilities, predicted.frozen)
        batch, probabilities = predicted.batch, predicted.probabilities
        if self._ranks is not None:
            self._ranks.predicted(batch)
        self.samples += len(batch)
        label = self._plan.label
        self._curve.add(
            batch.timestamp_ms_B.numpy(), batch.labels[label].numpy(), probabilities[label].numpy()
        )
        now = time.perf_counter()
        if now - self._reported_s < _SECONDS_BETWEEN_REPORTS and self.samples < self._total:
            return
        self._reported_s = now
        self._report(
            RunProgress(
                run=self._plan.name,
                samples=self.samples,
                total=self._total,
                event_ms=int(batch.timestamp_ms_B[-1]),
                samples_per_second=self.samples / self.seconds,
                auc=self.auc,
            )
        )

    def learned(self, batch: Batch) -> None:
        """There is nothing to tell of that."""


def _buckets(folder: SampleFolder) -> int:
    return int(folder.manifest.settings["clocks"]["buckets_per_day"])


def check_device(device: str) -> None:
    """Refuse a device that PyTorch cannot use.

    Raises:
        ConfigError: says why not.

    Example:
        >>> check_device("cpu")
    """
    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ConfigError(
            f"device '{device}' cannot be used ({str(error).splitlines()[0]}); use --device cpu, "
            "or install a build of PyTorch for it"
        ) from error
