"""What another trainer of the same stream knows: where a new ranker starts, without the history."""

from __future__ import annotations

import copy
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from interestclock.admission.admitted_log import copy_admitted
from interestclock.arrays import Arrays, table_from_bytes, table_to_bytes
from interestclock.errors import ResultError, system_errors_as
from interestclock.live.checkpoints import CheckpointManifest, CheckpointReader
from interestclock.live.choice_rows import DRAWN, own_rows
from interestclock.live.folder_config import config_of, differences
from interestclock.live.trainer_folder import FINGERPRINTED, check_format, holds_trainer

__all__ = ["KeptState", "not_predicted"]

# Settings that neither admission nor the state sees. All others have to be the same, those of later versions
# too, unless they are named here.
_MAY_DIFFER = (
    ("config", "ranker"),
    ("config", "train"),
    ("config", "users"),  # when ids earn rows of the embedding table, and lose them
    ("config", "items"),
    ("config", "contexts"),
    ("config", "candidates"),  # drawn anew for choices that were not predicted
    ("config", "batch_minutes"),
    ("config", "missing_labels"),  # what has not come is in no history and no clock, missing or 0
    ("config", "clocks", "weights"),  # looked at when clocks are read; what is kept are votes
    ("config", "clocks", "values_per_attribute"),
)
_log = logging.getLogger("interestclock.train")


@dataclass(frozen=True, kw_only=True)
class KeptState:
    """The newest whole checkpoint of a trainer, for another to start on; its folder is read and not changed.

    Its trainer may run: a checkpoint is whole or is not there.

    Args:
        folder: of the trainer. manifest: of the checkpoint. state: that is in it.
    """

    folder: Path
    manifest: CheckpointManifest
    state: Arrays

    @classmethod
    def read(cls, folder: Path, settings: Mapping[str, Any]) -> KeptState:
        """Read it for a trainer that is set to ``settings``, as ``TrainerFolder`` has it.

        Raises:
            ResultError: there is no trainer, none of its checkpoints is whole, or it is of another source or
                admits or remembers otherwise.
        """
        if not holds_trainer(folder):
            raise ResultError(
                f"--state-from {folder}: there is no trainer; give what its --checkpoints were called"
            )
        before = config_of(folder)
        check_format(folder)
        _check_same(folder, before, settings)
        found = _newest(CheckpointReader(folder / "checkpoints"), before["fingerprint"])
        if found is None:
            raise ResultError(
                f"--state-from {folder}: it has no checkpoint yet; wait for its first, or stop it, which "
                "makes one"
            )
        return cls(folder=folder, manifest=found[0], state=found[1])

    def copy_admitted(self, to: Path) -> None:
        """What was admitted behind the checkpoint, so that no broker is asked for it again.

        Args:
            to: a folder; what is in it goes.

        Raises:
            ResultError: it is gone already, or cannot be written.
        """
        gone = f"{self.folder / 'admitted'}: what was taken behind checkpoint {self.manifest.number} is gone"
        again = "if its trainer runs, it went on meanwhile: start again, with --resume"
        with (
            system_errors_as(ResultError, f"{to} cannot be written", remedy="make room, then start again"),
            system_errors_as(ResultError, gone, remedy=again, of=(FileNotFoundError,)),
        ):
            copy_admitted(self.folder / "admitted", to, position=self.manifest.admitted_position)


def not_predicted(queue: Mapping[str, Any]) -> tuple[Arrays, int]:
    """The state of an ``ExposureQueue`` as if it had drawn no candidates yet.

    Args:
        queue: its state.

    Returns:
        A state for a queue of any settings, and for how many choices candidates had been drawn.

    Example:
        >>> held = pa.table({"timestamp_ms": [5], "serial": [0]})
        >>> state = {"watermark_ms": np.array(3), "held": table_to_bytes(held)}
        >>> as_admitted, drawn = not_predicted(state)
        >>> table_from_bytes(as_admitted["held"]).equals(held), drawn
        (True, 0)
    """
    tables = {name: table_from_bytes(queue[name]) for name in ("passed", "held") if name in queue}
    drawn = 0
    if "passed" in tables and set(DRAWN) <= set(tables["passed"].column_names):
        own, _ = own_rows(tables["passed"])
        tables["passed"], drawn = own.drop_columns(list(DRAWN)), own.num_rows
    state: Arrays = {"watermark_ms": np.array(queue["watermark_ms"])}
    if tables:
        state["held"] = table_to_bytes(pa.concat_tables(tables.values()))
    return state, drawn


def _newest(checkpoints: CheckpointReader, fingerprint: str) -> tuple[CheckpointManifest, Arrays] | None:
    """The newest whole one; one that is removed while it is read, as newer ones came, is no damage."""
    while True:
        there = checkpoints.numbers()
        try:
            return checkpoints.newest(fingerprint=fingerprint)
        except ResultError:
            if checkpoints.numbers() == there:
                raise


def _check_same(folder: Path, before: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
    changes = differences(_of_the_state(before), _of_the_state(settings))
    if changes:
        raise ResultError(
            f"--state-from {folder}: its trainer admits and remembers otherwise: {changes}; give these as it "
            "has them (the ranker, its training, rows, candidates, batches and schedules may differ), "
            "or learn the history again without --state-from"
        )


def _of_the_state(settings: Mapping[str, Any]) -> dict[str, Any]:
    """All but the settings that may differ."""
    kept = copy.deepcopy({name: settings.get(name) for name in FINGERPRINTED})
    for *path, name in _MAY_DIFFER:
        part: Any = kept
        for each in path:
            part = part[each] if isinstance(part, dict) and each in part else {}
        part.pop(name, None)
    return kept
