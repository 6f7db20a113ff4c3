"""Several rankers, or versions of one, side by side over one store."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from interestclock.errors import ConfigError, RequestError
from interestclock.serving.feature_source import FeatureSource
from interestclock.serving.quality_gate import QualityGate
from interestclock.serving.sampled_requests import SampledRequests
from interestclock.serving.scorer import Scorer

__all__ = ["OneVersion", "Rankers"]


@dataclass(frozen=True, kw_only=True)
class OneVersion:
    """One snapshot of a folder, which answers whatever the folder says.

    It stays in memory when the trainer lets go of its files; to have them when a server starts again, copy
    the folder, or pin it there.

    Args:
        folder: of snapshots. version: name of the snapshot.

    Example:
        >>> OneVersion(folder="trainer/snapshots", version="00000007-delta").version
        '00000007-delta'
    """

    folder: str | Path
    version: str


class Rankers:
    """Scorers by name over one store: rankers of several trainers, or the newest of one beside an older one.

    Each follows its own folder of snapshots, has its own weights and its own join of ids; the store is opened
    once. The first is the one that answers where none is named.

    Args:
        store: as ``Scorer`` has it.
        folders: of snapshots by a ranker's name; an ``OneVersion`` stays what it is.
        allow, default_zone, gate: as ``Scorer`` has them.
        sampled: by a ranker's name, what keeps features of a sample of its requests; a ranker that is left
            out keeps none.

    Raises:
        ConfigError: there is no ranker, or one has no name.
        ResultError: as ``Scorer``.

    Example:
        >>> import tempfile
        >>> from interestclock.events import open_log
        >>> from interestclock.live import LiveConfig, LiveRun
        >>> from interestclock.serving import RankRequest
        >>> from interestclock.simulator import SimulatorSize, write_simulated_log
        >>> from interestclock.streams import ReplaySource
        >>> folder = Path(tempfile.mkdtemp())
        >>> size = SimulatorSize(users=5, items=200, days=2, exposures_per_day=40)
        >>> _ = write_simulated_log(folder / "log", size=size)
        >>> with LiveRun(ReplaySource(open_log(folder / "log")), folder / "run", config=LiveConfig()) as run:
        ...     run.run()
        ...     newest = folder / "run" / "snapshots"
        ...     first = OneVersion(folder=newest, version="00000001-full")
        ...     rankers = Rankers(
        ...         run.trainer.features, {"newest": newest, "first": first}, default_zone="UTC")
        ...     (scored,) = rankers.scorer("first").score(
        ...         [RankRequest(user=1, items=[7, 8], at_ms=1_800_000_000_000)])
        >>> rankers.names, scored.ranker, scored.version, rankers.refresh()
        (('newest', 'first'), 'first', '00000001-full', [])
    """

    def __init__(
        self,
        store: FeatureSource,
        folders: Mapping[str, str | Path | OneVersion],
        *,
        allow: Collection[str] = (),
        default_zone: str | None = None,
        gate: QualityGate | None = None,
        sampled: Mapping[str, SampledRequests] | None = None,
    ) -> None:
        if not folders or not all(folders):
            raise ConfigError(f"rankers are {list(folders)}; name one or more, each by a folder of snapshots")
        self._scorers: dict[str, Scorer] = {}
        for name, where in folders.items():
            one = where if isinstance(where, OneVersion) else None
            self._scorers[name] = Scorer(
                store,
                where.folder if isinstance(where, OneVersion) else where,
                allow=allow,
                default_zone=default_zone,
                gate=gate,
                name=name,
                only=None if one is None else one.version,
                sampled=(sampled or {}).get(name),
            )

    @property
    def names(self) -> tuple[str, ...]:
        """Of all rankers; the first answers where none is named."""
        return tuple(self._scorers)

    def scorer(self, name: str | None = None) -> Scorer:
        """The scorer of a ranker, or of the first.

        Raises:
            RequestError: there is no ranker of that name.
        """
        found = self._scorers.get(self.names[0] if name is None else name)
        if found is None:
            raise RequestError(f"no ranker '{name}'; there are {', '.join(self.names)}")
        return found

    def refresh(self) -> list[str]:
        """Have each take its newest snapshot if it is another one; gives the names of those that did.

        One that fails keeps what it has and says why (``Scorer.refused``); the others go on.
        """
        return [name for name, scorer in self._scorers.items() if scorer.refresh()]
