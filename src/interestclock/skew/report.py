"""What a comparison of served and trained features found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from interestclock.samples.request_features import RequestFeatures
from interestclock.skew.causes import Cause, changed_values

__all__ = ["ANY", "CauseCount", "SkewReport", "Tally"]

ANY = "any"  # of the features


@dataclass(frozen=True, kw_only=True)
class CauseCount:
    """How often something changed a feature.

    Args:
        requests: in how many of those compared. values: how much, in all of them together, as
            ``changed_values`` counts; of ``any``, features.

    Example:
        >>> CauseCount(requests=2, values=5).values
        5
    """

    requests: int = 0
    values: int = 0


@dataclass(frozen=True, kw_only=True)
class SkewReport:
    """Features served against those trained on, of a sample of requests.

    Causes are steps of one way from the one to the other, each step with one thing changed; where two of them
    cancel, ``differing`` is less than their sum.

    Args:
        compared: exposures' requests on both sides.
        differing: by feature, how many of them differ in the end; ``any`` is in any feature.
        causes: by cause and feature. served_alone: requests that nothing was trained on (yet).
        trained_alone: exposures' requests of which nothing that was served is kept.
        features: that were compared.
        not_comparable: on both sides, but by rankers that read other features; or their place in the admitted
            log was not noted, or what is read there is not kept any more.

    Example:
        >>> SkewReport(compared=10, differing={"any": 2}, causes={}).share("any")
        0.2
    """

    compared: int
    differing: Mapping[str, int]
    causes: Mapping[str, Mapping[str, CauseCount]]
    served_alone: int = 0
    trained_alone: int = 0
    not_comparable: int = 0
    features: tuple[str, ...] = field(default=())

    def share(self, feature: str, cause: str | None = None) -> float:
        """Of the requests compared, in how many a feature differs, or was changed by a cause; NaN of none."""
        if not self.compared:
            return float("nan")
        if cause is None:
            return self.differing.get(feature, 0) / self.compared
        return self.causes.get(cause, {}).get(feature, CauseCount()).requests / self.compared

    def described(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


class Tally:
    """Counts up to a report."""

    def __init__(self) -> None:
        self.compared = self.not_comparable = 0
        self._features: dict[str, None] = {}
        self._differing: dict[str, int] = {}
        self._causes: dict[str, dict[str, list[int]]] = {}

    def compare(self, served: RequestFeatures, trained: RequestFeatures) -> None:
        """A request is on both sides."""
        self.compared += 1
        self._features |= dict.fromkeys(["second_of_day", "day_of_week", "known_behaviours", "behaviours"])
        self._features |= dict.fromkeys(f"clock.{name}" for name in trained.clocks)
        changed = changed_values(served, trained)
        for name in [*changed, *([ANY] if changed else [])]:
            self._differing[name] = self._differing.get(name, 0) + 1

    def changed(self, cause: Cause, changed: Mapping[str, int]) -> None:
        """A step of a request's way changed these values."""
        every = {**changed, ANY: len(changed)} if changed else {}
        of_cause = self._causes.setdefault(cause.value, {})
        for name, values in every.items():
            count = of_cause.setdefault(name, [0, 0])
            count[0] += 1
            count[1] += values

    def report(self, *, served_alone: int, trained_alone: int) -> SkewReport:
        """All of it."""
        causes = {
            cause: {name: CauseCount(requests=each[0], values=each[1]) for name, each in by_feature.items()}
            for cause, by_feature in self._causes.items()
        }
        return SkewReport(
            compared=self.compared,
            differing=self._differing,
            causes=causes,
            served_alone=served_alone,
            trained_alone=trained_alone,
            not_comparable=self.not_comparable,
            features=tuple(self._features),
        )
