"""A file system of its own that runs full: an error to who appends, and nothing acknowledged is lost."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from embedded_logs import followed, messages_in, polled
from small_disks import may_mount, run_on_a_disk

from interestclock.errors import ResultError
from interestclock.streams import EmbeddedLogWriter


def fill_and_go_on(disk: Path) -> None:
    """Calls of three messages until five were refused, and ten more where there is room again."""
    folder, in_the_way = disk / "log", disk / "in-the-way"
    in_the_way.write_bytes(bytes(300_000))
    source = followed(folder)
    source.start_after({})
    seen, acknowledged, refused = [], [], []
    with EmbeddedLogWriter(folder, segment_bytes=20_000) as writer:

        def call() -> None:
            messages = [b"%d %d " % (len(acknowledged), part) + b"x" * 900 for part in range(3)]
            try:
                assert writer.append(messages) == len(acknowledged) + 1
                acknowledged.extend(messages)
            except ResultError as error:
                refused.append(str(error))
            seen.extend(bad.payload.encode() for batch in polled(source) for bad in batch.bad)

        while len(refused) < 5:
            call()
        assert acknowledged
        in_the_way.unlink()
        for _ in range(10):
            call()
    source.close()
    assert len(refused) == 5, refused
    assert all("No space left on device" in each and "make room" in each for each in refused)
    EmbeddedLogWriter(folder).close()
    assert seen == messages_in(folder) == acknowledged


@pytest.mark.skipif(not may_mount(), reason="no file system can be mounted here")
def test_a_disk_that_is_full_and_has_room_again(tmp_path: Path) -> None:
    run_on_a_disk(__file__, tmp_path, size="1m")


if __name__ == "__main__":
    fill_and_go_on(Path(sys.argv[1]))
