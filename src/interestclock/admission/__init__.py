"""Which events count, in which order and as of when: decided once, and written down."""

from interestclock.admission.admission import Admission
from interestclock.admission.admitted import Admitted
from interestclock.admission.admitted_entry import AdmittedEntry
from interestclock.admission.admitted_log import AdmittedFollower, AdmittedLog
from interestclock.admission.config import AdmissionConfig
from interestclock.admission.counters import Counters
from interestclock.admission.dispositions import Disposition
from interestclock.admission.erased_users import ErasedUsers, Erasures
from interestclock.admission.erasure_ledger import KEY, LEDGER, ErasureLedger, copy_erasures
from interestclock.admission.event_buffer import EventBuffer
from interestclock.admission.label_events import LabelEvents
from interestclock.admission.open_exposures import OPEN, OpenExposures
from interestclock.admission.serial_columns import Column, SerialColumns
from interestclock.admission.user_hashes import UserHashes
from interestclock.admission.watermark import Watermark

__all__ = [
    "KEY",
    "LEDGER",
    "OPEN",
    "Admission",
    "AdmissionConfig",
    "Admitted",
    "AdmittedEntry",
    "AdmittedFollower",
    "AdmittedLog",
    "Column",
    "Counters",
    "Disposition",
    "ErasedUsers",
    "ErasureLedger",
    "Erasures",
    "EventBuffer",
    "LabelEvents",
    "OpenExposures",
    "SerialColumns",
    "UserHashes",
    "Watermark",
    "copy_erasures",
]
