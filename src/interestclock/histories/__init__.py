"""Each user's long sequence of behaviours, strictly before now."""

from interestclock.histories.frozen import Histories
from interestclock.histories.growing import GrowingSequences
from interestclock.histories.known import Behaviours, KnownBehaviours
from interestclock.histories.live import LiveHistories

__all__ = ["Behaviours", "GrowingSequences", "Histories", "KnownBehaviours", "LiveHistories"]
