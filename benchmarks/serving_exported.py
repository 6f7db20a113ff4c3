"""A ranker without clocks as one would serve it otherwise: its mathematics exported as a program."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from interestclock.embeddings import masked_mean
from interestclock.histories import Histories
from interestclock.ranking import Ranker
from interestclock.samples import Batch
from interestclock.serving import Scorer


class Mathematics(nn.Module):
    """Rows of the table of embeddings -> logits, all tasks side by side."""

    def __init__(self, ranker: Ranker) -> None:
        super().__init__()
        self.weight = nn.Parameter(ranker.table.weight.detach())
        self.dcn, self.towers = ranker.dcn, ranker.towers
        self.widths = list(ranker.items.widths)

    def forward(
        self, user_B: Tensor, item_BF: Tensor, recent_MK: Tensor, device_B: Tensor, request_row_B: Tensor
    ) -> Tensor:
        item_BFD = functional.embedding(item_BF, self.weight)
        parts = zip(item_BFD.split(self.widths, 1), item_BF.split(self.widths, 1), strict=True)
        recent_MD = masked_mean(functional.embedding(recent_MK, self.weight), recent_MK > 0)
        inputs = [
            functional.embedding(user_B, self.weight),
            *(masked_mean(vectors, rows > 0) for vectors, rows in parts),
            functional.embedding(request_row_B, recent_MD),
            functional.embedding(device_B, self.weight),
        ]
        deep_BO = self.dcn(torch.cat(inputs, dim=1))
        return torch.cat([tower(deep_BO) for tower in self.towers.values()], dim=1)


def export_into(scorer: Scorer) -> None:
    """Have a scorer of a base ranker, whose snapshot stays, answer by the exported program."""
    ranker = scorer._ready.ranker
    plain, exported = ranker.forward, None

    def inputs_of(batch: Batch) -> tuple[Tensor, ...]:
        rows = ranker._rows(batch)
        recent_MK = functional.pad(rows["recent"], (0, 0, 0, 1))  # a dimension that varies is never 1
        return (rows["user"], rows["item"], recent_MK, rows["categorical.device"], batch.request_row_B)

    def forward(batch: Batch, histories: Histories) -> dict[str, Tensor]:
        nonlocal exported
        given = inputs_of(batch)
        if exported is None:
            exported = _exported(ranker, given)
            torch.testing.assert_close(exported(*given), torch.stack([*plain(batch, histories).values()], 1))
        return dict(zip(ranker.names.tasks, exported(*given).unbind(1), strict=True))

    ranker.forward = forward  # type: ignore[method-assign]


def _exported(ranker: Ranker, given: tuple[Tensor, ...]) -> nn.Module:
    rows, requests = torch.export.Dim("rows", min=2), torch.export.Dim("requests", min=2)
    by = ({0: rows}, {0: rows}, {0: requests}, {0: rows}, {0: rows})
    program = torch.export.export(Mathematics(ranker), given, dynamic_shapes=by)
    return program.module()
