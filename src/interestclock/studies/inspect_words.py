"""What an inspection says, in sentences: rows as they were understood, what was guessed, the verdicts."""

from __future__ import annotations

import math

from interestclock.studies.forecast_rows import MOST_ROWS
from interestclock.studies.gain_estimate import GainEstimate
from interestclock.studies.inspection import LogInspection
from interestclock.studies.log_sample import SampleRow

__all__ = ["WITHIN_A_USER", "guessed", "sample_row", "verdicts"]

WITHIN_A_USER = (
    "Bits within a user are what the hour adds once the user is known, with their 95% interval over users. "
    "They tell what is chosen at an hour, not what is liked at it: the verdict below does."
)
_QUESTIONS = {
    "over_no_time": ("A gain over a model without any time", "the time"),
    "over_hour": ("A gain of a clock over an hour embedding", "the time"),
    "own_past": ("A gain from users' own past, no time needed", "each user's past"),
}
_HISTORY_ALONE = "longterm may gain from history alone, and then the gain is not the clock's"
_HISTORY_TOO = "of what longterm gains, part is history's"
_WITHOUT_A_CLOCK = "compare it with rankers that read the past without a clock"
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
    return [*found.counts.remarks, *_unsplit(found), *_drawn(found.forecast.share_of_users)]


def verdicts(found: LogInspection) -> list[str]:
    """What the time of day would gain, and users' past, a sentence or two for each; last, what to try."""
    sentences = [
        f"{question}: {_verdict(getattr(found.forecast, name), knowing)}"
        for name, (question, knowing) in _QUESTIONS.items()
    ]
    return [*sentences, f"What to try: {_what_to_try(found)}"]


def _what_to_try(found: LogInspection) -> str:
    forecast = found.forecast
    time = (forecast.over_no_time.verdict, forecast.over_hour.verdict)
    if forecast.own_past.verdict == "likely":
        beside = "sim-hard,din" if found.hour_information else "din,twin"
        longterm = _HISTORY_TOO if "likely" in time else _HISTORY_ALONE
        own_hours = found.hour_information and forecast.over_hour.low > 0  # however little
        clocks = "hour+gaussian,longterm" if own_hours else "longterm"
        return f"{longterm}; {_WITHOUT_A_CLOCK}, --rankers base,hour,{clocks},{beside}."
    if "likely" in time:
        return "the clocks, with interestclock compare."
    if time[0] == forecast.own_past.verdict == "unlikely":
        return "nothing, by these counts; a comparison mostly confirms that neither clock nor history gains."
    return "interestclock compare, which says what these counts cannot."


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


def _drawn(share_of_users: float) -> list[str]:
    if share_of_users == 1:
        return []
    return [
        f"what the time of day would gain is told by all rows of {share_of_users:.0%} of the users, drawn by "
        f"chance: more than {MOST_ROWS:,} rows would take memory and time, and tell the same"
    ]


def _verdict(estimate: GainEstimate, knowing: str) -> str:
    if math.isnan(estimate.low):
        return "cannot tell: there are fewer than two sittings to estimate from."
    reason = estimate.reason[:1].upper() + estimate.reason[1:]
    return (
        f"{estimate.verdict}. {reason}. Counts that know {knowing} tell the label better by "
        f"{estimate.nats:.4f} nats an exposure ({estimate.low:+.4f} to {estimate.high:+.4f})."
    )
