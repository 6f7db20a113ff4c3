"""A trained ranker scores frames as people hold them: own names, categories, times with zones, any order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import interestclock
from interestclock import Comparison, ConfigError, LogError
from interestclock.results.scores import NO_ITEM, NO_USER, NOT_READ

SAID = {"user": "Wer", "item": "Título", "time": "Played At", "zone": "Europe/Berlin"}


def plays(rows: int = 600) -> pd.DataFrame:
    random = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "Wer": random.choice(["ann", "bob", "cy", "dee"], rows),
            "Título": pd.Categorical(random.choice(list("abcdefgh"), rows)),
            "Played At": pd.date_range("2024-01-01", periods=rows, freq="97min", tz="Europe/Berlin"),
            "Play Ratio": random.random(rows),
            "Género": random.choice(["pop", "jazz", None], rows),
            "device": pd.Categorical(random.choice(["phone", "web"], rows)),
        }
    )


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    return interestclock.compare(
        plays(),
        **SAID,
        labels={"finish": '"Play Ratio" >= 0.5'},
        attributes={"genre": "Género"},
        categorical=["device"],
        rankers=["base", "gaussian"],
        seeds=1,
        replicates=10,
        out=tmp_path_factory.mktemp("scored") / "results",
        progress=False,
    )


def new_rows() -> pd.DataFrame:
    """Without the label's column; as new rows are, at an index of their own."""
    rows = plays().iloc[[500, 20, 300]].drop(columns="Play Ratio")
    return rows.set_index(pd.Index([7, 8, 9]))


def test_new_rows_of_pandas_keep_their_index_and_order(compared: Comparison) -> None:
    scored = compared.rankers["gaussian"].score(new_rows())
    assert isinstance(scored, pd.DataFrame)
    assert scored.index.tolist() == [7, 8, 9]
    assert scored["note"].isna().all()
    turned = compared.rankers["gaussian"].score(new_rows().iloc[::-1])
    assert turned["p.finish"].tolist() == scored["p.finish"].tolist()[::-1]


@pytest.mark.parametrize(
    "held",
    [
        lambda frame: frame.astype({"Título": object, "device": object}),
        lambda frame: frame.assign(Wer=pd.Categorical(frame["Wer"])),
        lambda frame: frame.assign(**{"Played At": frame["Played At"].dt.tz_convert("Asia/Tokyo")}),
        lambda frame: frame.assign(**{"Played At": list(frame["Played At"].astype(object))}),
        lambda frame: frame.assign(extra=1.0)[["extra", *reversed(frame.columns)]],
        pl.from_pandas,
        lambda frame: pl.from_pandas(frame).lazy(),
    ],
    ids=["objects", "categories", "another zone", "moments as objects", "other columns", "Polars", "lazy"],
)
def test_the_same_rows_have_the_same_scores_whoever_holds_them(held: Any, compared: Comparison) -> None:
    ranker = compared.rankers["gaussian"]
    scored = ranker.score(held(new_rows()))
    assert list(scored["p.finish"]) == ranker.score(new_rows())["p.finish"].tolist()


def test_what_is_not_known_or_cannot_be_read_is_said_in_its_row(compared: Comparison) -> None:
    rows = new_rows().astype({"Título": object})
    rows.loc[7, "Wer"], rows.loc[8, "Título"] = "nobody", "new song"
    nobody = rows.loc[[9]].assign(Wer=None)
    scored = compared.rankers["base"].score(pd.concat([nobody, rows, rows.loc[[9]]]))
    assert scored["note"].fillna("").tolist() == [NOT_READ, NO_USER, NO_ITEM, "", NOT_READ]
    assert scored["p.finish"].isna().tolist() == [True, False, True, False, True]


def test_a_missing_column_is_named_as_the_user_wrote_it(compared: Comparison) -> None:
    ranker = compared.rankers["base"]
    with pytest.raises((ConfigError, LogError), match=r"no column 'Played At' .*it has Wer, Título, played"):
        ranker.score(new_rows().rename(columns={"Played At": "played"}))
    with pytest.raises((ConfigError, LogError), match="no column 'device'"):
        ranker.score(new_rows().drop(columns="device"))


def test_no_rows_are_refused(compared: Comparison, tmp_path: Path) -> None:
    with pytest.raises(LogError, match="pandas DataFrame: no events; expected one per row"):
        compared.rankers["base"].score(new_rows().iloc[:0])
