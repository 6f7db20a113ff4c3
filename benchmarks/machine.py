"""What a result was measured on."""

from __future__ import annotations

import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import torch


def machine(*packages: str) -> dict[str, str | int]:
    """Processor, cores in use, versions and date."""
    names = ("torch", "numba", "numpy", "interest-clock", *packages)
    return {
        "processor": _processor(),
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "date": datetime.now(UTC).date().isoformat(),
        **{name: version(name) for name in names},
    }


def _processor() -> str:
    described = Path("/proc/cpuinfo")
    lines = described.read_text(encoding="utf-8").splitlines() if described.is_file() else []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()
