"""Everything the stream has shown so far that features are made from: fed in order, read as of any moment."""

from interestclock.state.config import StateConfig
from interestclock.state.feature_state import FeatureState, Ingested, Left
from interestclock.state.feature_view import Features, FeatureView

__all__ = ["FeatureState", "FeatureView", "Features", "Ingested", "Left", "StateConfig"]
