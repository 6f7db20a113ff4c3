"""A live source by its name."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from interestclock.errors import ConfigError
from interestclock.events.items import read_items
from interestclock.events.mapping import ColumnMapping
from interestclock.events.open_log import open_log, resolve_mapping
from interestclock.plugins import is_named
from interestclock.streams.addresses import broker_address, without_login
from interestclock.streams.embedded_log import EmbeddedLogSource
from interestclock.streams.hybrid_source import HybridSource
from interestclock.streams.kafka import KafkaSource
from interestclock.streams.micro_batch import LiveSource
from interestclock.streams.own_live import open_own_live
from interestclock.streams.redis_streams import RedisSource
from interestclock.streams.replay import ReplaySource
from interestclock.timeofday import TimeSource

__all__ = ["open_hybrid", "open_live"]

_TEXT = pa.string()  # ids of messages are text

_STREAMS = ("log", "redis", "kafka")
_ADDRESSES = "log://DIR, redis://... or kafka://..."


def open_live(
    source: str,
    *,
    mapping: str | Path | None = None,
    layout: str | None = None,
    items: str | Path | None = None,
    group: str = "interestclock",
    clock: TimeSource | None = None,
    speed_up: float | None = None,
    label_wait_ms: int | None = None,
    dead_letters: str | Path | None = None,
) -> LiveSource:
    """A log to replay, an embedded log, a Redis stream or a Kafka topic.

    Args:
        source: a path, ``log://FOLDER`` of an embedded log (``log:///FOLDER`` from the root),
            ``redis://HOST:PORT/STREAM`` (several streams with commas; with ``USER:PASSWORD@`` before the host
            where the server asks for them), ``kafka://HOST:PORT/TOPIC`` (several brokers
            with commas), or ``package.module:Name`` of a source of the user's own, which is imported.
        mapping: TOML file that names labels, attributes and the default zone; a stream needs one.
        layout: of a log. items: item attributes; wins over the mapping's.
        group: of consumers; a follower's name in an embedded log.
        clock: what time it is for a stream; None: that of the wall. A log has none.
        speed_up: of a replay. label_wait_ms: how long a trainer will wait for a log's labels.
        dead_letters: JSON-lines file for rows of a log that cannot be used; None refuses the first of them.

    Raises:
        ConfigError: the address cannot be read, an option does not go with it, or a label is known only
            after the wait.

    Example:
        >>> open_live("redis://127.0.0.1:6379/plays")
        Traceback (most recent call last):
        interestclock.errors.ConfigError: redis://127.0.0.1:6379/plays: nothing says which labels ...
    """
    kind = _kind(source)
    shown = without_login(source)
    if clock is not None and kind not in _STREAMS:
        raise ConfigError(f"{shown}: a clock is for a stream of messages; leave it out")
    if kind == "own":
        return open_own_live(source, speed_up=speed_up, described=(mapping, layout, items))
    if kind == "path":
        resolved = _mapping_of_log(source, mapping, layout, items, label_wait_ms)
        log = open_log(Path(source), mapping=resolved, dead_letters=dead_letters)
        return ReplaySource(log, speed_up=speed_up)
    if kind not in _STREAMS:
        raise ConfigError(f"'{shown}': no source is called {kind}; give a path, {_ADDRESSES}")
    if mapping is None:
        raise ConfigError(
            f"{shown}: nothing says which labels its messages have; give a mapping file "
            "(--mapping FILE.toml) with [labels] and what else they name"
        )
    if layout is not None or speed_up is not None:
        raise ConfigError(f"{shown}: a layout and a speed are for logs; leave them out")
    return _stream(kind, source, ColumnMapping.from_toml(mapping), items, group=group, clock=clock)


def open_hybrid(
    log: str,
    stream: str,
    *,
    from_ms: int | None = None,
    mapping: str | Path | None = None,
    layout: str | None = None,
    items: str | Path | None = None,
    group: str = "interestclock",
    clock: TimeSource | None = None,
    speed_up: float | None = None,
    label_wait_ms: int | None = None,
    dead_letters: str | Path | None = None,
) -> LiveSource:
    """A log, and behind it the stream that it was written from; one mapping serves both.

    Args:
        log: a path. stream: as ``open_live`` has it. from_ms: messages before are in the log, UTC
            milliseconds; needed where the log has no event ids.
        mapping: TOML file; not needed where the log brings its own. The rest is as in ``open_live``.

    Raises:
        ConfigError: the first is no log or the second no stream, or nothing tells which messages are in the
            log; and as ``open_live`` and ``HybridSource``.

    Example:
        >>> open_hybrid("plays.parquet", "later.parquet")
        Traceback (most recent call last):
        interestclock.errors.ConfigError: 'later.parquet' is no stream; --then takes log://DIR, ...
    """
    if _kind(log) != "path":
        raise ConfigError(f"'{without_login(log)}' is no log; --then follows a log, so give its path")
    if _kind(stream) not in _STREAMS:
        raise ConfigError(f"'{without_login(stream)}' is no stream; --then takes {_ADDRESSES}")
    resolved = _mapping_of_log(log, mapping, layout, items, label_wait_ms)
    if resolved.event_id is None and from_ms is None:
        raise ConfigError(
            f"{log}: its mapping names no event_id, so nothing tells which messages of the stream are in the "
            "log, too; name its column (event_id = ...), or say from when on they are not (--then-from TIME)"
        )
    live = _stream(_kind(stream), stream, resolved, items, group=group, clock=clock)
    archive = open_log(Path(log), mapping=resolved, dead_letters=dead_letters)
    return HybridSource(archive, live, from_ms=from_ms, speed_up=speed_up)


def _kind(source: str) -> str:
    if is_named(source) and not Path(source).exists():
        return "own"
    return source.partition("://")[0] if "://" in source else "path"


def _mapping_of_log(
    log: str,
    mapping: str | Path | None,
    layout: str | None,
    items: str | Path | None,
    label_wait_ms: int | None,
) -> ColumnMapping:
    """What a log's columns mean, by the file that is given, a layout, or the log itself."""
    given = ColumnMapping.from_toml(mapping) if mapping is not None else None
    resolved = resolve_mapping(Path(log), mapping=given, layout=layout, items=items)
    if label_wait_ms is not None:
        _check_delays(resolved, label_wait_ms)
    return resolved


def _check_delays(mapping: ColumnMapping, label_wait_ms: int) -> None:
    """A label whose delay is longer than the wait would always count as not given."""
    for name, label in mapping.labels.items():
        if label.known_column is None and label.delay_seconds * 1_000 > label_wait_ms:
            raise ConfigError(
                f"label '{name}' is known {label.delay_seconds / 60:g} minutes after its exposure, but "
                f"labels are awaited for {label_wait_ms / 60_000:g}: it would always count as not given; "
                "wait longer (--label-wait-minutes)"
            )


def _stream(
    kind: str,
    source: str,
    mapping: ColumnMapping,
    items: str | Path | None,
    *,
    group: str,
    clock: TimeSource | None,
) -> LiveSource:
    if kind == "log" and source.partition("://")[2] in ("", "/"):
        raise ConfigError(f"{source}: give log://DIR, the folder of an embedded log")
    address = None if kind == "log" else broker_address(source)
    file = items or mapping.items
    table = read_items(file, mapping, _TEXT) if file is not None else None
    schema, zone = mapping.schema(), mapping.zone
    if address is None:
        folder = Path(source.partition("://")[2])
        return EmbeddedLogSource(folder, schema=schema, items=table, zone=zone, group=group, clock=clock)
    if address.kind == "kafka":
        return KafkaSource(
            brokers=address.brokers,
            topic=address.name,
            schema=schema,
            items=table,
            zone=zone,
            group=group,
            clock=clock,
        )
    return RedisSource(
        host=address.host,
        port=address.port,
        streams=address.name.split(","),
        username=address.username,
        password=address.password,
        schema=schema,
        items=table,
        zone=zone,
        group=group,
        clock=clock,
    )
