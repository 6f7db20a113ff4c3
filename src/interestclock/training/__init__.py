"""The streaming trainer, and the daily shuffled one it is compared with."""

from interestclock.training.config import ORDERS, TrainConfig
from interestclock.training.learner import Learner, Prediction
from interestclock.training.prediction_file import PredictionFile
from interestclock.training.run import RunCost, RunNews, RunPlan, check_device, run_ranker
from interestclock.training.trainer import Recorder, StreamTrainer

__all__ = [
    "ORDERS",
    "Learner",
    "Prediction",
    "PredictionFile",
    "Recorder",
    "RunCost",
    "RunNews",
    "RunPlan",
    "StreamTrainer",
    "TrainConfig",
    "check_device",
    "run_ranker",
]
