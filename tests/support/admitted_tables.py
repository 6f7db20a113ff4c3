"""Messages as admission writes them down: tables in canonical columns, with what became of each row."""

from __future__ import annotations

import pyarrow as pa

from interestclock.admission import AdmittedEntry, Disposition
from interestclock.events import exposure_message, label_message
from interestclock.events.schema import LogSchema
from interestclock.streams import Message, MessageParser, OffsetRanges

SCHEMA = LogSchema(
    labels=("finish",),
    attributes=("genre",),
    categorical=("device",),
    multivalued=("tags",),
    numeric=("age",),
)


def with_dispositions(table: pa.Table, disposition: Disposition = Disposition.USED) -> pa.Table:
    """A table of arrivals with the column that admission adds."""
    return table.append_column("verdict", pa.array([disposition] * table.num_rows, pa.int8()))


def admitted(*, first_arrival: int, exposures: int, labels: int = 0, dead: int = 0) -> AdmittedEntry:
    """Messages of two partitions, parsed and all used."""
    payloads = [
        exposure_message(
            event_id=f"e{first_arrival + place}",
            user_id=f"ü {place}",
            item_id=place,
            timestamp_ms=1_700_000_000_000 + place,
            zone="Europe/Berlin",
            **({"attributes": {"genre": ["rock", "日本"]}, "numeric": {"age": 0.1}} if place % 2 else {}),
        )
        for place in range(exposures)
    ]
    payloads += [
        label_message(label_of=f"e{place}", label="finish", value=1, known_ms=1_700_000_000_000)
        for place in range(labels)
    ]
    payloads += [b'{"half": "\xff' for _ in range(dead)]
    partitions = [str(place % 2) for place in range(len(payloads))]
    messages = [
        Message(partition=partition, offset=str(place), payload=payload)
        for place, (partition, payload) in enumerate(zip(partitions, payloads, strict=True))
    ]
    ranges = {each: (each, str(len(messages) - 1)) for each in sorted(set(partitions))}
    arrivals = MessageParser(SCHEMA).parse(
        OffsetRanges(source="s", ranges=ranges, messages=len(messages)), messages
    )
    return AdmittedEntry(
        first_arrival=first_arrival,
        source="s",
        ranges=ranges,
        polled_ms=1_700_000_000_000,
        tables={
            "exposures": with_dispositions(arrivals.exposures),
            "labels": with_dispositions(arrivals.labels),
        },
        dead=arrivals.bad,
    )
