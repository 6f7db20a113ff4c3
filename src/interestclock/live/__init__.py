"""The trainer that runs for months: live features, growing tables, checkpoints, snapshots."""

from interestclock.live.checkpoints import CheckpointManifest, Checkpoints
from interestclock.live.config import LiveConfig
from interestclock.live.live_run import LiveRun
from interestclock.live.live_trainer import LiveTrainer
from interestclock.live.prediction_parts import PredictionParts

__all__ = [
    "CheckpointManifest",
    "Checkpoints",
    "LiveConfig",
    "LiveRun",
    "LiveTrainer",
    "PredictionParts",
]
