"""What a report shows besides the figures: the day's shares, one user's clock, learning curves.

What is shown of the log is asked for before anything is trained, and handed on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from interestclock.clock_features import ClockFeatureConfig
from interestclock.evaluation.report_data import HourlyProfile
from interestclock.metrics.learning_curve import learning_curve
from interestclock.samples import SampleFolder
from interestclock.state import FeatureState
from interestclock.studies.value_shares import CarriedValues, carried_values, shares_shown
from interestclock.timeofday import utc_day_start_ms

__all__ = ["LogPictures", "curves", "log_pictures"]

HOURS = 24
Point = tuple[int, float]
Shares = dict[str, dict[str, list[float]]]


@dataclass(frozen=True, kw_only=True)
class LogPictures:
    """What a report shows of a log, whatever was trained on it.

    Args:
        attribute_shares, hourly_profile: as ``Report`` has them.
        carried: which values items carry, so that it can be said of what rankers put first.
        items: their ids by slot.
    """

    attribute_shares: Shares
    carried: Mapping[str, CarriedValues]
    items: pa.Array
    hourly_profile: HourlyProfile | None


def log_pictures(folder: SampleFolder, state: FeatureState, *, clocks: ClockFeatureConfig) -> LogPictures:
    """Look at prepared samples.

    Args:
        state: what ``folder.state()`` returned. clocks: what its clocks were made with.
    """
    carried = carried_values(folder, state)
    return LogPictures(
        attribute_shares=shares_shown(folder, carried),
        carried=carried,
        items=folder.vocabulary("item"),
        hourly_profile=_hourly_profile(folder, state, clocks),
    )


def _hourly_profile(
    folder: SampleFolder, state: FeatureState, config: ClockFeatureConfig
) -> HourlyProfile | None:
    """The clock of the user with the most exposures, as of the stream's last day."""
    if not folder.schema.clock_attributes or config.buckets_per_day != HOURS:
        return None
    sizes = {name: len(folder.vocabulary(f"attribute.{name}")) for name in folder.schema.clock_attributes}
    attribute = min(sizes, key=lambda name: sizes[name])
    as_of_ms = int(utc_day_start_ms(folder.manifest.counts["last_ms"]))
    window = [("timestamp_ms", ">=", as_of_ms - config.window_ms)]
    recent = pq.ParquetDataset(folder.exposure_files(), filters=window).read()
    user = int(np.bincount(recent["user"].to_numpy()).argmax())
    votes = state.votes
    assert votes is not None  # as there are clock attributes
    best_H = votes.read(np.array([user]), np.array([as_of_ms]))[attribute][0, :, 0]
    score_H = votes.scores(user, attribute, as_of_ms)[np.arange(HOURS), best_H]
    words = [None, *folder.vocabulary(f"attribute.{attribute}").cast(pa.string()).to_pylist()]
    values = [words[number] for number in best_H]
    scores = np.where(best_H > 0, score_H, 0.0).tolist()
    name = str(folder.vocabulary("user")[user - 1].as_py())
    return HourlyProfile(user=name, attribute=attribute, as_of_ms=as_of_ms, values=values, scores=scores)


def curves(evaluation_rows: Path, runs: dict[str, Path], *, label: str) -> dict[str, list[Point]]:
    """Prequential AUC over the whole stream for one run of each ranker."""
    columns = pq.read_table(evaluation_rows, columns=["timestamp_ms", f"label.{label}"])
    timestamp_ms, label_N = columns["timestamp_ms"].to_numpy(), columns[f"label.{label}"].to_numpy()
    return {
        ranker: learning_curve(timestamp_ms, label_N, pq.read_table(run)[f"p.{label}"].to_numpy())
        for ranker, run in runs.items()
    }
