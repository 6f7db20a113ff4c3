"""The second stage's parts: heads that score what was found, and what each of them makes of it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["equal_projections", "head_scores", "log_mass", "masked_softmax", "pool_by_head", "project_heads"]

# Shapes: B candidates, K retrieved, Q heads, D latent of a head, Z = Q x D, F one part of what is known of a
# behaviour (its item's vector, the features of its gap), C all parts side by side.


def head_scores(query_BZ: Tensor, key_ZC: Tensor, parts_BKF: Sequence[Tensor], *, heads: int) -> Tensor:
    r"""How near each head finds the candidate to what is known of a behaviour.

    .. math:: s_k^a = q^a \cdot (W^a [x_k^1; x_k^2; \ldots])

    W is applied to the candidate's side, since K behaviours share one candidate, and the parts are never laid
    side by side: a copy of all that was found would be made.

    Args:
        query_BZ: candidates' projections, all heads side by side. key_ZC: W, as an ``nn.Linear`` has it.
        parts_BKF: what W projects, in its order; C is their widths' sum. heads: Q.

    Returns:
        (B, Q, K); a relevance is made of it by adding what else speaks for a behaviour.

    Example:
        >>> head_scores(torch.ones(1, 2), torch.tensor([[1.0], [3.0]]), [torch.tensor([[[2.0]]])], heads=2)
        tensor([[[2.],
                 [6.]]])
    """
    latent = query_BZ.shape[1] // heads
    query_BQD = query_BZ.reshape(-1, heads, latent)
    key_QDC = key_ZC.reshape(heads, latent, -1)
    towards_BQC = torch.einsum("bqd,qdc->bqc", query_BQD, key_QDC)
    towards_BQF = torch.split(towards_BQC, [part.shape[2] for part in parts_BKF], dim=2)
    products = [to_BQF @ part.transpose(1, 2) for to_BQF, part in zip(towards_BQF, parts_BKF, strict=True)]
    score_BQK = products[0]
    for product_BQK in products[1:]:
        score_BQK = score_BQK + product_BQK
    return score_BQK


def pool_by_head(relevance_BQK: Tensor, present_BK: Tensor, parts_BKF: Sequence[Tensor]) -> Tensor:
    r"""Each head's mean of what was found, weighed by its relevance.

    .. math:: p^a = softmax(r^a)^\top [x^1; x^2; \ldots]

    Args:
        relevance_BQK: by head. present_BK: bool, false on padding. parts_BKF: what is known of a behaviour.

    Returns:
        (B, Q, C), zeros where nothing was found.

    Example:
        >>> part_BKF = torch.tensor([[[1.0], [3.0]]])
        >>> pool_by_head(torch.zeros(1, 1, 2), torch.tensor([[True, True]]), [part_BKF, 2 * part_BKF])
        tensor([[[2., 4.]]])
    """
    weight_BQK = masked_softmax(relevance_BQK, present_BK.unsqueeze(1))
    # Pooled apart and joined after: joined before, a copy of all that was found would be made.
    return torch.cat([weight_BQK @ part for part in parts_BKF], dim=2)


def project_heads(pooled_BQC: Tensor, value_QCD: Tensor) -> Tensor:
    """Each head's own projection of what it pooled, all heads side by side, (B, Z).

    Example:
        >>> project_heads(torch.ones(1, 2, 3), torch.stack([torch.eye(3), 2 * torch.eye(3)]))
        tensor([[1., 1., 1., 2., 2., 2.]])
    """
    return torch.einsum("bqc,qcd->bqd", pooled_BQC, value_QCD).flatten(1)


def masked_softmax(score_BQK: Tensor, present_B1K: Tensor) -> Tensor:
    """Softmax over what is present; all zeros where nothing is.

    Example:
        >>> masked_softmax(torch.zeros(1, 1, 3), torch.tensor([[[True, False, True]]])).tolist()
        [[[0.5, 0.0, 0.5]]]
    """
    # On a GPU that learns, to ask would be to wait for it.
    if not (score_BQK.is_cuda and torch.is_grad_enabled()) and bool(present_B1K.all()):
        return torch.softmax(score_BQK, dim=2)
    masked_BQK = score_BQK.masked_fill(~present_B1K, torch.finfo(score_BQK.dtype).min)
    return torch.softmax(masked_BQK, dim=2) * present_B1K


def log_mass(relevance_BQK: Tensor, present_BK: Tensor) -> Tensor:
    r"""How much of what was found speaks for the candidate, by head: what a softmax divides by.

    .. math:: m^a = \ln\Big(1 + \sum_k e^{r_k^a}\Big)

    Args:
        relevance_BQK: by head. present_BK: bool, false on padding.

    Returns:
        (B, Q), 0 where nothing was found.

    Example:
        >>> mass_BQ = log_mass(torch.zeros(1, 1, 3), torch.tensor([[True, True, False]]))
        >>> round(mass_BQ.exp().item(), 4)
        3.0
    """
    masked_BQK = relevance_BQK.masked_fill(~present_BK.unsqueeze(1), -torch.inf)
    return torch.logsumexp(functional.pad(masked_BQK, (0, 1)), dim=2)  # with a zero: never of nothing


def equal_projections(
    item_dim: int, width: int, *, gain: float, beside: int = 0
) -> tuple[nn.Linear, nn.Linear]:
    """W_q and W_b, which start as one orthogonal matrix: the same item scores high from the first event on.

    Args:
        item_dim: I. width: all heads side by side, Z. gain: of the orthogonal matrix.
        beside: inputs of W_b behind the item's vector, such as a gap's embedding, that start at zero.

    Example:
        >>> query, key = equal_projections(2, 4, gain=1.0, beside=1)
        >>> torch.equal(query.weight, key.weight[:, :2]), key.weight[:, 2].tolist()
        (True, [0.0, 0.0, 0.0, 0.0])
    """
    query = nn.Linear(item_dim, width, bias=False)
    key = nn.Linear(item_dim + beside, width, bias=False)
    nn.init.orthogonal_(query.weight, gain=gain)
    with torch.no_grad():
        key.weight.zero_()
        key.weight[:, :item_dim] = query.weight
    return query, key
