"""What each part of the Routine Clock is worth beside the hour, and what is left of it for the time of day.

Mass, recency and match are no time of day. So the clock with these three alone, and SIM with hard search
beside it, are what the whole clock is compared with: what it adds to the better of them is the time of day's.
``python benchmarks/routine_parts.py LOG --layout foursquare --items categories.csv``
"""

from __future__ import annotations

from typing import Any

from choice_logs import arguments, compared, gain

from interestclock.clocks import RoutineConfig, TimeEncodingConfig
from interestclock.samples import CandidateConfig
from interestclock.sequences import SimHardConfig
from interestclock.studies.rankers import NamedRanker

__all__ = ["LINEUP", "TIMELESS", "lines"]

HOUR = TimeEncodingConfig()
NO_TIME = RoutineConfig(week=False, time_of_day=False)
WHOLE = "hour+routine"
TIMELESS = ("mass and recency and match only", "SIM hard with recency and match")
LINEUP = (
    "hour",
    WHOLE,
    NamedRanker(name="without mass", clocks=(HOUR, RoutineConfig(mass=False))),
    NamedRanker(name="without recency", clocks=(HOUR, RoutineConfig(recency=False))),
    NamedRanker(name="without week", clocks=(HOUR, RoutineConfig(week=False))),
    NamedRanker(name="without match", clocks=(HOUR, RoutineConfig(match=False))),
    NamedRanker(name="without features in values", clocks=(HOUR, RoutineConfig(features_in_values=False))),
    NamedRanker(name="without time of day", clocks=(HOUR, RoutineConfig(time_of_day=False))),
    NamedRanker(name=TIMELESS[0], clocks=(HOUR, NO_TIME)),
    "hour+sim-hard",
    NamedRanker(name=TIMELESS[1], clocks=(HOUR, SimHardConfig(), NO_TIME)),
)


def lines(results: dict[str, Any]) -> list[str]:
    """A table of gains over the hour, and what the whole clock adds to the better ranker without a clock."""
    rows = ["| hour and | AUC | AUC − hour |", "| --- | --- | --- |"]
    for name, row in results["rankers"].items():
        apart = "–" if name == "hour" else _words(gain(results, name, "hour"))
        rows.append(f"| {name} | {row['auc']['mean']:.4f} | {apart} |")
    better = max(TIMELESS, key=lambda name: results["rankers"][name]["auc"]["mean"])
    added = _words(gain(results, WHOLE, better))
    return [*rows, "", f"The time of day adds {added} to {better}, the better of those that have none."]


def _words(one: tuple[float, float, float]) -> str:
    mean, low, high = one
    return f"{mean:+.4f} ({low:+.4f} to {high:+.4f})"


def main() -> None:
    given = arguments(__doc__)
    print("\n".join(lines(compared(given, LINEUP, CandidateConfig()))))


if __name__ == "__main__":
    main()
