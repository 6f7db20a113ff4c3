"""An app at a port of this machine."""

from __future__ import annotations

import socket
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI

from interestclock.errors import ConfigError

__all__ = ["serve_app"]

_LARGEST_PORT = 65_535
_WAITING = 512  # connections that are not accepted yet
_KEEP_ALIVE_SECONDS = 30
_GRACE_SECONDS = 5  # for requests that are under way when it ends


def serve_app(app: FastAPI, *, host: str, port: int, started: Callable[[str], None]) -> None:
    """Serve until the process is told to end by SIGINT or SIGTERM; requests under way are answered first.

    Args:
        host: of this machine. port: 0 is any that is free. started: is told the address once it is bound.

    Raises:
        ConfigError: the address is not this machine's, or taken.
    """
    if not 0 <= port <= _LARGEST_PORT:
        raise ConfigError(f"port {port} cannot be; give one in 1..{_LARGEST_PORT}, or 0 for any that is free")
    with _bound(host, port) as listening:
        name = f"[{host}]" if ":" in host else host
        started(f"http://{name}:{listening.getsockname()[1]}")
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=_GRACE_SECONDS,
            backlog=_WAITING,
        )
        uvicorn.Server(config).run(sockets=[listening])


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # TCP by name: of a socket that says none, asyncio lets answers wait for acknowledgements (40 ms).
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(_WAITING)  # whoever calls before the app is there waits for it
    except OSError as error:
        listening.close()
        raise ConfigError(
            f"nothing can be served at {host}:{port} ({error.strerror or error}); give another --port, or 0 "
            "for any that is free, and a --host of this machine"
        ) from error
    return listening
