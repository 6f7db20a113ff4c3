"""What one process admitted, handed on to others: as it is, in the same order, with what became of each."""

from interestclock.relay.admitted_settings import AdmittedSettings
from interestclock.relay.admitted_source import AdmittedSource
from interestclock.relay.folder_entries import FolderEntries
from interestclock.relay.open_admitted import is_admitted, open_admitted, open_publication
from interestclock.relay.publication import LastPublished, Publication
from interestclock.relay.publisher import AdmittedPublisher

__all__ = [
    "AdmittedPublisher",
    "AdmittedSettings",
    "AdmittedSource",
    "FolderEntries",
    "LastPublished",
    "Publication",
    "is_admitted",
    "open_admitted",
    "open_publication",
]
