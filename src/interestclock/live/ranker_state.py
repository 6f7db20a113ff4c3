"""A ranker's weights, rows and what its clocks cached, as arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from interestclock.arrays import Arrays, arrays_of, below, tensors_of, under
from interestclock.ranking import Ranker, table_names

__all__ = ["ranker_state", "restore_ranker"]


def ranker_state(ranker: Ranker) -> Arrays:
    """Everything that training changes in a ranker; shares memory with it."""
    table, names = ranker.table, table_names(ranker)
    dense = {name: each for name, each in ranker.state_dict().items() if name not in names}
    state = under("dense", arrays_of(dense)) | under("rows", arrays_of(table.layout()))
    state |= {"weight": table.weight.detach()[: table.used].numpy(), "free": table.free_rows().numpy()}
    state |= {"items": ranker.items.row_NF.numpy(), "widths": np.array(ranker.items.widths)}
    for place, clock in enumerate(ranker.clock_modules()):
        state |= under(f"cached/{place}", arrays_of(clock.cached()))
    return state


def restore_ranker(ranker: Ranker, state: Mapping[str, npt.NDArray[Any]]) -> None:
    """Take over what ``ranker_state`` gave."""
    weight = torch.from_numpy(np.array(state["weight"]))
    free = torch.from_numpy(np.array(state["free"]))
    ranker.table.restore(weight, tensors_of(below("rows", state)), free)
    dense = tensors_of(below("dense", state))
    ranker.load_state_dict(dense | dict.fromkeys(table_names(ranker), ranker.table.weight.detach()))
    ranker.items.restore(torch.from_numpy(np.array(state["items"])), state["widths"].tolist())
    for place, clock in enumerate(ranker.clock_modules()):
        clock.restore_cached(tensors_of(below(f"cached/{place}", state)))
