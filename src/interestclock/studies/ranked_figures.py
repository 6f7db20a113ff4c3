"""Choices ranked among many: drawn before rankers are run, measured when they were."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from interestclock.evaluation import Split
from interestclock.evaluation.ranked_rows import ranked_rows
from interestclock.evaluation.summary import HOUR
from interestclock.metrics.ranks import hit_at_n
from interestclock.samples import CandidateConfig, SampleFolder
from interestclock.samples.ranked_choices import RANKED_CANDIDATES, RankedChoices, draw_ranked_choices
from interestclock.state import FeatureState
from interestclock.studies.figures import BASELINE

__all__ = ["PLACES", "RANKED_FILE", "choose_ranked", "ranked_figures"]

PLACES = 10
RANKED_FILE = "choices.parquet"


def choose_ranked(
    folder: SampleFolder, state: FeatureState, out: Path, *, split: Split, most: int, config: CandidateConfig
) -> None:
    """Draw the choices of the validation and the test part that are ranked, and write down which.

    Args:
        folder: of a log of choices. state: what ``folder.state()`` returned. out: a new folder.
        split: of the stream into parts. most: choices of a part. config: how training's candidates are drawn.
    """
    out.mkdir()
    parts = {
        "validation": (split.validation_start, split.test_start),
        "test": (split.test_start, split.events),
    }
    choices = draw_ranked_choices(folder, state, parts=parts, most=most, config=config)
    choices.write(out / RANKED_FILE)


def ranked_figures(
    out: Path, *, rankers: Sequence[str], beside_hour: Sequence[str], seeds: int, replicates: int
) -> dict[str, Any]:
    """How often each ranker has a choice among the first ten of its list.

    Args:
        out: holds what ``choose_ranked`` and each run wrote. rankers: names. beside_hour: those of them that
            carry an hour embedding and more. seeds: runs of each. replicates: of the bootstrap over users.

    Returns:
        What ``ranked_rows`` says of the test part; and ``validation``: name → ``{"mean", "ci95"}``;
        ``places``; ``candidates``, beside each choice; ``choices`` and ``with_fewer``: part → choices, and
        those of them whose past offered fewer candidates.
    """
    choices = RankedChoices.read(out / RANKED_FILE)
    hits = {name: [_hits(out / f"{name}-seed{seed}.parquet") for seed in range(seeds)] for name in rankers}
    rows: dict[str, Any] = {}
    counts: dict[str, dict[str, int]] = {"choices": {}, "with_fewer": {}}
    for part in ("validation", "test"):
        in_part = choices.part_N == part
        rows[part] = ranked_rows(
            {name: [hit_N[in_part] for hit_N in runs] for name, runs in hits.items()},
            choices.user_N[in_part],
            baseline=BASELINE,
            beside={HOUR: beside_hour} if beside_hour else {},
            replicates=replicates,
        )
        counts["choices"][part] = int(in_part.sum())
        counts["with_fewer"][part] = int((choices.candidates()[in_part] < RANKED_CANDIDATES).sum())
    validation = {
        name: {key: row[key] for key in ("mean", "ci95")}
        for name, row in rows["validation"]["rankers"].items()
    }
    test: dict[str, Any] = rows["test"]
    return test | counts | {
        "validation": validation, "places": PLACES, "candidates": RANKED_CANDIDATES
    }  # fmt: skip


def _hits(path: Path) -> np.ndarray[Any, Any]:
    columns = pq.read_table(path)
    return hit_at_n(columns["above"].to_numpy(), columns["level"].to_numpy(), n=PLACES)
