"""The rankers that a comparison knows, and those it runs unasked."""

from __future__ import annotations

from interestclock.studies import DEFAULT_RANKERS, RANKERS, CompareConfig, lineup


def test_unasked_a_comparison_runs_the_clocks_and_no_peer() -> None:
    assert CompareConfig().rankers == DEFAULT_RANKERS
    assert [name for name in RANKERS if name not in DEFAULT_RANKERS] == [
        "din",
        "sim-hard",
        "sim-soft",
        "twin",
    ]


def test_every_single_model_is_known_by_the_kind_it_is_saved_under() -> None:
    for name, ranker in lineup(list(RANKERS)).items():
        assert "+".join(clock.kind for clock in ranker.clocks) == ("" if name == "base" else name)
