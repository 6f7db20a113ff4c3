"""An admitted log by its address, and where it is published by that one's."""

from __future__ import annotations

from pathlib import Path

from interestclock.errors import ConfigError
from interestclock.relay.admitted_source import AdmittedSource
from interestclock.relay.folder_entries import FolderEntries
from interestclock.relay.kafka_entries import KafkaEntries, KafkaPublication
from interestclock.relay.publication import Publication
from interestclock.relay.redis_entries import RedisEntries, RedisPublication
from interestclock.streams.addresses import broker_address, without_login

__all__ = ["is_admitted", "open_admitted", "open_publication"]

_FOLDER, _BROKER = "admitted://", "admitted+"
_BROKERS = ("redis", "kafka")
_PUBLISHED = "redis://HOST:PORT/STREAM or kafka://HOST:PORT/TOPIC"


def is_admitted(source: str) -> bool:
    """Whether an address is one of an admitted log.

    Example:
        >>> is_admitted("admitted://store"), is_admitted("admitted+redis://host:6379/admitted")
        (True, True)
        >>> is_admitted("log://events")
        False
    """
    return source.startswith((_FOLDER, _BROKER))


def open_admitted(source: str, *, group: str) -> AdmittedSource:
    """What a feature updater admitted.

    Args:
        source: ``admitted://DIR`` of its store (``admitted:///DIR`` from the root), or what it publishes,
            ``admitted+redis://HOST:PORT/STREAM`` or ``admitted+kafka://HOST:PORT/TOPIC``.
        group: the reader's name in the folder.

    Raises:
        ConfigError: the address names nothing. ResultError: there is no store, or no such entries.
        LogError: nothing is published there, or the broker is away.

    Example:
        >>> open_admitted("admitted://", group="trainer")
        Traceback (most recent call last):
        interestclock.errors.ConfigError: admitted://: give admitted://DIR, the folder of a store
    """
    if source.startswith(_BROKER):
        address = source.removeprefix(_BROKER)
        _check_broker(address, f"admitted+{_PUBLISHED.replace('or ', 'or admitted+')}", shown=source)
        where = broker_address(address)
        return AdmittedSource(RedisEntries(where) if where.kind == "redis" else KafkaEntries(where))
    folder = source.removeprefix(_FOLDER)
    if folder in ("", "/"):
        raise ConfigError(f"{source}: give admitted://DIR, the folder of a store")
    return AdmittedSource(FolderEntries(Path(folder), group=group))


def open_publication(address: str) -> Publication:
    """Where a feature updater publishes what it admits.

    Args:
        address: ``redis://HOST:PORT/STREAM`` or ``kafka://HOST:PORT/TOPIC``.

    Raises:
        ConfigError: it is neither, or the package for it is missing.

    Example:
        >>> open_publication("log://events")
        Traceback (most recent call last):
        interestclock.errors.ConfigError: log://events: give redis://HOST:PORT/STREAM or kafka://...
    """
    _check_broker(address, _PUBLISHED, shown=address)
    where = broker_address(address)
    return RedisPublication(where) if where.kind == "redis" else KafkaPublication(where)


def _check_broker(address: str, expected: str, *, shown: str) -> None:
    if address.partition("://")[0] not in _BROKERS or "://" not in address:
        raise ConfigError(f"{without_login(shown)}: give {expected}")
