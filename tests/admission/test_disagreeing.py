"""A second exposure that says other labels than the first is counted as one, beside the duplicates."""

from __future__ import annotations

import pyarrow as pa
import pytest

from interestclock.admission import AdmissionConfig, EventBuffer
from interestclock.events.schema import LogSchema

SCHEMA = LogSchema(labels=("finish", "like"))
BASE_MS = 1_700_000_000_000


def exposures(*rows: tuple[str, int | None, int | None]) -> pa.Table:
    ids, finish, like = zip(*rows, strict=True)
    columns = {
        "event_id": ids,
        "timestamp_ms": pa.array([BASE_MS] * len(rows), pa.int64()),
        "arrival": list(range(len(rows))),
    }
    for name, values in (("finish", finish), ("like", like)):
        columns |= {f"label.{name}": pa.array(values, pa.int8())}
        known = [None if each is None else BASE_MS for each in values]
        columns |= {f"known_ms.{name}": pa.array(known, pa.int64())}
    return pa.table(columns)


def label(event_id: str, value: int) -> pa.Table:
    columns = {"event_id": [event_id], "label": ["finish"], "value": pa.array([value], pa.int8())}
    return pa.table({**columns, "known_ms": [BASE_MS + 5], "arrival": [0]})


@pytest.mark.parametrize(
    ("second", "disagreeing"),
    [
        ((1, 0), 0),
        ((1, None), 0),  # says less, and nothing else
        ((0, 0), 1),
        ((1, 1), 1),
        ((None, 1), 1),
        ((0, 1), 1),
    ],
)
@pytest.mark.parametrize("together", [True, False])
def test_a_second_exposure(second: tuple[int | None, int | None], disagreeing: int, together: bool) -> None:
    rows = [("a", 1, 0), ("b", None, None), ("a", *second)]
    buffer = EventBuffer(SCHEMA, config=AdmissionConfig())
    for part in [rows] if together else [rows[:2], rows[2:]]:
        buffer.admit({"exposures": exposures(*part)})
    assert (buffer.counters.duplicates, buffer.disagreeing) == (1, disagreeing)


def test_what_a_label_message_said_is_said() -> None:
    for value, disagreeing in ((1, 0), (0, 1)):
        buffer = EventBuffer(SCHEMA, config=AdmissionConfig())
        buffer.admit({"exposures": exposures(("a", None, None))})
        buffer.admit({"labels": label("a", value)})
        buffer.admit({"exposures": exposures(("a", 1, None))})
        assert buffer.disagreeing == disagreeing


def test_a_label_that_the_first_lacks_is_dropped_and_that_is_counted_and_kept() -> None:
    buffer = EventBuffer(SCHEMA, config=AdmissionConfig())
    buffer.admit({"exposures": exposures(("a", None, None), ("a", 1, None))})
    other = EventBuffer(SCHEMA, config=AdmissionConfig())
    state = buffer.state()
    other.restore(state)
    assert (buffer.disagreeing, other.disagreeing) == (1, 1)


def test_choices_have_no_other_label() -> None:
    buffer = EventBuffer(LogSchema(labels=("play",), positive_only=True), config=AdmissionConfig())
    table = exposures(("a", None, None), ("a", 1, None))
    names = {f"{kind}.finish": f"{kind}.play" for kind in ("label", "known_ms")}
    table = table.drop_columns(["label.like", "known_ms.like"])
    table = table.rename_columns([names.get(each, each) for each in table.column_names])
    buffer.admit({"exposures": table})
    assert (buffer.counters.duplicates, buffer.disagreeing) == (1, 0)
