"""Warnings of what is lost on the way, while it can still be helped."""

from __future__ import annotations

import logging
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

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
_VALUE = re.compile(r"'[^']*'|\"[^\"]*\"|-?\b\d[\w.]*")  # what differs from message to message
_MOST_REASONS = 1_000  # told apart
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
        self._reasons: Counter[str] = Counter()
        self._first: dict[str, str] = {}  # alike but for their values -> the first of them

    def note(self, reasons: Iterable[str]) -> None:
        """Why messages could not be read: the warning names the field that most of them are refused for."""
        for reason in reasons:
            alike = _VALUE.sub("", reason)
            if alike in self._reasons or len(self._reasons) < _MOST_REASONS:
                self._reasons[alike] += 1
                self._first.setdefault(alike, reason)

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
        warned = [name for name, count in many.items() if self._warn(name, count, messages)]
        self._reasons.clear()
        self._first.clear()
        return warned

    def _warn(self, name: str, count: int, messages: int) -> bool:
        now_s = self._now_s()
        if now_s - self._warned_s.get(name, -_REST_S) < _REST_S:
            return False
        self._warned_s[name] = now_s
        message, remedy = "of the newest %d messages, %d %s", _REMEDIES[name]
        if name == "dead_letters":
            remedy += self._most_of_them()
        _log.warning(message, messages, count, remedy, extra={name: count})
        return True

    def _most_of_them(self) -> str:
        """The reason of most dead letters, with the first one's value."""
        if not self._reasons:
            return ""
        alike, count = self._reasons.most_common(1)[0]
        return f"; {count} of them are like this one: {self._first[alike]}"
