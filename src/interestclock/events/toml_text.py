"""Keys and values as a TOML file has them, for what is written and for what errors tell to write."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["toml_key", "toml_value"]


def toml_key(name: str) -> str:
    """A key, in quotes where it needs them.

    Example:
        >>> toml_key("finish"), toml_key("of user")
        ('finish', '"of user"')
    """
    bare = name.isascii() and name.replace("_", "").replace("-", "").isalnum()
    return name if bare else toml_value(name)


def toml_value(value: Any) -> str:
    """Text, a number, a truth value, or a list of these.

    Example:
        >>> toml_value(["a", "é"]), toml_value(False)
        ('["a", "é"]', 'false')
    """
    return json.dumps(value, ensure_ascii=False)
