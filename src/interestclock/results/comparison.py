"""What a comparison of rankers came to, to be looked at and taken further."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache, cached_property, partial
from pathlib import Path
from typing import Any, Self

from interestclock.errors import ConfigError, check_names
from interestclock.evaluation.cell import comparison_cell
from interestclock.evaluation.draw_words import draw_words
from interestclock.evaluation.report import write_report
from interestclock.evaluation.report_data import Report, best_of_validation
from interestclock.evaluation.svg import has_gains
from interestclock.evaluation.verdict import limits_of_the_log, verdict
from interestclock.events import LogCounts
from interestclock.results.comparison_plots import Picture, plot_of
from interestclock.results.comparison_table import comparison_table
from interestclock.results.frames import FrameKind, check_kind, frame_of
from interestclock.results.in_arguments import in_arguments
from interestclock.results.not_used import not_used
from interestclock.results.plot import Plot
from interestclock.results.target import checked_target
from interestclock.results.trained_ranker import TrainedRanker
from interestclock.studies.end_state import EndState
from interestclock.studies.saved_report import read_report

__all__ = ["Comparison"]

_COUNTS = ("read", "duplicates", "merged", "dead_letters")


class _Rankers(dict[str, TrainedRanker]):
    """By name; one that was not run is refused with the names of those that were."""

    def __missing__(self, name: str) -> TrainedRanker:
        raise ConfigError(f"no ranker named {name!r} was run; there are {', '.join(self)}")


class Comparison:
    """A comparison: its figures, pictures and report, and the folder it lies in.

    In a notebook it shows itself as the report does; printed, it takes a few lines.

    Args:
        folder: what ``interestclock.studies.compare`` wrote. report: what it shows.
        frames: the kind of frame that ``table`` gives.
        allow: ``package.module:Class`` of clocks outside this project that rankers may import.

    Raises:
        ConfigError: there is no such kind of frame, or its library is not installed; or ``allow`` is text.

    Example:
        >>> one = {"mean": 0.7, "ci95": [0.6, 0.8]}
        >>> row = dict.fromkeys(("auc", "uauc", "logloss"), one)
        >>> results = {"label": "finish", "baseline": "base", "seeds": 1, "rankers": {"base": row},
        ...     "validation": {"base": row}}
        >>> found = Comparison(Path("results"), Report(title="My log", results=results))
        >>> found
        My log: 'finish', test part, 1 seed
          base  AUC 0.7000  UAUC 0.7000
        Only base was run; there is nothing to compare it with.
        Best: base, by the AUC of the validation part (0.7000).
        >>> found.best, found.table()["auc"].to_pylist()
        ('base', [0.7])
    """

    def __init__(
        self,
        folder: str | Path,
        report: Report,
        *,
        frames: FrameKind = "arrow",
        allow: Collection[str] = (),
    ) -> None:
        check_kind(frames)
        check_names("allow", allow)
        self.folder, self._report, self._frames, self._allow = Path(folder), report, frames, allow

    @classmethod
    def open(cls, folder: str | Path, *, frames: FrameKind = "arrow", allow: Collection[str] = ()) -> Self:
        """The comparison that a folder holds, in this process or any other.

        Args:
            folder: what ``interestclock.studies.compare`` or the command wrote.
            frames: the kind of frame that ``table`` gives: ``arrow``, ``pandas`` or ``polars``.
            allow: ``package.module:Class`` of each clock outside this project that may be imported for
                ``rankers``; nothing runs code that the caller has not named.

        Raises:
            ResultError: it holds none, or one that an earlier version wrote or that is damaged.
            ConfigError: there is no such kind of frame, or its library is not installed; or ``allow`` is
                text.

        Example:
            >>> Comparison.open("nowhere")
            Traceback (most recent call last):
            interestclock.errors.ResultError: nowhere holds no comparison: results.json is missing; ...
        """
        return cls(folder, read_report(folder), frames=frames, allow=allow)

    @property
    def results(self) -> Mapping[str, Any]:
        """What ``results.json`` holds."""
        return self._report.results

    @property
    def title(self) -> str:
        """Of the report."""
        return self._report.title

    @property
    def verdict(self) -> list[str]:
        """What the figures say, in sentences, the most important first."""
        return [in_arguments(sentence) for sentence in verdict(self.results)]

    @property
    def remarks(self) -> list[str]:
        """What was guessed, left out or is missing of the log, in sentences; look at these first."""
        counts = LogCounts(**{name: self.results.get("log", {}).get(name, 0) for name in _COUNTS})
        sentences = [*not_used(counts), *self.results.get("remarks", [])]
        return [in_arguments(sentence) for sentence in sentences]

    @property
    def best(self) -> str:
        """The ranker with the highest AUC of the validation part, which the test part's figures do not see.

        The mean of all seeds decides; of equal ones the first is taken. That it is best does not say that it
        gains: ``verdict`` does.
        """
        return best_of_validation(self.results, of=list(self.results["validation"]))

    @cached_property
    def rankers(self) -> Mapping[str, TrainedRanker]:
        """The trained rankers by name, to be asked about other rows; they share the state of the log's end.

        A ranker is read when it is first asked, the state with the first of all. One that was not run is a
        ``ConfigError``.
        """
        end = cache(partial(EndState, self.folder))
        return _Rankers(
            (name, TrainedRanker(self.folder, name, end=end, frames=self._frames, allow=self._allow))
            for name in self.results["rankers"]
        )

    def table(self) -> Any:
        """A row for each ranker, as ``comparison_table`` has it, as a frame of the kind asked for."""
        return frame_of(comparison_table(self.results), self._frames)

    def plot(self, of: Picture = "gains", *, attribute: str | None = None, ranker: str | None = None) -> Plot:
        """One of the report's pictures.

        Args:
            of: ``gains``: over the baseline with their intervals, and AUC by local hour; ``hours``: that
                alone; ``swing``: of calibration, by hour and from day to day; ``curves``: AUC over the
                stream; ``shares``: of an attribute's values in each local hour; ``profile``: one user's day;
                ``cost``: seconds and memory.
            attribute: whose shares; None is the first.
            ranker: shares of what it puts first in the test part; None: of what the log shows.

        Raises:
            ConfigError: there is no such picture, nothing to draw it of, no such attribute or ranker.
            ResultError: no ranker has a gain over the baseline to draw.
        """
        return plot_of(self._report, of, attribute=attribute, ranker=ranker)

    def report(self, path: str | Path) -> None:
        """Write the report, one HTML page that needs nothing but itself.

        Args:
            path: the file to write; an older one is replaced.

        Raises:
            ConfigError: there is no folder to write it in.
        """
        write_report(checked_target(path), self._report)

    def __repr__(self) -> str:
        rankers, seeds = self.results["rankers"], self.results["seeds"]
        wide = max(map(len, rankers), default=0)
        lines = [
            f"{self.title}: '{self.results['label']}', test part, {seeds} seed{'s' * (seeds != 1)}",
            *(
                f"  {name:{wide}}  AUC {_figure(row['auc'])}  UAUC {_figure(row['uauc'])}"
                for name, row in rankers.items()
            ),
            *self.verdict[: len(limits_of_the_log(self.results)) + 1],
            *(in_arguments(sentence) for sentence in draw_words(self.results)),
            *(f"Of the log: {sentence}" for sentence in self.remarks),
            f"Best: {self._how_best()}",
        ]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return comparison_cell(
            self._report,
            verdict=self.verdict,
            notes=[in_arguments(note) for note in self._report.notes],
            best=self._how_best(),
            pictures=self._pictures(),
        )

    def _how_best(self) -> str:
        auc = self._validation_auc(self.best)
        return f"{self.best}, by the AUC of the validation part ({auc:.4f})."

    def _validation_auc(self, ranker: str) -> float:
        auc: float = self.results["validation"][ranker]["auc"]["mean"]
        return auc

    def _pictures(self) -> dict[str, str]:
        """By what they show; where there is no gain to draw, or no curve, the verdict says why."""
        pictures = {}
        if has_gains(self.results):
            pictures["Gains, and AUC by local hour"] = self.plot().svg
        if self._report.curves:
            pictures["Learning curves"] = self.plot("curves").svg
        for name in self._report.attribute_shares:
            pictures[f"{name} over the day"] = self.plot("shares", attribute=name).svg
            if self.best in self._report.top_shares.shares.get(name, {}):
                first = self.plot("shares", attribute=name, ranker=self.best).svg
                pictures[f"{name} over the day, of what {self.best} puts first"] = first
        if self.results.get("swing", {}).get("rankers"):
            pictures["Swing of calibration"] = self.plot("swing").svg
        if self._report.hourly_profile is not None and any(self._report.hourly_profile.values):
            pictures["One user's day"] = self.plot("profile").svg
        return pictures


def _figure(estimate: Mapping[str, Any]) -> str:
    return "-" if estimate["mean"] is None else f"{estimate['mean']:.4f}"
