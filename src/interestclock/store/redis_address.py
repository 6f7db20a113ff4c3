"""Where a store on Redis is: a server, and the prefix of the store's keys there."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from interestclock.errors import ConfigError
from interestclock.streams.addresses import without_login

__all__ = ["RedisAddress"]

_SHAPE = "redis://[USER:PASSWORD@]HOST[:PORT][/DB][?prefix=NAME], or rediss:// with TLS"
_SCHEMES = ("redis", "rediss")
_PREFIX = re.compile(r"[A-Za-z0-9_.-]+")
_PORT = 6379


@dataclass(frozen=True, kw_only=True)
class RedisAddress:
    """A server, or any node of a cluster, and whose keys are the store's: they begin with the prefix.

    Args:
        host, port, database: of the server; a cluster has database 0 alone. tls: whether it is spoken to so.
        prefix: letters, digits, ``-``, ``_`` and ``.``. username, password: where the server asks for them.

    Example:
        >>> address = RedisAddress.parse("redis://ann:secret@10.0.0.1/2?prefix=shop")
        >>> address.name, address.prefix
        ('redis://10.0.0.1:6379/2?prefix=shop', 'shop')
    """

    host: str
    port: int = _PORT
    database: int = 0
    prefix: str = "interestclock"
    tls: bool = False
    username: str | None = None
    password: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, address: str) -> Self:
        """The address that is written so.

        Raises:
            ConfigError: it is none.
        """
        parts, shown = urlsplit(address), without_login(address)
        query = parse_qs(parts.query, keep_blank_values=True)
        prefix = query.pop("prefix", [cls.prefix])
        if parts.scheme not in _SCHEMES or not parts.hostname or parts.fragment or query:
            raise ConfigError(f"{shown}: no address of a store; give {_SHAPE}")
        if len(prefix) > 1 or not _PREFIX.fullmatch(prefix[0]):
            raise ConfigError(
                f"{shown}: prefix is {', '.join(map(repr, prefix))}; give one, of letters, digits, '-', '_' "
                "and '.'"
            )
        return cls(
            host=parts.hostname,
            port=_port(parts, shown),
            database=_database(parts, shown),
            prefix=prefix[0],
            tls=parts.scheme == "rediss",
            username=None if parts.username is None else unquote(parts.username) or None,
            password=None if parts.password is None else unquote(parts.password),
        )

    @staticmethod
    def is_one(where: str) -> bool:
        """Whether this names a store on Redis, and no folder."""
        return where.partition("://")[0] in _SCHEMES and "://" in where

    @property
    def name(self) -> str:
        """As it may be shown."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"redis{'s' * self.tls}://{host}:{self.port}/{self.database}?prefix={self.prefix}"


def _port(parts: SplitResult, shown: str) -> int:
    try:
        return _PORT if parts.port is None else parts.port
    except ValueError as error:
        raise ConfigError(f"{shown}: no port of that kind; give {_SHAPE}") from error


def _database(parts: SplitResult, shown: str) -> int:
    number = parts.path.strip("/")
    if number and not number.isdecimal():
        raise ConfigError(f"{shown}: '{number}' is no number of a database; give {_SHAPE}")
    return int(number or 0)
