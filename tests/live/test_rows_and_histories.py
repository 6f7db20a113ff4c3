"""Losing an embedding row is the table's matter: who an item is, and what was made of it, stays."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from in_memory import DAY_MS, REQUESTS, START_MS
from micro_batches import NO_LABELS, shown

from interestclock.embeddings import IdPolicy


def finished(item: str, at_ms: int, serial: int) -> pa.Table:
    """One exposure to ann, finished at once."""
    columns = shown(np.array([at_ms]), users=["ann"], items=[item], genres=[["rock"]])
    columns |= {"event_id": [str(serial)], "arrival": [0], "request_id": [serial]}
    for label in REQUESTS.labels:
        value = pa.array([int(label == "finish")], pa.int8())
        columns |= {f"label.{label}": value, f"known_ms.{label}": np.array([at_ms])}
    return pa.table(columns)


def test_an_item_that_lost_its_row_and_comes_back_finds_its_behaviours(make_trainer) -> None:
    trainer, _ = make_trainer(items=IdPolicy(unused_days=1), batch_minutes=60)
    ledger, state = trainer.rows.ledgers["item"], trainer.features
    has_row = []
    for day, item in enumerate(["old", "new", "new", "new", "old", "new", "new"]):
        trainer.process(finished(item, START_MS + day * DAY_MS, day), NO_LABELS)
        slot = state.slots("item", pa.array(["old"]))
        has_row.append(bool(ledger.is_admitted(slot)[0]))
        assert state.items.index(slot).tolist() == [1]  # whatever becomes of its row
        history = state.user_histories.of_user(int(state.slots("user", pa.array(["ann"]))[0]))
        assert state.items.ids(history["item"]).to_pylist()[0] == "old"
    # What comes is predicted a day later here, with the next exposure.
    assert has_row == [False, True, True, False, False, True, True]
