"""What came of the verdicts: how many called likely gained, and whether the interval held the truth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import mean, stdev

from verdicts.binomial import at_least, at_most
from verdicts.store import Row, Store
from verdicts.worlds import StudyWorld

LIKELY, UNLIKELY, CANNOT_TELL = VERDICTS = ("likely", "unlikely", "cannot tell")


@dataclass(kw_only=True)
class Tally:
    """Logs of one question: of each verdict how many there are and in how many the best ranker gained."""

    logs: dict[str, int] = field(default_factory=lambda: dict.fromkeys(VERDICTS, 0))
    gained: dict[str, int] = field(default_factory=lambda: dict.fromkeys(VERDICTS, 0))
    held: int = 0
    of_known_truth: int = 0

    def add(self, forecast: Row, gains: Mapping[str, Sequence[float]], truth: float | None) -> None:
        verdict = forecast["verdict"]
        self.logs[verdict] += 1
        self.gained[verdict] += best_gain(gains)[1][1] > 0
        if truth is not None:
            self.held += forecast["low"] <= truth <= forecast["high"]
            self.of_known_truth += 1


def best_gain(gains: Mapping[str, Sequence[float]]) -> tuple[str, Sequence[float]]:
    """The ranker with the largest gain in AUC, and that gain with its interval."""
    return max(gains.items(), key=lambda each: each[1][0])


def truth_of(world: str, question: str, truths: Store) -> tuple[float, float] | None:
    """Mean of the estimate over the fresh logs of a world, and its standard error; None of fewer than two."""
    nats = [row["found"][question]["nats"] for (name, _), row in sorted(truths.rows.items()) if name == world]
    return (mean(nats), stdev(nats) / len(nats) ** 0.5) if len(nats) > 1 else None


def tally(
    worlds: Iterable[StudyWorld], question: str, *, gains: Store, forecasts: Store, truths: Store
) -> Tally:
    """Of the logs of some worlds that have both their rankers and their forecast."""
    found = Tally()
    for world in worlds:
        truth = truth_of(world.name, question, truths)
        for key, row in gains.rows.items():
            if key[0] == world.name and key in forecasts.rows:
                forecast = forecasts.rows[key]["found"][question]
                found.add(forecast, row["found"][question], truth and truth[0])
    return found


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One of the figures that must hold, and whether its bounds say so."""

    text: str
    hits: int
    of: int
    bounds: tuple[float, float]
    wanted: tuple[float, float]
    least_of: int

    @property
    def holds(self) -> bool:
        return (
            self.of >= self.least_of and self.bounds[0] >= self.wanted[0] and self.bounds[1] <= self.wanted[1]
        )


def claims(tally: Tally, *, least_of: int) -> list[Claim]:
    """The three figures of a question; a bound on one side counts where the other is not asked for."""
    likely, unlikely = tally.logs[LIKELY], tally.logs[UNLIKELY]
    gained, gained_anyway = tally.gained[LIKELY], tally.gained[UNLIKELY]
    held, of = tally.held, tally.of_known_truth
    return [
        Claim(
            text="called likely: gained",
            hits=gained,
            of=likely,
            bounds=(at_least(gained, likely) if likely else 0.0, 1.0),
            wanted=(0.80, 1.0),
            least_of=least_of,
        ),
        Claim(
            text="called unlikely: gained",
            hits=gained_anyway,
            of=unlikely,
            bounds=(0.0, at_most(gained_anyway, unlikely) if unlikely else 1.0),
            wanted=(0.0, 0.05),
            least_of=least_of,
        ),
        Claim(
            text="the interval holds the truth",
            hits=held,
            of=of,
            bounds=(at_least(held, of), at_most(held, of)) if of else (0.0, 1.0),
            wanted=(0.90, 0.98),
            least_of=least_of,
        ),
    ]
