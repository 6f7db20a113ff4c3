"""What never ends: sources, admission, and the log of what was admitted."""

from interestclock.streams.accounts import Accounts
from interestclock.streams.admitted import Admitted
from interestclock.streams.event_buffer import AdmissionConfig, EventBuffer
from interestclock.streams.label_events import LabelEvents
from interestclock.streams.open_exposures import OPEN, OpenExposures
from interestclock.streams.segments import Entry, Segments
from interestclock.streams.serial_columns import Column, SerialColumns
from interestclock.streams.watermark import Watermark

__all__ = [
    "OPEN",
    "Accounts",
    "AdmissionConfig",
    "Admitted",
    "Column",
    "Entry",
    "EventBuffer",
    "LabelEvents",
    "OpenExposures",
    "Segments",
    "SerialColumns",
    "Watermark",
]
