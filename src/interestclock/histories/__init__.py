"""Each user's long sequence of behaviours, strictly before now."""

from interestclock.histories.frozen import Histories
from interestclock.histories.user_histories import Behaviours, UserHistories

__all__ = ["Behaviours", "Histories", "UserHistories"]
