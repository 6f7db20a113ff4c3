"""What a ranker makes of context, by hand."""

from __future__ import annotations

import math

import torch

from interestclock.embeddings import FeatureTable
from interestclock.events.context import ContextNames
from interestclock.ranking.context import context_rows, context_vectors, context_width
from interestclock.samples.context import ContextTensors

NAMES = ContextNames(categorical=("device",), multivalued=("tags",), numeric=("age",))
BATCH = ContextTensors(
    categorical={"device": torch.tensor([1, 0])},
    multivalued={"tags": torch.tensor([[1, 2], [0, 0]])},
    numeric={"age": torch.tensor([-math.e + 1, torch.nan])},
)


def test_vectors_are_as_wide_as_was_said_and_what_is_missing_is_0():
    table = FeatureTable(dim=3, std=0.25, seed=0)
    table.grow({"context.device": 1, "context.tags": 2})
    rows = context_rows(NAMES, BATCH, table)
    vectors = {name: table(row) for name, row in rows.items()}
    device_BD, tags_BD, age_B2 = context_vectors(NAMES, BATCH, rows=rows, vectors=vectors)
    assert sum(part.shape[1] for part in (device_BD, tags_BD, age_B2)) == context_width(NAMES, dim=3) == 8
    first, second = table(table.rows("context.tags", torch.tensor([1, 2])))
    torch.testing.assert_close(tags_BD, torch.stack([(first + second) / 2, torch.zeros(3)]))
    torch.testing.assert_close(device_BD[1], torch.zeros(3))
    torch.testing.assert_close(age_B2, torch.tensor([[-1.0, 0.0], [0.0, 1.0]]))


def test_without_context_there_is_nothing():
    assert context_vectors(ContextNames(), ContextTensors(), rows={}, vectors={}) == []
    assert context_width(ContextNames(), dim=3) == 0
