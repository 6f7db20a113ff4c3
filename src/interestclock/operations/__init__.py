"""How a live trainer is watched: Prometheus metrics, a status line, structured logs, alarms."""

from interestclock.operations.alarms import Alarms
from interestclock.operations.json_logs import log_to
from interestclock.operations.prometheus_page import serve_metrics
from interestclock.operations.read_metrics import read_metrics
from interestclock.operations.status_line import StatusLine
from interestclock.operations.telemetry import StatusNumbers, Telemetry

__all__ = [
    "Alarms",
    "StatusLine",
    "StatusNumbers",
    "Telemetry",
    "log_to",
    "read_metrics",
    "serve_metrics",
]
