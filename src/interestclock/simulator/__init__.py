"""A music service whose users' tastes and repertoires move over the day, with known truth."""

from interestclock.simulator.exposures import exposures_by_day, item_table
from interestclock.simulator.preferences import (
    LabelProbabilities,
    finish_utility,
    label_probabilities,
)
from interestclock.simulator.truth import (
    SIZES,
    AttributeTruth,
    SimulatorSize,
    SimulatorTruth,
    size_named,
)
from interestclock.simulator.world import World, build_world
from interestclock.simulator.write import write_simulated_log

__all__ = [
    "SIZES",
    "AttributeTruth",
    "LabelProbabilities",
    "SimulatorSize",
    "SimulatorTruth",
    "World",
    "build_world",
    "exposures_by_day",
    "finish_utility",
    "item_table",
    "label_probabilities",
    "size_named",
    "write_simulated_log",
]
