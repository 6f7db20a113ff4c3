"""Every golden: what computes it, and how far its floats may move with the processor."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path

import torch

from goldens import choices, live, simulated
from goldens.comparison import EXACT, Tolerance
from goldens.stored import Parts

__all__ = ["GOLDENS", "compute", "tolerance_of"]

GOLDENS: dict[str, Callable[[Path], Parts]] = {
    "compare-simulated": simulated.values,
    "compare-choices": choices.values,
    "live-requests": live.of_requests,
    "live-messages": live.of_messages,
}

# Sums of floats come out differently with the width of a processor's registers and the number of threads.
# Measured with 1 and 2 threads, and with PyTorch, its BLAS and compiled loops held to fewer instructions
# (ATEN_CPU_CAPABILITY=default and avx2; MKL_CBWR=COMPATIBLE, SSE4_2 and AVX2; NUMBA_CPU_NAME=generic), apart
# and together: predictions moved by up to 2.1e-6, embeddings by 1.1e-7, norms by 5e-4, metrics by 2e-6.
_TOLERANCES = (
    ("*/predictions*", Tolerance(absolute=2e-5)),
    # Two predictions that change places make a step: moved by 2e-6 at random, they moved metrics by 6e-4.
    ("*/metrics", Tolerance(absolute=2e-3)),
    # Some dense weights have gradients of 0 but for rounding (a shift of all scores under a softmax), and
    # Adam takes as long a step by them as by any other.
    ("*/snapshots/*-norms", Tolerance(absolute=5e-3)),
    ("*/snapshots/*", Tolerance(absolute=2e-5)),
)


def compute(golden: str) -> Parts:
    """All parts of a golden, by their names within it."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        return GOLDENS[golden](Path(folder))


def tolerance_of(part: str) -> Tolerance:
    """Of a part by its whole name; what none is named for is exact."""
    return next((each for pattern, each in _TOLERANCES if fnmatchcase(part, pattern)), EXACT)
