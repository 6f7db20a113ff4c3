"""What a ranker makes of context: embeddings of ids, their mean where there are several; quantities."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from interestclock.embeddings import FeatureTable, masked_mean
from interestclock.events.context import CONTEXT_KINDS, ContextNames
from interestclock.samples.context import ContextTensors

__all__ = ["context_rows", "context_vectors", "context_width"]

# Shapes: B exposures, V values, D embedding.


def context_width(names: ContextNames, *, dim: int) -> int:
    """How wide ``context_vectors`` are side by side.

    Args:
        names: of context. dim: width of an embedding.

    Example:
        >>> context_width(ContextNames(categorical=("device",), numeric=("age",)), dim=16)
        18
    """
    return dim * len(names.with_ids) + 2 * len(names.numeric)


def context_rows(names: ContextNames, batch: ContextTensors, table: FeatureTable) -> dict[str, Tensor]:
    """Rows of the table that a batch's context reads: ``KIND.NAME`` -> int64 (B,) or (B, V).

    Args:
        names: of context. batch: exposures. table: of the ranker.

    Example:
        >>> table = FeatureTable(dim=2, std=0.25, seed=0)
        >>> table.grow({"context.device": 2})
        >>> batch = ContextTensors(categorical={"device": torch.tensor([2, 1])})
        >>> context_rows(ContextNames(categorical=("device",)), batch, table)
        {'categorical.device': tensor([2, 1])}
    """
    return {
        f"{kind.name}.{name}": table.rows(f"context.{name}", getattr(batch, kind.name)[name])
        for kind in CONTEXT_KINDS
        if kind.ids
        for name in names.context[kind.name]
    }


def context_vectors(
    names: ContextNames,
    batch: ContextTensors,
    *,
    rows: Mapping[str, Tensor],
    vectors: Mapping[str, Tensor],
) -> list[Tensor]:
    """What is said of each exposure, float32 (B, D) of ids, (B, 2) of a quantity.

    Args:
        names: of context. batch: exposures. rows: of ``context_rows``.
        vectors: their embeddings, float32 (B, D) or (B, V, D).

    Example:
        >>> batch = ContextTensors(numeric={"age": torch.tensor([0.0, torch.nan])})
        >>> [part.tolist() for part in context_vectors(ContextNames(numeric=("age",)), batch, rows={},
        ...     vectors={})]
        [[[0.0, 0.0], [0.0, 1.0]]]
    """
    parts = [vectors[f"categorical.{name}"] for name in names.categorical]
    several = [f"multivalued.{name}" for name in names.multivalued]
    parts += [masked_mean(vectors[name], rows[name] > 0) for name in several]
    return parts + [_quantity(batch.numeric[name]) for name in names.numeric]


def _quantity(value_B: Tensor) -> Tensor:
    """A quantity on a log scale, and whether it is missing: (B, 2)."""
    missing_B = value_B.isnan()
    known_B = value_B.masked_fill(missing_B, 0.0)
    return torch.stack([known_B.sign() * known_B.abs().log1p(), missing_B.to(value_B.dtype)], dim=1)
