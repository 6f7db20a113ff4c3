"""What a configuration's fields mean, out of its docstring."""

from __future__ import annotations

import inspect
import re
from dataclasses import fields, is_dataclass

__all__ = ["help_of"]

_ARGS = re.compile(r"^Args:\n(.*?)(?=^\S|\Z)", re.MULTILINE | re.DOTALL)


def help_of(kind: type) -> dict[str, str]:
    """Field -> what it means, of a dataclass whose docstrings say so under ``Args:``, its bases' included.

    Args:
        kind: a dataclass; one without a docstring says nothing.

    Example:
        >>> from interestclock.clocks import GaussianConfig
        >>> help_of(GaussianConfig)["sigma_hours"]
        'width of the Gaussian, in hours'
    """
    names = [each.name for each in fields(kind)] if is_dataclass(kind) else []
    texts = {name: text for base in reversed(kind.__mro__) for name, text in _texts(base, names).items()}
    return {name: texts[name] for name in names if name in texts}


def _texts(kind: type, names: list[str]) -> dict[str, str]:
    found = _ARGS.search(inspect.cleandoc(kind.__doc__ or ""))
    if found is None or not names:
        return {}
    listed = "|".join(map(re.escape, names))
    start = re.compile(rf"(?:^|(?<=[.:;] ))((?:{listed})(?:, (?:{listed}))*): ")
    text = " ".join(found[1].split())
    heads = list(start.finditer(text))
    ends = [each.start() for each in heads[1:]] + [len(text)]
    return {
        name: text[head.end() : end].strip().removesuffix(".")
        for head, end in zip(heads, ends, strict=True)
        for name in head[1].split(", ")
    }
