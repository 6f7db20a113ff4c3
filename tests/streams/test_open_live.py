"""A live source by its name: what an address may say, and what it may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from interestclock.errors import ConfigError, LogError
from interestclock.streams import (
    EmbeddedLogSource,
    KafkaSource,
    RedisSource,
    ReplaySource,
    followers_of,
    open_live,
)
from interestclock.timeofday import TimeSource


@pytest.fixture
def mapping(tmp_path: Path) -> Path:
    path = tmp_path / "plays.toml"
    path.write_text('zone = "UTC"\n[labels]\nfinish = "finish"\n')
    return path


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("redis://127.0.0.1:6380/events:plays", "redis://127.0.0.1:6380/events:plays"),
        ("redis://localhost/plays", "redis://localhost:6379/plays"),
        ("redis://localhost/web,app", "redis://localhost:6379/app,web"),
        ("redis://me:s3cret@localhost/plays", "redis://localhost:6379/plays"),
    ],
)
def test_redis(address: str, name: str, mapping: Path) -> None:
    source = open_live(address, mapping=mapping)
    assert isinstance(source, RedisSource)
    assert source.name == name
    source.close()


def test_kafka(mapping: Path) -> None:
    source = open_live("kafka://127.0.0.1:1,127.0.0.1:2/plays", mapping=mapping)
    assert isinstance(source, KafkaSource)
    assert source.name == "kafka://127.0.0.1:1,127.0.0.1:2/plays"
    source.close()


def test_an_embedded_log(tmp_path: Path, mapping: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for address in ("log://plays", f"log://{tmp_path}/plays"):
        source = open_live(address, mapping=mapping, group="web")
        assert isinstance(source, EmbeddedLogSource)
        assert source.name == f"log://{tmp_path.resolve()}/plays"
        source.start_after({})
        assert [each.name for each in followers_of(tmp_path / "plays")] == ["web"]
        source.close()
    with pytest.raises(ConfigError, match="follower 'a b': give letters"):
        open_live("log://plays", mapping=mapping, group="a b")


def test_a_log(tmp_path: Path, mapping: Path) -> None:
    log = tmp_path / "plays.csv"
    log.write_text("user_id,item_id,timestamp_ms,finish\n7,a,1970-01-01T09:00:00,1\n")
    source = open_live(str(log), mapping=mapping)
    assert isinstance(source, ReplaySource)
    arrivals = source.poll(10, 0.0)
    assert arrivals is not None
    assert arrivals.exposures["label.finish"].to_pylist() == [1]
    with pytest.raises(LogError, match="no such file or folder"):
        open_live(str(tmp_path / "nowhere.csv"), mapping=mapping)


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("amqp://h/plays", "no source is called amqp; give a path, log://DIR, redis://"),
        ("redis://h:6379", "give redis://HOST:PORT/STREAM"),
        ("redis:///plays", "give redis://HOST:PORT/STREAM"),
        ("redis://:6379/plays", "no host; give redis://HOST:PORT/STREAM"),
        ("redis://h:port/plays", "no port of that kind"),
        ("redis://h/plays,plays", "streams are 'plays', 'plays'; name each once"),
        ("redis://h/plays?db=3", "nothing may follow the name"),
        ("redis://h/plays#3", "nothing may follow the name"),
        ("kafka://h:9092/", "give kafka://HOST:PORT/TOPIC"),
        ("kafka://me:s3cret@h:9092/plays", "user and password are read for Redis only"),
        ("redis://me:s3cret@h/plays?db=3", "^redis://h/plays"),
        ("log://", "^log://: give log://DIR, the folder of an embedded log"),
        ("log:///", "give log://DIR"),
    ],
)
def test_what_cannot_be_listened_to_is_refused(address: str, reason: str, mapping: Path) -> None:
    with pytest.raises(ConfigError, match=reason) as refused:
        open_live(address, mapping=mapping)
    assert "s3cret" not in str(refused.value)


def test_options_of_logs_are_refused_for_streams(mapping: Path) -> None:
    with pytest.raises(ConfigError, match="nothing says which labels"):
        open_live("redis://h/plays")
    with pytest.raises(ConfigError, match="a layout and a speed are for logs"):
        open_live("redis://h/plays", mapping=mapping, speed_up=2.0)
    with pytest.raises(ConfigError, match="log://plays: nothing says which labels"):
        open_live("log://plays")
    with pytest.raises(ConfigError, match="a layout and a speed are for logs"):
        open_live("log://plays", mapping=mapping, layout="foursquare")


def test_what_time_it_is_for_a_stream_can_be_said(mapping: Path) -> None:
    clock = TimeSource(start_ms=1_700_000_000_000, left_ms=0, factor=60)
    for address in ("log://plays", "redis://h/plays", "kafka://h:9092/plays"):
        source = open_live(address, mapping=mapping, clock=clock)
        assert source.clock == clock
        source.close()
    for other in ("plays.parquet", "my_module:MySource"):
        with pytest.raises(ConfigError, match="a clock is for a stream of messages; leave it out"):
            open_live(other, clock=clock)
