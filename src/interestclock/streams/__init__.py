"""What never ends: sources, admission, and the log of what was admitted."""

from interestclock.streams.accounts import Accounts
from interestclock.streams.admission import Admission
from interestclock.streams.admission_config import AdmissionConfig
from interestclock.streams.admitted import Admitted
from interestclock.streams.admitted_entry import AdmittedEntry
from interestclock.streams.admitted_log import AdmittedFollower, AdmittedLog
from interestclock.streams.event_buffer import EventBuffer
from interestclock.streams.label_events import LabelEvents
from interestclock.streams.open_exposures import OPEN, OpenExposures
from interestclock.streams.segment_files import Entry
from interestclock.streams.segment_follower import SegmentFollower
from interestclock.streams.segments import Segments
from interestclock.streams.serial_columns import Column, SerialColumns
from interestclock.streams.verdicts import Verdict
from interestclock.streams.watermark import Watermark

__all__ = [
    "OPEN",
    "Accounts",
    "Admission",
    "AdmissionConfig",
    "Admitted",
    "AdmittedEntry",
    "AdmittedFollower",
    "AdmittedLog",
    "Column",
    "Entry",
    "EventBuffer",
    "LabelEvents",
    "OpenExposures",
    "SegmentFollower",
    "Segments",
    "SerialColumns",
    "Verdict",
    "Watermark",
]
