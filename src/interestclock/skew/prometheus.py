"""Skew as Prometheus reads it: a page for the textfile collector, or part of a service's."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from interestclock.skew.report import ANY, CauseCount, SkewReport

__all__ = ["prometheus_text"]


def prometheus_text(report: SkewReport) -> str:
    """Gauges of a report: requests compared, and of these how many differ, by feature and by cause.

    Example:
        >>> report = SkewReport(compared=10, differing={"any": 2, "behaviours": 2}, causes={})
        >>> [line for line in prometheus_text(report).splitlines() if "any" in line]
        ['interestclock_skew_differing{feature="any"} 2.0']
    """
    registry = CollectorRegistry()
    compared = Gauge(
        "interestclock_skew_compared", "Requests served and trained on that were compared", registry=registry
    )
    compared.set(report.compared)
    differing = Gauge(
        "interestclock_skew_differing",
        "Of these, requests in which a feature differs",
        ["feature"],
        registry=registry,
    )
    caused = Gauge(
        "interestclock_skew_caused",
        "Of these, requests in which a cause changed a feature",
        ["cause", "feature"],
        registry=registry,
    )
    for feature in (*report.features, ANY):
        differing.labels(feature).set(report.differing.get(feature, 0))
        for cause, by_feature in report.causes.items():
            caused.labels(cause, feature).set(by_feature.get(feature, CauseCount()).requests)
    return generate_latest(registry).decode()
