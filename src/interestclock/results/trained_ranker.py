"""A ranker of a comparison, asked about rows of the user's own."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import torch

from interestclock.events import EventSource, open_log
from interestclock.ranking import Ranker, load_ranker
from interestclock.results.frames import FrameKind, frame_like
from interestclock.results.scores import Scores
from interestclock.samples import BatchMaker
from interestclock.studies.end_state import EndState

__all__ = ["TrainedRanker"]

_ROWS = 1024  # scored together
_ANY_ORDER_MS = 2**53


class TrainedRanker:
    """One of the compared rankers as it stood at the end of the log, with the state as it stood there.

    Of several seeds it is the first one's: the figures are of single runs, and say nothing of their mean.

    Args:
        folder: of the comparison. name: of the ranker. end: the state. frames: the kind of frame for rows
            that came in none. allow: clocks outside this project that may be imported.

    Example:
        >>> TrainedRanker(Path("results"), "hour", end=lambda: EndState(Path("results")))
        <TrainedRanker hour; .score(data) asks it>
    """

    def __init__(
        self,
        folder: str | Path,
        name: str,
        *,
        end: Callable[[], EndState],
        frames: FrameKind = "arrow",
        allow: Collection[str] = (),
    ) -> None:
        self.name, self.folder = name, Path(folder) / "rankers" / f"{name}-seed0"
        self._end, self._frames, self._allow = end, frames, tuple(allow)

    def __repr__(self) -> str:
        return f"<TrainedRanker {self.name}; .score(data) asks it>"

    @cached_property
    def ranker(self) -> Ranker:
        """The module, with room for every id of the log.

        Raises:
            ResultError: it cannot be read, or has a clock that is not allowed.
        """
        ranker = load_ranker(self.folder, allow=self._allow).eval()
        self._end().reach(ranker)
        return ranker

    def score(self, data: Any) -> Any:
        """Probabilities of each label, a row for each row of the data, in its order.

        A row is scored with what the compared log told strictly before the row's time, clocks as of the start
        of its UTC day; of a time behind the log, that is the state as it stood at the log's end. The weights
        are those at the end of the log: of rows of the log itself they have learned the labels.

        Args:
            data: what ``open_log`` opens, with the columns for user, item, time and context that the
                compared log had, in any order of time; it needs no labels. Or an ``EventSource``.

        Returns:
            A frame of the kind of the data (else the comparison's): ``p.LABEL`` (float32, null where there
            is no score) for each label and ``note`` (string): why there is no score, or what it lacks; null
            where it lacks nothing. A frame of pandas keeps its index.

        Raises:
            ConfigError: the rows lack context that the log had.
            LogError: the rows cannot be read.
            ResultError: the log came from a source without columns, and the data is no ``EventSource``.
        """
        end = self._end()
        with TemporaryDirectory() as folder:
            source = _opened(data, end, dead_letters=Path(folder) / "not-read.jsonl")
            end.check_context(source)
            scores = Scores(self.ranker.names.tasks)
            for events in source.chunks():
                self._score(events, end, scores)
        return frame_like(scores.table(rows=source.counts.read), data, otherwise=self._frames)

    @torch.no_grad()
    def _score(self, events: pa.Table, end: EndState, scores: Scores) -> None:
        config = self.ranker.config
        maker = BatchMaker(
            recent=config.recent,
            clocks=config.needs_clocks,
            population_votes=config.population_votes,
        )
        histories = end.state.histories()
        for start in range(0, events.num_rows, _ROWS):
            part = events.slice(start, _ROWS)
            rows = end.rows(part)
            logits = self.ranker(maker.make(rows, end.state), histories)
            scores.add(part["log_row"].to_numpy(), rows.user_B, rows.item_B, logits)


def _opened(data: Any, end: EndState, *, dead_letters: Path) -> EventSource:
    """Rows that cannot be used are none of the source's; their scores say so."""
    if hasattr(data, "fingerprint"):  # of all that can be given, an event source alone has that
        source: EventSource = data
        return source
    return open_log(data, mapping=end.columns(), lateness_ms=_ANY_ORDER_MS, dead_letters=dead_letters)
