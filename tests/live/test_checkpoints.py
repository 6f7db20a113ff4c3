"""Checkpoints: whole or not there, verified before they are believed, the newest few kept."""

from __future__ import annotations

import errno
import json
import logging
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from safetensors import SafetensorError

from interestclock.checksums import digest_of_json
from interestclock.errors import ResultError
from interestclock.live import CheckpointManifest, Checkpoints
from interestclock.live import checkpoints as module

STATE = {
    "weights": np.arange(6, dtype=np.float32).reshape(2, 3),
    "step": np.array(7),
    "none": np.zeros((0, 4)),
}


def manifest(number: int, fingerprint: str = "f") -> CheckpointManifest:
    return CheckpointManifest(
        number=number,
        fingerprint=fingerprint,
        admitted_position=10 * number,
        offsets={"0": str(100 * number)},
        event_ms=1_000 * number,
        dead_letter_bytes=0,
        prediction_list_bytes=0,
    )


def written(folder: Path, numbers: int = 2, kept: int = 3) -> Checkpoints:
    checkpoints = Checkpoints(folder, kept=kept)
    for number in range(1, numbers + 1):
        checkpoints.write(STATE | {"step": np.array(number)}, manifest(number))
    return checkpoints


@settings(max_examples=25, deadline=None)
@given(
    st.dictionaries(
        st.text("abc/.", min_size=1, max_size=9),
        hnp.arrays(
            st.sampled_from([np.float32, np.int64, np.uint8, np.bool_]),
            hnp.array_shapes(min_dims=0, min_side=0),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_what_is_read_is_what_was_written(tmp_path_factory: pytest.TempPathFactory, state: dict) -> None:
    checkpoints = Checkpoints(tmp_path_factory.mktemp("c"), kept=1)
    checkpoints.write(state, manifest(1))
    found = checkpoints.newest(fingerprint="f")
    assert found is not None
    assert found[0].admitted_position == 10
    assert found[1].keys() == state.keys()
    for name, values in state.items():
        assert found[1][name].dtype == values.dtype
        np.testing.assert_array_equal(found[1][name], values)


def test_the_newest_few_are_kept(tmp_path: Path) -> None:
    assert written(tmp_path, numbers=7, kept=3).numbers() == [5, 6, 7]


def test_an_empty_folder_has_none(tmp_path: Path) -> None:
    assert Checkpoints(tmp_path / "new", kept=1).newest(fingerprint="f") is None


def test_one_byte_less_is_noticed_and_the_one_before_is_taken(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    checkpoints = written(tmp_path)
    state = checkpoints.path(2) / "state.safetensors"
    state.write_bytes(state.read_bytes()[:-1])
    with caplog.at_level(logging.WARNING):
        found = checkpoints.newest(fingerprint="f")
    assert found is not None
    assert (found[0].number, int(found[1]["step"])) == (1, 1)
    assert "bytes, should be" in caplog.text
    assert "going on from the checkpoint before it" in caplog.text


@pytest.mark.parametrize("place", [0, 100, -1])
def test_one_bit_turned_is_noticed(place: int, tmp_path: Path) -> None:
    checkpoints = written(tmp_path, numbers=1)
    state = checkpoints.path(1) / "state.safetensors"
    content = bytearray(state.read_bytes())
    content[place] ^= 1
    state.write_bytes(bytes(content))
    with pytest.raises(
        ResultError, match=r"no checkpoint is whole .* checksum .* bring one back from a copy"
    ):
        checkpoints.newest(fingerprint="f")


@pytest.mark.parametrize("content", ["", "[]", "{", '{"format": 1}', '{"format": 1, "surprise": 2}'])
def test_a_damaged_note_is_noticed(content: str, tmp_path: Path) -> None:
    checkpoints = written(tmp_path, numbers=1)
    (checkpoints.path(1) / "checkpoint.json").write_text(content)
    with pytest.raises(ResultError, match="checkpoint-00000001"):
        checkpoints.newest(fingerprint="f")


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_no_byte_of_a_note_can_change_unnoticed(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Of which number it is, how far the log was read, how large the files were: all of it is believed."""
    checkpoints = written(tmp_path_factory.mktemp("c"), numbers=1)
    was, _ = checkpoints.read(1)
    path = checkpoints.path(1) / "checkpoint.json"
    content = bytearray(path.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(content)
    if (said := checkpoints.oldest()) is not None:
        assert said == was  # a blank between two keys
        return
    assert checkpoints.format() is None
    with pytest.raises(ResultError, match="the checkpoint is damaged"):
        checkpoints.read(1)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"number": 5}, "it is of checkpoint 5; the checkpoint is damaged"),
        ({"number": None}, "it is of checkpoint None; the checkpoint is damaged"),
        ({"admitted_position": -1}, "key 'admitted_position' is -1, and at least 0; the checkpoint is dam"),
        ({"admitted_position": "3"}, "key 'admitted_position': expected int, got str; the checkpoint is dam"),
        ({"prediction_list_bytes": -7}, "key 'prediction_list_bytes' is -7, and at least 0; the checkpoint"),
        ({"bytes": None}, "bytes, should be None: the checkpoint is damaged"),
        ({"bytes": []}, r"bytes, should be \[\]: the checkpoint is damaged"),
        ({"sha256": 4}, "its checksum is another than was written: the checkpoint is damaged"),
        ({"surprise": 4}, "key 'surprise' is unknown; there are number, .*; the checkpoint is damaged"),
    ],
)
def test_what_cannot_be_is_refused_though_its_sum_is_right(
    change: dict[str, object], said: str, tmp_path: Path
) -> None:
    checkpoints = written(tmp_path, numbers=1)
    path = checkpoints.path(1) / "checkpoint.json"
    content = json.loads(path.read_text()) | change
    del content["manifest_sha256"]
    path.write_text(json.dumps(content | {"manifest_sha256": digest_of_json(content)}))
    with pytest.raises(ResultError, match=said):
        checkpoints.newest(fingerprint="f")


def test_a_checkpoint_under_another_number_is_passed_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    checkpoints = written(tmp_path)
    checkpoints.path(2).rename(checkpoints.path(7))
    with caplog.at_level(logging.WARNING):
        found = checkpoints.newest(fingerprint="f")
    assert found is not None
    assert found[0].number == 1
    assert "it is of checkpoint 2; the checkpoint is damaged" in caplog.text


def test_checkpoints_that_are_no_folder(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").touch()
    with pytest.raises(ResultError, match="checkpoints is no folder; bring it back from a copy, or start"):
        module.CheckpointReader(tmp_path / "checkpoints").format()


def test_another_format_names_the_version_that_wrote_it(tmp_path: Path) -> None:
    checkpoints = written(tmp_path, numbers=1)
    path = checkpoints.path(1) / "checkpoint.json"
    content = json.loads(path.read_text()) | {"format": 9, "version": "7.1"}
    del content["manifest_sha256"]
    path.write_text(json.dumps(content))
    with pytest.raises(
        ResultError,
        match=rf"format 9, this version reads {module.FORMAT}; finish with the version .*7.1\), or",
    ):
        checkpoints.read(1)


def test_another_configuration_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match="is of another source or configuration; go on with those"):
        written(tmp_path).newest(fingerprint="other")


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "No space left on device"), SafetensorError("No space left on device")]
)
def test_a_full_disk_leaves_the_ones_before(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoints = written(tmp_path)

    def full(state: dict, path: Path) -> None:
        path.write_bytes(b"half")
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(module, "save_file", full)
        with pytest.raises(ResultError, match=r"No space left on device.*make room .* --resume"):
            checkpoints.write(STATE, manifest(3))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint-00000001", "checkpoint-00000002"]
    checkpoints.write(STATE, manifest(3))
    assert checkpoints.numbers() == [1, 2, 3]


def test_what_a_crash_left_is_removed_when_the_next_is_written(tmp_path: Path) -> None:
    written(tmp_path)
    left = tmp_path / "checkpoint-00000003.unfinished"
    left.mkdir()
    (left / "state.safetensors").write_bytes(b"half")
    checkpoints = Checkpoints(tmp_path, kept=3)
    found = checkpoints.newest(fingerprint="f")
    assert found is not None
    assert found[0].number == 2
    assert left.exists()  # who only looks changes nothing
    checkpoints.write(STATE, manifest(3))
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"checkpoint-0000000{number}" for number in (1, 2, 3)
    ]


def test_a_damaged_one_is_written_anew(tmp_path: Path) -> None:
    checkpoints = written(tmp_path)
    (checkpoints.path(2) / "checkpoint.json").write_text("{")
    checkpoints.write(STATE, manifest(2))
    assert int(checkpoints.read(2)[1]["step"]) == 7
