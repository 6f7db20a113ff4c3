"""The page on live streams: every message it shows is read, and it names every field."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import msgspec
from random_messages import parse

from interestclock.events.message_models import KINDS, Exposure, ServedItem
from interestclock.events.schema import LogSchema

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "live.md").read_text()
SHOWN = re.findall(r"^```json\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
SCHEMA = LogSchema(
    labels=("finish", "skip"),
    attributes=("genre",),
    categorical=("device",),
    multivalued=("tags",),
    numeric=("age",),
    outcomes=("played_ms",),
)


def test_every_message_shown_is_read() -> None:
    arrivals = parse(*(each.encode() for each in SHOWN), schema=SCHEMA)
    assert arrivals.bad == ()
    kinds = ("exposures", "labels", "outcomes", "items", "served", "references", "erasures")
    assert Counter({kind: getattr(arrivals, kind).num_rows for kind in kinds}) == Counter(kinds)
    assert arrivals.references["event_id"].to_pylist() == ["r2/4"]


def test_every_field_is_named() -> None:
    section = PAGE[PAGE.index("## Messages") : PAGE.index("## What is late")]
    fields = [field for model in (Exposure, ServedItem, *KINDS.values()) for field in model.__struct_fields__]
    assert [field for field in fields if f"`{field}`" not in section and f'"{field}"' not in section] == []


def test_the_seconds_refused_are_the_days_of_1970_that_the_page_names() -> None:
    """8 January is day 7, 17 February day 47; a day earlier and a day later are let in."""
    day_ms = 86_400_000
    said = {"label_of": "e", "label": "skip", "value": 1}
    refused = [
        bool(parse(msgspec.json.encode(said | {"known_ms": day * day_ms}), schema=SCHEMA).bad)
        for day in (7, 8, 47, 48)
    ]
    assert refused == [False, True, True, False]
