"""How a text log is written."""

from __future__ import annotations

import codecs
from typing import Annotated

from msgspec import Struct

from interestclock.errors import ConfigError
from interestclock.mapping_keys.key import Key
from interestclock.mapping_keys.value_types import Flag, Names, Text

__all__ = ["CsvFormat"]

_NO_DELIMITERS = "\0\n\r"
_SAMPLE = "a,b\r\n1,2\r\n"


class CsvFormat(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a text log is written.

    Args:
        delimiter: one character; None: a tab in .tsv and .txt, else a comma.
        encoding: of the text.
        columns: column names of a file without a header row; None: its first row names them.
        quoted: a value in double quotes may hold the delimiter.

    Raises:
        ConfigError: a delimiter that is not one character of ASCII, or is a quote or the end of a line; an
            encoding that Python does not know, or cannot read piece by piece.

    Example:
        >>> CsvFormat(delimiter=";").encoding
        'utf-8'
    """

    delimiter: Annotated[
        Text | None,
        Key(help="Character between values.", otherwise="a tab in .tsv and .txt, else a comma"),
    ] = None
    encoding: Annotated[Text, Key(help="Of the text, such as latin-1.")] = "utf-8"
    columns: Annotated[
        Names | None, Key(help="Names, in a file without a header row.", otherwise="its first row")
    ] = None
    quoted: Annotated[Flag, Key(help="Whether `a, b` in double quotes is one value.")] = True

    def __post_init__(self) -> None:
        if self.delimiter is not None and len(self.delimiter) != 1:
            raise ConfigError(f"csv delimiter is {self.delimiter!r}; give one character, for example ';'")
        refused = _NO_DELIMITERS + '"' * self.quoted
        if self.delimiter is not None and (not self.delimiter.isascii() or self.delimiter in refused):
            raise ConfigError(
                f"csv delimiter is {self.delimiter!r}; give one character of ASCII, no quote and no end of a "
                "line, for example ';'"
            )
        _check_encoding(self.encoding)


def _check_encoding(encoding: str) -> None:
    """Refuse what is no encoding of text, or is none that can be read piece by piece, as ``punycode``."""
    try:
        decoder = codecs.getincrementaldecoder(encoding)()
        read = "".join(decoder.decode(bytes([each])) for each in _SAMPLE.encode(encoding)) + decoder.decode(
            b"", True
        )
    except (LookupError, ValueError) as error:  # ValueError: a name with NUL, or what cannot be decoded
        raise ConfigError(f"unknown encoding {encoding!r}; for example utf-8 or latin-1") from error
    if read != _SAMPLE:
        raise ConfigError(
            f"encoding {encoding!r} cannot be read piece by piece; give for example utf-8 or latin-1"
        )
