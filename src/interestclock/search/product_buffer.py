"""Memory that products are written to, again and again."""

from __future__ import annotations

import threading

import torch
from torch import Tensor

__all__ = ["product_buffer"]

# Shapes: R candidates at a time, X behaviours or distinct items.

_thread = threading.local()


def product_buffer(rows: int, columns: int) -> Tensor:
    """This thread's room for products, float32 (R, X): what a call before wrote there is overwritten.

    Fresh memory, page by page, would cost a quarter of the product.

    Example:
        >>> product_buffer(2, 3).data_ptr() == product_buffer(3, 2).data_ptr()
        True
    """
    if not hasattr(_thread, "floats") or len(_thread.floats) < rows * columns:
        with torch.inference_mode(False):  # or nobody could write to it outside of that mode
            _thread.floats = torch.empty(rows * columns)
    kept: Tensor = _thread.floats[: rows * columns].view(rows, columns)
    return kept
