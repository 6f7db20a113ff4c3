"""What of a log stays for those who follow it: one who does not come back is told of by name."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from pathlib import Path

from interestclock.streams.log_followers import LogFollower, followers_of

__all__ = ["FollowersBehind"]

_WARN_AGAIN_MS = 3_600_000
_log = logging.getLogger("interestclock.log")


class FollowersBehind:
    """Says how much of what is needed no more every follower has passed, too.

    A follower that holds something is warned of with its name and lag, once an hour.

    Args:
        folder: of the log. silent_ms: one that was heard of more lately is not warned of;
            None: each is.

    Example:
        >>> import tempfile
        >>> from interestclock.streams.log_followers import FollowerOffset
        >>> folder = Path(tempfile.mkdtemp())
        >>> behind, trainer = FollowersBehind(folder), FollowerOffset(folder, "trainer")
        >>> trainer.write(7)
        >>> behind.passed(5, position=9, now_ms=0), behind.passed(8, position=9, now_ms=0)
        (5, 7)
        >>> trainer.release()
    """

    def __init__(self, folder: Path, *, silent_ms: int | None = None) -> None:
        self._folder, self._silent_ms = folder, silent_ms
        self._warned_ms: dict[str, int] = {}  # by follower

    def passed(self, needed_no_more: int, *, position: int, now_ms: int) -> int:
        """Up to which entry nobody needs anything.

        Args:
            needed_no_more: the entry up to which the log's writer does not. position: the last one there is.
            now_ms: what time it is, UTC milliseconds.
        """
        behind = [each for each in followers_of(self._folder) if each.offset < needed_no_more]
        for each in behind:
            if self._silent_ms is None or now_ms - each.since_ms >= self._silent_ms:
                self._warn(each, position, now_ms)
        return min((each.offset for each in behind), default=needed_no_more)

    def _warn(self, follower: LogFollower, position: int, now_ms: int) -> None:
        if now_ms - self._warned_ms.get(follower.name, -_WARN_AGAIN_MS) < _WARN_AGAIN_MS:
            return
        self._warned_ms[follower.name] = now_ms
        _log.warning(
            "%s: follower '%s' is %d entries behind, last heard of %s; files older than what is kept stay "
            "for it. If it never comes back, remove followers/%s.offset",
            self._folder,
            follower.name,
            position - follower.offset,
            datetime.fromtimestamp(follower.since_ms / 1_000, UTC).isoformat(timespec="seconds"),
            follower.name,
        )
