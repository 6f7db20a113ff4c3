"""Count models in compiled loops, against sums in dictionaries."""

from __future__ import annotations

from collections import defaultdict
from math import exp, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interestclock.studies.count_levels import Cells, Labels, Moments, hour_level, hours_of, plain_level

STRENGTHS = np.array([1.0, 10.0])
HOURS = np.arange(24)


def labels_of(asked_ms, label, known_ms):
    known_ms = np.asarray(known_ms, np.int64)
    row_N = np.argsort(known_ms, kind="stable")
    return Labels(
        predicted_ms_N=np.asarray(asked_ms, np.int64),
        label_N=np.asarray(label, np.int8),
        row_N=row_N.astype(np.int32),
        counts_ms_N=known_ms[row_N],
    )


def cells_of(cells_by_row):
    pairs = [cell for cells in cells_by_row for cell in cells]
    return Cells(
        first_N=np.cumsum([0, *map(len, cells_by_row)]).astype(np.int32),
        cell_P=np.array(pairs, np.int32),
        several_N=np.array([max(len(cells), 1) for cells in cells_by_row], np.int32),
        cells=1 + max(pairs, default=-1),
    )


def moments_of(hours):
    gap_HH = np.abs(HOURS[:, np.newaxis] - HOURS)
    kernel_HH = np.exp(-0.5 * np.minimum(gap_HH, 24 - gap_HH) ** 2)
    hour_N = np.asarray(hours, np.int8)
    return Moments(quarter_N=4 * hour_N, kernel_GYH=np.repeat(kernel_HH, 4, axis=0)[np.newaxis])


def by_hour(labels, below_N, cells, moments, strengths):
    return hour_level(labels, below_N, hours_of(cells, moments.quarter_N // 4), moments, strengths)


def logistic(logit):
    return 1 / (1 + exp(-logit))


def slow_level(rows, below, kernel=None):
    """Every shift of every row from all the rows before it, in plain sums."""
    told, above = [], []
    for now in rows:
        past = [i for i, row in enumerate(rows) if row["known_ms"] < now["asked_ms"]]
        told.append(
            [below[len(above)]] + [below[len(above)] + s for s in slow_shifts(rows, below, past, now, kernel)]
        )
        gave = [
            sum(log(logistic(told[i][k]) if rows[i]["label"] else 1 - logistic(told[i][k])) for i in past)
            for k in range(len(told[-1]))
        ]
        weights = [exp(each - max(gave)) for each in gave]
        chance = sum(w * logistic(z) for w, z in zip(weights, told[-1], strict=True)) / sum(weights)
        above.append(log(chance / (1 - chance)))
    return above


def slow_shifts(rows, below, past, now, kernel):
    shifts = [0.0] * len(STRENGTHS)
    for cell in now["cells"]:
        seen, variance = defaultdict(float), defaultdict(float)
        for i in past:
            if cell in rows[i]["cells"]:
                chance, share = logistic(below[i]), 1 / len(rows[i]["cells"])
                seen[rows[i]["hour"]] += share * (rows[i]["label"] - chance)
                variance[rows[i]["hour"]] += share**2 * chance * (1 - chance)
        if not variance:
            continue
        total, spread = sum(seen.values()), sum(variance.values())
        if kernel is not None:
            near = {hour: kernel[now["hour"]][hour] for hour in seen}
            mean = total / spread
            total = sum(near[h] * (seen[h] - variance[h] * mean) for h in seen)
            spread = sum(near[h] * variance[h] for h in seen)
        for k, strength in enumerate(STRENGTHS):
            shifts[k] += total / (spread + strength) / len(now["cells"])
    return shifts


@st.composite
def streams(draw):
    rows, asked_ms = [], 0
    for _ in range(draw(st.integers(1, 25))):
        asked_ms += draw(st.integers(0, 3))
        rows.append(
            {
                "asked_ms": asked_ms,
                "known_ms": asked_ms + draw(st.integers(0, 6)),
                "label": draw(st.integers(0, 1)),
                "hour": draw(st.integers(0, 23)),
                "cells": sorted(draw(st.sets(st.integers(0, 3), max_size=2))),
            }
        )
    return rows


def fast_levels(rows, below):
    column = {name: [row[name] for row in rows] for name in rows[0]}
    labels = labels_of(column["asked_ms"], column["label"], column["known_ms"])
    cells, moments = cells_of(column["cells"]), moments_of(column["hour"])
    below_N = np.asarray(below, np.float64)
    return (
        plain_level(labels, below_N, cells, STRENGTHS),
        by_hour(labels, below_N, cells, moments, STRENGTHS),
    )


@settings(deadline=None)  # loops are compiled on first use
@given(streams(), st.integers(0, 100))
def test_against_plain_sums(rows, seed):
    below = np.random.default_rng(seed).normal(size=len(rows)).tolist()
    plain, by_hour = fast_levels(rows, below)
    kernel = moments_of([0]).kernel_GYH[0, ::4]
    assert plain.tolist() == pytest.approx(slow_level(rows, below), abs=1e-9)
    assert by_hour.tolist() == pytest.approx(slow_level(rows, below, kernel), abs=1e-9)


@settings(deadline=None)  # loops are compiled on first use
@given(streams(), st.data())
def test_a_later_label_changes_no_earlier_row(rows, data):
    which = data.draw(st.integers(0, len(rows) - 1))
    changed = [dict(row) for row in rows]
    changed[which]["label"] = 1 - rows[which]["label"]
    for before, after in zip(
        fast_levels(rows, [0.0] * len(rows)), fast_levels(changed, [0.0] * len(rows)), strict=True
    ):
        early = np.array([row["asked_ms"] <= rows[which]["known_ms"] for row in rows])
        assert before[early].tolist() == after[early].tolist()


def test_by_hand():
    """Two likes of one cell: 2 * (1 - 1/2) beyond the expected, of variance 2 * 1/4."""
    labels = labels_of([0, 0, 10], [1, 1, 0], [1, 1, 11])
    cells = cells_of([[0], [0], [0]])
    above = plain_level(labels, np.zeros(3), cells, np.array([1.5]))
    shifted = 1.0 / (0.5 + 1.5)
    told = (logistic(0.0) + logistic(shifted)) / 2  # neither expert has lost anything when the first two came
    assert above[2] == pytest.approx(log(told / (1 - told)))


def test_by_hand_with_hours():
    """A like at 8 and none at 20: at 8 the cell's excess over its mean of 0 is 1/2, of variance 1/4."""
    labels = labels_of([0, 0, 10], [1, 0, 0], [1, 1, 11])
    cells, moments = cells_of([[0], [0], [0]]), moments_of([8, 20, 8])
    above = by_hour(labels, np.zeros(3), cells, moments, np.array([0.25]))
    told = (logistic(0.0) + logistic(0.5 / 0.5)) / 2
    assert above[2] == pytest.approx(log(told / (1 - told)), abs=1e-6)


def test_what_does_not_depend_on_the_hour_is_no_hours():
    """Cells that are liked at any hour shift nothing, however much they differ from what was expected."""
    hours = np.tile([3, 9, 15, 21], 50)
    rows = np.arange(len(hours))
    labels = labels_of(rows * 10, np.ones(len(rows)), rows * 10 + 1)
    above = by_hour(labels, np.zeros(len(rows)), cells_of([[0]] * len(rows)), moments_of(hours), STRENGTHS)
    assert above.tolist() == pytest.approx(np.zeros(len(rows)).tolist(), abs=1e-9)


def test_little_is_lost_where_there_is_nothing():
    random = np.random.default_rng(3)
    rows = np.arange(4_000)
    label_N = random.integers(0, 2, len(rows))
    labels = labels_of(rows * 10, label_N, rows * 10 + 1)
    cells, moments = (
        cells_of(random.integers(0, 50, (len(rows), 1))),
        moments_of(random.integers(0, 24, len(rows))),
    )
    above = by_hour(labels, np.zeros(len(rows)), cells, moments, STRENGTHS)
    nats = np.logaddexp(0, above) - label_N * above
    assert nats.sum() - len(rows) * log(2) <= log(1 + len(STRENGTHS))
