"""Messages that wait for their exposure, against a list of them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from interestclock.admission.dispositions import Disposition
from interestclock.admission.early_messages import EarlyMessages, NewExposures
from interestclock.admission.reference_join import AtPlaces

IDS = st.sampled_from([f"e{number}" for number in range(12)])
SAID = st.lists(st.tuples(IDS, st.integers(0, 60)), max_size=8)
ARRIVALS = st.lists(st.tuples(SAID, st.lists(IDS, unique=True, max_size=3), st.integers(0, 3)), max_size=40)


@given(ARRIVALS)
def test_those_that_wait_are_found_or_given_up(arrivals: list) -> None:
    early, waiting, serial_of, at_ms = EarlyMessages(), [], {}, 0
    for said, exposures, moves_ms in arrivals:
        at_ms += moves_ms
        fresh = [each for each in exposures if each not in serial_of]
        first = len(serial_of)
        serial_of |= {each: first + place for place, each in enumerate(fresh)}
        found = early.found(messages(said), serial_of, exposed(first, fresh, at_ms), at_ms=at_ms)
        all_said = waiting + said
        in_time = [each for each in all_said if each[1] >= at_ms]
        expected = [
            (*each, serial_of[each[0]])
            for each in all_said
            if each[0] in serial_of and (each in in_time or serial_of[each[0]] < first)
        ]
        waiting = [each for each in in_time if each[0] not in serial_of]
        rows = found.table
        assert [*zip(*rows.to_pydict().values(), found.serial_R.tolist(), strict=True)] == expected
        lost = int((found.disposition_E == Disposition.ORPHAN).sum())
        assert lost == len(all_said) - len(expected) - len(waiting)
        assert found.disposition_E.size == found.waited + len(said)
        assert len(early) == len(waiting)
        assert ([] if early.table is None else rows_of(early.table)) == waiting
    assert early.drop(at_ms=at_ms + 20) == sum(known_ms < at_ms + 20 for _, known_ms in waiting)
    left = [each for each in waiting if each[1] >= at_ms + 20]
    assert ([] if early.table is None else rows_of(early.table)) == left


def rows_of(table: pa.Table) -> list[tuple]:
    return [*zip(*table.to_pydict().values(), strict=True)]


def messages(said: list[tuple[str, int]]) -> AtPlaces:
    names, known_ms = [name for name, _ in said], [known for _, known in said]
    table = pa.table({"event_id": pa.array(names, pa.string()), "known_ms": pa.array(known_ms, pa.int64())})
    zeros = np.zeros(len(said), np.int64)
    return AtPlaces(
        table=table,
        disposition_X=np.zeros(len(said), np.int8),
        place_X=zeros,
        at_ms_X=zeros,
        newest_ms_X=zeros,
    )


def exposed(first: int, event_ids: list[str], at_ms: int) -> NewExposures:
    """Behind the messages, the watermark having moved before."""
    return NewExposures(
        first_serial=first,
        event_ids=event_ids,
        place_N=np.full(len(event_ids), 1),
        at_ms_N=np.full(len(event_ids), at_ms),
    )
