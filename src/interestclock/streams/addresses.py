"""Addresses of servers: as they may be shown, and the package that speaks to Redis."""

from __future__ import annotations

import re
from typing import Any

from interestclock.errors import ConfigError

__all__ = ["redis_package", "without_login"]


def without_login(address: str) -> str:
    """As it may be shown: a password is for the server alone.

    Example:
        >>> without_login("redis://ann:secret@127.0.0.1:6379/plays")
        'redis://127.0.0.1:6379/plays'
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
