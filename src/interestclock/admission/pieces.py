"""What of a micro-batch is admitted together: messages between two midnights, or behind an erasure."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from interestclock.admission.judged import Judged
from interestclock.admission.reference_join import AtPlaces
from interestclock.arrays import whole_column, with_columns

__all__ = ["items_among", "part_of"]

# Shapes: N exposures that are used, X messages of one kind, T messages of all kinds.


def part_of(
    kind: str, table: pa.Table, judged: Judged, piece: slice, *, first_arrival: int | None
) -> AtPlaces:
    """The messages of a kind in a piece.

    Args:
        table: of the kind, as it was judged. piece: places, as ``Judged.pieces`` gives them.
        first_arrival: of what may wait: the number of the micro-batch's first message among all that ever
            came, by which ``arrival`` is told then.
    """
    mine_X = judged.within(kind, piece)
    disposition_X, place_X = judged.dispositions[kind], judged.places[kind]
    table = table.drop_columns(["partition"]) if "partition" in table.column_names else table
    if first_arrival is not None:
        table = with_columns(table, {"arrival": pa.array(whole_column(table, "arrival") + first_arrival)})
    if mine_X is not None:
        table, disposition_X, place_X = (
            table.filter(pa.array(mine_X)),
            disposition_X[mine_X],
            place_X[mine_X],
        )
    return AtPlaces(
        table=table,
        disposition_X=disposition_X,
        place_X=place_X,
        at_ms_X=judged.at_ms_T[place_X],
        newest_ms_X=judged.newest_ms_T[place_X],
    )


def items_among(items: AtPlaces, place_N: npt.NDArray[np.int64], *, first_serial: int) -> pa.Table:
    """Items as they are said to be, with what came before each: the newest event time, exposures.

    Args:
        items: in a piece. place_N: of its exposures. first_serial: of the first of these.
    """
    serial_X = first_serial + np.searchsorted(place_N, items.place_X)
    rows = items.table.drop_columns(["arrival"]).append_column("serial", pa.array(serial_X))
    return rows.append_column("newest_ms", pa.array(items.newest_ms_X))
