"""What users liked before, as of each row."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from interestclock.studies.count_levels import Cells, Labels
from interestclock.studies.own_past import past_levels, past_of_cells

STRENGTHS = np.array([1.0])


def labels_of(rows):
    """Rows (user, values, label, known at), predicted at 10, 20, 30, ..."""
    known_ms = np.array([known for *_, known in rows], np.int64)
    row_N = np.argsort(known_ms, kind="stable")
    return Labels(
        predicted_ms_N=np.arange(1, len(rows) + 1) * 10,
        label_N=np.array([label for _, _, label, _ in rows], np.int8),
        row_N=row_N.astype(np.int32),
        counts_ms_N=known_ms[row_N],
    )


def own_of(rows):
    """A cell for each user and value."""
    keys = sorted({(user, value) for user, values, *_ in rows for value in values})
    pairs = [(user, value) for user, values, *_ in rows for value in values]
    several = [len(values) for _, values, *_ in rows]
    return Cells(
        first_N=np.concatenate([[0], np.cumsum(several)]).astype(np.int32),
        cell_P=np.array([keys.index(pair) for pair in pairs], np.int32),
        several_N=np.maximum(several, 1).astype(np.int32),
        cells=len(keys),
    )


def users_of(rows):
    return np.array([user for user, *_ in rows], np.int32)


def test_by_hand():
    """User 1 likes a at 10, b at 20, a at 30 but known only at 55; user 2 shares nothing of it."""
    rows = [
        (1, ["a"], 1, 10),
        (1, ["b"], 1, 20),
        (1, ["a"], 1, 55),
        (1, ["a", "b"], 0, 40),  # at 40: a and b once each, of two; a is the older one
        (2, ["a"], 0, 50),
        (1, ["a"], 0, 60),  # at 60: a twice, of three, and just now
    ]
    past = past_of_cells(labels_of(rows), users_of(rows), own_of(rows))
    assert past.often_P.tolist() == [0, 0, 1, 1, 1, 0, 2]
    assert past.in_all_P.tolist() == [0, 1, 2, 2, 2, 0, 3]
    assert past.since_P.tolist() == [0, 0, 2, 2, 1, 0, 1]


rows = st.lists(
    st.tuples(
        st.integers(1, 3),
        st.lists(st.integers(1, 4), min_size=1, max_size=2, unique=True),
        st.integers(0, 1),
        st.integers(0, 50),
    ),
    max_size=30,
).map(lambda drawn: [(*row[:3], 10 * (place + 1) + row[3]) for place, row in enumerate(drawn)])


def past_by_loops(rows):
    """Of each row and value: how often liked, of how many, and how many since."""
    found = []
    for place, (user, values, *_) in enumerate(rows):
        known = sorted((known, at) for at, (who, _, label, known) in enumerate(rows) if who == user and label)
        liked = [rows[at][1] for known_ms, at in known if known_ms < 10 * (place + 1)]
        for value in values:
            when = [at for at, each in enumerate(liked) if value in each]
            found.append((len(when), len(liked), len(liked) - when[-1] if when else 0))
    return found


@settings(deadline=None)
@given(rows)
def test_against_loops_over_all_earlier_rows(rows):
    past = past_of_cells(labels_of(rows), users_of(rows), own_of(rows))
    assert list(zip(*(each.tolist() for each in past), strict=True)) == past_by_loops(rows)


def levels_of(rows, *, newest):
    return past_levels(
        labels_of(rows),
        np.zeros(len(rows)),
        users_of(rows),
        [own_of(rows)],
        newest=newest,
        strength_T=STRENGTHS,
    )


def test_one_users_past_teaches_what_anothers_means():
    """User 1 likes again what was liked; of user 2's only repeated value nothing is known but that."""
    first = [(1, [value], again, 0) for value in "abcdefgh" for again in (1, 1)]
    first = [(user, values, label, 10 * at + 10) for at, (user, values, label, _) in enumerate(first)]
    then = [(2, ["z"], 1, 170), (2, ["z"], 0, 180), (2, ["y"], 0, 190)]
    _, past_N = levels_of([*first, *then], newest=3)
    assert past_N[17] > past_N[18]


def test_what_is_among_the_newest_is_told_without_the_rest():
    rows = [(1, ["ab"[at % 2]], 1 - at % 2, 10 * at + 10) for at in range(40)]
    newest_N, past_N = levels_of(rows, newest=10)
    assert newest_N[38] > newest_N[39]
    assert not np.array_equal(newest_N, past_N)
    assert levels_of([], newest=10)[1].tolist() == []
