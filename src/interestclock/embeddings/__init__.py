"""Growing tables from ids to vectors, and their optimiser."""

from interestclock.embeddings.feature_table import FeatureTable, masked_mean
from interestclock.embeddings.row_adam import RowAdam

__all__ = ["FeatureTable", "RowAdam", "masked_mean"]
