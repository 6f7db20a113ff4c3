"""Addresses of brokers: what they say, and what they may not."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from interestclock.errors import ConfigError

__all__ = [
    "BrokerAddress",
    "broker_address",
    "kafka_package",
    "redis_client",
    "redis_package",
    "without_login",
]

_REDIS_PORT = 6379


@dataclass(frozen=True, kw_only=True)
class BrokerAddress:
    """Where a stream or a topic is.

    Args:
        kind: ``redis`` or ``kafka``. brokers: HOST:PORT, of Kafka several with commas.
        host, port: of Redis. name: of the stream (several with commas) or topic.
        username, password: of Redis, where the address has them.
        shown: the address without these.
    """

    kind: str
    brokers: str
    host: str
    port: int
    name: str
    username: str | None
    password: str | None
    shown: str


def broker_address(address: str) -> BrokerAddress:
    """Read ``redis://HOST:PORT/STREAM`` or ``kafka://HOST:PORT/TOPIC``.

    Raises:
        ConfigError: something is missing, or it says more than is listened to.

    Example:
        >>> broker_address("redis://127.0.0.1/plays").port
        6379
        >>> broker_address("kafka://127.0.0.1:9092")
        Traceback (most recent call last):
        interestclock.errors.ConfigError: kafka://127.0.0.1:9092: give kafka://HOST:PORT/TOPIC
    """
    kind = address.partition("://")[0]
    parts = urlsplit(address)
    name, shown = parts.path.strip("/"), without_login(address)
    if not name or "/" in name or not parts.netloc:
        raise ConfigError(f"{shown}: give {kind}://HOST:PORT/{'STREAM' if kind == 'redis' else 'TOPIC'}")
    _refuse_the_rest(kind, shown, parts)
    return BrokerAddress(
        kind=kind,
        brokers=parts.netloc,
        host=parts.hostname or "",
        port=_redis_port(address, parts) if kind == "redis" else 0,
        name=name,
        username=None if parts.username is None else unquote(parts.username) or None,
        password=None if parts.password is None else unquote(parts.password),
        shown=shown,
    )


def without_login(address: str) -> str:
    """As it may be shown: a password is for the server alone.

    Example:
        >>> without_login("redis://ann:secret@host/plays")
        'redis://host/plays'
    """
    return re.sub(r"//[^/]*@", "//", address)


def redis_package() -> Any:
    """The package ``redis``, which is an extra.

    Raises:
        ConfigError: it is missing.
    """
    try:
        import redis  # noqa: PLC0415  an extra
    except ImportError as error:
        raise ConfigError(
            "redis is not installed; install the extra 'redis', in a checkout with "
            "pip install -c constraints.txt '.[redis]'"
        ) from error
    return redis


def redis_client(
    redis: Any,
    *,
    host: str,
    port: int,
    username: str | None = None,
    password: str | None = None,
    timeout_s: float = 30.0,
) -> Any:
    """A connection to a broker that tries once: waiting is ours to do, and to tell of.

    Args:
        redis: the package. timeout_s: how long an answer, or a connection, is awaited.
    """
    once = redis.retry.Retry(redis.backoff.NoBackoff(), 0)
    return redis.Redis(
        host=host, port=port, username=username, password=password, socket_timeout=timeout_s, retry=once
    )


def kafka_package() -> Any:
    """The package of Kafka's client, which is an extra.

    Raises:
        ConfigError: it is missing.
    """
    try:
        import confluent_kafka  # noqa: PLC0415  an extra
    except ImportError as error:
        raise ConfigError(
            "confluent-kafka is not installed; install the extra 'kafka', in a checkout with "
            "pip install -c constraints.txt '.[kafka]'"
        ) from error
    return confluent_kafka


def _redis_port(address: str, parts: SplitResult) -> int:
    try:
        return _REDIS_PORT if parts.port is None else parts.port
    except ValueError as error:
        shown = without_login(address)
        raise ConfigError(f"{shown}: no port of that kind; give redis://HOST:PORT/STREAM") from error


def _refuse_the_rest(kind: str, shown: str, parts: SplitResult) -> None:
    """An address may say more than is listened to: better to refuse than to connect to something else."""
    if parts.query or parts.fragment:
        raise ConfigError(f"{shown}: nothing may follow the name; leave out '?' and '#' and what follows")
    if kind == "redis" and not parts.hostname:
        raise ConfigError(f"{shown}: no host; give redis://HOST:PORT/STREAM")
    if kind == "kafka" and "@" in parts.netloc:
        raise ConfigError(f"{shown}: user and password are read for Redis only; leave them out")
