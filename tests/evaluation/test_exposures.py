"""The common ground of a comparison, and what is refused on it."""

from __future__ import annotations

import numpy as np
import pytest

from interestclock.errors import ConfigError, ResultError
from interestclock.evaluation.exposures import Exposures, check_predictions

ROWS = np.arange(3)


def exposures_of(**changes):
    columns = dict.fromkeys(("user_N", "request_N", "timestamp_ms_N", "second_of_day_N"), ROWS)
    return Exposures(**{**columns, "labels": {"finish": np.array([1, -1, 0])}, **changes})


def test_rows_without_the_label_are_left_out():
    exposures = exposures_of(user_N=np.array([70, 5, 5]), request_N=np.array([4, 4, 4]))
    scored = exposures.scored("finish", np.array([0.1, 0.2, 0.3]))
    assert scored.user_N.tolist() == [1, 0]
    assert scored.request_N.tolist() == [4, 4]
    assert scored.label_N.tolist() == [1, 0]
    assert scored.score_N.tolist() == [0.1, 0.3]


@pytest.mark.parametrize(("shown", "kept"), [([0, 1, 2], [-1, -1]), ([-1, 0, -1], [-1, -1])])
def test_requests_of_one_exposure_each_are_none(shown, kept):
    assert exposures_of(request_N=np.array(shown)).scored("finish", ROWS).request_N.tolist() == kept


def test_columns_must_match():
    with pytest.raises(ValueError, match=r"labels\['like'\] has shape \(2,\), user_N \(3,\); match rows"):
        exposures_of(labels={"like": np.zeros(2)})
    with pytest.raises(ValueError, match="second_of_day_N has shape"):
        exposures_of(second_of_day_N=np.zeros(4))


def test_an_unknown_label_is_named_with_those_there_are():
    with pytest.raises(ConfigError, match="no label 'like' was evaluated; there is finish"):
        exposures_of().label_known("like")


@pytest.mark.parametrize(
    ("seeds", "message"),
    [
        ([], "ranker 'base' has no run; run at least one seed"),
        ([{}], "ranker 'base', seed number 0, label 'finish': no predictions; run the ranker again"),
        ([{"finish": np.zeros(3)}, {"finish": np.zeros(2)}], r"seed number 1.*shape \(2,\) for 3 exposures"),
        ([{"finish": np.array([0, np.nan, 0])}], "prediction 1 is nan; the model diverged, try a lower"),
        ([{"finish": np.array([0, 0, np.inf])}], "prediction 2 is inf"),
    ],
)
def test_predictions_that_cannot_be_compared_are_refused(seeds, message):
    with pytest.raises(ResultError, match=message):
        check_predictions(exposures_of(), {"base": seeds})


def test_good_predictions_pass():
    check_predictions(exposures_of(), {"base": [{"finish": np.zeros(3)}] * 2, "hour": [{"finish": ROWS}]})
