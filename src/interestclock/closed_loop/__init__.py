"""Simulated users, the service, the updater and the trainer in one loop on one machine."""

from interestclock.closed_loop.part import Part, PartConfig
from interestclock.closed_loop.simulated_users import SimulatedUsers
from interestclock.closed_loop.supervisor import Supervisor
from interestclock.closed_loop.user_counts import UserCounts, UserNumbers

__all__ = ["Part", "PartConfig", "SimulatedUsers", "Supervisor", "UserCounts", "UserNumbers"]
