"""An admitted entry as one record of a broker: with all that is needed to read it."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from interestclock.admission import AdmittedEntry
from interestclock.admission.admitted_bytes import Schemas, entry_from_bytes
from interestclock.errors import ResultError
from interestclock.relay.admitted_settings import AdmittedSettings
from interestclock.saved import object_of
from interestclock.streams import Entry

__all__ = ["RecordReader", "RecordWriter", "content_in", "number_in"]

# A record: mark, number of the entry, length of the preamble before and after compression, CRC-32 of these
# and of what follows | preamble, compressed: settings, and the tables' schemas, which stand once a
# file on the disk | the entry as it stands there. A broker forgets its oldest records, so each says all.
_HEAD = struct.Struct("<4sQIII")
_MARK = b"iclA"
_CODEC = pa.Codec("zstd")
_REMEDY = "name the stream that 'features follow --admitted' writes, read by the same version"


class RecordWriter:
    """Makes records of the entries of a log.

    Args:
        settings: of the log.

    Example:
        >>> from interestclock.admission import AdmissionConfig
        >>> from interestclock.admission.admitted_bytes import entry_to_bytes
        >>> from interestclock.events.schema import LogSchema
        >>> settings = AdmittedSettings(source="log:///plays", schema=LogSchema(labels=("finish",)),
        ...     admission=AdmissionConfig())
        >>> tick = AdmittedEntry(first_arrival=0, source="log:///plays", polled_ms=9_000, awaited=())
        >>> entry = Entry(number=7, content=entry_to_bytes(tick, Schemas.none()),
        ...     header=Schemas.none().to_bytes())
        >>> record = RecordWriter(settings).record(entry)
        >>> reader = RecordReader("a stream")
        >>> number_in(record, where="a stream"), reader.entry(record) == tick
        (7, True)
        >>> reader.settings(record) == settings
        True
    """

    def __init__(self, settings: AdmittedSettings) -> None:
        self._described = settings.described()
        self._header: bytes | None = None
        self._preamble, self._preamble_bytes = b"", 0

    def record(self, entry: Entry) -> bytes:
        """One entry."""
        if entry.header != self._header:
            preamble = json.dumps({"settings": self._described, "schemas": entry.header.decode()}).encode()
            self._preamble, self._preamble_bytes = _CODEC.compress(preamble, asbytes=True), len(preamble)
            self._header = entry.header
        body = self._preamble + entry.content
        numbers = entry.number, self._preamble_bytes, len(self._preamble)
        return _HEAD.pack(_MARK, *numbers, _sum(numbers, body)) + body


@dataclass(frozen=True, kw_only=True)
class _Preamble:
    encoded: bytes
    settings: AdmittedSettings
    schemas: Schemas


class RecordReader:
    """Reads records; settings and schemas that are the same as in the one before are not read again.

    Args:
        name: of the stream, for errors.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._last: _Preamble | None = None

    def entry(self, record: bytes) -> AdmittedEntry:
        """The entry.

        Raises:
            ResultError: it is no record of an entry, damaged, or of another version.
        """
        preamble = self._preamble(record)
        return entry_from_bytes(content_in(record, where=self._name), preamble.schemas)

    def settings(self, record: bytes) -> AdmittedSettings:
        """Of the log that it is an entry of.

        Raises:
            ResultError: as ``entry``.
        """
        return self._preamble(record).settings

    def _preamble(self, record: bytes) -> _Preamble:
        _checked(record, self._name)
        _, _, size, length, _ = _HEAD.unpack_from(record)
        encoded = record[_HEAD.size : _HEAD.size + length]
        if self._last is None or self._last.encoded != encoded:
            described = object_of(
                _CODEC.decompress(encoded, size, asbytes=True), where=self._name, remedy=_REMEDY
            )
            self._last = _Preamble(
                encoded=encoded,
                settings=AdmittedSettings.of(described["settings"], where=self._name),
                schemas=Schemas.from_bytes(described["schemas"].encode()),
            )
        return self._last


def number_in(record: bytes, *, where: str) -> int:
    """The number of a record's entry.

    Raises:
        ResultError: it is no record of an entry.

    Example:
        >>> number_in(b"{}", where="redis://host:6379/plays")
        Traceback (most recent call last):
        interestclock.errors.ResultError: redis://host:6379/plays holds something else than entries of an ...
    """
    if record[: len(_MARK)] != _MARK or len(record) < _HEAD.size:
        raise ResultError(f"{where} holds something else than entries of an admitted log; {_REMEDY}")
    number: int = _HEAD.unpack_from(record)[1]
    return number


def content_in(record: bytes, *, where: str) -> bytes:
    """The entry as it stands in the log's file.

    Raises:
        ResultError: it is no record of an entry, or damaged.
    """
    _checked(record, where)
    return record[_HEAD.size + _HEAD.unpack_from(record)[3] :]


def _checked(record: bytes, where: str) -> None:
    number = number_in(record, where=where)
    _, *numbers, summed = _HEAD.unpack_from(record)
    if summed != _sum(numbers, record[_HEAD.size :]):
        raise ResultError(f"{where}: the record of entry {number} is damaged; publish it anew")


def _sum(numbers: Sequence[int], body: bytes) -> int:
    return zlib.crc32(body, zlib.crc32(struct.pack("<QII", *numbers)))
