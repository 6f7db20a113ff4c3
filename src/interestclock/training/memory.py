"""How much memory a run took."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

__all__ = ["forget_peak", "peak_rss_mib"]

_STATUS = Path("/proc/self/status")
_PER_MIB = 1 << 20 if sys.platform == "darwin" else 1 << 10  # macOS counts bytes, others KiB


def forget_peak() -> None:
    """From here on ``peak_rss_mib`` tells the highest since now, where the system lets it: on Linux.

    Example:
        >>> forget_peak()
    """
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def peak_rss_mib() -> float | None:
    """Highest resident memory of this process, so far or since ``forget_peak``, in MiB; None if unknown.

    On Linux that of this program alone; elsewhere that of what started it may be in it.

    Example:
        >>> peak_rss_mib() != 0
        True
    """
    return _of_linux(_STATUS) or _of_posix()


def _of_linux(status: Path) -> float | None:
    if not status.exists():
        return None
    peaks = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
    return int(peaks[0].split()[1]) / 1024 if peaks else None


def _of_posix() -> float | None:
    try:
        import resource  # noqa: PLC0415  not every system has it
    except ImportError:
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _PER_MIB
