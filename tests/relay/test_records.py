"""A record of a broker is an entry with all that is needed to read it; anything else is told from it."""

from __future__ import annotations

from pathlib import Path

import pytest
from admitted_tables import SCHEMA, admitted
from hypothesis import given, settings
from hypothesis import strategies as st

from interestclock.admission import AdmissionConfig, AdmittedEntry, AdmittedFollower, AdmittedLog
from interestclock.errors import ResultError
from interestclock.relay import AdmittedSettings
from interestclock.relay.records import RecordReader, RecordWriter, content_in, number_in

SETTINGS = AdmittedSettings(
    source="log:///plays", schema=SCHEMA, admission=AdmissionConfig(lateness_ms=60_000, archive_first=True)
)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[AdmittedEntry], list[bytes]]:
    """Entries whose files say other schemas, and a record of each."""
    folder = tmp_path_factory.mktemp("log")
    log, entries = AdmittedLog(folder), []
    for count in (2, 0, 5, 1):
        first = log.next_arrival
        assert first is not None
        entries.append(admitted(first_arrival=first, exposures=count, labels=count % 2, dead=count // 2))
        log.append(entries[-1])
    entries.append(AdmittedEntry(first_arrival=log.next_arrival or 0, source="", polled_ms=9, awaited=("0",)))
    log.append(entries[-1])
    writer = RecordWriter(SETTINGS)
    return entries, [writer.record(each) for each in AdmittedFollower(folder).read_encoded()]


def test_entries_come_back_exactly_in_any_order(written: tuple[list[AdmittedEntry], list[bytes]]) -> None:
    entries, records = written
    reader = RecordReader("here")
    for place in (4, 0, 3, 1, 2, 2):
        assert number_in(records[place], where="here") == place + 1
        assert reader.entry(records[place]) == entries[place]
        assert reader.settings(records[place]) == SETTINGS


@settings(max_examples=200, deadline=None)
@given(place=st.integers(0, 4), where=st.floats(0, 1, exclude_max=True), flip=st.integers(0, 255))
def test_damage_is_an_error(
    written: tuple[list[AdmittedEntry], list[bytes]], place: int, where: float, flip: int
) -> None:
    """A byte that is another one, or (0) all from there on missing."""
    record = bytearray(written[1][place])
    byte = int(where * len(record))
    if flip:
        record[byte] ^= flip
    else:
        del record[byte:]
    with pytest.raises(ResultError, match=r"is damaged; publish it anew|holds something else than entries"):
        content_in(bytes(record), where="here")


def test_settings_of_another_version_are_refused(tmp_path: Path) -> None:
    described = SETTINGS.described()
    described["admission"]["patience_ms"] = 7
    with pytest.raises(ResultError, match="here: admission: key 'patience_ms' is unknown"):
        AdmittedSettings.of(described, where="here")
    del described["schema"]
    with pytest.raises(ResultError, match="here: key 'schema' is missing; read it with the version that"):
        AdmittedSettings.of(described, where="here")
