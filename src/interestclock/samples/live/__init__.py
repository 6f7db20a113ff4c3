"""A live stream becomes exposures in time order, each with the labels that came within the wait."""

from interestclock.samples.live.accounts import Accounts
from interestclock.samples.live.intake import Intake, IntakeConfig
from interestclock.samples.live.open_exposures import OPEN, OpenExposures
from interestclock.samples.live.watermark import Watermark
from interestclock.streams.label_events import LabelEvents

__all__ = ["OPEN", "Accounts", "Intake", "IntakeConfig", "LabelEvents", "OpenExposures", "Watermark"]
