"""Settings of a live trainer small enough to run in a moment."""

from __future__ import annotations

from in_memory import HOUR_MS

from interestclock.admission import AdmissionConfig
from interestclock.clocks import GaussianConfig, LongTermConfig
from interestclock.live import LiveConfig
from interestclock.ranking import RankerConfig
from interestclock.training import TrainConfig

LONG_TERM = LongTermConfig(behaviours=3, longest=12, heads=2, latent_dim=4, output_dim=4)
SMALL = RankerConfig(clocks=(GaussianConfig(), LONG_TERM), dim=4, recent=3, hidden=(8,), tower_width=4)
LIVE = LiveConfig(
    ranker=SMALL,
    train=TrainConfig(batch_size=16, learning_rate=0.02),
    admission=AdmissionConfig(label_wait_ms=HOUR_MS),
    longest=12,
    checkpoint_minutes=300,
    snapshot_minutes=300,
)
