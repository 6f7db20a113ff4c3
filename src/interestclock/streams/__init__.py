"""What never ends: sources, admission, and the log of what was admitted."""

from interestclock.streams.label_events import LabelEvents

__all__ = ["LabelEvents"]
