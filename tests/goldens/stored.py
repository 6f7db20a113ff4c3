"""Goldens on disk: JSON for what people read in a diff, an ``npz`` file for float arrays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["VALUES", "Parts", "load", "save"]

VALUES = Path(__file__).parent / "values"
Parts = dict[str, Any]  # by name: plain values, or arrays by column
_COLUMN = ":"  # between a part's name and a column's


def load(golden: str, folder: Path = VALUES) -> Parts:
    """All parts of a golden; none where it was never written."""
    parts: Parts = {}
    if (path := folder / f"{golden}.json").exists():
        parts |= json.loads(path.read_text(encoding="utf-8"))
    if (path := folder / f"{golden}.npz").exists():
        with np.load(path) as arrays:
            for name in arrays.files:
                part, _, column = name.partition(_COLUMN)
                parts.setdefault(part, {})[column] = arrays[name]
    return parts


def save(golden: str, parts: Parts, folder: Path = VALUES) -> None:
    """Write all parts of a golden; the same parts write the same bytes."""
    folder.mkdir(exist_ok=True)
    columns = {name: value for name, value in sorted(parts.items()) if _is_columns(value)}
    plain = {name: value for name, value in sorted(parts.items()) if name not in columns}
    lines = ",\n".join(f"{json.dumps(name)}: {_text(value)}" for name, value in plain.items())
    (folder / f"{golden}.json").write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
    named = {f"{part}{_COLUMN}{c}": array for part, each in columns.items() for c, array in each.items()}
    np.savez_compressed(folder / f"{golden}.npz", **named)


def _is_columns(value: Any) -> bool:
    return isinstance(value, dict) and any(isinstance(each, np.ndarray) for each in value.values())


def _text(value: Any, depth: int = 1) -> str:
    """JSON with a line for each entry of the first two levels, so that a diff shows what changed."""
    inside, outside = "\n" + " " * depth, "\n" + " " * (depth - 1)
    if depth < 3 and isinstance(value, dict) and value:
        entries = [f"{json.dumps(name)}: {_text(each, depth + 1)}" for name, each in value.items()]
        return "{" + inside + f",{inside}".join(entries) + outside + "}"
    if depth < 3 and isinstance(value, list) and any(isinstance(each, list | dict) for each in value):
        return "[" + inside + f",{inside}".join(_text(each, 3) for each in value) + outside + "]"
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
