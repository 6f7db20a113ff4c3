"""Everything a report shows, as plain data: whoever ran the comparison fills it in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from interestclock.evaluation.slices import HOURS

__all__ = ["HourlyProfile", "Report", "TopShares", "best_of_validation"]


@dataclass(frozen=True, kw_only=True)
class HourlyProfile:
    """One user's clock: the best value of an attribute in each local hour, and its score.

    Args:
        user: who.
        attribute: of what, for example ``genre``.
        as_of_ms: UTC milliseconds the clock was read at.
        values: 24 values, None where the hour has no preference.
        scores: 24 preference scores (Eq. 3), 0 where there is none.

    Raises:
        ValueError: there are not 24 of each.

    Example:
        >>> hourly_profile = HourlyProfile(
        ...     user="7", attribute="genre", as_of_ms=0, values=[None] * 24, scores=[0.0] * 24)
        >>> hourly_profile.attribute
        'genre'
    """

    user: str
    attribute: str
    as_of_ms: int
    values: Sequence[str | None]
    scores: Sequence[float]

    def __post_init__(self) -> None:
        if len(self.values) != HOURS or len(self.scores) != HOURS:
            raise ValueError(
                f"a dial has {HOURS} values and {HOURS} scores, not {len(self.values)} and {len(self.scores)}"
            )


@dataclass(frozen=True, kw_only=True)
class TopShares:
    """Shares over the day of what each ranker puts first in the test part.

    Args:
        of_requests: first of the candidates of a request; else the tenth of each local hour's exposures that
            stand furthest above their user's mean prediction, as requests hold one exposure each.
        shares: attribute → ranker → value → 24 shares, 0..1.

    Example:
        >>> TopShares().shares
        {}
    """

    of_requests: bool = True
    shares: Mapping[str, Mapping[str, Mapping[str, Sequence[float]]]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Report:
    """What :func:`write_report` puts on the page; an empty part is left out and the page says so.

    Args:
        title: heading of the page.
        results: what ``results.json`` holds: the dictionary of :func:`summarise`, and for each ranker
            ``seconds``, ``samples_per_second`` and ``peak_rss_mib`` where they were measured.
        curves: ranker → points of a learning curve, UTC milliseconds and AUC.
        attribute_shares: attribute → value → 24 shares of that local hour's exposures, 0..1.
        top_shares: the same of what each ranker puts first.
        hourly_profile: one user's clock.
        notes: sentences on what was sampled, what was left unscored, what the log is.
        configuration: the settings of the run, nested mappings of plain values.
        versions: package → version.

    Example:
        >>> Report(title="A log", results={}).curves
        {}
    """

    title: str
    results: Mapping[str, Any]
    curves: Mapping[str, Sequence[tuple[int, float]]] = field(default_factory=dict)
    attribute_shares: Mapping[str, Mapping[str, Sequence[float]]] = field(default_factory=dict)
    top_shares: TopShares = field(default_factory=TopShares)
    hourly_profile: HourlyProfile | None = None
    notes: Sequence[str] = ()
    configuration: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)


def best_of_validation(results: Mapping[str, Any], *, of: Sequence[str]) -> str:
    """The ranker with the highest AUC of the validation part, which the test part's figures do not see.

    The mean of all seeds decides; of equal ones, and where nothing is known, the first is taken.

    Args:
        results: what ``results.json`` holds. of: names, at least one.

    Example:
        >>> best_of_validation({"validation": {"hour": {"auc": {"mean": 0.7}}}}, of=["base", "hour"])
        'hour'
    """
    validation = results.get("validation", {})

    def auc(ranker: str) -> float:
        mean = validation.get(ranker, {}).get("auc", {}).get("mean")
        return 0.0 if mean is None else float(mean)

    return max(of, key=auc)
