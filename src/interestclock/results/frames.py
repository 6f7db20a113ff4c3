"""Tables handed out as frames of the kind that the caller works with."""

from __future__ import annotations

import importlib
from typing import Any, Literal

import pyarrow as pa

from interestclock.errors import ConfigError

__all__ = ["FRAMES", "FrameKind", "check_kind", "frame_kind", "frame_like", "frame_of"]

FrameKind = Literal["arrow", "pandas", "polars"]
FRAMES: tuple[FrameKind, ...] = ("arrow", "pandas", "polars")
_KIND_OF: dict[str, FrameKind] = {"pyarrow": "arrow", "pandas": "pandas", "polars": "polars"}


def check_kind(kind: str) -> None:
    """Refuse a kind of frame that there is not, or whose library is not installed.

    Raises:
        ConfigError: so it is.

    Example:
        >>> check_kind("dask")
        Traceback (most recent call last):
        interestclock.errors.ConfigError: no frames of the kind 'dask'; there are arrow, pandas, polars
    """
    if kind not in FRAMES:
        raise ConfigError(f"no frames of the kind '{kind}'; there are {', '.join(FRAMES)}")
    if kind != "arrow":
        _library(kind)


def frame_of(table: pa.Table, kind: FrameKind) -> Any:
    """A table as a frame: itself, a ``pandas.DataFrame`` or a ``polars.DataFrame``.

    Args:
        table: of any columns. kind: ``arrow``, ``pandas`` or ``polars``.

    Raises:
        ConfigError: there is no such kind, or its library is not installed.

    Example:
        >>> frame_of(pa.table({"auc": [0.7]}), "arrow")["auc"].to_pylist()
        [0.7]
    """
    check_kind(kind)
    if kind == "pandas":
        return table.to_pandas()
    return _library(kind).from_arrow(table) if kind == "polars" else table


def frame_kind(data: Any, *, otherwise: FrameKind = "arrow") -> FrameKind:
    """The kind of frame that some data is; ``otherwise``, where it is none that results are given as.

    Example:
        >>> frame_kind("plays.csv")
        'arrow'
    """
    return _KIND_OF.get(type(data).__module__.split(".")[0], otherwise)


def frame_like(table: pa.Table, data: Any, *, otherwise: FrameKind) -> Any:
    """A table as a frame of the kind that some data is; one of pandas has the index of the data.

    Args:
        table: a row for each row of the data. data: a frame, or anything else.
        otherwise: the kind, where the data is no frame.

    Example:
        >>> frame_like(pa.table({"p": [0.5]}), "plays.csv", otherwise="arrow")["p"].to_pylist()
        [0.5]
    """
    kind = frame_kind(data, otherwise=otherwise)
    frame = frame_of(table, kind)
    if kind == "pandas" and len(frame) == len(getattr(data, "index", ())):
        frame.index = data.index
    return frame


def _library(kind: str) -> Any:
    try:
        return importlib.import_module(kind)
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"frames of {kind} are asked for, and {kind} is not installed: pip install {kind}"
        ) from error
