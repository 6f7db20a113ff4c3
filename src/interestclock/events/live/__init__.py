"""Sources that never end: what arrives, and a journal of which messages were taken."""

from interestclock.events.live.arrivals import Arrivals, BadMessage, Cut, LiveSource
from interestclock.events.live.journal import Journal
from interestclock.events.live.replay import ReplaySource

__all__ = ["Arrivals", "BadMessage", "Cut", "Journal", "LiveSource", "ReplaySource"]
