"""Predict, record, wait for labels, learn: in the order of the stream, or a day at a time, shuffled."""

from interestclock.training.config import ORDERS, TrainConfig
from interestclock.training.learner import Learner, Prediction
from interestclock.training.pending import Labels, LabelsAlong, PendingBatches
from interestclock.training.prediction_file import PredictionFile
from interestclock.training.run import RunCost, RunNews, RunPlan, check_device, run_ranker
from interestclock.training.sample_trainer import SampleTrainer
from interestclock.training.trainer import PREDICTED, Recorder, Trainer

__all__ = [
    "ORDERS",
    "PREDICTED",
    "Labels",
    "LabelsAlong",
    "Learner",
    "PendingBatches",
    "Prediction",
    "PredictionFile",
    "Recorder",
    "RunCost",
    "RunNews",
    "RunPlan",
    "SampleTrainer",
    "TrainConfig",
    "Trainer",
    "check_device",
    "run_ranker",
]
