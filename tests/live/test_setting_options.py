"""What is said of a setting that differs, and the option that would give it as it was."""

from __future__ import annotations

from typing import Any

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from interestclock.cli.app import app
from interestclock.live import LiveConfig
from interestclock.live.setting_options import OPTIONS, describe_change
from interestclock.samples import CandidateConfig

OWN = [{"kind": "acme.fresh:FreshConfig", "width": 8}]
BOTH = [{"kind": "gaussian"}, {"kind": "longterm"}]


@pytest.mark.parametrize(
    ("name", "then", "now", "told"),
    [
        (
            "config.ranker.clocks",
            OWN,
            BOTH,
            "the ranker was acme.fresh:FreshConfig and is gaussian+longterm "
            "(give --ranker acme.fresh:FreshConfig)",
        ),
        (
            "config.ranker.clocks",
            [],
            OWN,
            "the ranker was base and is acme.fresh:FreshConfig (give --ranker base)",
        ),
        (
            "config.ranker.clocks",
            [{"kind": "hour"}, *OWN],
            BOTH,
            "the ranker was hour+acme.fresh:FreshConfig and is gaussian+longterm "
            "(give --ranker hour+acme.fresh:FreshConfig)",
        ),
        (
            "config.ranker.clocks",
            [{"kind": "hour", "dim": 8}],
            [{"kind": "hour", "dim": 4}],
            "config.ranker.clocks was [{'kind': 'hour', 'dim': 8}] and is [{'kind': 'hour', 'dim': 4}] "
            '(give parts = [{kind = "hour", dim = 8}] to the ranker in a --lineup file)',
        ),
        (
            "config.ranker.clocks",
            [{"kind": "adaptive"}],
            [{"kind": "adaptive", "hour_dim": 4}],
            "config.ranker.clocks was [{'kind': 'adaptive'}] and is [{'kind': 'adaptive', 'hour_dim': 4}] "
            '(give parts = [{kind = "adaptive", hour_dim = 0, population_votes = 0.0}] to the ranker in a '
            "--lineup file)",
        ),
        (
            "config.ranker.clocks",
            [{"kind": "gaussian", "bucket_centre_hours": None}, {"kind": "gaussian", "sigma_hours": 2.0}],
            [],
            "the ranker was gaussian+gaussian and is base "
            '(give parts = [{kind = "gaussian", population_votes = 0.0}, '
            '{kind = "gaussian", sigma_hours = 2.0, population_votes = 0.0}] to the ranker in a '
            "--lineup file)",
        ),
        (
            "config.ranker.rms_limit",
            None,
            1.0,
            "config.ranker.rms_limit was None and is 1.0 "
            "(give rms_limit = inf to the ranker in a --lineup file)",
        ),
        (
            "config.admission.label_wait_ms",
            5_400_000,
            60_000,
            "config.admission.label_wait_ms was 5400000 and is 60000 (give --label-wait-minutes 90)",
        ),
        ("config.users.most", None, 5, "config.users.most was None and is 5 (leave out --most-users)"),
        (
            "config.missing_labels",
            [],
            ["a"],
            "config.missing_labels was [] and is ['a'] (leave out --missing-label)",
        ),
        (
            "config.missing_labels",
            ["a", "b"],
            [],
            "config.missing_labels was ['a', 'b'] and is [] (give --missing-label a --missing-label b)",
        ),
        (
            "config.admission.then_from_ms",
            86_400_000,
            None,
            "config.admission.then_from_ms was 86400000 and is None "
            "(give --then-from 1970-01-02T00:00:00+00:00)",
        ),
        ("source", "a", "b", "source was 'a' and is 'b'"),
    ],
)
def test_what_is_said(name: str, then: Any, now: Any, told: str) -> None:
    assert describe_change(name, then, now) == told


# What may be another where a trainer goes on, or what is told of by other names: the source.
FREE = {
    *("source", "--then", "--mapping", "--layout", "--items", "--group", "--speed-up", "--idle-seconds"),
    *("--checkpoints", "--resume", "--state-from"),
    "--lineup",  # says what --ranker names
    *("--sample-requests", "--clock"),
    *("--checkpoint-minutes", "--checkpoints-kept", "--snapshot-minutes", "--full-snapshot-hours"),
    *("--metrics-port", "--metrics-address", "--log-file"),
}


def test_every_option_is_of_a_setting_or_free() -> None:
    group = get_command(app)
    assert isinstance(group, TyperGroup)
    options = {option for each in group.commands["train"].params for option in each.opts}
    assert set(OPTIONS.values()) == options - FREE, "name its setting in OPTIONS, or why it is free in FREE"
    assert options >= FREE


def test_every_setting_with_an_option_is_there() -> None:
    settings = LiveConfig(candidates=CandidateConfig(own_past="recent")).learned_from()
    for name in OPTIONS:
        found: Any = {"config": settings}
        for part in name.split("."):
            assert part in found
            found = found[part]


def test_a_folder_names_the_draw_from_the_own_past_where_it_is_another():
    """Folders of earlier versions do not name it, and go on as they began."""
    assert LiveConfig().learned_from()["candidates"].keys() == {"by_popularity", "from_own_past", "seed"}
    recent = LiveConfig(candidates=CandidateConfig(own_past="recent")).learned_from()
    assert recent["candidates"]["own_past"] == "recent"
    assert describe_change("config.candidates.own_past", None, "recent") == (
        "config.candidates.own_past was None and is 'recent' (leave out --candidates-own-past)"
    )
