"""Where the parts of a ranker are joined: what keeps one of them from drowning the others."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["limit_part", "limit_rms", "mean_square", "running_square"]

# Shapes: B exposures, O output of one part, P parts.

_TINY = 1e-12  # a row of zeros has no size to divide by
_KEPT = 0.99  # of a running mean, at each batch that is learned


def limit_rms(out_BO: Tensor, *, limit: float) -> Tensor:
    r"""A part's output, each row scaled down to a root mean square of at most ``limit``.

    .. math:: \hat{x} = x \cdot \min\Big(1, \frac{\ell}{\mathrm{rms}(x)}\Big), \qquad
        \mathrm{rms}(x) = \sqrt{\tfrac{1}{O} \sum_j x_j^2}

    A row within the limit is as it was. DCN-V2 multiplies every input with every other: a part that starts as
    noise, at a size of 1 beside embeddings of 0.1, changes what the others had learned to say.

    Source: this project's; the norm of RMSNorm (Zhang and Sennrich, 2019) as a bound, without a scale.

    Args:
        out_BO: float32 (B, O). limit: above 0.

    Raises:
        ValueError: ``limit`` is not above 0.

    Example:
        >>> import torch
        >>> limit_rms(torch.tensor([[3.0, 4.0], [0.1, -0.1]]), limit=0.5).tolist()
        [[0.424..., 0.565...], [0.10..., -0.10...]]
    """
    if not limit > 0:
        raise ValueError(f"limit is {limit}; give a number above 0, for example 0.2")
    rms_B1 = (out_BO.square().mean(dim=1, keepdim=True) + _TINY).sqrt()
    return out_BO * (limit / rms_B1).clamp(max=1.0)


def limit_part(out_BO: Tensor, *, square: Tensor, limit: float) -> Tensor:
    r"""A part's output, all rows scaled down by one factor, so that they keep their sizes beside one another.

    .. math:: \hat{x} = x \cdot \min\Big(1, \frac{\ell}{\sqrt{s}}\Big)

    Source: this project's; decision 0063 has what it is for.

    Args:
        out_BO: float32 (B, O). square: float32 (), s, a mean of squares of what the part said before; 0 where
            it said nothing yet. limit: above 0.

    Example:
        >>> limit_part(torch.tensor([[3.0, 4.0], [0.3, 0.4]]), square=torch.tensor(4.0), limit=0.2).tolist()
        [[0.30..., 0.40...], [0.03..., 0.04...]]
    """
    return out_BO * (limit / square.clamp(min=limit * limit).sqrt())


def mean_square(out_BO: Tensor) -> Tensor:
    """Of a batch, float32 (), without a gradient.

    Example:
        >>> mean_square(torch.tensor([[3.0, 4.0], [0.0, 0.0]])).item()
        6.25
    """
    return out_BO.detach().square().mean()


def running_square(square_P: Tensor, of_batch_P: Tensor) -> Tensor:
    """A running mean of squares with one batch more: the first counts whole, each later one a hundredth.

    Args:
        square_P: float32 (P,), so far; 0 where nothing was. of_batch_P: float32 (P,), as of ``mean_square``.

    Example:
        >>> running_square(torch.tensor([0.0, 1.0]), torch.tensor([4.0, 2.0])).tolist()
        [4.0, 1.00...]
    """
    return torch.where(square_P > 0, _KEPT * square_P + (1 - _KEPT) * of_batch_P, of_batch_P)
