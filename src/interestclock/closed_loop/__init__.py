"""Users, simulated or of a replayed log, and service, updater and trainer in one loop on one machine."""

from interestclock.closed_loop.callers import Callers
from interestclock.closed_loop.closed_loop import ClosedLoop
from interestclock.closed_loop.config import LoopConfig
from interestclock.closed_loop.loop_counts import ComparedCount, LoopCounts
from interestclock.closed_loop.loop_folder import LoopFolder
from interestclock.closed_loop.loop_numbers import LoopNumbers, PartNumbers
from interestclock.closed_loop.loop_users import LogBefore, Seen
from interestclock.closed_loop.part import Part, PartConfig
from interestclock.closed_loop.replayed_users import ReplayedUsers, ReplayedVisit
from interestclock.closed_loop.simulated_users import SimulatedUsers, SimulatedVisit
from interestclock.closed_loop.supervisor import Supervisor
from interestclock.closed_loop.user_counts import UserCounts, UserNumbers

__all__ = [
    "Callers",
    "ClosedLoop",
    "ComparedCount",
    "LogBefore",
    "LoopConfig",
    "LoopCounts",
    "LoopFolder",
    "LoopNumbers",
    "Part",
    "PartConfig",
    "PartNumbers",
    "ReplayedUsers",
    "ReplayedVisit",
    "Seen",
    "SimulatedUsers",
    "SimulatedVisit",
    "Supervisor",
    "UserCounts",
    "UserNumbers",
]
