"""Short ways to write a mapping's tables, the same in a mapping file and in Python."""

from __future__ import annotations

from typing import Any

from interestclock.errors import ConfigError, check_names
from interestclock.events.label_shorthand import label_from_text
from interestclock.mapping_keys import LabelColumn

__all__ = ["label_of", "table_of"]


def table_of(name: str, given: Any) -> Any:
    """A table of names and columns: a list of names stands for one in which both agree.

    Args:
        name: of the key. given: its value; what is no list is given back as it is.

    Raises:
        ConfigError: it is text.

    Example:
        >>> table_of("attributes", ["genre"]), table_of("attributes", {"genre": "genres"})
        ({'genre': 'genre'}, {'genre': 'genres'})
    """
    check_names(name, given)
    if isinstance(given, list | tuple) and all(isinstance(each, str) and each for each in given):
        return {each: each for each in given}
    return given


def label_of(name: str, given: Any) -> LabelColumn:
    """A label: text is its column, or the expression that makes it, if it compares something.

    Args:
        name: of the label. given: what stands for it.

    Raises:
        ConfigError: it is neither text nor a ``LabelColumn``.

    Example:
        >>> label_of("finish", "rating >= 4").expression, label_of("like", "liked").column
        ('rating >= 4', 'liked')
    """
    if isinstance(given, LabelColumn):
        return given
    if not isinstance(given, str) or not given:
        raise ConfigError(
            f"label '{name}' is {given!r}; give a column's name, what makes it, such as 'rating >= 4', or a "
            "LabelColumn"
        )
    made = label_from_text(given)
    return LabelColumn(column=made.get("column"), expression=made.get("expression"))
