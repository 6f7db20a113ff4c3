"""Where the parts of a ranker are joined: what keeps one of them from drowning the others."""

from __future__ import annotations

from torch import Tensor

__all__ = ["limit_rms"]

# Shapes: B exposures, O output of one part.

_TINY = 1e-12  # a row of zeros has no size to divide by


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
