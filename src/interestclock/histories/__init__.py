"""Each user's long sequence of behaviours, strictly before now."""

from interestclock.histories.frozen import Histories
from interestclock.histories.growing import GrowingSequences
from interestclock.histories.known import KnownBehaviours
from interestclock.histories.live import LiveHistories
from interestclock.histories.user_histories import Behaviours, UserHistories

__all__ = ["Behaviours", "GrowingSequences", "Histories", "KnownBehaviours", "LiveHistories", "UserHistories"]
