"""Rows of vectors for ids, and their optimiser."""

from interestclock.embeddings.feature_table import FeatureTable
from interestclock.embeddings.id_policy import IdPolicy, IdStatistics, RowChanges
from interestclock.embeddings.item_vectors import ItemVectors
from interestclock.embeddings.masked_mean import masked_mean
from interestclock.embeddings.row_adam import RowAdam
from interestclock.embeddings.row_ledger import RowLedger

__all__ = [
    "FeatureTable",
    "IdPolicy",
    "IdStatistics",
    "ItemVectors",
    "RowAdam",
    "RowChanges",
    "RowLedger",
    "masked_mean",
]
