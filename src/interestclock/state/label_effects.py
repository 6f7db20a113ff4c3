"""What a label does: it makes votes of Eq. 3, and behaviours, of the exposure it is of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from interestclock.admission import Column, LabelEvents, SerialColumns
from interestclock.clock_features import UserVotes
from interestclock.events.schema import EQ3_ROLES, LogSchema
from interestclock.histories import Behaviours, UserHistories
from interestclock.state.choices import Choices

__all__ = ["AWAITING", "LabelEffects"]

# Shapes: E label events.

_NEVER_MS = np.iinfo(np.int64).max
AWAITING = {  # what is kept of exposures that await labels
    "timestamp_ms": Column(kind=np.int64),
    "engaged_ms": Column(kind=np.int64, fill=_NEVER_MS),  # when it was known to be engaged with
    "user": Column(kind=np.int32),
    "item": Column(kind=np.int32),
    "set": Column(kind=np.int32),  # of the clock values that the item had then
    "second_of_day": Column(kind=np.int32),
    "utc_offset_minutes": Column(kind=np.int16),
}


class LabelEffects:
    """Votes of labels that are terms of Eq. 3, behaviours of exposures that were engaged with.

    Args:
        schema: the log's names. awaiting: exposures, with the columns of ``AWAITING``.
        votes, choices: None where the log has none. histories: of behaviours.

    Example:
        >>> awaiting, histories = SerialColumns(AWAITING), UserHistories(longest=None)
        >>> schema = LogSchema(labels=("finish",))
        >>> effects = LabelEffects(schema, awaiting, votes=None, histories=histories, choices=None)
        >>> _ = awaiting.append(1); histories.admit(2)
        >>> awaiting.held("user")[:] = awaiting.held("item")[:] = 1
        >>> effects.apply(LabelEvents(known_ms_E=np.array([90_000]), serial_E=np.array([0]),
        ...     label_E=np.array([0], np.int8), value_E=np.array([1], np.int8)))
        >>> histories.known_before(np.array([1]), np.array([90_001])).tolist()
        [1]
    """

    def __init__(
        self,
        schema: LogSchema,
        awaiting: SerialColumns,
        *,
        votes: UserVotes | None,
        histories: UserHistories,
        choices: Choices | None,
    ) -> None:
        self._awaiting, self._votes, self._histories, self._choices = awaiting, votes, histories, choices
        self._term_of = np.full(len(schema.labels), -1, np.int8)  # of Eq. 3, by label
        for role, label in schema.eq3_labels.items():
            self._term_of[schema.labels.index(label)] = EQ3_ROLES.index(role)
        self._engages = np.array([label in schema.engaged for label in schema.labels])

    def apply(self, labels: LabelEvents) -> None:
        """Note labels of exposures that await them, each once, in any order."""
        of_somebody_E = self._awaiting.get("user", labels.serial_E) > 0  # looks whether all are held
        ones = labels.select(np.flatnonzero(of_somebody_E & (labels.value_E == 1)))
        self._vote(ones)
        self._engage(ones)

    def _vote(self, ones: LabelEvents) -> None:
        """Give Eq. 3 the labels that are 1 and one of its terms."""
        if self._votes is None:
            return
        votes = ones.select(np.flatnonzero(self._term_of[ones.label_E] >= 0))
        of_E = self._exposures(votes)
        self._votes.add(
            user_N=of_E("user"),
            set_N=of_E("set"),
            timestamp_ms_N=of_E("timestamp_ms"),
            second_of_day_N=of_E("second_of_day"),
            known_ms_N=votes.known_ms_E,
            term_N=self._term_of[votes.label_E],
        )

    def _exposures(self, labels: LabelEvents) -> Callable[[str], npt.NDArray[Any]]:
        """Columns of labels' exposures, all of which are known to be held."""
        place_E = labels.serial_E - self._awaiting.first
        return lambda name: self._awaiting.held(name)[place_E]

    def _engage(self, ones: LabelEvents) -> None:
        """Exposures with a 1 in an engaged label are behaviours, known as soon as the first such label is."""
        with_something_E = self._exposures(ones)("item") > 0
        engaged = ones.select(np.flatnonzero(with_something_E & self._engages[ones.label_E]))
        engaged = engaged.select(np.lexsort((engaged.known_ms_E, engaged.serial_E)))
        first_E = np.ones(len(engaged), np.bool_)
        first_E[1:] = engaged.serial_E[1:] != engaged.serial_E[:-1]
        before_ms_E = self._exposures(engaged)("engaged_ms")
        new = engaged.select(np.flatnonzero(first_E & (before_ms_E == _NEVER_MS)))
        self._add_behaviours(new)
        earlier_E = first_E & (before_ms_E != _NEVER_MS) & (engaged.known_ms_E < before_ms_E)
        self._awaiting.put("engaged_ms", new.serial_E, new.known_ms_E)
        if earlier_E.any():
            self._know_earlier(engaged.select(np.flatnonzero(earlier_E)))

    def _add_behaviours(self, new: LabelEvents) -> None:
        of_E = self._exposures(new)
        behaviours = Behaviours(
            user_N=of_E("user"),
            item_N=of_E("item"),
            serial_N=new.serial_E,
            timestamp_ms_N=of_E("timestamp_ms"),
            known_ms_N=new.known_ms_E,
            second_of_day_N=of_E("second_of_day"),
            utc_offset_minutes_N=of_E("utc_offset_minutes"),
            day_kind_N=np.zeros(len(new), np.uint8),
        )
        self._histories.add(behaviours)
        if self._choices is not None:
            self._choices.add(behaviours)

    def _know_earlier(self, earlier: LabelEvents) -> None:
        user_E = self._awaiting.get("user", earlier.serial_E)
        self._histories.known_earlier(user_E, earlier.serial_E, earlier.known_ms_E)
        if self._choices is not None:
            item_E = self._awaiting.get("item", earlier.serial_E)
            self._choices.known_earlier(item_E, earlier.serial_E, earlier.known_ms_E)
        self._awaiting.put("engaged_ms", earlier.serial_E, earlier.known_ms_E)
