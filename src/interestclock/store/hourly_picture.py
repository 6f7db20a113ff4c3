"""A user's hourly profile as lines of text: a column for each bucket of the day, a row for each value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

__all__ = ["MARKS", "bars", "hourly_picture"]

# Shapes: H buckets.

MARKS = "█▓▒░"  # of the best value of a bucket, the second, the third, and those after it
_NONE = "·"
_LEVELS = "▁▂▃▄▅▆▇█"
_DAY_COLUMNS = 48  # two for each hour: with names of values the picture is 70 wide
_NAME_COLUMNS = 18
_TICK_HOURS = 3


def hourly_picture(best_H: Sequence[Sequence[str]], *, rows: int = 12) -> list[str]:
    """Which values are best in which bucket of the day.

    Args:
        best_H: of each bucket from midnight on the best values, best first. rows: values shown, at most.

    Returns:
        A line of hours, then one for each value: those that are best most often come first. Two columns
        stand for an hour; where buckets are shorter than half an hour, a mark is of several, of the best rank
        among them.

    Example:
        >>> for line in hourly_picture([["rock", "soul"]] * 6 + [["soul"]] * 6 + [[]] * 12):
        ...     print(line)
                           0     3     6     9     12    15    18    21
        soul               ▓▓▓▓▓▓▓▓▓▓▓▓████████████························
        rock               ████████████····································
    """
    weights: Counter[str] = Counter()
    for best in best_H:
        for rank, value in enumerate(best):
            weights[value] += len(MARKS) - min(rank, len(MARKS) - 1)
    order = sorted(weights, key=lambda value: (-weights[value], value))
    lines = [_ruler(), *(f"{_name(value)} {_row(value, best_H)}" for value in order[:rows])]
    if len(order) > rows:
        lines.append(f"{'':{_NAME_COLUMNS}} and {len(order) - rows:,} more values")
    return lines


def bars(count_H: Sequence[int]) -> str:
    """How many there are in each hour, in bars below the columns of a picture; the tallest is the most.

    Args:
        count_H: of 24 hours.

    Example:
        >>> bars([0, 1, 8] + [0] * 21).strip()
        '··▁▁██··········································'
    """
    most = max(count_H, default=0)
    levels = [_LEVELS[-(-len(_LEVELS) * count // most) - 1] if count else _NONE for count in count_H]
    return f"{_name('')} {''.join(2 * each for each in levels)}"


def _row(value: str, best_H: Sequence[Sequence[str]]) -> str:
    """A mark for each half hour, of the best rank that the value has in it."""
    ranks = [best.index(value) if value in best else None for best in best_H]
    marks = []
    for column in range(_DAY_COLUMNS):
        first = column * len(ranks) // _DAY_COLUMNS
        stop = max(first + 1, (column + 1) * len(ranks) // _DAY_COLUMNS)
        rank = min((rank for rank in ranks[first:stop] if rank is not None), default=None)
        marks.append(_NONE if rank is None else MARKS[min(rank, len(MARKS) - 1)])
    return "".join(marks)


def _name(value: str) -> str:
    short = value if len(value) <= _NAME_COLUMNS else value[: _NAME_COLUMNS - 3] + "..."
    return f"{short:{_NAME_COLUMNS}}"


def _ruler() -> str:
    """The hours that columns stand for."""
    ticks = "".join(f"{hour:<{_TICK_HOURS * 2}}" for hour in range(0, 24, _TICK_HOURS))
    return f"{'':{_NAME_COLUMNS}} {ticks}".rstrip()
