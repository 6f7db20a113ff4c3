"""What a comparison says, in sentences that its figures bear out and no more."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["is_above", "percent", "verdict"]

Json = Mapping[str, Any]


def percent(value: float | None, *, digits: int = 2) -> str:
    """A ratio as a signed percentage, a dash where there is none.

    Example:
        >>> percent(0.0213), percent(-0.001), percent(None)
        ('+2.13%', '−0.10%', '–')
    """
    return "–" if value is None else f"{100 * value:+.{digits}f}%".replace("-", "−")


def is_above(ci95: Sequence[float | None], bound: float = 0.0) -> bool:
    """Whether a whole interval lies above a bound; an unknown interval does not.

    Example:
        >>> is_above([0.1, 0.3]), is_above([-0.1, 0.3]), is_above([None, None])
        (True, False, False)
    """
    return ci95[0] is not None and ci95[0] > bound


def verdict(results: Json) -> list[str]:
    """Say who gains over the baseline, who loses, who ties, and how much is left to gain.

    A difference counts when the 95% interval of the paired difference in AUC excludes 0.

    Args:
        results: the dictionary of :func:`summarise`.

    Returns:
        Sentences, the most important first; one that says so where there is nothing to compare.

    Example:
        >>> verdict({"label": "finish", "baseline": "base", "rankers": {}, "pairs": {}})
        ['No ranker was evaluated.']
    """
    rankers, base = results.get("rankers", {}), str(results.get("baseline"))
    if not rankers:
        return ["No ranker was evaluated."]
    if base not in rankers:
        return [f"There is no ranker named {base} to compare with; run it for gains.", *_ties(results, base)]
    others = sorted((name for name in rankers if name != base), key=lambda name: -_gain(results, name))
    if not others:
        return [f"Only {base} was run; there is nothing to compare it with."]
    return [
        *(_against_base(results, name, base) for name in others if _side(results, name, base)),
        *_same_as_base([name for name in others if _side(results, name, base) == 0], base),
        *_unknown(results, [name for name in others if _side(results, name, base) is None], base),
        *_ties(results, base),
        *_reach(results, others[0]),
    ]


def _gain(results: Json, name: str) -> float:
    return results["rankers"][name].get("relaimpr_auc") or 0.0


def _side(results: Json, a: str, b: str) -> int | None:
    """1 where a is above b, -1 below, 0 where the interval holds 0, None where there is no interval."""
    low, high = results["pairs"][f"{a}-{b}"]["auc"]["ci95"]
    return None if low is None else int(low > 0) - int(high < 0)


def _against_base(results: Json, name: str, base: str) -> str:
    row = results["rankers"][name]
    low, high = row["relaimpr_auc_ci95"]
    verb = "gains" if _side(results, name, base) == 1 else "loses"
    amount = percent(row["relaimpr_auc"]).lstrip("+−")
    return f"{name} {verb} {amount} AUC over {base} (95% interval {percent(low)} to {percent(high)})."


def _same_as_base(names: Sequence[str], base: str) -> list[str]:
    if not names:
        return []
    verb = "ties" if len(names) == 1 else "tie"
    return [f"{_listed(names)} {verb} with {base}: the 95% interval of the difference in AUC holds 0."]


def _unknown(results: Json, names: Sequence[str], base: str) -> list[str]:
    if not names:
        return []
    return [f"{_listed(names)} cannot be compared with {base}: '{results['label']}' has one class only."]


def _ties(results: Json, base: str) -> list[str]:
    names = [name for name in results["rankers"] if name != base]
    pairs = [(a, b) for a, b in itertools.combinations(names, 2) if _side(results, a, b) == 0]
    if not pairs:
        return []
    listed = "; ".join(f"{a} and {b}" for a, b in pairs)
    return [f"Ties, the 95% interval of the difference in AUC holding 0: {listed}."]


def _reach(results: Json, best: str) -> list[str]:
    share, oracle = results["rankers"][best].get("share_of_reachable"), results.get("oracle")
    if not share or share["mean"] is None or not oracle:
        return []
    return [
        f"The true probabilities reach an AUC of {oracle['auc']:.4f}; {best} goes "
        f"{100 * share['mean']:.0f}% of the way there from {results['baseline']}."
    ]


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
