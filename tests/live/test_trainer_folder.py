"""A folder is one trainer's at a time, and of one source and configuration for good."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from interestclock.errors import ResultError
from interestclock.live.folder_config import differences
from interestclock.live.kept_state import KeptState
from interestclock.live.migrate import migrate
from interestclock.live.trainer_folder import TrainerFolder, check_unclaimed, holds_trainer

SAID = {"source": "a log", "config": {"longest": 10, "train": {"learning_rate": 0.005, "seed": 0}}}


def test_only_one_at_a_time(tmp_path: Path) -> None:
    first = TrainerFolder(tmp_path / "run", SAID, resume=False)
    said = rf"another trainer runs in .* \(process {os.getpid()}, since .*\); stop it, or name another folder"
    for refused in (TrainerFolder, TrainerFolder.check):
        with pytest.raises(ResultError, match=said):
            refused(tmp_path / "run", SAID, resume=True)
    first.release()
    TrainerFolder(tmp_path / "run", SAID, resume=True).release()


def test_a_process_that_dies_lets_go(tmp_path: Path) -> None:
    take = (
        "import os, pathlib, sys; from interestclock.live.trainer_folder import TrainerFolder; "
        "folder = TrainerFolder(pathlib.Path(sys.argv[1]), {}, resume=False); os.kill(os.getpid(), 9)"
    )
    died = subprocess.run([sys.executable, "-c", take, str(tmp_path / "run")], check=False)
    assert died.returncode == -9
    TrainerFolder(tmp_path / "run", {}, resume=True).release()


def test_what_differs_is_named(tmp_path: Path) -> None:
    TrainerFolder(tmp_path, SAID, resume=False).release()
    other = {"source": "a log", "config": {"longest": 10, "train": {"learning_rate": 0.001, "seed": 1}}}
    said = (
        r"config.train.learning_rate was 0.005 and is 0.001 \(give --learning-rate 0.005\), "
        r"config.train.seed was 0 and is 1 \(give --seed 0\); go on with"
    )
    for refused in (TrainerFolder, TrainerFolder.check):
        with pytest.raises(ResultError, match=said):
            refused(tmp_path, other, resume=True)
    many = {"source": "b", "config": dict.fromkeys("abcdef", 1)}
    with pytest.raises(ResultError, match=r"config.a was None and is 1, .* and \d more; go on"):
        TrainerFolder(tmp_path, many, resume=True)
    TrainerFolder(tmp_path, SAID, resume=True).release()  # none of them kept the lock


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("", "no whole JSON object"),
        ("{}", "key 'fingerprint' is missing"),
        ("[]", "no whole JSON object"),
        ("{", "no whole JSON object"),
    ],
)
def test_a_damaged_claim_says_what_to_do(damage: str, said: str, tmp_path: Path) -> None:
    TrainerFolder(tmp_path, SAID, resume=False).release()
    (tmp_path / "config.json").write_text(damage)
    with pytest.raises(ResultError, match=rf"config.json: {said}; bring it back from a copy"):
        TrainerFolder(tmp_path, SAID, resume=True)


def test_what_is_only_looked_at_stays_as_it_is(tmp_path: Path) -> None:
    TrainerFolder.check(tmp_path / "new", SAID, resume=True)
    assert not (tmp_path / "new").exists()
    TrainerFolder(tmp_path, SAID, resume=False).release()
    with pytest.raises(ResultError, match="holds a trainer; go on with --resume"):
        check_unclaimed(tmp_path, resume=False)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes").touch()
    with pytest.raises(ResultError, match="is not empty and holds no trainer; name another folder"):
        check_unclaimed(tmp_path / "other", resume=True)
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["notes"]


def test_killed_while_it_was_claimed(tmp_path: Path) -> None:
    (tmp_path / "config.json.unfinished").write_text('{"sour')
    (tmp_path / "lock").touch()
    TrainerFolder(tmp_path, SAID, resume=False).release()
    assert json.loads((tmp_path / "config.json").read_text())["source"] == "a log"


def test_a_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "run"):
        with pytest.raises(ResultError, match=r"cannot be used .*; name another folder"):
            TrainerFolder(path, SAID, resume=False)


@pytest.mark.parametrize("resume", [False, True])
def test_a_folder_with_a_journal_is_of_the_version_before(resume: bool, tmp_path: Path) -> None:
    TrainerFolder(tmp_path, SAID, resume=False).release()
    (tmp_path / "journal").mkdir()
    with pytest.raises(
        ResultError, match=r"kept a journal of offsets; finish it with that version \(.+\), or start anew in"
    ):
        TrainerFolder(tmp_path, SAID, resume=resume)


def test_on_whose_state_it_begins_holds_until_there_is_a_checkpoint(tmp_path: Path) -> None:
    other, run = tmp_path / "other", tmp_path / "run"
    TrainerFolder(run, SAID, resume=False, state_from=other).release()
    assert json.loads((run / "config.json").read_text())["state_from"] == str(other)
    TrainerFolder(run, SAID, resume=True, state_from=other).release()
    for given in (None, tmp_path / "another"):
        with pytest.raises(
            ResultError, match=r"begins on the state of .*other; give --state-from .*other ag"
        ):
            TrainerFolder(run, SAID, resume=True, state_from=given)
    (run / "checkpoints" / "checkpoint-00000001").mkdir(parents=True)
    for given in (None, tmp_path / "another"):
        TrainerFolder(run, SAID, resume=True, state_from=given).release()
    TrainerFolder(tmp_path / "plain", SAID, resume=False).release()
    with pytest.raises(
        ResultError, match=r"begins with nothing, .*; leave out --state-from, or name another"
    ):
        TrainerFolder(tmp_path / "plain", SAID, resume=True, state_from=other)


def test_whether_it_begins_on_another_state_is_no_part_of_the_fingerprint(tmp_path: Path) -> None:
    one = TrainerFolder(tmp_path / "one", SAID, resume=False, state_from=tmp_path)
    two = TrainerFolder(tmp_path / "two", SAID, resume=False)
    assert one.fingerprint == two.fingerprint
    for each in (one, two):
        each.release()


def test_results_of_another_command_are_no_trainer(tmp_path: Path) -> None:
    """Those of compare have a config.json with a schema and a fingerprint, too."""
    results = {"settings": {}, "schema": {"labels": ["finish"]}, "fingerprint": "ab", "versions": {}}
    (tmp_path / "config.json").write_text(json.dumps(results))
    before = (tmp_path / "config.json").read_bytes()
    assert not holds_trainer(tmp_path)
    for resume in (False, True):
        for refused in (
            lambda resume=resume: TrainerFolder(tmp_path, SAID, resume=resume),
            lambda resume=resume: check_unclaimed(tmp_path, resume=resume),
        ):
            with pytest.raises(ResultError, match="is not empty and holds no trainer; name another folder"):
                refused()
    with pytest.raises(ResultError, match="there is no trainer; give what its --checkpoints were called"):
        KeptState.read(tmp_path, SAID)
    with pytest.raises(ResultError, match="holds no trainer; give what its --checkpoints were called"):
        migrate(tmp_path, tmp_path.parent / "new")
    assert [path.name for path in tmp_path.iterdir()] == ["config.json"]
    assert (tmp_path / "config.json").read_bytes() == before


def test_a_long_value_that_differs_is_cut_short() -> None:
    said = differences({"config": None}, {"config": {str(number): number for number in range(200)}})
    assert said.startswith("config was None and is {'0': 0, '1': 1, ")
    assert said.endswith("...")
    assert len(said) < 100
