"""The floor of a request: products and gathers its ranker cannot do without, into memory that is there."""

from __future__ import annotations

from collections.abc import Callable

import torch
from serving_world import Shape
from torch import Tensor, nn

from interestclock.clocks import LongTermClock
from interestclock.ranking import Ranker

Work = Callable[[], object]


def floor_of(ranker: Ranker, shape: Shape) -> dict[str, Work]:
    """What is done for one request, by name; all of it once is the floor."""
    torch.manual_seed(0)
    (clock,) = (each for each in ranker.modules() if isinstance(each, LongTermClock))
    config, table = clock.config, ranker.table.weight.detach()
    candidates, behaviours, kept = shape.candidates, shape.behaviours, config.behaviours
    values, item_dim, heads = sum(ranker.items.widths), clock.item_dim, config.heads
    features = clock.value.shape[1] - item_dim
    key_LI, gap_GF = torch.randn(behaviours, item_dim), torch.randn(43_201, heads + features)
    found_X = torch.randint(0, behaviours, (candidates * kept,))
    towards_CQI, weight_CQK = (
        torch.randn(candidates, heads, item_dim),
        torch.randn(candidates, heads, kept),
    )
    found_CKI = torch.randn(candidates, kept, item_dim)
    feature_CKF = torch.randn(candidates, kept, features)
    works = {
        "gather: embeddings of behaviours": _gather(
            table, torch.randint(0, len(table), (behaviours * values,))
        ),
        "gather: embeddings of candidates": _gather(
            table, torch.randint(0, len(table), (candidates * values,))
        ),
        "product: candidates x behaviours": _product(torch.randn(candidates, item_dim), key_LI.T),
        "gather: vectors of what was found": _gather(key_LI, found_X),
        "gather: gaps of what was found": _gather(gap_GF, torch.randint(0, 43_201, (candidates * kept,))),
        "product: heads x what was found": _batched(towards_CQI, found_CKI.transpose(1, 2)),
        "product: weights x what was found": _batched(weight_CQK, found_CKI),
        "product: weights x gaps": _batched(weight_CQK, feature_CKF),
    }
    layers = [each for each in ranker.modules() if isinstance(each, nn.Linear)]
    works["product: linear layers"] = _layers(layers, candidates)
    return works


def _gather(table_NX: Tensor, row_R: Tensor) -> Work:
    out = torch.empty(len(row_R), table_NX.shape[1])
    return lambda: torch.index_select(table_NX, 0, row_R, out=out)


def _product(left: Tensor, right: Tensor) -> Work:
    out = torch.empty(len(left), right.shape[1])
    return lambda: torch.mm(left, right, out=out)


def _batched(left: Tensor, right: Tensor) -> Work:
    out = torch.empty(len(left), left.shape[1], right.shape[2])
    return lambda: torch.bmm(left, right, out=out)


def _layers(layers: list[nn.Linear], rows: int) -> Work:
    products = [_product(torch.randn(rows, each.in_features), each.weight.detach().T) for each in layers]
    return lambda: [each() for each in products]
