"""What a source is told to be on the disk here, so that it need not be kept there."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping

from interestclock.streams import Source

__all__ = ["Acknowledgement"]

_EVERY_S = 5.0  # it takes a few calls to a broker


class Acknowledgement:
    """Tells a source the offsets behind which it need keep nothing; nothing twice.

    Args:
        source: it is told by ``acknowledge``.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._acknowledged: dict[str, str] = {}
        self._acknowledged_s = -math.inf

    def now(self, offsets: Mapping[str, str]) -> None:
        """Tell it.

        Args:
            offsets: the last one of each partition that is on the disk.
        """
        if self._acknowledged != offsets:
            self._source.acknowledge(offsets)
            self._acknowledged, self._acknowledged_s = dict(offsets), time.monotonic()

    def if_due(self, offsets: Mapping[str, str]) -> None:
        """Tell it, unless it was told a few seconds ago."""
        if time.monotonic() - self._acknowledged_s >= _EVERY_S:
            self.now(offsets)
