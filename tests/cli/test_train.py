"""The command that trains on a stream: what it decides by the kind of its source."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from interestclock.cli.app import app
from interestclock.cli.train import default_lateness_minutes
from interestclock.events.live import open_live

MAPPING = 'zone = "UTC"\n[labels]\nfinish = "finish"\n[attributes]\ngenre = "genre"\n'


@pytest.fixture
def mapping(tmp_path: Path) -> Path:
    path = tmp_path / "plays.toml"
    path.write_text(MAPPING)
    return path


@pytest.mark.parametrize(
    ("address", "minutes"), [("redis://127.0.0.1:1/plays", 1.0), ("kafka://127.0.0.1:1/plays", 1.0)]
)
def test_messages_of_a_stream_may_pass_each_other(address: str, minutes: float, mapping: Path) -> None:
    source = open_live(address, mapping=mapping)
    assert default_lateness_minutes(source) == minutes
    source.close()


@pytest.mark.parametrize(("options", "lateness_ms"), [([], 0), (["--lateness-minutes", "2"], 120_000)])
def test_a_log_is_in_order(options: list[str], lateness_ms: int, mapping: Path, tmp_path: Path) -> None:
    log = tmp_path / "plays.csv"
    rows = [f"{n % 3},{n % 5},1970-01-01T09:{n:02}:00,{n % 2},rock" for n in range(40)]
    log.write_text("user_id,item_id,timestamp_ms,finish,genre\n" + "\n".join(rows) + "\n")
    folder = tmp_path / "trainer"
    ran = CliRunner().invoke(
        app, ["train", str(log), "--mapping", str(mapping), "--checkpoints", str(folder), *options]
    )
    assert ran.exit_code == 0, ran.output
    assert "40 messages: 40 learned" in ran.output
    said = json.loads((folder / "config.json").read_text())
    assert said["config"]["intake"]["lateness_ms"] == lateness_ms
