"""Choices of a stream become rows to be ranked: each beside candidates that could have been chosen."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from interestclock.arrays import with_columns
from interestclock.samples import CandidateConfig, candidates_beside
from interestclock.state import FeatureState

__all__ = ["CHOICE", "DRAWN", "ChoiceRows", "flags", "own_rows"]

# Shapes: N choices, R rows that come out.

CHOICE = ("choice",)  # what rows of one choice agree in
DRAWN = (*CHOICE, "chosen", "scored")  # columns that come with candidates


class ChoiceRows:
    """Draws candidates for choices in time order, as ``compare`` does: the same ones for the same stream.

    Args:
        state: whose users, items and choices. config: how many, and their seed.
    """

    def __init__(self, state: FeatureState, *, config: CandidateConfig) -> None:
        self._state, self._config = state, config
        self.choices = 0  # that came so far

    def expand(self, choices: pa.Table) -> pa.Table:
        """Rows of choices; one of an item that nobody was known to have chosen is a row that is not scored.

        Args:
            choices: in time order, no moment cut in two; with ``user`` and ``item``, slots of the state.

        Returns:
            The same columns, ``item`` and ``item_id`` those of each row, and ``choice`` int64, ``chosen`` and
            ``scored`` bool.
        """
        columns = {name: choices[name].to_numpy() for name in ("user", "item", "timestamp_ms")}
        drawn, scored_N = candidates_beside(
            columns, self._state, first_number=self.choices, config=self._config
        )
        unscored = np.flatnonzero(~scored_N)
        choice_R = np.concatenate([drawn.choice_R, unscored])
        order = np.argsort(choice_R, kind="stable")
        item_R = np.concatenate([drawn.item_R, columns["item"][unscored]])[order]
        chosen_R = np.concatenate([drawn.chosen_R, np.ones(unscored.size, np.bool_)])[order]
        rows = choices.take(pa.array(choice_R[order]))
        changed = {
            "item": pa.array(item_R.astype(np.int32)),
            "item_id": self._state.items.ids(item_R).cast(choices["item_id"].type),
            "choice": pa.array(self.choices + choice_R[order]),
            "chosen": pa.array(chosen_R),
            "scored": pa.array(scored_N[choice_R[order]]),
        }
        self.choices += choices.num_rows
        return with_columns(rows, changed)


def own_rows(rows: pa.Table) -> tuple[pa.Table, npt.NDArray[np.int64]]:
    """What was shown or chosen, without the candidates beside it, and which of these each row goes with."""
    if "chosen" not in rows.column_names:
        return rows, np.arange(rows.num_rows)
    own = rows.filter(rows["chosen"])
    return own, np.searchsorted(own["choice"].to_numpy(), rows["choice"].to_numpy())


def flags(rows: pa.Table, name: str) -> npt.NDArray[np.bool_]:
    """A column of flags; where there is none all are set."""
    if name not in rows.column_names:
        return np.ones(rows.num_rows, np.bool_)
    flag_R: npt.NDArray[np.bool_] = rows[name].to_numpy(zero_copy_only=False)
    return flag_R
