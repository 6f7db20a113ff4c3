"""Everything the stream has shown so far that features are made from: fed in order, read as of any moment."""

from interestclock.state.config import StateConfig
from interestclock.state.feature_state import FeatureState
from interestclock.state.feature_view import Features, FeatureView
from interestclock.state.ingested import Ingested
from interestclock.state.item_feed import ItemsChanged, Mark
from interestclock.state.leaving import Left

__all__ = [
    "FeatureState",
    "FeatureView",
    "Features",
    "Ingested",
    "ItemsChanged",
    "Left",
    "Mark",
    "StateConfig",
]
