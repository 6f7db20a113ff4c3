"""The comparison can fail: an integer, a float, an id, an order, a part too many or too few."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from goldens import renew, stored
from goldens.catalogue import GOLDENS, tolerance_of
from goldens.comparison import EXACT, Tolerance, describe, differences
from goldens.renew import main, named_goldens
from goldens.stored import load, save

NEAR = Tolerance(absolute=0.1, relative=0.01)


def of(was: Any, now: Any, tolerance: Tolerance = EXACT) -> list[str]:
    return list(differences(was, now, tolerance))


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        ({"learned": 3}, {"learned": 4}, "learned was 3 and is 4"),
        ({"a": {"7": ["rock", "jazz"]}}, {"a": {"7": ["jazz", "rock"]}}, "a.7[0] was 'rock' and is 'jazz'"),
        ({"a": 1, "b": 2}, {"a": 1}, "b is missing"),
        ({"a": 1}, {"a": 1, "b": 2}, "b is new"),
        ([1, 2], [1], "the list had 2 entries and has 1"),
        ([[1, None]], [[1, "x"]], "[0][1] was None and is 'x'"),
        (True, 1, "the value was True and is 1"),
        ({"p": np.zeros(2)}, {"p": np.zeros(3)}, "p was float64 (2,) and is float64 (3,)"),
        ({"p": np.zeros(2)}, {"p": np.zeros(2, np.float32)}, "p was float64 (2,) and is float32 (2,)"),
        (np.array([1, 2]), np.array([1, 3]), "[1] was 2 and is 3"),
    ],
)  # fmt: skip
def test_what_is_no_float_is_compared_exactly(was: Any, now: Any, said: str) -> None:
    assert of(was, was, NEAR) == []
    assert of(was, now, NEAR)[0].startswith(said)


@pytest.mark.parametrize("kind", [float, lambda value: np.array([value])])
def test_floats_may_differ_within_the_tolerance_and_not_beyond(kind: Any) -> None:
    assert of(kind(10.0), kind(10.19), NEAR) == []
    assert len(of(kind(10.0), kind(10.21), NEAR)) == 1
    assert len(of(kind(10.0), kind(10.19))) == 1
    assert of(kind(math.nan), kind(math.nan)) == []
    assert len(of(kind(math.nan), kind(0.0), NEAR)) == len(of(kind(0.0), kind(math.nan), NEAR)) == 1


def test_it_says_the_first_differences_and_how_many_there_are() -> None:
    said = describe(of([0, 1, 2, 3, 4], [9, 9, 9, 9, 9]), EXACT)
    assert said.startswith("[0] was 0 and is 9; ")
    assert said.endswith("(and 2 more)")
    assert "0.1 + 0.01 of what is stored" in describe(of(1.0, 2.0, NEAR), NEAR)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    parts = {
        "counters": {"learned": 3},
        "histories": {"ann": [["venue 1", 5, 60], [None, 7, 61]], "bob": []},
        "predictions/base": {"finish": np.array([0.25, 0.5], np.float32), "like": np.zeros(2, np.float32)},
    }
    save("some", parts, tmp_path)
    assert of(parts, load("some", tmp_path)) == []
    first = [(tmp_path / name).read_bytes() for name in ("some.json", "some.npz")]
    save("some", dict(reversed(parts.items())), tmp_path)
    assert first == [(tmp_path / name).read_bytes() for name in ("some.json", "some.npz")]


def test_only_what_is_named_and_changed_is_renewed(monkeypatch: pytest.MonkeyPatch) -> None:
    before = {"counters": {"a": 1}, "gone": 1, "left": 1, "metrics": {"auc": 0.5}}
    after = {"counters": {"a": 2}, "left": 2, "metrics": {"auc": 0.500001}, "new": 1}
    monkeypatch.setattr(renew, "load", lambda golden: before)
    monkeypatch.setattr(renew, "compute", lambda golden: after)
    named = ["g/counters", "g/gone", "g/metrics", "g/new"]
    parts, lines = renew.renew("g", named)
    assert parts == {"counters": {"a": 2}, "left": 1, "metrics": {"auc": 0.5}, "new": 1}
    assert lines == [
        "g/counters: a was 1 and is 2",
        "g/gone: gone",
        "g/left: not named, left as it is, but the value was 1 and is 2",
        "g/metrics: unchanged",
        "g/new: new",
    ]


def test_renewal_wants_to_be_told_what(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in ([], ["--all", "live-messages/ids"]):
        with pytest.raises(SystemExit):
            main(arguments)
        assert "name the parts to renew" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="no part is called 'live/ids'; goldens are compare-simulated"):
        named_goldens(["live/ids"])
    assert named_goldens(["live-messages/ids", "compare-*"]) == [
        "compare-simulated",
        "compare-choices",
        "live-messages",
    ]


def test_a_tolerance_is_of_floats_that_depend_on_the_processor() -> None:
    parts = [f"{golden}/{name}" for golden in GOLDENS for name in load(golden)]
    exact = {part for part in parts if tolerance_of(part) == EXACT}
    assert {"live-messages/counters", "compare-choices/features/clocks", "live-requests/predicted"} <= exact
    assert "compare-simulated/predictions/gaussian" not in exact


def test_the_values_stay_small() -> None:
    assert sum(path.stat().st_size for path in stored.VALUES.iterdir()) < 500_000
