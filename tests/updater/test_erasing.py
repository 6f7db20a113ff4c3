"""A store forgets erased users with the state that it is a copy of, from the next commit on."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow as pa
from erased_streams import NAME, NUMBER, named_in, stream
from updated_stores import Log, offset_of, said_by, seen, state_at, update

from interestclock.admission import KEY, LEDGER
from interestclock.live import Checkpoints
from interestclock.streams import EmbeddedLogWriter

THEM = pa.array([NAME, str(NUMBER)])


def embedded(folder: Path, payloads: list[bytes]) -> Log:
    with EmbeddedLogWriter(folder) as writer:
        writer.append(payloads)
    return Log(folder, len(payloads))


def named_in_state(folder: Path) -> list[str]:
    checkpoints = Checkpoints(folder / "checkpoints", kept=1)
    _, state = checkpoints.read(checkpoints.numbers()[-1])
    return [name for name, each in state.items() if named_in(each.tobytes())]


def test_a_store_is_what_a_state_in_memory_is(tmp_path: Path) -> None:
    payloads = stream(comes_back=True)
    log = embedded(tmp_path / "log", payloads)
    erased_at = next(place for place, each in enumerate(payloads) if each.startswith(b'{"erase"'))
    for until in (erased_at - 20, erased_at + 40, log.messages):
        update(log.folder, until, tmp_path / "store")
        with seen(tmp_path / "store") as view:
            assert said_by(view) == said_by(state_at(log.folder, offset_of(view)))


def test_a_store_from_before_the_erasure_forgets_them_too(tmp_path: Path) -> None:
    """The message is in no log any more, and the checkpoint and the store still name them."""
    payloads = stream()
    erased_at = next(place for place, each in enumerate(payloads) if each.startswith(b'{"erase"'))
    update(*embedded(tmp_path / "log", payloads), tmp_path / "whole")
    before = embedded(tmp_path / "before", payloads[:erased_at])
    update(*before, tmp_path / "store")
    with seen(tmp_path / "store") as view:
        assert view.slots("user", THEM).all()
    assert named_in_state(tmp_path / "store")
    for name in (KEY, LEDGER):
        shutil.copy(tmp_path / "whole" / name, tmp_path / "store")
    update(*before, tmp_path / "store")
    with seen(tmp_path / "store") as view:
        assert not view.slots("user", THEM).any()
    assert named_in_state(tmp_path / "store") == []
