"""What a comparison says, in sentences that its figures bear out and no more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from interestclock.evaluation.draw_words import draw_words, listed, ranked_words

__all__ = ["is_above", "limits_of_the_log", "percent", "signed", "verdict"]

Json = Mapping[str, Any]
_GUESSING = 0.5
_DAY_MS, _HOUR_MS = 86_400_000, 3_600_000


def percent(value: float | None, *, digits: int = 2) -> str:
    """A ratio as a signed percentage, a dash where there is none.

    Example:
        >>> percent(0.0213), percent(-0.001), percent(None)
        ('+2.13%', '−0.10%', '–')
    """
    return "–" if value is None else f"{100 * value:+.{digits}f}%".replace("-", "−")


def signed(value: float | None) -> str:
    """A difference with its sign, to four digits; a dash where there is none.

    Example:
        >>> signed(0.02134), signed(-0.001), signed(None)
        ('+0.0213', '−0.0010', '–')
    """
    return "–" if value is None else f"{value:+.4f}".replace("-", "−")


def is_above(ci95: Sequence[float | None], bound: float = 0.0) -> bool:
    """Whether a whole interval lies above a bound; an unknown interval does not.

    Example:
        >>> is_above([0.1, 0.3]), is_above([-0.1, 0.3]), is_above([None, None])
        (True, False, False)
    """
    return ci95[0] is not None and ci95[0] > bound


def verdict(results: Json) -> list[str]:
    """Say who gains over the baseline and who loses, or that nothing can be said, and what could have been.

    First over the baseline, which sees no time at all; then, of rankers that carry an hour embedding and
    more, over the hour embedding alone (``over_hour``): what a clock adds to it. A difference counts when its
    interval, which holds for all rankers at once and for other users and seeds, excludes 0. Where no ranker
    can be told from guessing, nothing else is said. Where candidates were sampled, it ends with the draw.

    Args:
        results: the dictionary of :func:`summarise`.

    Returns:
        Sentences, the most important first; one that says so where there is nothing to compare.

    Example:
        >>> verdict({"label": "finish", "baseline": "base", "rankers": {}, "pairs": {}})
        ['No ranker was evaluated.']
    """
    sentences = [*limits_of_the_log(results), *_compared(results), *_over_hour(results)]
    return [*sentences, *ranked_words(results), *draw_words(results)]


def limits_of_the_log(results: Json) -> list[str]:
    """What this log can say nothing of, whatever was measured; nothing where it has no such limits.

    Args:
        results: as of ``verdict``; ``not_compared`` and ``partly_empty`` name rankers with the reason,
            ``one_hour`` the hour of all exposures, and ``log`` says when the test part begins and ends.

    Example:
        >>> limits_of_the_log({"not_compared": {"hour": "all is at one hour"}})
        ['hour is not compared: all is at one hour.']
    """
    sentences = [f"{name} is not compared: {reason}." for name, reason in _of(results, "not_compared")]
    sentences += [
        f"Of {name} a part reads nothing: {reason}; what is compared is the rest of it."
        for name, reason in _of(results, "partly_empty")
    ]
    if (hour := results.get("one_hour")) is not None:
        sentences.append(
            f"All exposures are at one local hour ({hour}:00 to {hour}:59): what is gained here is gained "
            "without the time of day."
        )
    log = results.get("log", {})
    test_ms = log.get("last_ms", 0) - log.get("test_from_ms", 0)
    if log and test_ms < _DAY_MS:
        sentences.append(
            f"The test part lasts {test_ms / _HOUR_MS:.1f} hours: what another day would show is in no "
            "interval here."
        )
    return sentences


def _of(results: Json, name: str) -> list[tuple[str, str]]:
    return list(results.get(name, {}).items())


def _compared(results: Json) -> list[str]:
    rankers, base = results.get("rankers", {}), str(results.get("baseline"))
    if not rankers:
        return ["No ranker was evaluated."]
    if base not in rankers:
        return [f"There is no ranker named {base} to compare with; run it for gains."]
    if len(rankers) == 1:
        return [f"Only {base} was run; there is nothing to compare it with."]
    compared = results["comparisons"]
    gains: Json = compared["gains"]
    if all(gain["mean"] is None for gain in gains.values()):
        label = results["label"]
        return [f"{listed(list(gains))} cannot be compared with {base}: '{label}' has one class only."]
    if not _learned(compared):
        return [_nothing_learned(compared)]
    return [
        *_base_guesses(compared),
        *_against_baseline(compared, seeds=results["seeds"]),
        *_reach(results, _best_first(gains)[0]),
    ]


def _over_hour(results: Json) -> list[str]:
    """What is added to an hour embedding; nothing where nobody was compared, or learned anything."""
    compared = results.get("over_hour")
    if not compared or not _learned(results["comparisons"]):
        return []
    sentences = _against_baseline(compared, seeds=results["seeds"])
    return [f"Beside an hour embedding: {sentences[0]}", *sentences[1:]] if sentences else []


def _learned(compared: Json) -> bool:
    return any(is_above(each["interval"], _GUESSING) for each in compared["auc"].values())


def _best_first(gains: Json) -> list[str]:
    return sorted(gains, key=lambda name: -(gains[name]["mean"] or 0.0))


def _against_baseline(compared: Json, *, seeds: int) -> list[str]:
    gains: Json = compared["gains"]
    decided = [name for name in _best_first(gains) if _side(gains[name])]
    rest = [name for name in _best_first(gains) if name not in decided]
    return [*(_gain(compared, name, seeds=seeds) for name in decided), *_undecided(compared, rest)]


def _side(gain: Json) -> int:
    """1 above 0, -1 below, 0 where the interval holds it or there is none."""
    low, high = gain["interval"]
    return 0 if low is None else int(low > 0) - int(high < 0)


def _nothing_learned(compared: Json) -> str:
    best, auc = max(compared["auc"].items(), key=lambda each: each[1]["mean"] or 0.0)
    low, high = auc["interval"]
    return (
        f"No ranker can be told from guessing, so none is compared: the highest AUC is {auc['mean']:.4f} "
        f"({best}), and its interval, {low:.4f} to {high:.4f}, holds 0.5. It takes more exposures, or "
        "attributes that tell what is liked."
    )


def _base_guesses(compared: Json) -> list[str]:
    base = compared["baseline"]
    auc = compared["auc"][base]
    if is_above(auc["interval"], _GUESSING):
        return []
    low, high = auc["interval"]
    return [
        f"{base} cannot be told from guessing: its AUC is {auc['mean']:.4f}, {low:.4f} to {high:.4f}, so a "
        "gain over it is a gain over guessing."
    ]


def _gain(compared: Json, name: str, *, seeds: int) -> str:
    base = compared["baseline"]
    gain = compared["gains"][name]
    low, high = gain["interval"]
    verb = "gains" if _side(gain) == 1 else "loses"
    return (
        f"{name} {verb} {abs(gain['mean']):.4f} AUC over {base} (95% interval {signed(low)} to "
        f"{signed(high)}{_held(compared, seeds)})."
    )


def _held(compared: Json, seeds: int) -> str:
    """What an interval accounts for, beside users."""
    count = compared["count"]
    parts = [f"{count} comparisons"] * (count > 1) + [f"{seeds} seeds"] * compared["seeds_counted"]
    return f", over {' and '.join(parts)}" if parts else ""


def _undecided(compared: Json, names: Sequence[str]) -> list[str]:
    base = compared["baseline"]
    known = [name for name in names if compared["gains"][name]["mean"] is not None]
    if not known:
        return []
    least = max(compared["gains"][name]["detectable"] for name in known)
    sentence = (
        f"{listed(known)} cannot be told from {base}; this log would show a gain of {least:.4f} AUC or "
        f"more (in {100 * compared['power']:.0f} of 100 such logs)."
    )
    if not compared["seeds_counted"]:
        sentence += " With one seed nothing is known of what another would change; --seeds 3 counts it in."
    return [sentence]


def _reach(results: Json, best: str) -> list[str]:
    share, oracle = results["rankers"][best].get("share_of_reachable"), results.get("oracle")
    if not share or share["mean"] is None or not oracle:
        return []
    return [
        f"The true probabilities reach an AUC of {oracle['auc']:.4f}; {best} goes "
        f"{100 * share['mean']:.0f}% of the way there from {results['baseline']}."
    ]
