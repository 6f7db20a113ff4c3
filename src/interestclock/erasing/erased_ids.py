"""Whether somebody is named who was erased, wherever in a text that is."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

__all__ = ["names_one_of"]

IsErased = Callable[[str], bool]
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"|\'([^\']*)\'', re.DOTALL)
_WORDS = (re.compile(r"[\w.@:+-]+"), re.compile(r"\w+"))  # such as user-7/3, and its parts


def names_one_of(content: Any, is_erased: IsErased) -> bool:
    """Whether JSON, or text that may hold some, says the id of an erased user.

    Looked at are texts as a whole, what stands in quotes in them, and words; whole numbers by their digits.

    Args:
        content: as JSON gives it. is_erased: of an id as text.

    Example:
        >>> names_one_of({"payload": '{"user_id": 7, "item'}, {"7"}.__contains__)
        True
        >>> names_one_of("user 'ann b': empty", {"ann b"}.__contains__)
        True
        >>> names_one_of("17", {"7"}.__contains__)
        False
    """
    return any(map(is_erased, dict.fromkeys(_texts(content))))


def _texts(content: Any) -> Iterator[str]:
    if isinstance(content, dict):
        yield from (text for each in content.items() for part in each for text in _texts(part))
    elif isinstance(content, list):
        yield from (text for each in content for text in _texts(each))
    elif isinstance(content, str):
        yield from _texts_in(content)
    elif isinstance(content, int) and not isinstance(content, bool):
        yield str(content)


def _texts_in(text: str) -> Iterator[str]:
    yield text
    for found in _QUOTED.finditer(text):
        yield from filter(None, found.groups())
        try:
            yield str(json.loads(found[0]))  # with escapes
        except ValueError:
            continue
    for words in _WORDS:
        yield from words.findall(text)
