"""A log to try things on, from Python."""

from __future__ import annotations

from pathlib import Path

from interestclock.defaults import SIMULATOR_WORLDS
from interestclock.results.in_arguments import speaking_in_arguments
from interestclock.simulator import size_named, world_named, write_simulated_log

__all__ = ["simulate"]


def simulate(
    out: str | Path, *, size: str = "small", seed: int = 0, world: str = SIMULATOR_WORLDS[0]
) -> Path:
    """Write the log of a simulated music service whose true probabilities are known.

    Args:
        out: folder to write; must be empty or not exist. ``inspect``, ``compare`` and ``features`` read it as
            it is.
        size: tiny, small or large. seed: the same seed writes the same log. world: steady, or moving
            (weekends, drift, a recommender's exposures).

    Returns:
        The folder.

    Raises:
        ConfigError: there is no such size or world. ResultError: the folder holds something.

    Example:
        >>> import tempfile
        >>> log = simulate(Path(tempfile.mkdtemp()) / "log", size="tiny")
        >>> (log / "log.toml").exists()
        True
    """
    with speaking_in_arguments():
        write_simulated_log(out, size=size_named(size), seed=seed, truth=world_named(world))
    return Path(out)
