"""The study's table, in Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean

from verdicts.judge import VERDICTS, best_gain, claims, tally, truth_of
from verdicts.rankers import QUESTIONS
from verdicts.store import Store
from verdicts.worlds import EFFECTS, SHARES, StudyWorld

_ASKED = {
    "over_no_time": "Over no time at all (best of hour, naive, gaussian, longterm against base)",
    "over_hour": "Over an hour embedding (hour + gaussian, hour + longterm against hour)",
}
_LEAST_LOGS = 60


def markdown(
    parts: dict[str, list[StudyWorld]],
    real: Sequence[str],
    *,
    gains: Store,
    forecasts: Store,
    truths: Store,
    missing: Sequence[str],
) -> str:
    """All tables: what must hold, world by world, and the real logs."""
    stores = {"gains": gains, "forecasts": forecasts, "truths": truths}
    lines = ["# What `inspect` foretells, and what came of it", ""]
    for question in QUESTIONS:
        lines += [f"## {_ASKED[question]}", ""]
        for part, worlds in parts.items():
            if part == "judge":
                lines += _claims(worlds, question, **stores)
            lines += [f"Worlds that thresholds were {'fixed' if part == 'fix' else 'judged'} on:", ""]
            lines += _worlds(worlds, question, **stores)
        lines += _real(real, question, gains=gains, forecasts=forecasts)
    lines += [f"Left out: {each}." for each in missing]
    return "\n".join(lines).rstrip() + "\n"


def _claims(worlds: Sequence[StudyWorld], question: str, **stores: Store) -> list[str]:
    lines = ["| | logs | share | 95% bounds | wanted | |", "| --- | --- | --- | --- | --- | --- |"]
    for claim in claims(tally(worlds, question, **stores), least_of=_LEAST_LOGS):
        share = f"{claim.hits / claim.of:.3f}" if claim.of else ""
        bounds, wanted = (f"{low:.3f} to {high:.3f}" for low, high in (claim.bounds, claim.wanted))
        said = "holds" if claim.holds else "does not hold"
        lines.append(
            f"| {claim.text} | {claim.hits} of {claim.of} | {share} | {bounds} | {wanted} | {said} |"
        )
    return [*lines, ""]


def _worlds(worlds: Sequence[StudyWorld], question: str, **stores: Store) -> list[str]:
    lines = [
        f"| world | effect | whose | logs | {' | '.join(VERDICTS)} | gained | mean gain in AUC "
        "| truth, nats | held |",
        "| --- " * (8 + len(VERDICTS)) + "|",
    ]
    for world in worlds:
        of = tally([world], question, **stores)
        best = [
            best_gain(row["found"][question])[1][0]
            for (name, _), row in stores["gains"].rows.items()
            if name == world.name
        ]
        truth = truth_of(world.name, question, stores["truths"])
        logs = sum(of.logs.values())
        cells = [
            world.name,
            f"{world.effect} ({EFFECTS[world.effect]:g})",
            f"{world.share} ({SHARES[world.share]:g})" if EFFECTS[world.effect] else "",
            str(logs),
            *(str(of.logs[verdict]) for verdict in VERDICTS),
            str(sum(of.gained.values())),
            f"{mean(best):+.4f}" if best else "",
            f"{truth[0]:+.5f} ± {truth[1]:.5f}" if truth else "",
            f"{of.held} of {of.of_known_truth}" if truth else "",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return [*lines, ""]


def _real(names: Sequence[str], question: str, *, gains: Store, forecasts: Store) -> list[str]:
    known = [name for name in names if (name, 0) in gains.rows and (name, 0) in forecasts.rows]
    if not known:
        return []
    lines = ["| log | foretold | nats | best ranker | its gain in AUC |", "| --- | --- | --- | --- | --- |"]
    for name in known:
        told = forecasts.rows[name, 0]["found"][question]
        ranker, (gain, low, high) = best_gain(gains.rows[name, 0]["found"][question])
        nats = f"{told['nats']:+.5f} [{told['low']:+.5f}, {told['high']:+.5f}]"
        auc = f"{gain:+.4f} [{low:+.4f}, {high:+.4f}]"
        lines.append(f"| {name} | {told['verdict']} | {nats} | {ranker} | {auc} |")
    return [*lines, ""]
