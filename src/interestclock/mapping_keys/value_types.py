"""What a value must be, in the words of refusals: "'user' is 3; give text in quotes"."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta

__all__ = [
    "DUPLICATES",
    "ID_TYPES",
    "TIME_UNITS",
    "Columns",
    "Duplicates",
    "File",
    "Flag",
    "IdType",
    "Names",
    "Seconds",
    "Text",
    "Unit",
]

TIME_UNITS = ("auto", "s", "ms", "us", "ns")
DUPLICATES = ("first", "merge")
ID_TYPES = ("auto", "integer", "text")

Text = Annotated[str, Meta(min_length=1, description="text in quotes")]
File = Annotated[Path, Meta(description="text in quotes")]
Unit = Annotated[Literal["auto", "s", "ms", "us", "ns"], Meta(description=f"one of {', '.join(TIME_UNITS)}")]
Duplicates = Annotated[Literal["first", "merge"], Meta(description=f"one of {', '.join(DUPLICATES)}")]
IdType = Annotated[Literal["auto", "integer", "text"], Meta(description=f"one of {', '.join(ID_TYPES)}")]
Flag = Annotated[bool, Meta(description="true or false")]
Seconds = Annotated[float, Meta(description="a number")]
Names = Annotated[tuple[Text, ...], Meta(description='a list as ["genre", "mood"]')]
Columns = Annotated[dict[Text, Text], Meta(description="a table of NAME = COLUMN")]
