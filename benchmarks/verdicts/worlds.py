"""Which simulated worlds the verdict is fixed on, and which it is judged on.

The mix was decided before anything was judged: 60 logs or more have to reach each verdict, so there are many
worlds in which the time of day is nothing, many in which it is much and personal, and a few of all else.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from interestclock.events import EventSource, open_log
from interestclock.simulator import SimulatorSize, SimulatorTruth, write_simulated_log

EFFECTS = {"off": 0.0, "weak": 1.0, "strong": 5.0}
SHARES = {"personal": 0.0, "half": 0.5, "common": 1.0}

_TASTE = 0.5
"""Of the usual spread of tastes. The Long-term Clock learns tastes from long histories, whatever the hour: at
the usual spread it beats the base in some worlds without any effect of time, which no estimate of what time
tells can foretell.
"""

SIZE = SimulatorSize(users=100, items=300, days=30, exposures_per_day=667)
TINY = SimulatorSize(users=12, items=200, days=12, exposures_per_day=60)

_FIRST_FRESH_LOG = 100  # logs below are judged; from here on they tell the truth


@dataclass(frozen=True, kw_only=True)
class StudyWorld:
    """One world: how strong the time of day is in it, and whose it is."""

    part: str
    seed: int
    effect: str
    share: str

    @property
    def name(self) -> str:
        return f"{self.part}-{self.seed}"

    @property
    def truth(self) -> SimulatorTruth:
        usual = SimulatorTruth(time_effect=EFFECTS[self.effect], common_share=SHARES[self.share])
        attributes = {
            name: replace(each, taste_std=_TASTE * each.taste_std) for name, each in usual.attributes.items()
        }
        return replace(usual, attributes=attributes)

    @contextmanager
    def log(self, log: int, *, size: SimulatorSize) -> Iterator[EventSource]:
        """One of its logs, for as long as it is needed."""
        with TemporaryDirectory() as folder:
            path = Path(folder) / "log"
            write_simulated_log(path, size=size, seed=self.seed, truth=self.truth, log=log)
            yield open_log(path)


def fresh_log(number: int) -> int:
    """The number of a log that tells the truth, of which this is the first, second, ..."""
    return _FIRST_FRESH_LOG + number


def _worlds(part: str, first_seed: int, kinds: list[tuple[str, str, int]]) -> list[StudyWorld]:
    each = [(effect, share) for effect, share, count in kinds for _ in range(count)]
    return [
        StudyWorld(part=part, seed=first_seed + place, effect=effect, share=share)
        for place, (effect, share) in enumerate(each)
    ]


FIXED_ON = _worlds(
    "fix",
    101,
    [
        ("off", "personal", 1),
        ("weak", "personal", 1),
        ("weak", "common", 1),
        ("strong", "personal", 1),
        ("strong", "half", 1),
    ],
)
JUDGED_ON = _worlds(
    "judge",
    201,
    [
        ("off", "personal", 9),
        ("weak", "personal", 1),
        ("weak", "common", 1),
        ("strong", "personal", 7),
        ("strong", "half", 1),
        ("strong", "common", 1),
    ],
)
WORLDS = {"fix": FIXED_ON, "judge": JUDGED_ON}
