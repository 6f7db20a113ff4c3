"""Which rankers a line chart draws."""

from __future__ import annotations

from default_results import default_results
from hypothesis import given
from hypothesis import strategies as st

from interestclock.evaluation.drawn_lines import MOST_LINES, drawn_lines

AUC = st.none() | st.floats(0.0, 1.0)


def results_of(auc, **others):
    rankers = {name: {"auc": {"mean": one}} for name, one in auc.items()}
    return {"baseline": "base", "rankers": rankers, **others}


def test_up_to_nine_all_are_drawn_and_nothing_is_said():
    lines = drawn_lines(results_of({f"r{number}": 0.5 for number in range(MOST_LINES)}))
    assert (len(lines.drawn), lines.left_out, lines.sentence) == (MOST_LINES, (), "")
    assert drawn_lines({}).drawn == ()


def test_what_others_are_compared_with_is_drawn_and_then_the_highest():
    auc = {"hour": 0.4, "base": 0.3} | {f"r{number}": 0.5 + number / 100 for number in range(9)}
    alone = drawn_lines(results_of(auc))
    assert alone.left_out == ("hour", "r0")
    compared = drawn_lines(results_of(auc, over_hour={"baseline": "hour"}))
    assert compared.left_out == ("r0", "r1")
    assert compared.drawn[:3] == ("hour", "base", "r2")
    assert compared.sentence.endswith("and the highest AUC. Left out: r0, r1.")


@given(st.lists(AUC, max_size=30))
def test_every_ranker_is_drawn_or_left_out_and_none_of_these_is_better(values):
    results = results_of({f"r{number}": one for number, one in enumerate(values)})
    lines = drawn_lines(results)
    assert sorted((*lines.drawn, *lines.left_out)) == sorted(results["rankers"])
    assert len(lines.drawn) == min(MOST_LINES, len(values))
    known = {name: row["auc"]["mean"] or 0.0 for name, row in results["rankers"].items()}
    assert max((known[name] for name in lines.left_out), default=0.0) <= min(
        (known[name] for name in lines.drawn), default=1.0
    )


def test_of_the_default_line_up_both_references_are_drawn():
    assert drawn_lines(default_results()).drawn[:2] == ("base", "hour")
