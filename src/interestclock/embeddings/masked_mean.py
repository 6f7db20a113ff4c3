"""The mean over those values of a feature that are there."""

from __future__ import annotations

from torch import Tensor

__all__ = ["masked_mean"]

# Shapes: X any, V values, D embedding.


def masked_mean(vectors_XVD: Tensor, present_XV: Tensor) -> Tensor:
    r"""Mean over the values that are present; zeros where none is.

    .. math:: \bar{v} = \frac{\sum_i p_i v_i}{\max(1, \sum_i p_i)}, \quad p_i \in \{0, 1\}

    Args:
        vectors_XVD: float (..., V, D). present_XV: bool (..., V).

    Returns:
        float (..., D).

    Example:
        >>> import torch
        >>> masked_mean(torch.tensor([[[2.0], [4.0], [9.0]]]), torch.tensor([[True, True, False]])).tolist()
        [[3.0]]
    """
    weight_XV = present_XV.to(vectors_XVD.dtype)
    weight_XV = weight_XV / weight_XV.sum(-1, keepdim=True).clamp(min=1.0)
    return (vectors_XVD * weight_XV.unsqueeze(-1)).sum(-2)
