"""What may stand for a label and a table of names."""

from __future__ import annotations

import pytest

from interestclock.errors import ConfigError
from interestclock.events import ColumnMapping, LabelColumn


def test_a_mapping_in_python_takes_the_shorthands_of_its_file(tmp_path):
    (tmp_path / "log.toml").write_text(
        'zone = "UTC"\nattributes = ["genre"]\n[labels]\nfinish = "played >= 0.8"\nlike = "liked"\n'
    )
    labels = {"finish": "played >= 0.8", "like": "liked"}
    in_python = ColumnMapping(zone="UTC", attributes=["genre"], labels=labels)  # type: ignore[arg-type]
    assert in_python == ColumnMapping.from_toml(tmp_path / "log.toml")
    assert in_python.labels["like"] == LabelColumn(column="liked")
    assert ColumnMapping(labels=["finish"]).labels == {"finish": LabelColumn(column="finish")}  # type: ignore[arg-type]


def test_what_is_neither_is_refused_at_once():
    with pytest.raises(
        ConfigError, match="label 'finish' is 7; give a column's name, what makes it, such as"
    ):
        ColumnMapping(labels={"finish": 7})  # type: ignore[dict-item]
    with pytest.raises(ConfigError, match="attributes is the text 'genre'; give names in a tuple"):
        ColumnMapping(attributes="genre")  # type: ignore[arg-type]
