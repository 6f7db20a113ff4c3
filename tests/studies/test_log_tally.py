"""What a tally holds of events, and for how long."""

from __future__ import annotations

import pyarrow as pa
import pytest

from interestclock.events.schema import LogSchema
from interestclock.studies.log_tally import LogTally

PLAYS = pa.table(
    {"timestamp_ms": [0], "user_id": [7], "item_id": [1], "second_of_day": [0], "label.play": [1]}
)


def test_of_a_log_without_attributes_no_event_is_held() -> None:
    tally = LogTally(LogSchema(labels=("play",), positive_only=True), None)
    tally.add(PLAYS)
    assert not [name for name, held in vars(tally).items() if name.endswith("_E") and held]
    assert tally.hour_information() == {}


def test_nothing_is_taken_once_the_log_has_ended() -> None:
    tally = LogTally(LogSchema(labels=("play",), positive_only=True), None)
    tally.add(PLAYS)
    tally.hour_information()
    with pytest.raises(ValueError, match="the log has ended"):
        tally.add(PLAYS)
