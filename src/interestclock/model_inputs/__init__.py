"""What the clocks read, for a model of the user's own: tables by row of the log, and tensors."""

from interestclock.model_inputs.as_of import features_as_of
from interestclock.model_inputs.feature_tables import FeaturePiece, FeatureTables
from interestclock.model_inputs.model_batch import ModelBatch
from interestclock.model_inputs.model_dataset import ModelDataset
from interestclock.model_inputs.model_features import ModelFeatures

__all__ = [
    "FeaturePiece",
    "FeatureTables",
    "ModelBatch",
    "ModelDataset",
    "ModelFeatures",
    "features_as_of",
]
