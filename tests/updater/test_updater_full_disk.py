"""A disk that runs full under a store: an error, nothing acknowledged is lost, and with room it goes on."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from small_disks import may_mount, run_on_a_disk
from updated_stores import CONFIG, embedded, offset_of, said_by, seen, state_at, update

from interestclock.errors import InterestClockError
from interestclock.streams import followers_of


def fill_and_go_on(disk: Path, elsewhere: Path) -> None:
    """Room is made bit by bit, until all of it is in the store."""
    log, folder = embedded(elsewhere / "log", requests=80), disk / "store"
    config = replace(CONFIG, checkpoint_messages=300)
    in_the_way = disk / "in-the-way"
    in_the_way.write_bytes(bytes(4_050_000))
    refused, offsets = [], [0]
    while offsets[-1] < log.messages:
        try:
            update(*log, folder, config=config)
        except InterestClockError as error:
            refused.append(str(error))
            full = ("No space left on device", "Input/output error")  # as LMDB calls what was half written
            assert any(each in refused[-1] for each in full), refused[-1]
            assert "room" in refused[-1], refused[-1]
        in_the_way.write_bytes(bytes(max(in_the_way.stat().st_size - 60_000, 0)))
        if (folder / "features.lmdb" / "data.mdb").exists():
            with seen(folder) as view:
                offsets.append(offset_of(view))
                assert {each.name: each.offset for each in followers_of(log.folder)}["features"] <= offsets[
                    -1
                ]
                assert said_by(view) == said_by(state_at(log.folder, offsets[-1]))
    assert offsets == sorted(offsets)
    assert len(refused) > 1, offsets


@pytest.mark.slow
@pytest.mark.skipif(not may_mount(), reason="no file system can be mounted here")
def test_a_disk_that_is_full_and_has_room_again(tmp_path: Path) -> None:
    disk, elsewhere = tmp_path / "disk", tmp_path / "elsewhere"
    disk.mkdir()
    elsewhere.mkdir()
    run_on_a_disk(__file__, disk, elsewhere, size="4m")


if __name__ == "__main__":
    fill_and_go_on(Path(sys.argv[1]), Path(sys.argv[2]))
