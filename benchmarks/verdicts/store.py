"""Results as they come, a line of JSON each: what is there is not computed again."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

Row = dict[str, Any]


class Store:
    """Rows of one kind in ``FOLDER/KIND.jsonl``, by world and log; a line that a kill cut off is dropped."""

    def __init__(self, folder: Path, kind: str) -> None:
        self.path = folder / f"{kind}.jsonl"
        whole = self._whole_lines()
        self.rows: dict[tuple[str, int], Row] = {
            (row["world"], row["log"]): row for row in map(json.loads, whole)
        }

    def add(self, row: Row) -> None:
        """Append a row, on the disk when this returns."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
            file.flush()
            os.fsync(file.fileno())
        self.rows[row["world"], row["log"]] = row

    def _whole_lines(self) -> list[str]:
        if not self.path.exists():
            return []
        text = self.path.read_text(encoding="utf-8")
        whole = text[: text.rfind("\n") + 1]
        if len(whole) < len(text):
            self.path.write_text(whole, encoding="utf-8")
        return whole.splitlines()


def keep_settings(folder: Path, settings: Row) -> None:
    """Write down what a folder's results are of; go on in it only with the same.

    Raises:
        SystemExit: it holds results of other settings.
    """
    path = folder / "settings.json"
    folder.mkdir(parents=True, exist_ok=True)
    if path.exists() and (before := json.loads(path.read_text())) != settings:
        raise SystemExit(f"{folder} holds results of {before}, not of {settings}; name another folder")
    path.write_text(json.dumps(settings) + "\n")
