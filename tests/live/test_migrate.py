"""A trainer's folder of an older version is converted, and goes on as if this version had written it."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from killed_runs import check_same, last_checkpoint, predictions
from old_folders import POLLS, copied_after, opened, unpacked

from interestclock.checksums import digest_of, digest_of_json
from interestclock.errors import ResultError
from interestclock.live.kept_state import KeptState
from interestclock.live.migrate import migrate
from interestclock.live.prediction_parts import PARTS_LIST, PredictionParts, list_parts
from interestclock.live.trainer_folder import FINGERPRINTED, check_format, check_unclaimed, format_of
from interestclock.locks import lock
from interestclock.snapshots.reader import checked

# As far as sums of floats differ with the processor: see tests/goldens/catalogue.py.
PROBABILITIES, WEIGHTS = 2e-5, 5e-3


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return unpacked(tmp_path / "old")


@pytest.fixture(scope="module")
def straights(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {kind: run_straight(tmp_path_factory.mktemp(kind), kind) for kind in ("requests", "choices")}


@pytest.fixture
def straight(straights: dict[str, Path]) -> Path:
    return straights["requests"]


def run_straight(folder: Path, kind: str) -> Path:
    """What this version makes of the same events from the start: ``run``, and ``then`` behind five polls."""
    unpacked(folder, kind)
    with opened(folder / "events.parquet", folder / "run", resume=False, kind=kind) as run:
        run.run(copied_after(POLLS, run, folder / "then"))
    return folder


def migrated(old: Path) -> Path:
    new = old.parent / "new"
    assert len(migrate(old, new).checkpoints) == 1
    return new


def changed(path: Path, **keys: object) -> None:
    """A JSON object in which some keys are otherwise."""
    path.write_text(json.dumps(json.loads(path.read_text()) | keys))


def sums(folder: Path) -> dict[str, str]:
    return {
        str(each): digest_of(each) for each in folder.rglob("*") if each.is_file() and each.name != "lock"
    }


def go_on(old: Path, folder: Path, kind: str = "requests") -> None:
    with opened(old.parent / "events.parquet", folder, kind=kind) as run:
        run.run()


def check_close(state: dict[str, np.ndarray], wanted: dict[str, np.ndarray]) -> None:
    """Floats up to what the processor that learned them may change, all else exactly."""
    assert state.keys() == wanted.keys()
    for name, values in sorted(wanted.items()):
        assert (state[name].dtype, state[name].shape) == (values.dtype, values.shape), name
        tolerance = WEIGHTS if values.dtype.kind == "f" else 0
        np.testing.assert_allclose(state[name], values, rtol=0, atol=tolerance, err_msg=name)


def without_recent(state: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """A checkpoint but for how well was predicted of late, which an older one does not say."""
    return {name: each for name, each in state.items() if not name.startswith("run/recent/")}


@pytest.mark.parametrize("kind", ["requests", "choices"])
def test_a_checkpoint_is_what_this_version_would_have_written(
    kind: str, tmp_path: Path, straights: dict[str, Path]
) -> None:
    old, straight = unpacked(tmp_path / "old", kind), straights[kind]
    (manifest, state), (wanted_manifest, wanted) = (
        last_checkpoint(folder) for folder in (migrated(old), straight / "then")
    )
    check_close(without_recent(state), without_recent(wanted))
    for name in ("number", "fingerprint", "admitted_position", "offsets", "event_ms", "format", "version"):
        assert getattr(manifest, name) == getattr(wanted_manifest, name)
    settings, wanted_settings = (
        json.loads((folder / "config.json").read_text()) for folder in (old.parent / "new", straight / "then")
    )
    assert settings == wanted_settings


@pytest.mark.parametrize("kind", ["requests", "choices"])
def test_it_goes_on_as_a_run_of_this_version_from_the_start(
    kind: str, tmp_path: Path, straights: dict[str, Path]
) -> None:
    old, straight = unpacked(tmp_path / "old", kind), straights[kind]
    new = migrated(old)
    go_on(old, new, kind)
    (manifest, state), (wanted_manifest, wanted) = (
        last_checkpoint(folder) for folder in (new, straight / "run")
    )
    check_close(without_recent(state), without_recent(wanted))
    assert (manifest.number, manifest.offsets) == (wanted_manifest.number, wanted_manifest.offsets)
    was = pq.read_table(old.parent / "predictions.parquet")
    for wanted_table in (was, predictions(straight / "run")):
        found = predictions(new)
        assert found.column_names == wanted_table.column_names
        for name in found.column_names:
            ours, theirs = found[name].to_numpy(), wanted_table[name].to_numpy()
            if name.startswith("p."):
                np.testing.assert_allclose(ours, theirs, rtol=0, atol=PROBABILITIES, err_msg=name)
            else:
                assert ours.tolist() == theirs.tolist()
    assert {problem for _, problem in checked(new / "snapshots")} == {None}


def test_killed_and_resumed_it_ends_to_the_bit_where_it_would_have(old: Path) -> None:
    new, killed = migrated(old), old.parent / "killed"
    with opened(old.parent / "events.parquet", new) as run:
        run.run(copied_after(2, run, killed))
    assert last_checkpoint(killed)[0].number < last_checkpoint(new)[0].number
    go_on(old, killed)
    check_same(killed, new)


def test_the_old_folder_stays_as_it_was(old: Path) -> None:
    before = sums(old)
    new = migrated(old)
    assert sums(old) == before
    go_on(old, new)
    assert sums(old) == before
    assert not (old.parent / ".new.lock").exists()


def test_a_trainer_without_a_checkpoint_begins_anew(old: Path, straight: Path) -> None:
    for each in ("checkpoints", "predictions", "snapshots", "admitted"):
        shutil.rmtree(old / each)
    new = old.parent / "new"
    assert migrate(old, new).checkpoints == ()
    go_on(old, new)
    check_same(new, straight / "run")


def test_a_damaged_checkpoint_is_left_out(old: Path) -> None:
    damaged = old / "checkpoints" / "checkpoint-00000003"
    shutil.copytree(old / "checkpoints" / "checkpoint-00000004", damaged)
    changed(damaged / "checkpoint.json", number=3)
    with (damaged / "state.safetensors").open("r+b") as stream:
        stream.truncate(100)
    done = migrate(old, old.parent / "new")
    assert done.checkpoints == (4,)
    assert len(done.damaged) == 1
    assert "100 bytes, should be 50,849: the checkpoint is damaged" in done.damaged[0]
    assert not (old.parent / "new" / "checkpoints" / damaged.name).exists()
    shutil.rmtree(old / "checkpoints" / "checkpoint-00000004")
    with pytest.raises(ResultError, match=r"no checkpoint can be converted .*; bring one back from a copy"):
        migrate(old, old.parent / "other")
    assert not (old.parent / "other").exists()


def test_what_it_refuses(old: Path, tmp_path: Path) -> None:
    with pytest.raises(
        ResultError, match=r"nothing holds no trainer; give what its --checkpoints were called"
    ):
        migrate(tmp_path / "nothing", tmp_path / "new")
    held = lock(old / "lock", taken="", remedy="")
    with pytest.raises(ResultError, match=r"a trainer runs in .* \(process \d+, since .*\); stop it first"):
        migrate(old, tmp_path / "new")
    held.release()
    with pytest.raises(ResultError, match=r"is there already; give another --out, or remove it first"):
        migrate(old, tmp_path)
    new = migrated(old)
    with pytest.raises(ResultError, match=r"is of this version already; go on in it with --resume"):
        migrate(new, tmp_path / "other")


@pytest.mark.parametrize("number", [3, 99])
def test_a_format_that_nobody_can_convert(number: int, old: Path) -> None:
    path = old / "checkpoints" / "checkpoint-00000004" / "checkpoint.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": number, "version": "9.8.7"}))
    said = (
        rf"of another version \(9.8.7: format {number}, this version reads \d\); finish it with that version"
    )
    known = json.loads((old / "config.json").read_text())
    (old / "config.json").write_text(json.dumps(known | {"version": "9.8.7"}))
    with pytest.raises(ResultError, match=said):
        migrate(old, old.parent / "new")
    with pytest.raises(ResultError, match=said):
        check_unclaimed(old, resume=True)


def test_a_changed_configuration_is_not_converted(old: Path) -> None:
    known = json.loads((old / "config.json").read_text())
    known["config"]["train"]["seed"] = 1
    (old / "config.json").write_text(json.dumps(known))
    with pytest.raises(ResultError, match=r"config.json is not what its trainer wrote: .*; bring it back"):
        migrate(old, old.parent / "new")


def test_a_full_disk_leaves_nothing(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object, **_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("interestclock.live.migrate.shutil.copytree", full)
    with pytest.raises(
        ResultError, match=r"new cannot be written .*No space left.*; make room for as much as"
    ):
        migrate(old, old.parent / "new")
    assert not list(old.parent.glob("*new*"))


def test_who_goes_on_in_an_old_folder_is_told_the_command(old: Path) -> None:
    said = (
        r"of an older version \(format 4, .*\); convert it with 'interestclock migrate .*trainer --out NEW'"
    )
    assert format_of(old) == 4
    for refused in (
        lambda: check_unclaimed(old, resume=True),
        lambda: check_format(old),
        lambda: KeptState.read(old, {}),
    ):
        with pytest.raises(ResultError, match=said):
            refused()
    with pytest.raises(ResultError, match=said):
        opened(old.parent / "events.parquet", old)
    shutil.rmtree(old / "checkpoints")
    with pytest.raises(ResultError, match=said):
        opened(old.parent / "events.parquet", old)


def test_progress_is_told(old: Path) -> None:
    told: list[str] = []
    migrate(old, old.parent / "new", report=told.append)
    assert told == ["copying admitted", "copying predictions", "copying snapshots", "converting checkpoint 4"]


@pytest.mark.parametrize("damage", [b"", b"PAR1", None])
def test_a_part_that_is_damaged_is_passed_over_and_said(damage: bytes | None, old: Path) -> None:
    part = old / "predictions" / "part-00000002.parquet"
    part.write_bytes(part.read_bytes()[:-9] if damage is None else damage)
    done = migrate(old, old.parent / "new")
    (said,) = done.noticed
    assert said.startswith(f"{part}: these predictions are damaged (")
    listed = PredictionParts(old.parent / "new" / "predictions", ()).listed()
    assert [each.name for each in listed] == [f"part-0000000{number}.parquet" for number in (1, 3, 4)]
    go_on(old, old.parent / "new")


def test_a_part_that_is_missing_is_said_and_a_file_of_ones_own_is_none(old: Path) -> None:
    (old / "predictions" / "part-00000003.parquet").unlink()
    (old / "predictions" / "part-abcdefgh.parquet").write_bytes(b"mine")
    done = migrate(old, old.parent / "new")
    assert done.noticed == (
        f"{old / 'predictions'}: there is no part 3: nothing was predicted before checkpoint 3, or it is "
        "missing",
    )
    assert (old.parent / "new" / "predictions" / "part-abcdefgh.parquet").read_bytes() == b"mine"


def test_parts_that_are_listed_already_are_not_listed_twice(old: Path) -> None:
    """As versions of format 5 did."""
    sizes, _ = list_parts(old / "predictions", old / "predictions")
    changed(old / "checkpoints" / "checkpoint-00000004" / "checkpoint.json", prediction_list_bytes=sizes[4])
    (old / "predictions" / "part-00000002.parquet").unlink()
    done = migrate(old, old.parent / "new")
    assert ["part-00000002.parquet" in each and "are missing" in each for each in done.noticed] == [True]
    assert last_checkpoint(old.parent / "new")[0].prediction_list_bytes == sizes[4]
    copied, was = (each / "predictions" / PARTS_LIST for each in (old.parent / "new", old))
    assert copied.read_bytes() == was.read_bytes()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"surprise": 1}, "key 'surprise' is unknown; there are number, .*; the checkpoint is damaged"),
        ({"admitted_position": "5"}, "key 'admitted_position': expected int, got str; the checkpoint is dam"),
        ({"bytes": []}, r"50,849 bytes, should be \[\]: the checkpoint is damaged"),
        ({"number": 7}, "it is of checkpoint 7; the checkpoint is damaged"),
        ({"format": 5}, "it says format 5, and is of another; the checkpoint is damaged"),
        ({"format": 6}, "key 'manifest_sha256' is missing; the checkpoint is damaged"),
    ],
)
def test_a_checkpoint_that_is_not_what_was_written(change: dict[str, object], said: str, old: Path) -> None:
    changed(old / "checkpoints" / "checkpoint-00000004" / "checkpoint.json", **change)
    with pytest.raises(ResultError, match=rf"no checkpoint can be converted \(.*{said}"):
        migrate(old, old.parent / "new")
    assert not (old.parent / "new").exists()


@pytest.mark.parametrize("position", [4, 3])
def test_a_position_that_is_not_what_was_written(position: int, old: Path) -> None:
    """Versions before summed no manifests; but messages were counted, there and in what was admitted."""
    changed(old / "checkpoints" / "checkpoint-00000004" / "checkpoint.json", admitted_position=position)
    said = "the checkpoint has seen 75 messages, and behind its entry 4 it is 60: one of the two is damaged"
    with pytest.raises(ResultError, match=said if position == 4 else "begins with entry 5, but 4 is needed"):
        migrate(old, old.parent / "new")


@pytest.mark.parametrize("config", [[], None, "text"])
def test_settings_that_are_none(config: object, old: Path) -> None:
    changed(old / "config.json", config=config)
    with pytest.raises(ResultError, match=r"config.json is not what its trainer wrote"):
        migrate(old, old.parent / "new")
    known = json.loads((old / "config.json").read_text())
    fingerprint = digest_of_json({name: known[name] for name in FINGERPRINTED if name in known})
    changed(old / "config.json", fingerprint=fingerprint)
    with pytest.raises(ResultError, match="key 'config': expected an object; bring it back from a copy"):
        migrate(old, old.parent / "new")


@pytest.mark.parametrize("name", ["checkpoints", "predictions", "admitted", "snapshots"])
def test_a_file_where_a_folder_should_be(name: str, old: Path) -> None:
    shutil.rmtree(old / name)
    (old / name).touch()
    with pytest.raises(ResultError, match=rf"{name} is no folder; bring it back from a copy"):
        migrate(old, old.parent / "new")


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        ("admitted", "the log ends with entry 0, but 5 was read before: files are missing; bring them back"),
        ("checkpoints", "has no checkpoint, but what was admitted begins with entry 5; bring checkpoints/"),
    ],
)
def test_what_could_not_be_gone_on_with_is_refused(gone: str, said: str, old: Path) -> None:
    shutil.rmtree(old / gone)
    before = sums(old)
    with pytest.raises(ResultError, match=said):
        migrate(old, old.parent / "new")
    assert sums(old) == before
    assert not (old / gone).exists()


def test_of_what_was_admitted_what_is_needed_has_to_be_whole(old: Path) -> None:
    older, last = sorted((old / "admitted").iterdir())
    older.write_bytes(older.read_bytes()[:-1])
    done = migrate(old, old.parent / "new")
    assert len(done.noticed) == 1
    assert str(older) in done.noticed[0]
    last.write_bytes(last.read_bytes()[:-1])
    with pytest.raises(ResultError, match=rf"{last.name}, byte 0: the header is damaged"):
        migrate(old, old.parent / "other")


def test_a_file_of_what_came_since_that_is_missing_is_said(old: Path) -> None:
    max((old / "admitted").iterdir()).unlink()
    (said,) = migrate(old, old.parent / "new").noticed
    assert "the file that begins with entry 6 is missing" in said


@pytest.mark.parametrize("out", ["new", "predictions/new", "nowhere/new", "../trainer/new"])
def test_nothing_is_written_into_what_is_only_read(out: str, old: Path) -> None:
    before = sorted(old.rglob("*"))
    with pytest.raises(ResultError, match="trainer, which is only read; give another --out"):
        migrate(old, old / out)
    assert sorted(old.rglob("*")) == before


def test_an_out_that_cannot_be(old: Path, tmp_path: Path) -> None:
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe")
    for name, fault in (
        ("dangling", "is a link to .*nowhere, which is not there"),
        ("pipe", "is there already"),
    ):
        with pytest.raises(ResultError, match=rf"{name} {fault}; give another --out, or remove it"):
            migrate(old, tmp_path / name)
    with pytest.raises(ResultError, match=r"pipe/new cannot be written \(.*\); give another --out"):
        migrate(old, tmp_path / "pipe" / "new")
