"""Admitted entries as bytes: Arrow's stream format without the schemas, compressed as a whole.

An entry of one message is the rule on a quiet stream, so what Arrow writes once a stream (the schema, 440 to
1,500 bytes) stands once a file, and what it writes once a batch (where each buffer lies: mostly zeros) is
compressed along with the rows.
"""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Iterator, Mapping

import pyarrow as pa

from interestclock.admission.admitted_entry import AdmittedEntry
from interestclock.errors import ResultError
from interestclock.streams import BadMessage
from interestclock.streams.segment_files import Entry

__all__ = ["Schemas", "decoded", "entry_from_bytes", "entry_to_bytes"]

_FORMAT = 1
_SIZES = struct.Struct("<QI")  # of everything before compression, and of the part that says what is what
_CODEC = pa.Codec("zstd")


class Schemas:
    """The schema of each kind of table, which a file says once, ahead of its entries.

    Args:
        encoded: kind -> schema as Arrow's stream format begins with it.

    Example:
        >>> schemas = Schemas.none().joined({"labels": pa.table({"event_id": ["a"]})})
        >>> Schemas.from_bytes(schemas.to_bytes()).lack({"labels": pa.table({"event_id": ["b", None]})})
        False
    """

    def __init__(self, encoded: Mapping[str, bytes]) -> None:
        self.encoded = dict(encoded)

    @classmethod
    def none(cls) -> Schemas:
        """Of no kind yet."""
        return cls({})

    def lack(self, tables: Mapping[str, pa.Table]) -> bool:
        """Whether one of the tables has another schema than is known, metadata included, or none is."""
        return any(self.encoded.get(kind) != _schema(table) for kind, table in tables.items())

    def joined(self, tables: Mapping[str, pa.Table]) -> Schemas:
        """With those of the tables."""
        return Schemas(self.encoded | {kind: _schema(table) for kind, table in tables.items()})

    def to_bytes(self) -> bytes:
        """As a file's header."""
        encoded = {kind: base64.b64encode(each).decode() for kind, each in self.encoded.items()}
        return json.dumps({"format": _FORMAT, "schemas": encoded}).encode()

    @classmethod
    def from_bytes(cls, header: bytes) -> Schemas:
        """What ``to_bytes`` gave.

        Raises:
            ResultError: it is of another format.
        """
        content = json.loads(header)
        if content["format"] != _FORMAT:
            raise ResultError(
                f"an admitted log of format {content['format']}, this version reads {_FORMAT}; go on with "
                "the version that wrote it, or start anew in another folder"
            )
        return cls({kind: base64.b64decode(each) for kind, each in content["schemas"].items()})


def entry_to_bytes(entry: AdmittedEntry, schemas: Schemas) -> bytes:
    """An entry whose tables have these schemas."""
    bodies = {kind: _body(table, schemas.encoded[kind]) for kind, table in entry.tables.items()}
    encoded = {
        "first_arrival": entry.first_arrival,
        "source": entry.source,
        "ranges": dict(entry.ranges),
        "taken_ms": entry.polled_ms,
        "awaited": entry.awaited,
        "dead": [[each.partition, each.offset, each.reason, each.payload] for each in entry.dead] or None,
        "tables": {kind: body.size for kind, body in bodies.items()} or None,
        "verdicts": None if entry.dispositions is None else len(entry.dispositions),
        "erased": {each.hex(): until_ms for each, until_ms in entry.erased.items()} or None,
    }
    encoded = {name: value for name, value in encoded.items() if value is not None}
    head = json.dumps(encoded, separators=(",", ":")).encode()  # ASCII: half a surrogate pair comes back too
    dispositions = b"" if entry.dispositions is None else entry.dispositions.to_numpy().tobytes()
    content = b"".join([head, *bodies.values(), dispositions])
    compressed: bytes = _CODEC.compress(content, asbytes=True)
    return _SIZES.pack(len(content), len(head)) + compressed


def entry_from_bytes(encoded: bytes, schemas: Schemas) -> AdmittedEntry:
    """The entry that ``entry_to_bytes`` made."""
    size, head_bytes = _SIZES.unpack_from(encoded)
    content = _CODEC.decompress(pa.py_buffer(encoded)[_SIZES.size :], size, asbytes=True)
    head = json.loads(content[:head_bytes])
    return AdmittedEntry(
        first_arrival=head["first_arrival"],
        source=head["source"],
        ranges={partition: (first, last) for partition, (first, last) in head["ranges"].items()},
        polled_ms=head.get("taken_ms"),
        awaited=tuple(head["awaited"]) if "awaited" in head else None,
        tables=dict(_tables(content, head_bytes, head.get("tables", {}), schemas)),
        dispositions=_dispositions(content, head["verdicts"]) if "verdicts" in head else None,
        dead=tuple(_dead(*each) for each in head.get("dead", ())),
        erased={bytes.fromhex(each): until_ms for each, until_ms in head.get("erased", {}).items()},
    )


def _tables(
    content: bytes, offset: int, sizes: Mapping[str, int], schemas: Schemas
) -> Iterator[tuple[str, pa.Table]]:
    for kind, size in sizes.items():
        stream = schemas.encoded[kind] + content[offset : offset + size]
        with pa.ipc.open_stream(pa.py_buffer(stream)) as reader:
            yield kind, reader.read_all()
        offset += size


def _schema(table: pa.Table) -> bytes:
    encoded: bytes = table.schema.serialize().to_pybytes()
    return encoded


def _body(table: pa.Table, schema: bytes) -> pa.Buffer:
    """What the stream format says of a table behind its schema."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks())
    return sink.getvalue().slice(len(schema))


def _dispositions(content: bytes, count: int) -> pa.Array:
    return pa.Array.from_buffers(pa.int8(), count, [None, pa.py_buffer(content[len(content) - count :])])


def _dead(partition: str, offset: str, reason: str, payload: str) -> BadMessage:
    return BadMessage(partition=partition, offset=offset, reason=reason, payload=payload)


def decoded(entries: Iterator[Entry]) -> Iterator[tuple[int, AdmittedEntry]]:
    """Entries of files whose headers say the schemas, each with its number."""
    header, schemas = b"", Schemas.none()
    for entry in entries:
        if entry.header != header:
            header, schemas = entry.header, Schemas.from_bytes(entry.header)
        yield entry.number, entry_from_bytes(entry.content, schemas)
