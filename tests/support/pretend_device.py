"""A device that is none: its tensors hold their numbers on the CPU, and refuse to meet others.

Code takes the way that it takes on a GPU, and what fails there for tensors on two devices fails here too.
It goes by the name of ``meta``.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map

PRETENDED = torch.device("meta")
_CPU = torch.device("cpu")
_BETWEEN_DEVICES = ("_to_copy", "copy_")


class PretendDevice(TorchDispatchMode):
    """Within it, tensors can be made on ``meta`` and moved there and back."""

    def __torch_dispatch__(self, op: Any, types: Any, arguments: Any = (), named: Any = None) -> Any:
        return _run(op, arguments, named or {})


class _Away(Tensor):
    """On the pretended device; ``here`` are its numbers."""

    @staticmethod
    def __new__(cls, here: Tensor) -> _Away:
        laid_out = {}
        if here.layout == torch.strided:
            laid_out = {"strides": here.stride(), "storage_offset": here.storage_offset()}
        return Tensor._make_wrapper_subclass(
            cls, here.size(), dtype=here.dtype, layout=here.layout, device=PRETENDED, **laid_out
        )

    def __init__(self, here: Tensor) -> None:
        self.here = here

    @property
    def data(self) -> Tensor:
        return Tensor.data.__get__(self)

    @data.setter
    def data(self, other: _Away) -> None:
        here = other.here
        Tensor.data.__set__(self, other)
        self.here = here

    @classmethod
    def __torch_dispatch__(cls, op: Any, types: Any, arguments: Any = (), named: Any = None) -> Any:
        return _run(op, arguments, named or {})


def _run(op: Any, arguments: Any, named: dict[str, Any]) -> Any:
    """On the CPU; what comes out is away if it was asked for there, or if what went in was."""
    name = op.overloadpacket.__name__
    tensors = [each for each in tree_flatten((arguments, named))[0] if isinstance(each, Tensor)]
    away = [each for each in tensors if isinstance(each, _Away)]
    if away and name not in _BETWEEN_DEVICES:
        here = [tuple(each.shape) for each in tensors if not isinstance(each, _Away) and each.ndim]
        if here:  # single numbers may be anywhere
            raise RuntimeError(f"{name}: tensors on two devices; of shape {here} on the CPU")
    goes_away = isinstance(arguments[0], _Away) if name == "copy_" else bool(away)
    if named.get("device") is not None:
        goes_away = torch.device(named["device"]) == PRETENDED
        named = named | {"device": _CPU}
    result = op(*tree_map(_here, arguments), **tree_map(_here, named))
    if away and name.endswith("_") and isinstance(arguments[0], _Away):
        return arguments[0]  # changed in place
    return tree_map(_away, result) if goes_away else result


def _here(value: Any) -> Any:
    return value.here if isinstance(value, _Away) else value


def _away(value: Any) -> Any:
    return _Away(value) if isinstance(value, Tensor) else value
