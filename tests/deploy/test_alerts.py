"""Alert rules ask for metrics that there are, with labels that these have, in what looks like PromQL."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from deployed import REPOSITORY, alerts, read_yaml, scrape_targets
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector
from small_service import answers_to, small_service, trained

from interestclock.admission.counters import Counters
from interestclock.operations import Telemetry
from interestclock.operations.prometheus_page import TelemetryCollector
from interestclock.service import EventService
from interestclock.serving import QualityGate
from interestclock.streams import open_event_log
from interestclock.updater import UpdaterMetrics, UpdaterNumbers

METRIC = re.compile(r"\b(up|interestclock_\w+|node_\w+)\b(?:\{([^}]*)\})?")
MATCHER = re.compile(r'(\w+)(?:=~|!~|!=|=)"((?:[^"\\]|\\.)*)"')
WORDS = {"sum", "by", "rate", "increase", "time", "and", "or", "histogram_quantile"}
OF_EVERY_TARGET = {"job", "instance"}
# Not ours: Prometheus' own, and node-exporter's.
FOREIGN = {
    "up": set(),
    "node_filesystem_avail_bytes": {"fstype", "mountpoint"},
    "node_filesystem_size_bytes": {"fstype", "mountpoint"},
}
LABELS_SHOWN = re.compile(r"\$labels\.(\w+)")


def page_of(collector: Collector) -> str:
    registry = CollectorRegistry()
    registry.register(collector)
    return generate_latest(registry).decode()


def trainers_page() -> str:
    telemetry = Telemetry(tasks=("finish",), main_task="finish")
    telemetry.counters(Counters(received=9, learned=4, late_exposures=2).counts())
    telemetry.learned(
        probability_B=torch.tensor([0.2, 0.7]),
        label_B=torch.tensor([0, 1], dtype=torch.int8),
        second_of_day_B=torch.tensor([0, 60], dtype=torch.int32),
        event_ms=1_000,
    )
    return page_of(TelemetryCollector(telemetry))


def updaters_page() -> str:
    counts = Counters(received=9, late_exposures=2).counts()
    numbers = UpdaterNumbers(
        position=7, counts=counts, events_per_second=2.0, event_ms=1_000, lag_seconds=0.1, published=6
    )
    metrics = UpdaterMetrics(lambda: numbers)
    metrics.note()
    return page_of(metrics)


def servers_page(folder: Path) -> str:
    """As a server gives it, once it has ranked."""
    trained(folder)
    log = open_event_log(f"log://{folder / 'events'}")
    with EventService(log) as events, small_service(folder, served=events.served) as service:
        body = {"user": "ann", "candidates": ["a"], "zone": "UTC"}
        ranked, page = answers_to(
            service, ("POST", "/v1/rank", {"json": body}), ("GET", "/metrics", {}), events=events
        )
    assert ranked.status_code == 200, ranked.text
    return page.text


@pytest.fixture(scope="module")
def metrics(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, set[str]]]:
    """Of each job the names of its samples, with their labels."""
    pages = {
        "server": servers_page(tmp_path_factory.mktemp("server")),
        "updater": updaters_page(),
        "trainer": trainers_page(),
    }
    return {job: dict(samples(page)) for job, page in pages.items()}


def samples(page: str) -> Iterator[tuple[str, set[str]]]:
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            yield sample.name, set(sample.labels)


def selectors(expression: str) -> list[tuple[str, dict[str, str]]]:
    """Each metric that an expression asks for, with what it is narrowed to."""
    return [(name, dict(MATCHER.findall(narrowed))) for name, narrowed in METRIC.findall(expression)]


@pytest.mark.parametrize(("alert", "expression"), alerts().items())
def test_each_metric_is_on_a_page_and_has_the_labels(
    alert: str, expression: str, metrics: dict[str, dict[str, set[str]]]
) -> None:
    asked_for = selectors(expression)
    assert asked_for != [], alert
    for name, narrowed in asked_for:
        pages = [page[name] for page in metrics.values() if name in page]
        pages += [FOREIGN[name]] if name in FOREIGN else []
        assert pages != [], f"{alert}: nobody serves {name}"
        assert any(narrowed.keys() <= page | OF_EVERY_TARGET for page in pages), f"{alert}: {name}"
        assert narrowed.get("job", "server") in scrape_targets()


@pytest.mark.parametrize(("alert", "expression"), alerts().items())
def test_each_expression_reads_as_promql(alert: str, expression: str) -> None:
    bare = MATCHER.sub(r"\1", expression)
    for opens, closes in ("()", "{}", "[]"):
        assert bare.count(opens) == bare.count(closes), alert
    assert nests(bare), alert
    words = set(re.findall(r"[a-z_]\w*", re.sub(r"\[\d+[smhd]\]", "", METRIC.sub("", bare))))
    by = {each.strip() for group in re.findall(r"\bby \(([^)]*)\)", bare) for each in group.split(",")}
    assert words - WORDS - by == set(), f"{alert}: neither functions nor labels"
    assert re.search(r"[<>=]=? ", bare), "an alert compares"
    for rated in re.findall(r"\b(?:rate|increase)\(([^)]*)\)", bare):
        assert re.search(r"\[\d+m\]$", rated), f"{alert}: over how long?"
        assert re.search(r"_(?:total|count|bucket)\b", rated), f"{alert}: a gauge has no rate"


def nests(text: str) -> bool:
    opened: list[str] = []
    for each in text:
        if each in "([{":
            opened.append(")]}"["([{".index(each)])
        elif each in ")]}" and (not opened or opened.pop() != each):
            return False
    return not opened


def test_what_is_none_would_be_seen() -> None:
    assert not nests("(a]")
    assert not nests("sum(rate(a[5m])")
    assert selectors('interestclock_nothing{job="server"} > 1') == [
        ("interestclock_nothing", {"job": "server"})
    ]


def test_labels_of_outcomes_and_routes_are_so_called(metrics: dict[str, dict[str, set[str]]]) -> None:
    values = {
        (label, each)
        for expression in alerts().values()
        for _, narrowed in selectors(expression)
        for label, value in narrowed.items()
        for each in value.split("|")
    }
    outcomes = set(Counters().counts()) | {"lost", "appended"}
    assert {each for label, each in values if label == "outcome"} - outcomes == set()
    assert {each for label, each in values if label == "route"} == {"/v1/rank", "/v1/events"}


def test_bounds_are_those_of_the_gate() -> None:
    gate, expression = QualityGate(), alerts()["CalibrationOutOfBounds"]
    assert f"< {gate.least_calibration} " in expression
    assert f"> {gate.most_calibration})" in expression
    assert expression.endswith(f">= {gate.least_judged}")


def test_rules_say_for_whom_and_what() -> None:
    rules = [rule for group in read_yaml("alerts.yml")["groups"] for rule in group["rules"]]
    assert len({rule["alert"] for rule in rules}) == len(rules) >= 10
    for rule in rules:
        assert rule["labels"]["severity"] in {"page", "ticket"}
        shown = rule["annotations"]["summary"]
        assert shown.count("{{") == shown.count("}}")
        grouped = re.findall(r"\bby \(([^)]*)\)", rule["expr"])
        if grouped:
            kept = {each.strip() for each in grouped[0].split(",")} - {"le"}
            assert set(LABELS_SHOWN.findall(shown)) <= kept, rule["alert"]


def test_the_page_lists_every_alert() -> None:
    page = (REPOSITORY / "docs" / "deploy.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`[A-Z][^|]*) \|", page.split("## What calls")[1], re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == set(alerts())
