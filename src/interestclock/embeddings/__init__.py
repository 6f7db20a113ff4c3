"""Growing tables from ids to vectors, and their optimiser."""

from interestclock.embeddings.feature_table import FeatureTable, masked_mean
from interestclock.embeddings.id_policy import IdPolicy, IdStatistics, Sighted
from interestclock.embeddings.id_table import IdTable
from interestclock.embeddings.row_adam import RowAdam

__all__ = ["FeatureTable", "IdPolicy", "IdStatistics", "IdTable", "RowAdam", "Sighted", "masked_mean"]
