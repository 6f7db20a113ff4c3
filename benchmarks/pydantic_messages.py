"""The fields of an exposure and a label as pydantic's models, for a comparison with msgspec's."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

Id = Annotated[str, Field(min_length=1, max_length=256)] | int
Text = Annotated[str, Field(max_length=256)]
Texts = Annotated[list[Text | None], Field(max_length=100)]
Flag = Annotated[int, Field(ge=0, le=1)] | bool
TimeMs = Annotated[int, Field(ge=-2_208_988_800_000, lt=7_258_118_400_000)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Name = Annotated[str, Field(min_length=1, max_length=256)]


class Exposure(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    event_id: Id | None = None
    user_id: Id | None = None
    item_id: Id
    timestamp_ms: TimeMs | None = None
    utc_offset_minutes: Annotated[int, Field(ge=-1_080, le=1_080)] | None = None
    zone: str | None = None
    request_id: Id | None = None
    position: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = None
    labels: dict[str, Flag | None] | None = None
    known_ms: dict[str, TimeMs | None] | None = None
    attributes: dict[str, Texts | None] | None = None
    categorical: dict[str, Text | None] | None = None
    multivalued: dict[str, Texts | None] | None = None
    numeric: dict[str, Number | None] | None = None
    values: Annotated[dict[Name, str | bool | int | Number | None], Field(max_length=100)] | None = None


class Label(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    label_of: Id
    label: Name
    value: Flag
    known_ms: TimeMs


VALIDATORS = {
    "exposure": TypeAdapter(Exposure).validate_json,
    "label": TypeAdapter(Label).validate_json,
}
