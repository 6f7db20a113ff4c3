"""Which option of ``train`` a setting is, for errors about settings that differ."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from interestclock.defaults import BASE
from interestclock.errors import ConfigError
from interestclock.events.toml_text import toml_value
from interestclock.ranker_names import parts_of
from interestclock.ranking import with_earlier_settings
from interestclock.timeofday import MINUTE_MS

__all__ = ["OPTIONS", "describe_change"]

OPTIONS = {
    "config.ranker.clocks": "--ranker",
    "config.train.batch_size": "--batch-size",
    "config.train.learning_rate": "--learning-rate",
    "config.train.order": "--order",
    "config.train.seed": "--seed",
    "config.train.threads": "--threads",
    "config.admission.lateness_ms": "--lateness-minutes",
    "config.admission.label_wait_ms": "--label-wait-minutes",
    "config.admission.request_wait_ms": "--request-wait-minutes",
    "config.admission.ahead_ms": "--ahead-minutes",
    "config.admission.then_from_ms": "--then-from",
    "config.users.min_count": "--min-count",
    "config.users.unused_days": "--unused-days",
    "config.users.most": "--most-users",
    "config.items.min_count": "--min-count",
    "config.items.unused_days": "--unused-days",
    "config.items.most": "--most-items",
    "config.contexts.min_count": "--min-count",
    "config.contexts.unused_days": "--unused-days",
    "config.candidates.by_popularity": "--candidates-by-popularity",
    "config.candidates.from_own_past": "--candidates-from-own-past",
    "config.candidates.own_past": "--candidates-own-past",
    "config.missing_labels": "--missing-label",
    "config.forget_users_after_days": "--forget-users-after-days",
    "config.most_state_users": "--most-state-users",
    "config.keep_hours": "--keep-hours",
    "config.batch_minutes": "--batch-minutes",
}
"""A setting's name in ``config.json`` -> the option that sets it."""

_RANKER, _LIMIT = "config.ranker.clocks", "config.ranker.rms_limit"
_SHOWN_LETTERS = 60  # of a value


def describe_change(name: str, then: Any, now: Any) -> str:
    """A setting that differs, and the option that gives it as it was, if there is one.

    Args:
        name: in ``config.json``, with dots. then, now: its values, as JSON has them.

    Example:
        >>> describe_change("config.keep_hours", 1.0, 2.0)
        'config.keep_hours was 1.0 and is 2.0 (give --keep-hours 1.0)'
        >>> describe_change("config.ranker.clocks", [{"kind": "my:Clock", "width": 8}], [])
        'the ranker was my:Clock and is base (give --ranker my:Clock)'
        >>> describe_change("config.ranker.rms_limit", None, 1.0)
        'config.ranker.rms_limit was None and is 1.0 (give rms_limit = inf to the ranker in a --lineup file)'
    """
    ranker = _ranker(then) if name == _RANKER else ""
    if name == _RANKER and ranker != _ranker(now):
        remedy = f"--ranker {ranker}" if _is_name(ranker) else _in_a_lineup(f"parts = {_parts(then)}")
        return f"the ranker was {ranker} and is {_ranker(now)} (give {remedy})"
    change = f"{name} was {_shortened(then)} and is {_shortened(now)}"
    if name == _RANKER:  # the same clocks with other settings
        return f"{change} (give {_in_a_lineup(f'parts = {_parts(then)}')})"
    if name == _LIMIT:
        return f"{change} (give {_in_a_lineup(f'rms_limit = {_toml(then)}')})"
    return f"{change} ({_given(OPTIONS[name], then)})" if name in OPTIONS else change


def _in_a_lineup(key: str) -> str:
    return f"{key} to the ranker in a --lineup file"


def _parts(clocks: Iterable[Mapping[str, Any]]) -> str:
    """Parts as a line-up file has them; a setting that is none is left out."""
    tables = (
        ", ".join(f"{name} = {_toml(value)}" for name, value in each.items() if value is not None)
        for each in map(with_earlier_settings, clocks)
    )
    return f"[{', '.join(f'{{{each}}}' for each in tables)}]"


def _toml(value: Any) -> str:
    return "inf" if value is None else toml_value(value)


def _shortened(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN_LETTERS else f"{text[:_SHOWN_LETTERS]}..."


def _ranker(clocks: Sequence[dict[str, Any]] | None) -> str:
    return "+".join(str(clock.get("kind")) for clock in clocks or ()) or BASE


def _is_name(ranker: str) -> bool:
    """Whether the command line can name it: not two parts of a kind."""
    try:
        parts_of(ranker)
    except ConfigError:
        return False
    return True


def _given(option: str, value: Any) -> str:
    """The option as it has to be given for a value."""
    if value is None or value == []:
        return f"leave out {option}"
    if isinstance(value, list):
        return f"give {' '.join(f'{option} {each}' for each in value)}"
    if option == "--then-from":
        return f"give {option} {datetime.fromtimestamp(value / 1_000, UTC).isoformat()}"
    if option in ("--lateness-minutes", "--label-wait-minutes", "--request-wait-minutes", "--ahead-minutes"):
        return f"give {option} {value / MINUTE_MS:g}"
    return f"give {option} {value}"
