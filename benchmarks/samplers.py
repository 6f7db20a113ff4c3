"""What a clock adds to the hour under three draws of candidates: the clock's gain, or the sampler's?

``python benchmarks/samplers.py LOG --layout foursquare --items categories.csv`` compares three times.
"""

from __future__ import annotations

from typing import Any

from choice_logs import arguments, compared, gain

from interestclock.samples import CandidateConfig

__all__ = ["SAMPLERS", "lines"]

RANKERS = ("hour", "hour+gaussian", "hour+longterm", "hour+routine")
SAMPLERS = {
    "own past, all time": CandidateConfig(),
    "own past, recent": CandidateConfig(own_past="recent"),
    "popularity only": CandidateConfig(by_popularity=4, from_own_past=0),
}


def lines(by_sampler: dict[str, dict[str, Any]]) -> list[str]:
    """A table: a row for each ranker, its gain over the hour under each sampler, and whose that gain is."""
    rows = [
        f"| AUC − hour | {' | '.join(by_sampler)} | the gain is |",
        "| --- " * (len(by_sampler) + 2) + "|",
    ]
    for ranker in RANKERS[1:]:
        gains = {name: gain(results, ranker, RANKERS[0]) for name, results in by_sampler.items()}
        cells = [f"{mean:+.4f} ({low:+.4f} to {high:+.4f})" for mean, low, high in gains.values()]
        rows.append(f"| {ranker} | {' | '.join(cells)} | {_whose(gains)} |")
    return rows


def _whose(gains: dict[str, tuple[float, float, float]]) -> str:
    held = [name for name, (_, low, _) in gains.items() if low > 0]
    gone = [name for name in gains if name not in held]
    if not gone:
        return "the ranker's"
    return f"the sampler's: gone under {', '.join(gone)}" if held else "not there"


def main() -> None:
    given = arguments(__doc__)
    by_sampler = {name: compared(given, RANKERS, candidates) for name, candidates in SAMPLERS.items()}
    print("\n".join(lines(by_sampler)))


if __name__ == "__main__":
    main()
