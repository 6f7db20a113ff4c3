"""One mapping file, through a log, a replay of it and Redis: labels that are made of columns are the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from redis_server import SERVER, RedisServer

from interestclock.admission import AdmissionConfig, EventBuffer
from interestclock.events import ColumnMapping, exposure_message, open_log, outcome_message
from interestclock.streams import LiveSource, open_live

START_MS, STEP_MS = 1_700_000_000_000, 60_000
MAPPING = """
zone = "Europe/Berlin"
event_id = "event_id"
outcomes = ["rating"]

[labels]
finish = "rating >= 4"
calm = "mood = 'calm' and rating > 0"
"""
RATINGS = [5, 4, 3, None, 0, 2.5, 4, 1]
MOODS = ["calm", "wild", "calm", "calm", None, "it's", "calm", "calm"]
FINISH = [1, 1, 0, None, 0, 0, 1, 0]
CALM = [1, 0, 1, None, 0, 0, 1, 1]  # of the fifth: null and false is false


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def mapping(tmp_path: Path) -> Path:
    path = tmp_path / "ratings.toml"
    path.write_text(MAPPING)
    return path


@pytest.fixture
def log(tmp_path: Path) -> Path:
    rows = [
        f"e{row},u,i{row},{START_MS + row * STEP_MS},{'' if rating is None else rating},{mood or ''}\n"
        for row, (rating, mood) in enumerate(zip(RATINGS, MOODS, strict=True))
    ]
    path = tmp_path / "ratings.csv"
    path.write_text("event_id,user_id,item_id,timestamp_ms,rating,mood\n" + "".join(rows))
    return path


def in_turn(value: list[int | None]) -> dict[str, int | None]:
    return {f"e{row}": each for row, each in enumerate(value)}


EXPECTED = {"finish": in_turn(FINISH), "calm": in_turn(CALM)}


def admitted(source: LiveSource) -> dict[str, dict[str, int | None]]:
    """Label -> event -> value, as a trainer learns it."""
    buffer = EventBuffer(source.schema, config=AdmissionConfig(label_wait_ms=3_600_000))
    events: list[str] = []
    found = []
    source.start_after({})
    while (arrivals := source.poll(3, 0.05)) is not None:
        assert arrivals.bad == ()
        found += buffer.admit(arrivals.tables(), polled_ms=None)
    for each in (*found, *buffer.end()):
        if each.exposures is not None:
            events += each.exposures["event_id"].to_pylist()
    labels: dict[str, dict[str, int | None]] = {name: dict.fromkeys(events) for name in source.schema.labels}
    for each in found:
        known = each.labels
        for label, serial, value in zip(known.label_E, known.serial_E, known.value_E, strict=True):
            labels[source.schema.labels[label]][events[serial]] = int(value)
    source.close()
    return labels


def test_a_log_and_its_replay(log: Path, mapping: Path) -> None:
    source = open_log(log, mapping=ColumnMapping.from_toml(mapping))
    (rows,) = source.chunks()
    assert {name: in_turn(rows[f"label.{name}"].to_pylist()) for name in source.schema.labels} == EXPECTED
    assert admitted(open_live(str(log), mapping=mapping)) == EXPECTED


@pytest.mark.skipif(SERVER is None, reason="redis-server is not installed")
@pytest.mark.parametrize("along", [True, False], ids=["along with the exposure", "as an outcome"])
def test_a_stream(server: RedisServer, mapping: Path, along: bool) -> None:
    stream = f"ratings-{along}"
    with server.client() as client:
        for row, (rating, mood) in enumerate(zip(RATINGS, MOODS, strict=True)):
            at_ms = START_MS + row * STEP_MS
            values = {"mood": mood} | ({"rating": rating} if along else {})
            said = exposure_message(
                event_id=f"e{row}", user_id="u", item_id=f"i{row}", timestamp_ms=at_ms, values=values
            )
            client.xadd(stream, {"event": said})
            if rating is not None and not along:
                said = outcome_message(
                    outcome_of=f"e{row}", name="rating", value=float(rating), known_ms=at_ms + 1_000
                )
                client.xadd(stream, {"event": said})
    source = open_live(f"redis://127.0.0.1:{server.port}/{stream}", mapping=mapping)
    assert admitted(source) == EXPECTED
