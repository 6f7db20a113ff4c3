"""What an inspection says, in sentences: rows as they were understood, what was guessed, the verdicts."""

from __future__ import annotations

import math

from interestclock.studies.gain_forecast import GainEstimate
from interestclock.studies.inspection import LogInspection
from interestclock.studies.log_sample import SampleRow

__all__ = ["WITHIN_A_USER", "guessed", "sample_row", "verdicts"]

WITHIN_A_USER = (
    "Bits within a user are what the hour adds once the user is known, with their 95% interval over users. "
    "They tell what is chosen at an hour, not what is liked at it: the verdict below does."
)
_QUESTIONS = {
    "over_no_time": "A gain over a model without any time",
    "over_hour": "A gain of a clock over an hour embedding",
}
_LONGEST_VALUE = 24


def sample_row(row: SampleRow) -> str:
    """A row in a line or a few: as wide as the terminal, not as the log has columns.

    Example:
        >>> sample_row(SampleRow(log_row=1, user=7, item="a", local_time="1970-01-01 05:30:00 +05:30",
        ...     labels={"finish": None}, attributes={"genre": ["pop", "rock"]}, context={}))
        'row 1: user 7  item a  1970-01-01 05:30:00 +05:30  finish=missing  genre=pop, rock'
    """
    parts = [f"user {_value(row.user)}", f"item {_value(row.item)}", row.local_time]
    for values in (row.labels, row.attributes, row.context):
        parts += [f"{name}={_value(value)}" for name, value in values.items()]
    return f"row {row.log_row:,}: {'  '.join(parts)}"


def guessed(found: LogInspection) -> list[str]:
    """What was guessed of the log, left out of it or is missing."""
    return [*found.counts.remarks, *_unsplit(found)]


def verdicts(found: LogInspection) -> list[str]:
    """What the time of day would gain, a sentence or two for each question."""
    return [f"{question}: {_verdict(getattr(found.forecast, name))}" for name, question in _QUESTIONS.items()]


def _value(value: object) -> str:
    if value is None or value == []:
        return "missing"
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"


def _unsplit(found: LogInspection) -> list[str]:
    return [
        f"{name}: no row has several values, and many hold '{separator}'; if it parts values, say so: "
        f'--separator "{separator}"'
        for name, separator in found.unsplit.items()
    ]


def _verdict(estimate: GainEstimate) -> str:
    if math.isnan(estimate.low):
        return "cannot tell: there are fewer than two sittings to estimate from."
    reason = estimate.reason[:1].upper() + estimate.reason[1:]
    return (
        f"{estimate.verdict}. {reason}. Counts that know the time tell the label better by "
        f"{estimate.nats:.4f} nats an exposure ({estimate.low:+.4f} to {estimate.high:+.4f})."
    )
