"""What the command line says of a mapping: entries ``NAME=VALUE``, or ``NAME`` where both agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import structs

from interestclock.errors import ConfigError
from interestclock.mapping_keys import LabelColumn

__all__ = ["labels_delayed", "labels_named", "named_pairs"]


def labels_named(labels: Mapping[str, LabelColumn], entries: Sequence[str]) -> dict[str, LabelColumn]:
    """The labels, with columns named anew; when a label is known stays as it was.

    Raises:
        ConfigError: an entry lacks its name or column.

    Example:
        >>> labels_named({"like": LabelColumn(column="liked", delay_seconds=60)}, ["like=loved"])
        {'like': LabelColumn(column='loved', expression=None, delay_seconds=60, known_column=None)}
    """
    return dict(labels) | {
        name: structs.replace(labels.get(name, LabelColumn(column=column)), column=column, expression=None)
        for name, column in named_pairs("label", entries).items()
    }


def labels_delayed(labels: Mapping[str, LabelColumn], entries: Sequence[str]) -> dict[str, LabelColumn]:
    """The labels, some of them known a number of seconds after the exposure.

    Raises:
        ConfigError: an entry names no label, or no number of seconds.

    Example:
        >>> labels_delayed({"like": LabelColumn(column="liked")}, ["like=60"])["like"].delay_seconds
        60.0
    """
    delayed = dict(labels)
    for name, seconds in named_pairs("label delay", entries).items():
        if name not in labels:
            raise ConfigError(f"no label '{name}' to delay; there are {', '.join(labels) or 'none'}")
        try:
            delayed[name] = structs.replace(labels[name], delay_seconds=float(seconds))
        except ValueError:
            raise ConfigError(f"'{seconds}' is no delay of label '{name}'; give seconds, as 600") from None
    return delayed


def named_pairs(kind: str, entries: Sequence[str]) -> dict[str, str]:
    """Names and what stands for them.

    Args:
        kind: of entry, for the message.

    Raises:
        ConfigError: an entry lacks its name or value.

    Example:
        >>> named_pairs("label", ["finish=done", "like"])
        {'finish': 'done', 'like': 'like'}
    """
    pairs = {}
    for entry in entries:
        name, separator, column = entry.partition("=")
        if not name or (separator and not column):
            raise ConfigError(f"{kind} '{entry}' lacks a name or a column; write NAME=COLUMN, or NAME")
        pairs[name] = column or name
    return pairs
