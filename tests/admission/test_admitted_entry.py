"""What an entry of the admitted log may hold."""

from __future__ import annotations

import pyarrow as pa
import pytest
from admitted_tables import admitted

from interestclock.admission import AdmittedEntry


def test_messages_are_counted_wherever_they_stand() -> None:
    assert admitted(first_arrival=7, exposures=2, labels=3, dead=4).next_arrival == 16
    replayed = AdmittedEntry(first_arrival=0, source="f", dispositions=pa.array([0, 1, 0], pa.int8()))
    assert (replayed.messages, AdmittedEntry(first_arrival=5, source="s", awaited=()).next_arrival) == (3, 5)


@pytest.mark.parametrize(
    "with_messages", [{"ranges": {"0": ("1", "1")}}, {"dispositions": pa.array([0], pa.int8())}]
)
def test_a_tick_has_no_messages(with_messages: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"a tick with [01] messages; give these an entry of their own"):
        AdmittedEntry(first_arrival=0, source="s", awaited=(), **with_messages)  # type: ignore[arg-type]


def test_messages_stand_in_one_place() -> None:
    tables = admitted(first_arrival=0, exposures=1).tables
    with pytest.raises(ValueError, match="not both"):
        AdmittedEntry(first_arrival=0, source="s", tables=tables, dispositions=pa.array([0], pa.int8()))


@pytest.mark.parametrize(
    ("dispositions", "said"),
    [(pa.array([0]), "int64 with 0 nulls"), (pa.array([None], pa.int8()), "int8 with 1 nulls")],
)
def test_dispositions_are_small_numbers(dispositions: pa.Array, said: str) -> None:
    with pytest.raises(
        ValueError, match=f"dispositions are {said}; give int8, the number of a Disposition for each"
    ):
        AdmittedEntry(first_arrival=0, source="s", dispositions=dispositions)


@pytest.mark.parametrize("column", ["arrival", "partition", "verdict"])
@pytest.mark.parametrize("what", ["missing", "of another type", "null"])
def test_every_row_says_its_place_its_partition_and_its_disposition(column: str, what: str) -> None:
    table = admitted(first_arrival=0, exposures=1).tables["exposures"]
    place, kind = table.column_names.index(column), table.schema.field(column).type
    match what:
        case "missing":
            table = table.drop_columns([column])
        case "of another type":
            table = table.set_column(place, column, pa.array([1.0]))
        case "null":
            table = table.set_column(place, column, pa.nulls(1, kind))
    with pytest.raises(ValueError, match=f"exposures: no column '{column}' of type {kind} without nulls; it"):
        AdmittedEntry(first_arrival=0, source="s", tables={"exposures": table})
