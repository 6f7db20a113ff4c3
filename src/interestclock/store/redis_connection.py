"""A Redis server or cluster: commands many at a time, and errors that say what to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from interestclock.errors import ConfigError, ResultError
from interestclock.store.redis_address import RedisAddress
from interestclock.streams.addresses import redis_package

__all__ = ["Command", "RedisAwayError", "RedisConnection"]

Command = tuple[Any, ...]
_PIECE_COMMANDS, _PIECE_BYTES = 1_000, 4 << 20  # of what is sent before replies are read
_TRIES_IN_A_CLUSTER = 3  # as slots move between nodes


class RedisAwayError(ResultError):
    """The server does not answer: later it may.

    Example:
        >>> issubclass(RedisAwayError, ResultError)
        True
    """


class RedisConnection:
    """Commands to the server at an address, or to the cluster that it is a node of.

    Args:
        address: where. timeout_s: how long a reply is waited for.

    Raises:
        ConfigError: the package ``redis`` is missing, or a database of a cluster is named.
        ResultError: the server is away (``RedisAwayError``) or refuses.
    """

    def __init__(self, address: RedisAddress, *, timeout_s: float) -> None:
        redis = redis_package()
        self.name, self._errors = address.name, redis.exceptions
        once = redis.retry.Retry(redis.backoff.NoBackoff(), 0)  # waiting is ours to do, and to tell of
        settings = {
            "host": address.host,
            "port": address.port,
            "username": address.username,
            "password": address.password,
            "ssl": address.tls,
            "socket_timeout": timeout_s,
        }
        self._client: Any = redis.Redis(**settings, retry=once)
        self.cluster = self._is_cluster()
        self._client.close()
        if not self.cluster:
            self._client = redis.Redis(**settings, db=address.database, retry=once)
        elif address.database:
            raise ConfigError(f"{self.name} is a cluster, which has database 0 alone; name that")
        else:
            again = redis.retry.Retry(redis.backoff.NoBackoff(), _TRIES_IN_A_CLUSTER)
            with self._translated():
                self._client = redis.cluster.RedisCluster(**settings, retry=again)

    def run(self, commands: Iterable[Command]) -> list[Any]:
        """Replies to commands, which are sent many at a time; in order, but for the nodes of a cluster.

        Raises:
            ResultError: the server is away or refuses one of them.
        """
        replies: list[Any] = []
        for piece in _pieces(commands):
            pipeline = self._client.pipeline(transaction=False)
            for command in piece:
                pipeline.execute_command(*command)
            with self._translated():
                found = pipeline.execute(raise_on_error=False)
                for each in found:
                    if isinstance(each, Exception):
                        raise each
            replies += found
        return replies

    def one(self, *command: Any) -> Any:
        """The reply to one command."""
        return self.run([command])[0]

    @contextmanager
    def primaries(self) -> Iterator[list[Any]]:
        """A client of each node that is written to; for commands of a node."""
        with self._translated():
            if self.cluster:
                yield [self._client.get_redis_connection(node) for node in self._client.get_primaries()]
            else:
                yield [self._client]

    @property
    def refused(self) -> type[Exception]:
        """Its error for what a user may not ask."""
        refused: type[Exception] = self._errors.ResponseError
        return refused

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def _is_cluster(self) -> bool:
        with self._translated():
            try:
                return bool(self._client.info("cluster").get("cluster_enabled"))
            except self._errors.NoPermissionError:
                return False

    @contextmanager
    def _translated(self) -> Iterator[None]:
        errors = self._errors
        try:
            yield
        except errors.AuthenticationError as error:  # to redis, an error of the connection
            raise ResultError(
                f"{self.name}: {error}; give the user and password, as redis://USER:PASSWORD@HOST:PORT"
            ) from error
        except (errors.ConnectionError, errors.TimeoutError, OSError) as error:
            raise RedisAwayError(f"{self.name} is away ({error}); bring it back, then try again") from error
        except (errors.ClusterDownError, errors.SlotNotCoveredError, errors.ReadOnlyError) as error:
            raise RedisAwayError(f"{self.name} takes nothing now ({error}); try again") from error
        except errors.RedisError as error:
            raise ResultError(f"{self.name}: {error}; {_remedy(str(error))}") from error


def _pieces(commands: Iterable[Command]) -> Iterator[list[Command]]:
    piece: list[Command] = []
    size = 0
    for command in commands:
        piece.append(command)
        size += sum(len(each) for each in command if isinstance(each, bytes))
        if len(piece) == _PIECE_COMMANDS or size > _PIECE_BYTES:
            yield piece
            piece, size = [], 0
    if piece:
        yield piece


def _remedy(message: str) -> str:
    if "OOM" in message or "maxmemory" in message:
        return "give the server more memory, then go on: what was there before is there"
    if "MISCONF" in message:
        return "make room on the server's disk or mend it, then go on: what was there before is there"
    if "NOPERM" in message or "permission" in message:
        return "let the user have the keys of the prefix, and their commands"
    return "see to it at the server, then go on"
