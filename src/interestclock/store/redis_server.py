"""Whether a server is one to keep features on, and what its acknowledgement is worth."""

from __future__ import annotations

import logging
from typing import Any

from interestclock.errors import ResultError
from interestclock.store.redis_connection import RedisConnection
from interestclock.streams.redis_durability import read_durability

__all__ = ["check_server", "node_runs"]

_log = logging.getLogger("interestclock.store")


def check_server(connection: RedisConnection) -> None:
    """Look at each node that is written to; say what a crash of it costs.

    Raises:
        ResultError: it would throw users away when its memory is full.
    """
    with connection.primaries() as nodes:
        for node in nodes:
            _refuse_eviction(node, connection)
            durability = read_durability(node, refused=connection.refused)
            if durability is not None and not durability.append_only:
                _log.warning(
                    "%s: %s, and the store is written anew; where that takes long, set appendonly yes",
                    connection.name,
                    durability.loss,
                )


def node_runs(connection: RedisConnection) -> bytes:
    """Which nodes of a cluster are written to, each since it was started; nothing of a server by itself.

    One that was started again, or that took over from another, may lack what was acknowledged last, and the
    position, which is on one node, says nothing of the others.
    """
    if not connection.cluster:
        return b""
    with connection.primaries() as nodes:
        return " ".join(sorted(node.info("server")["run_id"] for node in nodes)).encode()


def _refuse_eviction(node: Any, connection: RedisConnection) -> None:
    try:
        memory = node.info("memory")
    except connection.refused:  # a hosted server may not say
        return
    policy = str(memory.get("maxmemory_policy", "noeviction"))
    if memory.get("maxmemory") and policy.startswith("allkeys"):
        raise ResultError(
            f"{connection.name} throws keys away when its memory is full (maxmemory-policy {policy}), and so "
            "users; set maxmemory-policy noeviction, or take a server for the store alone"
        )
