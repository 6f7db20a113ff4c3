"""How long a stream is waited for."""

from __future__ import annotations

from dataclasses import dataclass

from interestclock.defaults import ALL_TIME_DAYS
from interestclock.errors import ConfigError, check_numbers
from interestclock.timeofday import DAY_MS

__all__ = ["AdmissionConfig"]


@dataclass(frozen=True, kw_only=True)
class AdmissionConfig:
    """How long the stream waits for what comes late.

    Args:
        lateness_ms: how far an event's time may stand behind the newest of its partition when it arrives.
        label_wait_ms: how long after its exposure a label or an outcome may become known.
        labels_come_along: labels stand beside their exposures, and count whenever they were known: what a log
            says that is read as a whole. None is awaited beyond ``label_wait_ms``.
        request_wait_ms: how long after a served request exposures may refer to it.
        ahead_ms: how far an event's time may stand ahead of the moment at which it is taken.
        archive_first: the stream follows a log, the archive, as ``HybridSource`` gives them.
        then_from_ms: from which moment on (UTC milliseconds) it does; None: from where the watermark stood
            when the archive ended.

    Raises:
        ConfigError: one of the four waits is negative or over 300 years, or there is a moment but no archive.

    Example:
        >>> AdmissionConfig(lateness_ms=60_000, label_wait_ms=3_600_000).lateness_ms
        60000
    """

    lateness_ms: int = 0
    label_wait_ms: int = 3_600_000
    labels_come_along: bool = False
    request_wait_ms: int = 3_600_000
    ahead_ms: int = 3_600_000
    archive_first: bool = False
    then_from_ms: int | None = None

    def __post_init__(self) -> None:
        check_numbers(self)
        for name in ("lateness_ms", "label_wait_ms", "request_wait_ms", "ahead_ms"):
            if not 0 <= getattr(self, name) <= ALL_TIME_DAYS * DAY_MS:
                raise ConfigError(
                    f"{name} is {getattr(self, name)}; give 0 or more milliseconds, up to 300 years"
                )
        if self.then_from_ms is not None and not self.archive_first:
            raise ConfigError("then_from_ms says from when on a stream follows an archive; there is none")
