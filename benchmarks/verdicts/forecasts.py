"""What ``inspect`` foretells of one log: what is judged, and beside it what is foretold of users' past."""

from __future__ import annotations

from interestclock.events import EventSource
from interestclock.studies.gain_forecast import forecast_gain
from verdicts.rankers import QUESTIONS
from verdicts.store import Row


def forecast(source: EventSource) -> Row:
    """Question, or ``own_past`` -> the estimate in nats, its interval and the verdict."""
    told = forecast_gain(source)
    return {question: _written(getattr(told, question)) for question in (*QUESTIONS, "own_past")}


def _written(estimate: object) -> Row:
    return {name: getattr(estimate, name) for name in ("nats", "low", "high", "verdict")}
