"""What one process admitted, handed on to others: as it is, in the same order, with what became of each."""

from interestclock.relay.admitted_settings import AdmittedSettings
from interestclock.relay.admitted_source import AdmittedSource
from interestclock.relay.folder_entries import FolderEntries
from interestclock.relay.open_admitted import is_admitted, open_admitted

__all__ = ["AdmittedSettings", "AdmittedSource", "FolderEntries", "is_admitted", "open_admitted"]
