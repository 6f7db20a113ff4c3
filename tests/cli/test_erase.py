"""`interestclock erase finish`, as it is typed."""

from __future__ import annotations

from pathlib import Path

from erased_streams import NAME, files_naming
from typer.testing import CliRunner

from interestclock.cli.app import app
from interestclock.errors import ConfigError
from interestclock.events import erase_message, exposure_message
from interestclock.streams import EmbeddedLogWriter


def test_folders_are_finished_one_after_the_other(tmp_path: Path) -> None:
    said = exposure_message(event_id="e", user_id=NAME, item_id=1, timestamp_ms=0, zone="UTC")
    for name in ("a", "b"):
        with EmbeddedLogWriter(tmp_path / name) as writer:
            writer.append([said, erase_message(erase=NAME, timestamp_ms=5)])
    result = CliRunner().invoke(app, ["erase", "finish", str(tmp_path / "a"), str(tmp_path / "b")])
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines == [f"{tmp_path / name}: 2 messages of 1 erased user went" for name in ("a", "b")]
    assert files_naming(tmp_path) == []


def test_what_is_no_folder_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    with EmbeddedLogWriter(tmp_path / "a") as writer:
        writer.append([erase_message(erase=NAME, timestamp_ms=5)])
    result = CliRunner().invoke(app, ["erase", "finish", str(tmp_path / "a"), str(tmp_path / "nowhere")])
    assert isinstance(result.exception, ConfigError)
    assert "nowhere is no folder; name that of a trainer, a store or an embedded log" in str(result.exception)
    assert files_naming(tmp_path)
