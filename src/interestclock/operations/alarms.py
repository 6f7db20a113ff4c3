"""Warnings of what is lost on the way, while it can still be helped."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping

__all__ = ["Alarms"]

_SHARE = 0.05  # of the messages looked at
_MESSAGES = 1_000  # looked at together
_REST_S = 60.0  # between two warnings of one kind
_REMEDIES = {
    "late_exposures": "came later behind the newest event than --lateness-minutes, and are not learned: "
    "raise it",
    "late_labels": "are labels that came after --label-wait-minutes or --lateness-minutes, and count as not "
    "given: raise them",
    "given_labels_late": "are labels known later than --label-wait-minutes, and count as not given: raise it",
    "known_ahead": "say of labels that they were known later than they arrived, and count as known then: see "
    "whose clock is wrong",
    "orphan_exposures": "are exposures of served requests that never came, did not return them, or are "
    "forgotten: see to the requests' messages, or raise --request-wait-minutes",
    "late_served": "are served requests that came later than --request-wait-minutes: raise it",
    "orphan_labels": "are labels of exposures that never came, or are forgotten: see whether labels take "
    "much longer than --label-wait-minutes",
    "late_after_idle": "came after their partition had been silent for --idle-seconds and was let go, and "
    "are not used: raise it",
    "ahead": "lie further ahead of this machine's clock than --ahead-minutes, and are not used: see whose "
    "clock is wrong",
    "dead_letters": "could not be read: dead-letters.jsonl says why",
}
_log = logging.getLogger("interestclock.train")


class Alarms:
    """Warns when more than a twentieth of the newest thousand messages is set aside, with the remedy.

    Args:
        monotonic_s: a clock; of each kind it warns once a minute at most.

    Example:
        >>> alarms = Alarms()
        >>> alarms.look({"received": 2_000, "late_exposures": 3})
        []
        >>> alarms.look({"received": 3_000, "late_exposures": 903})
        ['late_exposures']
    """

    def __init__(self, *, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = monotonic_s
        self._before: Mapping[str, int] = {}
        self._warned_s: dict[str, float] = {}

    def look(self, counts: Mapping[str, int], *, ended: bool = False) -> list[str]:
        """Look at what became of the messages since the last look; gives the kinds it warned of.

        Args:
            counts: totals by outcome, as ``Counters`` has them. ended: look at however few there are.
        """
        messages = counts["received"] - self._before.get("received", 0)
        if messages <= 0 or (messages < _MESSAGES and not ended):
            return []
        new = {name: counts.get(name, 0) - self._before.get(name, 0) for name in _REMEDIES}
        self._before = dict(counts)
        many = {name: count for name, count in new.items() if count > _SHARE * messages}
        return [name for name, count in many.items() if self._warn(name, count, messages)]

    def _warn(self, name: str, count: int, messages: int) -> bool:
        now_s = self._now_s()
        if now_s - self._warned_s.get(name, -_REST_S) < _REST_S:
            return False
        self._warned_s[name] = now_s
        message = "of the newest %d messages, %d %s"
        _log.warning(message, messages, count, _REMEDIES[name], extra={name: count})
        return True
