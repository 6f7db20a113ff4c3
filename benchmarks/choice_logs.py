"""What the studies of logs of choices share: which log, how many seeds, a comparison of it."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from interestclock.events import ColumnMapping, EventSource, open_log
from interestclock.samples import CandidateConfig, PrepareConfig
from interestclock.studies import CompareConfig, compare
from interestclock.studies.rankers import NamedRanker

__all__ = ["arguments", "compared", "gain", "gain_in_hits"]


def arguments(description: str | None) -> argparse.Namespace:
    """A log of choices, its layout, mapping and items, seeds, jobs, replicates, choices to be ranked."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("log", type=Path)
    parser.add_argument("--layout")
    parser.add_argument("--mapping", type=Path)
    parser.add_argument("--items", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--replicates", type=int, default=1000)
    parser.add_argument("--rank-choices", type=int, default=0)
    return parser.parse_args()


def compared(
    given: argparse.Namespace, rankers: Sequence[str | NamedRanker], candidates: CandidateConfig
) -> dict[str, Any]:
    """What ``compare`` finds with some candidates, its folder thrown away."""
    config = CompareConfig(
        rankers=tuple(rankers),
        seeds=given.seeds,
        jobs=given.jobs,
        replicates=given.replicates,
        rank_choices=given.rank_choices,
        prepare=PrepareConfig(candidates=candidates),
    )
    with tempfile.TemporaryDirectory() as folder:
        return compare(_opened(given), Path(folder) / "results", config=config)


def _opened(given: argparse.Namespace) -> EventSource:
    mapping = None if given.mapping is None else ColumnMapping.from_toml(given.mapping)
    source = open_log(given.log, mapping=mapping, layout=given.layout, items=given.items)
    if not source.schema.positive_only:
        raise SystemExit(f"{given.log} says what was shown; candidates are drawn for logs of choices only")
    return source


def gain(results: dict[str, Any], ranker: str, over: str) -> tuple[float, float, float]:
    """A difference in AUC, and its 95% interval over users."""
    pair = results["pairs"][f"{ranker}-{over}"]["auc"]
    return pair["mean"], *pair["ci95"]


def gain_in_hits(results: dict[str, Any], ranker: str, over: str) -> tuple[float, float, float] | None:
    """The same in hit@10, where choices were ranked."""
    if "ranked" not in results:
        return None
    one = results["ranked"]["rankers"][ranker]["over"][over]
    return one["mean"], *one["ci95"]
