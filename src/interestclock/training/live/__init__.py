"""The trainer that runs for months: live features, growing tables, checkpoints, snapshots."""

from interestclock.training.live.checkpoints import CheckpointNote, Checkpoints
from interestclock.training.live.config import LiveConfig
from interestclock.training.live.live_run import LiveRun
from interestclock.training.live.live_trainer import LiveTrainer
from interestclock.training.live.prediction_parts import PredictionParts

__all__ = [
    "CheckpointNote",
    "Checkpoints",
    "LiveConfig",
    "LiveRun",
    "LiveTrainer",
    "PredictionParts",
]
