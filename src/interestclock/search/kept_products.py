"""Memory that products are written to, again and again."""

from __future__ import annotations

import threading

import torch
from torch import Tensor

__all__ = ["kept_products"]

# Shapes: R candidates at a time, X behaviours or distinct items.

_thread = threading.local()


def kept_products(rows: int, columns: int) -> Tensor:
    """This thread's room for products, float32 (R, X): what a call before wrote there is overwritten.

    Fresh memory, page by page, would cost a quarter of the product.

    Example:
        >>> kept_products(2, 3).data_ptr() == kept_products(3, 2).data_ptr()
        True
    """
    if not hasattr(_thread, "floats") or len(_thread.floats) < rows * columns:
        _thread.floats = torch.empty(rows * columns)
    kept: Tensor = _thread.floats[: rows * columns].view(rows, columns)
    return kept
