"""A picture to look at in a notebook, or to keep."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from interestclock.errors import ConfigError
from interestclock.files import write_text
from interestclock.results.target import checked_target

__all__ = ["Plot"]


@dataclass(frozen=True, kw_only=True)
class Plot:
    """A picture as SVG that needs nothing but itself; a notebook shows it.

    Args:
        title: what it shows. svg: its text.

    Example:
        >>> Plot(title="AUC by hour", svg="<svg/>")
        <Plot: AUC by hour; .save("picture.svg") keeps it>
    """

    title: str
    svg: str

    def __repr__(self) -> str:
        return f'<Plot: {self.title}; .save("picture.svg") keeps it>'

    def _repr_svg_(self) -> str:
        return self.svg

    def save(self, path: str | Path) -> None:
        """Write the picture; the file appears whole or not at all.

        Args:
            path: ends in ``.svg``; an older file is replaced.

        Raises:
            ConfigError: it ends in something else, or there is no folder to write it in.
        """
        if Path(path).suffix != ".svg":
            raise ConfigError(f"{path}: a picture is kept as SVG; give a name that ends in .svg")
        write_text(checked_target(path), self.svg)
