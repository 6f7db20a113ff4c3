"""How a text log may be written."""

from __future__ import annotations

import pytest

from interestclock.mapping_keys import CsvFormat


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1252", "shift_jis", "gb18030"]
)
def test_encodings_of_text_are_taken(encoding: str) -> None:
    assert CsvFormat(encoding=encoding).encoding == encoding


def test_a_quote_delimits_where_it_quotes_nothing() -> None:
    assert CsvFormat(delimiter='"', quoted=False).delimiter == '"'
