"""What another process tells Prometheus, as numbers."""

from __future__ import annotations

import math
from http.client import HTTPException
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from prometheus_client.parser import text_string_to_metric_families

from interestclock.errors import ResultError, system_errors_as

__all__ = ["read_metrics"]

_MOST_BYTES = 4 << 20
_PREFIX = "interestclock_"


def read_metrics(url: str, *, timeout_seconds: float = 1.0) -> dict[str, float]:
    """Numbers by name without the ``interestclock_``, those of labels as ``name{label=value}``.

    Args:
        url: of a page of metrics, such as http://127.0.0.1:9100/metrics.

    Raises:
        ResultError: nobody answers there, or it is no such page.

    Example:
        >>> from interestclock.operations import Telemetry, serve_metrics
        >>> stop = serve_metrics(Telemetry(tasks=("finish",), main_task="finish"), port=0)
        >>> read_metrics(f"http://127.0.0.1:{stop.port}/metrics")["events_total"]
        0.0
        >>> stop()
    """
    unreadable = (OSError, URLError, HTTPException, ValueError)
    with system_errors_as(
        ResultError,
        f"{url}: no metrics",
        remedy="start who serves them, or name another address",
        of=unreadable,
    ):
        # Through no proxy: they are of processes that stand beside this one.
        with build_opener(ProxyHandler({})).open(url, timeout=timeout_seconds) as page:
            text = page.read(_MOST_BYTES).decode()
        samples = [each for family in text_string_to_metric_families(text) for each in family.samples]
    return {
        _named(each.name.removeprefix(_PREFIX), each.labels): each.value
        for each in samples
        if each.name.startswith(_PREFIX) and math.isfinite(each.value)
    }


def _named(name: str, labels: dict[str, str]) -> str:
    inside = ",".join(f"{label}={value}" for label, value in labels.items())
    return f"{name}{{{inside}}}" if inside else name
