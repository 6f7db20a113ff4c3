"""Whether a snapshot may answer: how well its trainer predicted of late, against the one that answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from interestclock.errors import ConfigError, check_numbers
from interestclock.snapshots import SnapshotManifest

__all__ = ["QualityGate"]


class _Quality(msgspec.Struct):
    """What ``SnapshotQuality.about`` says."""

    judged: int = 0
    auc: float | None = None
    calibration: float | None = None


@dataclass(frozen=True, kw_only=True)
class QualityGate:
    """Bounds of a snapshot's trailing quality, which its manifest carries.

    Args:
        least_judged: exposures that have to be judged; with fewer nothing is known, and it is taken.
        most_auc_drop: AUC below that of the snapshot in use, at most.
        least_calibration, most_calibration: mean prediction over mean label.

    Raises:
        ConfigError: a bound is out of its range.

    Example:
        >>> QualityGate().most_auc_drop
        0.02
    """

    least_judged: int = 10_000
    most_auc_drop: float = 0.02
    least_calibration: float = 0.8
    most_calibration: float = 1.25

    def __post_init__(self) -> None:
        check_numbers(self)
        if self.least_judged < 1 or self.most_auc_drop < 0:
            raise ConfigError(
                f"least_judged is {self.least_judged} and most_auc_drop {self.most_auc_drop}; "
                "give 1 or more, and 0 or more"
            )
        if not 0 <= self.least_calibration < self.most_calibration:
            raise ConfigError(
                f"calibration from {self.least_calibration} to {self.most_calibration}; give a range, for "
                "example 0.8 to 1.25"
            )

    def refusal(self, new: SnapshotManifest, held: SnapshotManifest | None) -> str | None:
        """Why a snapshot is not taken; None where it is.

        Args:
            new: what would answer. held: what answers.

        Example:
            >>> manifest = SnapshotManifest(name="00000001-full", number=1, kind="full", parent=None,
            ...     watermark_ms=0, step=1, feature_fingerprint="", tables={}, sha256="", bytes=0,
            ...     about={"quality": {"judged": 20_000, "auc": 0.7, "calibration": 1.6}})
            >>> QualityGate().refusal(manifest, None)
            'its calibration is 1.600 over 20,000 exposures, and 0.8 to 1.25 is taken'
        """
        quality = _quality_of(new.about)
        if quality.judged < self.least_judged:
            return None
        over = f"over {quality.judged:,} exposures"
        calibration = quality.calibration
        if calibration is None or not self.least_calibration <= calibration <= self.most_calibration:
            is_now = "unknown" if calibration is None else f"{calibration:.3f}"
            return (
                f"its calibration is {is_now} {over}, and {self.least_calibration:g} to "
                f"{self.most_calibration:g} is taken"
            )
        before = _quality_of({} if held is None else held.about)
        if quality.auc is None or before.auc is None or before.judged < self.least_judged:
            return None
        if quality.auc < before.auc - self.most_auc_drop:
            return (
                f"its AUC is {quality.auc:.4f} {over}, more than {self.most_auc_drop:g} below the "
                f"{before.auc:.4f} of the one in use"
            )
        return None

    def unjudged(self, new: SnapshotManifest) -> bool:
        """Whether too few exposures were judged to say anything of a snapshot."""
        return _quality_of(new.about).judged < self.least_judged


def _quality_of(about: Mapping[str, Any]) -> _Quality:
    return msgspec.convert(about.get("quality") or {}, _Quality)
