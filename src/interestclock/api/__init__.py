"""What `import interestclock` gives: a log as people hold it, inspected, compared, made features of."""

from interestclock.api.compare_log import compare
from interestclock.api.features_of_log import features
from interestclock.api.inspect_data import inspect
from interestclock.api.simulate_log import simulate
from interestclock.results.in_arguments import in_arguments

__all__ = [
    "compare",
    "features",
    "in_arguments",
    "inspect",
    "simulate",
]
