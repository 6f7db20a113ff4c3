"""Ids in paths: whatever an id may have, slashes and line breaks, too."""

from __future__ import annotations

from starlette.convertors import Convertor, register_url_convertor

__all__ = ["id_in_path"]


class _IdConvertor(Convertor[str]):
    """All of a path up to what stands behind it.

    A pattern of ``.*`` leaves out a line break at the end: another id than the path has.
    """

    regex = "(?s:.*)"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("id", _IdConvertor())


def id_in_path(name: str) -> str:
    """A route's path where an id stands, to the end or up to what follows.

    Example:
        >>> id_in_path("user")
        '{user:id}'
    """
    return f"{{{name}:id}}"
