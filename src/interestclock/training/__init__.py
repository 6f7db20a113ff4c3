"""Predict, record, wait for labels, learn: in the order of the stream, or a day at a time, shuffled."""

from interestclock.training.config import ORDERS, TrainConfig
from interestclock.training.learner import Learner, Prediction
from interestclock.training.prediction_file import PredictionFile
from interestclock.training.run import RunCost, RunPlan, RunProgress, check_device, run_ranker, warm_up
from interestclock.training.sample_trainer import SampleTrainer
from interestclock.training.trainer import PROBABILITY, PredictedBatch, Recorder

__all__ = [
    "ORDERS",
    "PROBABILITY",
    "Learner",
    "PredictedBatch",
    "Prediction",
    "PredictionFile",
    "Recorder",
    "RunCost",
    "RunPlan",
    "RunProgress",
    "SampleTrainer",
    "TrainConfig",
    "check_device",
    "run_ranker",
    "warm_up",
]
