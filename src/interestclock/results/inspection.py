"""What a log holds, to be looked at."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from interestclock.errors import ConfigError
from interestclock.evaluation.hours_picture import hours_picture
from interestclock.evaluation.page import page
from interestclock.files import write_text
from interestclock.results.frames import FrameKind, check_kind, frame_of
from interestclock.results.in_arguments import in_arguments
from interestclock.results.inspection_tables import INSPECTION_TABLES
from interestclock.results.not_used import not_used
from interestclock.results.plot import Plot
from interestclock.results.target import checked_target
from interestclock.studies.inspect_log import LogInspection
from interestclock.studies.inspect_sheets import (
    columns_sheet,
    information_sheet,
    labels_sheet,
    overview_sheet,
)
from interestclock.studies.inspect_words import WITHIN_A_USER, guessed, sample_row, verdicts

__all__ = ["Inspection"]

Part = Literal["columns", "labels", "hours", "information", "forecast"]

_SHEETS = (columns_sheet, overview_sheet, labels_sheet, information_sheet)


class Inspection:
    """What ``inspect_log`` found in a log: its columns, rows, labels and hours, and what a clock would gain.

    In a notebook it shows itself as the command prints it; printed, it takes a few lines.

    Args:
        found: what ``inspect_log`` returned. title: what the log is called.
        frames: the kind of frame that ``table`` gives: ``arrow``, ``pandas`` or ``polars``.

    Raises:
        ConfigError: there is no such kind of frame, or its library is not installed.

    Example:
        >>> import tempfile
        >>> from interestclock.events import ColumnMapping, open_log
        >>> from interestclock.studies import inspect_log
        >>> path = Path(tempfile.mkdtemp()) / "plays.csv"
        >>> rows = "7,a,2024-03-01T09:00\\n7,b,2024-03-01T10:00\\n"
        >>> _ = path.write_text("user_id,item_id,timestamp_ms\\n" + rows)
        >>> mapping = ColumnMapping(zone="UTC", positive_only="play")
        >>> found = Inspection(inspect_log(open_log(path, mapping=mapping)), title="plays.csv")
        >>> print(repr(found).splitlines()[0])
        plays.csv: 2 events, 1 user, 2 items, 2024-03-01 to 2024-03-01
        >>> found.table("hours")["events"].to_pylist()[8:11]
        [0, 1, 1]
    """

    def __init__(self, found: LogInspection, *, title: str, frames: FrameKind = "arrow") -> None:
        check_kind(frames)
        self.found, self.title, self._frames = found, title, frames

    @property
    def verdict(self) -> list[str]:
        """What time would gain over none, a clock over an hour embedding, users' own past; what to try."""
        return [in_arguments(sentence) for sentence in verdicts(self.found)]

    @property
    def remarks(self) -> list[str]:
        """What was guessed, left out or is missing, in sentences; look at these first."""
        sentences = [*not_used(self.found.counts), *guessed(self.found)]
        return [in_arguments(sentence) for sentence in sentences]

    def table(self, of: Part = "columns") -> Any:
        """A part of it, as a frame of the kind asked for.

        Args:
            of: ``columns``: how each was read; ``labels``: the share of 1 and of missing, 0..1; ``hours``:
                events by local hour; ``information``: bits that the hour gives about each attribute;
                ``forecast``: what would gain, in nats an exposure, with interval, verdict and reason.

        Raises:
            ConfigError: there is no such part.
        """
        if of not in INSPECTION_TABLES:
            raise ConfigError(f"an inspection has no table '{of}'; it has {', '.join(INSPECTION_TABLES)}")
        table: pa.Table = INSPECTION_TABLES[of](self.found)
        return frame_of(table, self._frames)

    def plot(self) -> Plot:
        """Events by local hour."""
        title = f"{self.title}: events by local hour"
        return Plot(title=title, svg=hours_picture(self.found.events_by_hour, title=title))

    def report(self, path: str | Path) -> None:
        """Write all of it as one HTML page that needs nothing but itself.

        Args:
            path: the file to write; an older one is replaced.

        Raises:
            ConfigError: there is no folder to write it in.
        """
        write_text(checked_target(path), self._html("inspection_page.html.jinja", whole=True))

    def __repr__(self) -> str:
        found = self.found
        lines = [
            f"{self.title}: {_counted(found.counts.used, 'event')}, {_counted(found.users, 'user')}, "
            f"{_counted(found.items, 'item')}, {_day(found.first_ms)} to {_day(found.last_ms)}",
            *(f"- {sentence}" for sentence in self.verdict),
        ]
        if self.remarks:
            lines += ["Guessed, left out or missing:", *(f"- {sentence}" for sentence in self.remarks)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return self._html("inspection.html.jinja", whole=False)

    def _html(self, template: str, *, whole: bool) -> str:
        found = self.found
        return page(
            template,
            title=self.title,
            verdicts=self.verdict,
            guessed=self.remarks,
            picture=self.plot().svg,
            sheets=[sheet(found) for sheet in _SHEETS],
            within_a_user=WITHIN_A_USER if found.hour_information else "",
            sample=[sample_row(row) for row in found.sample],
            whole=whole,
        )


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' * (count != 1)}"


def _day(timestamp_ms: int) -> str:
    return f"{datetime.fromtimestamp(timestamp_ms / 1_000, UTC):%Y-%m-%d}"
