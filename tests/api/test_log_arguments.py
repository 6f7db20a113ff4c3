"""What is given is put over a mapping as options are, and refused as a mapping file's keys are."""

from __future__ import annotations

import pyarrow as pa
import pytest

import interestclock
from interestclock import ColumnMapping, ConfigError, LabelColumn, LogError

PLAYS = pa.table(
    {
        "uid": [1, 1, 2],
        "song": ["a", "b", "a"],
        "at": [32_400, 36_000, 39_600],
        "done": [1, 0, 1],
        "ratio": [0.9, 0.1, 0.5],
    }
)
NAMED = {"user": "uid", "item": "song", "time": "at", "time_unit": "s", "zone": "UTC"}


def test_a_mapping_file_an_object_and_arguments_say_the_same(tmp_path):
    file = tmp_path / "plays.toml"
    file.write_text(
        'user = "uid"\nitem = "song"\ntime = "at"\nzone = "UTC"\ntime_unit = "s"\n[labels]\nfinish = "done"\n'
    )
    found = [
        interestclock.inspect(PLAYS, mapping=file),
        interestclock.inspect(PLAYS, mapping=str(file)),
        interestclock.inspect(PLAYS, mapping=ColumnMapping.from_toml(file)),
        interestclock.inspect(PLAYS, labels={"finish": "done"}, **NAMED),
    ]
    assert all(each.found == found[0].found for each in found)
    over = interestclock.inspect(PLAYS, mapping=file, labels={"finish": "ratio >= 0.5"})
    assert over.found.labels["finish"].positive == pytest.approx(2 / 3)


def test_what_is_given_is_put_over_the_mapping(monkeypatch):
    seen = []
    monkeypatch.setattr(
        "interestclock.api.log_arguments.open_log", lambda data, **given: seen.append(given["mapping"])
    )
    monkeypatch.setattr("interestclock.api.inspect_data.inspect_log", lambda source, **_: source)
    mapping = ColumnMapping(
        zone="UTC",
        labels={"like": LabelColumn(column="liked", delay_seconds=60)},
        attributes={"genre": "genres"},
        engaged=("like",),
    )
    interestclock.inspect(
        PLAYS,
        mapping=mapping,
        labels={"like": "loved", "finish": LabelColumn(column="done", known_column="done_at")},
        label_delays={"finish": 5},
        attributes=["mood"],
        engaged=["finish"],
        time_is_local=False,
    )
    assert seen[0] == ColumnMapping(
        zone="UTC",
        labels={
            "like": LabelColumn(column="loved", delay_seconds=60),
            "finish": LabelColumn(column="done", known_column="done_at", delay_seconds=5),
        },
        attributes={"genre": "genres", "mood": "mood"},
        engaged=("finish",),
        time_is_local=False,
    )


def test_a_folder_that_describes_itself_needs_nothing_else(tmp_path):
    log = interestclock.simulate(tmp_path / "log", size="tiny")
    whole = interestclock.inspect(log)
    assert whole.found.users > 0
    assert interestclock.inspect(str(log), engaged=["like"]).found.users == whole.found.users


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"user": 5}, "'user' is 5; give text in quotes"),
        ({"labels": {"finish": 7}}, "'labels.finish' is 7; give"),
        (
            {"labels": "finish"},
            "'labels' is 'finish'; give a dictionary of names and columns",
        ),
        ({"time_unit": "minutes"}, "'time_unit' is 'minutes'; give one of"),
        ({"mapping": 5}, "mapping is 5; give the path of a TOML file, or a ColumnMapping"),
        ({"mapping": "nowhere.toml"}, "nowhere.toml: no such mapping file"),
        ({"zone": "Europe/Berln"}, "Europe/Berln"),
        ({"layout": "foursqare"}, "unknown layout 'foursqare'"),
        ({}, "nothing says what its columns mean"),
    ],
)
def test_what_cannot_be_is_refused_in_the_words_of_a_mapping(given, said):
    with pytest.raises(ConfigError) as found:
        interestclock.inspect(PLAYS, **given)
    assert said in str(found.value)
    assert "--" not in str(found.value)


def test_a_path_that_is_not_there_is_refused():
    with pytest.raises(LogError, match=r"plays\.csv: no such file or folder"):
        interestclock.features("plays.csv", zone="UTC", labels=["finish"])
