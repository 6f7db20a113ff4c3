"""Whether a trainer admits as the process did whose admitted log it reads."""

from __future__ import annotations

from dataclasses import asdict

from interestclock.admission import AdmissionConfig
from interestclock.errors import ConfigError
from interestclock.live.folder_config import differences
from interestclock.relay import AdmittedSource
from interestclock.streams import Source

__all__ = ["check_admitted_as_there"]


def check_admitted_as_there(source: Source, admission: AdmissionConfig) -> None:
    """Refuse another admission than the one that decided; of any other source nothing is refused.

    Raises:
        ConfigError: they differ; it says where, with both values and the option.

    Example:
        >>> from interestclock.events.schema import LogSchema
        >>> from interestclock.streams import RedisSource
        >>> source = RedisSource(host="h", port=1, streams=["plays"], schema=LogSchema(labels=("finish",)))
        >>> check_admitted_as_there(source, AdmissionConfig())
    """
    if not isinstance(source, AdmittedSource) or source.admission == admission:
        return
    there, here = ({"config": {"admission": asdict(each)}} for each in (source.admission, admission))
    raise ConfigError(
        f"{source.name} is admitted otherwise: {differences(there, here)}; leave these options out, and what "
        "is set there holds"
    )
