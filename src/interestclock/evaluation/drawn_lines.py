"""Which rankers a line chart draws: one with a line for each of many could not be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["MOST_LINES", "DrawnLines", "drawn_lines"]

MOST_LINES = 9
Json = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class DrawnLines:
    """Names of rankers, in the order of the results: those drawn, and those left out.

    Example:
        >>> DrawnLines(drawn=("base", "hour"), left_out=()).sentence
        ''
    """

    drawn: tuple[str, ...]
    left_out: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """What is left out, and why; nothing where all are drawn."""
        if not self.left_out:
            return ""
        every = len(self.drawn) + len(self.left_out)
        return (
            f"{len(self.drawn)} of {every} rankers are drawn: what others are compared with, and the highest "
            f"AUC. Left out: {', '.join(self.left_out)}."
        )


def drawn_lines(results: Json) -> DrawnLines:
    """The baseline, the hour embedding where others are compared with it, and the rankers of the highest AUC
    of the test part: nine in all.

    Args:
        results: the dictionary of ``summarise``.

    Example:
        >>> rankers = {name: {"auc": {"mean": 0.7}} for name in "abcdefghij"} | {"j": {"auc": {"mean": None}}}
        >>> drawn_lines({"rankers": rankers, "baseline": "a"}).left_out
        ('j',)
    """
    rankers: Json = results.get("rankers", {})
    if len(rankers) <= MOST_LINES:
        return DrawnLines(drawn=tuple(rankers), left_out=())
    references = [results.get("baseline"), (results.get("over_hour") or {}).get("baseline")]
    best = sorted(rankers, key=lambda name: (name not in references, -(rankers[name]["auc"]["mean"] or 0.0)))
    drawn = set(best[:MOST_LINES])
    return DrawnLines(
        drawn=tuple(name for name in rankers if name in drawn),
        left_out=tuple(name for name in rankers if name not in drawn),
    )
