"""What is said of a comparison whose candidates were sampled: by which draw, and what holds beyond it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["draw_words", "listed", "ranked_words"]

Json = Mapping[str, Any]
_ALL_TIME, _RECENT, _POPULARITY = "all-time", "recent", "popularity"
_PAST = {
    _ALL_TIME: "the user's own past, each in proportion to how often it was chosen",
    _RECENT: "the user's own past, of which the newest choices more often",
}
_OPTIONS = {
    _ALL_TIME: "--candidates-own-past all-time",
    _RECENT: "--candidates-own-past recent",
    _POPULARITY: "--candidates-from-own-past 0 --candidates-by-popularity 4",
}


def listed(names: Sequence[str]) -> str:
    """Names as a sentence has them.

    Example:
        >>> listed(["base"]), listed(["base", "hour", "gaussian"])
        ('base', 'base, hour and gaussian')
    """
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def draw_words(results: Json) -> list[str]:
    """By which draw candidates were sampled, and which others a gain has to hold under; nothing elsewhere.

    Args:
        results: as of ``verdict``; ``candidates`` says how they were drawn. One ranker alone gains nothing.

    Example:
        >>> drawn = {"by_popularity": 4, "from_own_past": 0, "own_past": "all-time"}
        >>> draw_words({"candidates": drawn, "rankers": {"base": {}, "hour": {}}})[0][:71]
        'Candidates were sampled beside each choice: 4 by popularity; a gain is '
    """
    drawn = results.get("candidates")
    if not drawn or len(results["rankers"]) < 2:
        return []
    ways = [f"{drawn['by_popularity']} by popularity"] * (drawn["by_popularity"] > 0)
    ways += [f"{drawn['from_own_past']} from {_PAST[drawn['own_past']]}"] * (drawn["from_own_past"] > 0)
    this = drawn["own_past"] if drawn["from_own_past"] else _POPULARITY
    others = [options for name, options in _OPTIONS.items() if name != this]
    if not drawn["from_own_past"]:
        others = [f"{options} --candidates-from-own-past 2" for options in others]
    return [
        f"Candidates were sampled beside each choice: {' and '.join(ways)}; a gain is the ranker's, and not "
        f"the draw's, where it holds under other draws, too: compare again with {' and with '.join(others)}."
    ]


def ranked_words(results: Json) -> list[str]:
    """Whether gains in AUC show where choices are ranked among many, too; nothing where none were ranked.

    Args:
        results: as of ``verdict``; ``ranked`` as ``ranked_figures`` returns it.

    Example:
        >>> ranked_words({})
        []
    """
    ranked = results.get("ranked")
    if not ranked:
        return []
    compared = {"comparisons": results["comparisons"], "over_hour": results.get("over_hour")}
    return [sentence for each in compared.values() if each for sentence in _beside_auc(ranked, each)]


def _beside_auc(ranked: Json, compared: Json) -> list[str]:
    """Of the rankers that gain in AUC over another, who gains, loses, or cannot be told from it there."""
    other = compared["baseline"]
    gains = ranked["comparisons"].get(other, {}).get("gains", {})
    gained = [name for name, gain in compared["gains"].items() if _side(gain) == 1 and name in gains]
    by_side = {side: [name for name in gained if _side(gains[name]) == side] for side in (1, -1, 0)}
    choices = f"{ranked['choices']['test']:,} choices"
    hit = f"hit@{ranked['places']} among {ranked['candidates'] + 1} candidates ({choices})"
    least = max((gains[name]["detectable"] or 0.0 for name in by_side[0]), default=0.0)
    sentences = {
        1: f"shows in {hit}, too.",
        -1: f"is a loss in {hit}: it is the draw's, and not the ranker's.",
        0: f"cannot be told in {hit}, which would show {least:.3f} or more; it may be the draw's.",
    }
    return [
        f"The gain in AUC of {listed(names)} over {other} {sentences[side]}"
        for side, names in by_side.items()
        if names
    ]


def _side(gain: Json) -> int:
    """1 above 0, -1 below, 0 where the interval holds it or there is none."""
    low, high = gain["interval"]
    return 0 if low is None else int(low > 0) - int(high < 0)
