"""The parts of an inspection as tables of numbers, without rounding."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict

import pyarrow as pa

from interestclock.studies.inspect_log import LogInspection

__all__ = ["INSPECTION_TABLES"]


def _columns(found: LogInspection) -> pa.Table:
    names = ("name", "column", "written_as", "read_as", "missing")
    return pa.table({name: [getattr(each, name) for each in found.columns] for name in names})


def _labels(found: LogInspection) -> pa.Table:
    rows = [{"label": name} | asdict(rate) for name, rate in found.labels.items()]
    return pa.Table.from_pylist(rows)


def _hours(found: LogInspection) -> pa.Table:
    hours = range(len(found.events_by_hour))
    return pa.table(
        {"hour": pa.array(hours, pa.int64()), "events": pa.array(found.events_by_hour, pa.int64())}
    )


def _information(found: LogInspection) -> pa.Table:
    schema = pa.schema(
        [("attribute", pa.string()), ("values", pa.int64())]
        + [(name, pa.float64()) for name in ("bits_overall", "bits_within", "bits_low", "bits_high")]
    )
    rows = [
        {
            "attribute": name,
            "values": bits.values,
            "bits_overall": bits.overall_bits,
            "bits_within": bits.within_users.bits,
            "bits_low": bits.within_users.low,
            "bits_high": bits.within_users.high,
        }
        for name, bits in found.hour_information.items()
    ]
    return pa.Table.from_pylist(rows, schema=schema)


def _forecast(found: LogInspection) -> pa.Table:
    estimates = asdict(found.forecast).items()
    rows = [{"question": name} | estimate for name, estimate in estimates if name != "share_of_users"]
    return pa.Table.from_pylist(rows)


INSPECTION_TABLES: Mapping[str, Callable[[LogInspection], pa.Table]] = {
    "columns": _columns,
    "labels": _labels,
    "hours": _hours,
    "information": _information,
    "forecast": _forecast,
}
"""By name, what makes each."""
