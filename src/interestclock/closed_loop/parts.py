"""The commands that a closed loop is made of: each is one that can be run alone."""

from __future__ import annotations

import socket
import sys
from dataclasses import dataclass
from datetime import UTC, datetime

from interestclock.closed_loop.loop_folder import LoopFolder
from interestclock.closed_loop.part import Part

__all__ = ["LoopPorts", "free_port", "loop_parts"]

_GROUP = "interestclock"  # the trainer's, for which the updater keeps what it admitted
_POLL_MESSAGES = 1_024  # a snapshot is written between two polls
_CHECKPOINT_MESSAGES = 50_000  # as many are admitted again after a kill


@dataclass(frozen=True, kw_only=True)
class LoopPorts:
    """Where parts listen, on this machine alone.

    Args:
        service: rankings and events. updater, trainer: metrics.

    Example:
        >>> LoopPorts(service=8000, updater=9101, trainer=9100).metrics("updater")
        'http://127.0.0.1:9101/metrics'
    """

    service: int
    updater: int
    trainer: int

    def metrics(self, part: str) -> str:
        """Address of a part's metrics."""
        return f"http://127.0.0.1:{getattr(self, part)}/metrics"


def free_port() -> int:
    """A port of this machine that nobody listens at, just now.

    Example:
        >>> 1_024 <= free_port() < 65_536
        True
    """
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def loop_parts(folder: LoopFolder, ports: LoopPorts) -> dict[str, Part]:
    """Updater, trainer and service, as they are started.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> from interestclock.closed_loop import LoopConfig
        >>> with LoopFolder(Path(tempfile.mkdtemp()) / "loop", config=LoopConfig()) as folder:
        ...     parts = loop_parts(folder, LoopPorts(service=8000, updater=9101, trainer=9100))
        >>> {name: part.command[3] for name, part in parts.items()}
        {'updater': 'features', 'trainer': 'train', 'service': 'serve'}
    """
    config, before = folder.config, folder.before
    commands = {
        "updater": (
            *("features", "follow", folder.archive),
            *("--then", folder.log.address),
            *("--then-from", datetime.fromtimestamp(before.start_ms / 1_000, UTC).isoformat()),
            *("--mapping", folder.archive / "log.toml"),
            *("--store", folder.store),
            *("--clock", folder.clock),
            *("--lateness-minutes", config.lateness_minutes),
            *("--label-wait-minutes", before.label_wait_minutes),
            *("--request-wait-minutes", max(config.lateness_minutes, before.label_wait_minutes)),
            *("--keep-for", _GROUP),
            *("--checkpoint-messages", _CHECKPOINT_MESSAGES),
            *("--poll-messages", _POLL_MESSAGES),
            *("--metrics-port", ports.updater),
        ),
        "trainer": (
            *("train", f"admitted://{folder.store}"),
            *("--checkpoints", folder.trainer),
            "--resume",
            *("--group", _GROUP),
            *("--ranker", config.ranker),
            *("--seed", config.seed),
            *(word for label in before.missing_labels for word in ("--missing-label", label)),
            *("--snapshot-minutes", config.snapshot_minutes),
            *("--checkpoint-minutes", 2 * config.snapshot_minutes),
            *("--metrics-port", ports.trainer),
        ),
        "service": (
            *("serve", "--store", folder.store),
            *("--snapshots", folder.snapshots),
            *("--log", folder.log.address),
            *("--clock", folder.clock),
            *("--port", ports.service),
            *("--updater-metrics", ports.metrics("updater")),
            *("--trainer-metrics", ports.metrics("trainer")),
        ),
    }
    return {
        name: Part(
            name=name,
            command=(sys.executable, "-m", "interestclock", *map(str, command)),
            output=folder.output / f"{name}.log",
        )
        for name, command in commands.items()
    }
