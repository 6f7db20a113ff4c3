"""A line-up file: variants side by side, and errors that say what a setting means."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import pytest
from own_clocks import OwnConfig

from interestclock.clocks import (
    AdaptiveConfig,
    GaussianConfig,
    LongTermConfig,
    RoutineConfig,
    TimeEncodingConfig,
)
from interestclock.errors import ConfigError
from interestclock.ranking.known_clocks import CLOCKS_OF_OURS
from interestclock.studies import NamedRanker, lineup, read_lineup
from interestclock.studies.setting_help import help_of

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "lineup.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_parts_are_named_as_on_the_command_line_and_have_settings_beside_their_kind(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """
        [base]
        ["hour+gaussian"]
        [sharp]
        parts = ["hour", {kind = "gaussian", sigma_hours = 0.5}]
        ["two widths"]
        parts = [{kind = "gaussian", sigma_hours = 0.5}, {kind = "gaussian", sigma_hours = 3}]
        [short]
        parts = ["hour+naive", {kind = "longterm", behaviours = 20, gain = 5.0}]
        [mine]
        parts = ["hour", {kind = "own_clocks:OwnConfig", width = 5}]
        """,
    )
    hour = TimeEncodingConfig()
    rankers = lineup(read_lineup(path))
    assert list(rankers) == ["base", "hour+gaussian", "sharp", "two widths", "short", "mine"]
    assert rankers["base"].clocks == ()
    assert rankers["hour+gaussian"] == lineup(["hour+gaussian"])["hour+gaussian"]
    assert rankers["sharp"].clocks == (hour, GaussianConfig(sigma_hours=0.5))
    assert rankers["two widths"].clocks == (GaussianConfig(sigma_hours=0.5), GaussianConfig(sigma_hours=3.0))
    assert rankers["short"].clocks[2] == LongTermConfig(behaviours=20, gain=5.0)
    assert rankers["mine"].clocks == (hour, OwnConfig(width=5))


@pytest.mark.parametrize("kind", CLOCKS_OF_OURS)
def test_every_field_of_every_part_can_be_set_and_is_explained(kind: str, tmp_path: Path) -> None:
    config = CLOCKS_OF_OURS[kind]()
    given = {each.name: getattr(config, each.name) for each in fields(config)}
    settings = "".join(
        f", {name} = {json.dumps(value)}" for name, value in given.items() if value is not None
    )
    path = written(tmp_path, f'[mine]\nparts = [{{kind = "{kind}"{settings}}}]')
    assert read_lineup(path) == (NamedRanker(name="mine", clocks=(config,)),)
    assert set(help_of(type(config))) == set(given)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "names no ranker"),
        ("[base", "no TOML"),
        ("base = 1", r"write a table for each ranker: \[\"base\"\]"),
        ("[mine]", "ranker 'mine': no ranker 'mine'"),
        ("[mine]\npart = 3", "key 'part' is unknown; there is parts"),
        ("[mine]\nparts = 3", "parts is 3; give a text or a list"),
        ("[mine]\nparts = [3]", "a part is 3; give its name, or a table"),
        ("[mine]\nparts = [{sigma_hours = 1}]", "a part has settings and no kind"),
        ("[mine]\nparts = [{kind = 'hour+gaussian'}]", "settings are of one part"),
        ("[mine]\nparts = [{kind = 'base'}]", "settings are of one part"),
        ("[mine]\nparts = [{kind = 'gaussian', sigma = 1}]", "(?s)'sigma' is unknown.*width of the Gaussian"),
        ("[mine]\nparts = [{kind = 'gaussian', sigma_hours = 'x'}]", "(?s)expected float, got str.*width of"),
        ("[mine]\nparts = [{kind = 'gaussian', sigma_hours = 0}]", "(?s)sigma_hours.*width of the Gaussian"),
        ("[mine]\nparts = [{kind = 'longterm', heads = 0}]", "(?s)heads.*behaviours: K, how many"),
        ("[mine]\nparts = [{kind = 'own_clocks:OwnConfig', widht = 1}]", "no setting 'widht'"),
        ("[base]\nparts = 'hour'", "called 'base' and is hour"),
        ("['a/b']\nparts = 'hour'", "becomes the name of files"),
        ("[a]\nparts = 'hour+hour'", "names hour twice"),
    ],
)
def test_what_is_wrong_is_said_with_where_and_what_a_setting_means(
    text: str, reason: str, tmp_path: Path
) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ConfigError, match=reason) as caught:
        read_lineup(path)
    assert str(caught.value).count(str(path)) == 1


def test_the_published_adaptive_clock_stands_beside_the_narrowed_one(tmp_path: Path) -> None:
    path = written(tmp_path, '[adaptive]\n[published]\nparts = [{kind = "adaptive", hour_dim = 0}]')
    rankers = lineup(read_lineup(path))
    assert [ranker.clocks for ranker in rankers.values()] == [
        (AdaptiveConfig(hour_dim=4),),
        (AdaptiveConfig(hour_dim=0),),
    ]


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no line-up file that can be read"):
        read_lineup(tmp_path / "nowhere.toml")


def test_variants_of_the_population_stand_side_by_side() -> None:
    rankers = {each.name: each for each in read_lineup(BENCHMARKS / "population.toml")}
    assert [rankers[name].clocks[-1] for name in ("gaussian", "gaussian 1", "hour+gaussian 3")] == [
        GaussianConfig(),
        GaussianConfig(population_votes=1),
        GaussianConfig(population_votes=3),
    ]


def test_a_routine_clock_is_told_of_holidays(tmp_path: Path) -> None:
    path = written(tmp_path, '[off]\nparts = ["hour", {kind = "routine", holidays = ["2012-07-04"]}]')
    (ranker,) = read_lineup(path)
    assert ranker.clocks[1] == RoutineConfig(holidays=("2012-07-04",))
    path.write_text('[off]\nparts = [{kind = "routine", holidays = ["4 July"]}]')
    with pytest.raises(
        ConfigError, match=r"holidays has '4 July', which is no date(.|\n)*holidays: local dates"
    ):
        read_lineup(path)
