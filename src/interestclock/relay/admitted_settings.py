"""What has to be known of an admitted log to decide again what was decided for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from interestclock.admission import AdmissionConfig
from interestclock.errors import ResultError
from interestclock.events.schema import LogSchema
from interestclock.saved import made_of

__all__ = ["AdmittedSettings"]

_REMEDY = "read it with the version that wrote it"


@dataclass(frozen=True, kw_only=True)
class AdmittedSettings:
    """Of which events an admitted log is, and how they were admitted.

    Args:
        source: the name of the source that was admitted. schema: its names. admission: how it was waited for.

    Example:
        >>> settings = AdmittedSettings(source="log:///plays", schema=LogSchema(labels=("finish",)),
        ...     admission=AdmissionConfig(lateness_ms=60_000))
        >>> AdmittedSettings.of(settings.described(), where="a store") == settings
        True
    """

    source: str
    schema: LogSchema
    admission: AdmissionConfig

    def described(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "source": self.source,
            "schema": asdict(self.schema),
            "admission": asdict(self.admission),
        }

    @classmethod
    def of(cls, described: Mapping[str, Any], *, where: str) -> AdmittedSettings:
        """What ``described`` gave, went through JSON and may have become more.

        Args:
            where: it stands, for errors.

        Raises:
            ResultError: something is missing, or of another version.
        """
        for name in ("source", "schema", "admission"):
            if name not in described:
                raise ResultError(f"{where}: key '{name}' is missing; {_REMEDY}")
        return cls(
            source=str(described["source"]),
            schema=made_of(LogSchema, described["schema"], where=f"{where}: schema", remedy=_REMEDY),
            admission=made_of(
                AdmissionConfig, described["admission"], where=f"{where}: admission", remedy=_REMEDY
            ),
        )
