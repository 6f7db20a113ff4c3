"""A live source by its name."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pyarrow as pa

from interestclock.errors import ConfigError
from interestclock.events.items import read_items
from interestclock.events.live.arrivals import LiveSource
from interestclock.events.live.kafka import KafkaSource
from interestclock.events.live.redis_streams import RedisSource
from interestclock.events.live.replay import ReplaySource
from interestclock.events.mapping import ColumnMapping
from interestclock.events.open_log import open_log, resolve_mapping

__all__ = ["open_live"]

_TEXT = pa.string()  # ids of messages are text

_REDIS_PORT = 6379


def open_live(
    source: str,
    *,
    mapping: Path | None = None,
    layout: str | None = None,
    items: Path | None = None,
    group: str = "interestclock",
    speed_up: float | None = None,
) -> LiveSource:
    """A log to replay, a Redis stream or a Kafka topic.

    Args:
        source: a path, ``redis://HOST:PORT/STREAM`` or ``kafka://HOST:PORT/TOPIC``.
        mapping: TOML file that names labels, attributes and the default zone; a stream needs one.
        layout: of a log. items: item attributes; wins over the mapping's. group: of consumers.
        speed_up: of a replay.

    Raises:
        ConfigError: the address cannot be read, or an option does not go with it.

    Example:
        >>> open_live("redis://127.0.0.1:6379/plays")
        Traceback (most recent call last):
        interestclock.errors.ConfigError: redis://127.0.0.1:6379/plays: nothing says which labels ...
    """
    kind = source.partition("://")[0] if "://" in source else "log"
    given = ColumnMapping.from_toml(mapping) if mapping is not None else None
    if kind == "log":
        path = Path(source)
        resolved = resolve_mapping(path, mapping=given, layout=layout, items=items)
        return ReplaySource(open_log(path, mapping=resolved), speed_up=speed_up)
    if kind not in ("redis", "kafka"):
        raise ConfigError(f"'{source}': no source is called {kind}; give a path, redis://... or kafka://...")
    if given is None:
        raise ConfigError(
            f"{source}: nothing says which labels its messages have; give a mapping file "
            "(--mapping FILE.toml) with [labels] and what else they name"
        )
    if layout is not None or speed_up is not None:
        raise ConfigError(f"{source}: a layout and a speed are for logs; leave them out")
    return _broker(kind, source, given, items, group)


def _broker(kind: str, source: str, mapping: ColumnMapping, items: Path | None, group: str) -> LiveSource:
    parts = urlsplit(source)
    name = parts.path.strip("/")
    if not name or "/" in name or not parts.netloc:
        raise ConfigError(f"{source}: give {kind}://HOST:PORT/{'STREAM' if kind == 'redis' else 'TOPIC'}")
    file = items or mapping.items
    table = read_items(file, mapping, _TEXT) if file is not None else None
    schema = mapping.schema()
    if kind == "kafka":
        return KafkaSource(
            brokers=parts.netloc, topic=name, schema=schema, items=table, zone=mapping.zone, group=group
        )
    try:
        port = parts.port or _REDIS_PORT
    except ValueError as error:
        raise ConfigError(f"{source}: no port of that kind; give redis://HOST:PORT/STREAM") from error
    return RedisSource(
        host=parts.hostname or "",
        port=port,
        stream=name,
        schema=schema,
        items=table,
        zone=mapping.zone,
        group=group,
    )
