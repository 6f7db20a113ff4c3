"""``interestclock store skew``: a table, JSON, Prometheus' text, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from in_memory import HOUR_MS
from skewed_streams import NOW_MS, finished, shown, stream_in
from typer.testing import CliRunner

from interestclock.cli.app import app
from interestclock.erasing.dead_lines import erase_lines
from interestclock.erasing.kept_files import is_of_one
from interestclock.samples import read_records
from interestclock.samples.request_records import record_files


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    stream = stream_in(tmp_path_factory.mktemp("stream"))
    stream.append(finished("e1", NOW_MS - 1_000))
    stream.serve("r1", NOW_MS)
    stream.serve("r2", NOW_MS + HOUR_MS)
    stream.append(shown("e2", NOW_MS, request="r1"))
    stream.end()
    return stream.folder


def run(folder: Path, *more: str):
    served, trained = folder / "served", folder / "trainer" / "requests"
    command = ["store", "skew", str(folder / "store"), "--served", str(served), "--trained", str(trained)]
    return CliRunner().invoke(app, [*command, *more])


def test_it_says_how_far_apart_and_why(folder: Path) -> None:
    said = run(folder)
    assert said.exit_code == 0
    assert "1 requests compared; 1 were served alone, 0 trained on alone, 0 cannot be compared" in said.output
    assert "not_yet_applied" in said.output
    assert "1 (100.00%)" in said.output


def test_for_machines(folder: Path, tmp_path: Path) -> None:
    said = run(folder, "--json", "--metrics", str(tmp_path / "skew.prom"))
    assert json.loads(said.output)["causes"]["not_yet_applied"]["behaviours"] == {"requests": 1, "values": 1}
    page = (tmp_path / "skew.prom").read_text()
    assert 'interestclock_skew_caused{cause="not_yet_applied",feature="behaviours"} 1.0' in page
    assert 'interestclock_skew_caused{cause="clock",feature="behaviours"} 0.0' in page
    assert "interestclock_skew_compared 1.0" in page


def test_a_folder_that_holds_none(folder: Path, tmp_path: Path) -> None:
    said = run(folder, "--served", str(tmp_path / "nowhere"))
    assert said.exit_code != 0


def test_an_erased_users_lines_go(folder: Path) -> None:
    (path,) = record_files(folder / "trainer" / "requests").values()
    before = {each.user for each in read_records(path.parent)}
    assert erase_lines(path, {"1"}.__contains__, names=is_of_one) == 1
    assert {each.user for each in read_records(path.parent)} == before - {"1"}
