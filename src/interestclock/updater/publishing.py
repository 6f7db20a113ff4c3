"""What a feature updater admits, published for trainers on other machines."""

from __future__ import annotations

from pathlib import Path

from interestclock.admission import AdmissionConfig
from interestclock.errors import ConfigError
from interestclock.relay import AdmittedPublisher, AdmittedSettings, Publication
from interestclock.streams import Source

__all__ = ["publisher_to"]


def publisher_to(
    publication: Publication, source: Source, admitted: Path, admission: AdmissionConfig, *, first: int
) -> AdmittedPublisher:
    """Publishes the entries of a folder.

    Args:
        publication: where to. source: that is admitted. admitted: the log's folder.
        admission: how it is admitted. first: the oldest entry that is kept.

    Raises:
        ConfigError: the source has an item table, which would have to be published, too.
        ResultError: entries that were never published are gone.
    """
    if source.items() is not None:
        raise ConfigError(
            f"{publication.name}: entries are published without the item table that {source.name} has; let "
            "attributes come with its messages, or let trainers read admitted:// on this machine"
        )
    settings = AdmittedSettings(source=source.name, schema=source.schema, admission=admission)
    return AdmittedPublisher(admitted, publication, first=first, settings=settings)
