"""What the command line says of a mapping: entries ``NAME=VALUE``, or ``NAME`` where both agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import structs

from interestclock.errors import ConfigError
from interestclock.events.label_shorthand import label_from_text
from interestclock.mapping_keys import LabelColumn

__all__ = ["labels_delayed", "labels_named", "named_pairs"]


def labels_named(labels: Mapping[str, LabelColumn], entries: Sequence[str]) -> dict[str, LabelColumn]:
    """The labels, with columns or expressions named anew; when a label is known stays as it was.

    Raises:
        ConfigError: an entry lacks its name, its column or its expression.

    Example:
        >>> labels_named({"like": LabelColumn(column="liked", delay_seconds=60)}, ["like=loved"])
        {'like': LabelColumn(column='loved', expression=None, delay_seconds=60, known_column=None)}
        >>> labels_named({}, ["like=rating >= 4"])["like"].expression
        'rating >= 4'
    """
    return dict(labels) | {
        name.strip(): _label(labels.get(name.strip()), text)
        for name, text in named_pairs("label", entries, may_compare=True).items()
    }


def _label(before: LabelColumn | None, text: str) -> LabelColumn:
    named = label_from_text(text)
    column, expression = named.get("column"), named.get("expression")
    if before is None:
        return LabelColumn(column=column, expression=expression)
    return structs.replace(before, column=column, expression=expression)


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


def named_pairs(kind: str, entries: Sequence[str], *, may_compare: bool = False) -> dict[str, str]:
    """Names and what stands for them.

    Args:
        kind: of entry, for the message. may_compare: what stands for a name may be an expression.

    Raises:
        ConfigError: an entry lacks its name or value.

    Example:
        >>> named_pairs("label", ["finish=done", "like"])
        {'finish': 'done', 'like': 'like'}
    """
    pairs = {}
    for entry in entries:
        name, separator, column = entry.partition("=")
        if may_compare and (name.endswith(("<", ">", "!")) or column.startswith("=")):
            raise ConfigError(f"{kind} '{entry}' lacks a name before its expression; write 'finish={entry}'")
        if not name or (separator and not column):
            raise ConfigError(f"{kind} '{entry}' lacks a name or a column; write NAME=COLUMN, or NAME")
        pairs[name] = column or name
    return pairs
