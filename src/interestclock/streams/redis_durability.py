"""What an acknowledgement of a Redis server is worth, as the server says itself."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

__all__ = ["RedisDurability", "read_durability", "report_durability"]

_LOSSES = {
    "always": "nothing that it acknowledged is lost in a crash",
    "everysec": "what it acknowledged in the last second may be lost if its machine crashes",
    "no": "what it acknowledged in the last half minute or so may be lost if its machine crashes",
}


@dataclass(frozen=True, kw_only=True)
class RedisDurability:
    """How a server keeps what it acknowledged.

    Args:
        append_only: whether it writes an append-only file. fsync: when it waits for the disk with that:
            ``always``, ``everysec`` or ``no``; None where it does not tell.
        saves: whether it saves snapshots by itself; None where it does not tell.

    Example:
        >>> RedisDurability(append_only=True, fsync="everysec", saves=True).loss
        'what it acknowledged in the last second may be lost if its machine crashes'
        >>> RedisDurability(append_only=False, fsync="everysec", saves=True).loss
        'without an append-only file, what it acknowledged since its last save is lost if it crashes'
    """

    append_only: bool
    fsync: str | None
    saves: bool | None

    @property
    def loss(self) -> str | None:
        """What may be lost; None where that cannot be told."""
        if self.append_only:
            return _LOSSES.get(self.fsync or "")
        if self.saves is False:
            return "with neither an append-only file nor saves, all that it acknowledged is lost if it ends"
        return "without an append-only file, what it acknowledged since its last save is lost if it crashes"


def read_durability(client: Any, *, refused: type[Exception]) -> RedisDurability | None:
    """Ask a server; None where it does not say even whether it has an append-only file.

    Args:
        client: of the package redis. refused: its error for what a user may not ask.
    """
    try:
        enabled = client.info("persistence").get("aof_enabled")
    except refused:
        return None
    if enabled is None:
        return None
    settings: dict[str, str] = {}
    for name in ("appendfsync", "save"):
        try:
            settings |= client.config_get(name)
        except refused:  # a hosted server seldom lets anyone ask for its configuration
            break
    saves = bool(settings["save"].strip()) if "save" in settings else None
    return RedisDurability(append_only=bool(enabled), fsync=settings.get("appendfsync"), saves=saves)


def report_durability(name: str, durability: RedisDurability, *, log: logging.Logger) -> None:
    """Say what a server's acknowledgements are worth; with a warning where it writes no append-only file.

    Args:
        name: of the server.
    """
    if durability.append_only and durability.loss is not None:
        log.info("%s: %s", name, durability.loss)
    elif not durability.append_only:
        log.warning(
            "%s: %s; on the server set appendonly yes, and appendfsync always if not a second may be missing",
            name,
            durability.loss,
        )
