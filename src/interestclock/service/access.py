"""Who may ask the service, and for what."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field

from interestclock.errors import ConfigError, check_names

__all__ = ["TOKEN_VARIABLE", "Access", "is_loopback"]

TOKEN_VARIABLE = "INTERESTCLOCK_TOKEN"
_LEAST_TOKEN_BYTES = 16


@dataclass(frozen=True, kw_only=True)
class Access:
    """Rules of access.

    Args:
        token: that each request has to carry; None: none is needed, which is for this machine alone.
        host: that is served at. names: that the service has for others, such as behind a proxy.
        demo: whether histories may be read without a token.

    Raises:
        ConfigError: others can reach the host, and there is no token, or the token is short.

    Example:
        >>> Access().hosts
        frozenset({...})
        >>> Access(host="0.0.0.0")
        Traceback (most recent call last):
        interestclock.errors.ConfigError: 0.0.0.0 can be reached from other machines; set ...
        >>> Access(token="0123456789abcdef").admits("Bearer 0123456789abcdef")
        True
    """

    token: str | None = field(default=None, repr=False)
    host: str = "127.0.0.1"
    names: tuple[str, ...] = ()
    demo: bool = False

    def __post_init__(self) -> None:
        check_names("names", self.names)
        if self.token is None and not is_loopback(self.host):
            raise ConfigError(
                f"{self.host} can be reached from other machines; set {TOKEN_VARIABLE} for the token that "
                "requests have to carry, or serve at 127.0.0.1"
            )
        if self.token is not None and (len(self.token) < _LEAST_TOKEN_BYTES or not _is_plain(self.token)):
            raise ConfigError(
                f"{TOKEN_VARIABLE} is short or has other than letters, digits and signs of ASCII; give one "
                f"of {_LEAST_TOKEN_BYTES} characters or more, such as `openssl rand -hex 32` writes"
            )

    @classmethod
    def of_environment(
        cls, environment: Mapping[str, str], *, host: str, names: tuple[str, ...] = (), demo: bool = False
    ) -> Access:
        """Rules with the token that the environment has.

        Raises:
            ConfigError: as the class.
        """
        return cls(token=environment.get(TOKEN_VARIABLE) or None, host=host, names=names, demo=demo)

    @property
    def hosts(self) -> frozenset[str]:
        """Names that a request may call the service by."""
        return frozenset({"127.0.0.1", "localhost", "[::1]", self.host.lower(), *map(str.lower, self.names)})

    @property
    def opens_histories(self) -> bool:
        """Whether whoever is admitted may read what is known of users."""
        return self.token is not None or self.demo

    def admits(self, authorization: str | None) -> bool:
        """Whether a request's ``Authorization`` carries the token, where one is needed."""
        if self.token is None:
            return True
        scheme, _, given = (authorization or "").partition(" ")
        same = hmac.compare_digest(given.strip().encode("latin-1", "replace"), self.token.encode())
        return same and scheme.lower() == "bearer"


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a host.

    Example:
        >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("localhost"), is_loopback("0.0.0.0")
        (True, True, True, False)
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _is_plain(token: str) -> bool:
    return token.isascii() and token.isprintable() and " " not in token
