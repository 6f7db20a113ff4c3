"""Scores of rows that come in any order, put back into the order in which the rows were given.

Shapes: ``N`` rows as they were given, ``B`` samples of a batch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import torch
from torch import Tensor

__all__ = ["NOT_READ", "NO_ITEM", "NO_USER", "Scores"]

NO_ITEM = "no score: the compared log never showed the item"
NO_USER = "scored without a past: the compared log never showed the user"
NOT_READ = "no score: not read, because the row is a duplicate or cannot be used"
_NOTES = pa.array([NO_ITEM, NO_USER, NOT_READ])
_NO_ITEM, _NO_USER, _NOT_READ, _NOTHING = 0, 1, 2, -1

IntArray = npt.NDArray[np.integer]


class Scores:
    """Probabilities and notes, collected batch by batch.

    Args:
        tasks: labels that are scored.

    Example:
        >>> scores = Scores(("finish",))
        >>> scores.add(np.array([3, 1]), np.array([1, 0]), np.array([1, 1]), {"finish": torch.zeros(2)})
        >>> table = scores.table(rows=3)
        >>> table["p.finish"].to_pylist()
        [0.5, None, 0.5]
        >>> [note and note[:15] for note in table["note"].to_pylist()]
        ['scored without ', 'no score: not r', None]
    """

    def __init__(self, tasks: Sequence[str]) -> None:
        self._tasks = tuple(tasks)
        self._row: list[IntArray] = [np.zeros(0, np.int64)]
        self._note: list[IntArray] = [np.zeros(0, np.int64)]
        self._probability = {task: [np.zeros(0, np.float32)] for task in self._tasks}

    def add(
        self, log_row_B: IntArray, user_B: IntArray, item_B: IntArray, logits: Mapping[str, Tensor]
    ) -> None:
        """Take a batch.

        Args:
            log_row_B: of which row, from 1. user_B, item_B: their numbers, 0 is not known.
            logits: by task, float32 (B,); of an item that is not known they are dropped.
        """
        self._row.append(log_row_B - 1)
        self._note.append(np.where(item_B == 0, _NO_ITEM, np.where(user_B == 0, _NO_USER, _NOTHING)))
        for task in self._tasks:
            self._probability[task].append(torch.sigmoid(logits[task]).numpy())

    def table(self, *, rows: int) -> pa.Table:
        """Columns ``p.TASK`` (float32) and ``note`` (string), both with nulls.

        Args:
            rows: how many were given, N.
        """
        row_B = np.concatenate(self._row)
        note_N = np.full(rows, _NOT_READ)
        note_N[row_B] = np.concatenate(self._note)
        without_N = (note_N == _NO_ITEM) | (note_N == _NOT_READ)
        columns = {}
        for task, parts in self._probability.items():
            probability_N = np.zeros(rows, np.float32)
            probability_N[row_B] = np.concatenate(parts)
            columns[f"p.{task}"] = pa.array(probability_N, mask=without_N)
        columns["note"] = _NOTES.take(pa.array(note_N, mask=note_N == _NOTHING))
        return pa.table(columns)
