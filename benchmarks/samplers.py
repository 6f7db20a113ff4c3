"""What a clock adds to the hour under three draws of candidates: the clock's gain, or the sampler's?

``python benchmarks/samplers.py LOG --layout foursquare --items categories.csv`` compares three times;
with ``--rank-choices 2000`` also by hit@10 among 200 candidates.
"""

from __future__ import annotations

from typing import Any

from choice_logs import arguments, compared, gain, gain_in_hits

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
    by_ranker = {ranker: _gains(by_sampler, ranker) for ranker in RANKERS[1:]}
    heads = list(by_ranker[RANKERS[1]])
    rows = [f"| AUC − hour | {' | '.join(heads)} | the gain is |", "| --- " * (len(heads) + 2) + "|"]
    for ranker, gains in by_ranker.items():
        cells = [f"{mean:+.4f} ({low:+.4f} to {high:+.4f})" for mean, low, high in gains.values()]
        rows.append(f"| {ranker} | {' | '.join(cells)} | {_whose(gains)} |")
    return rows


def _gains(by_sampler: dict[str, dict[str, Any]], ranker: str) -> dict[str, tuple[float, float, float]]:
    """Over the hour under each draw: in AUC, and in hit@10 where choices were ranked."""
    gains = {name: gain(results, ranker, RANKERS[0]) for name, results in by_sampler.items()}
    for name, results in by_sampler.items():
        if (hits := gain_in_hits(results, ranker, RANKERS[0])) is not None:
            gains[f"{name}: hit@10"] = hits
    return gains


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
