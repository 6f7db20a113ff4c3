"""How much memory a run took."""

from __future__ import annotations

import resource
from pathlib import Path

__all__ = ["peak_rss_mib"]


def peak_rss_mib() -> float:
    """Highest resident memory of this process so far, in MiB.

    On Linux that of this program alone; elsewhere that of what started it may be in it.

    Example:
        >>> peak_rss_mib() > 1
        True
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
