"""What a live trainer tells: by hand, against the library's own metrics, and as Prometheus reads it."""

from __future__ import annotations

import itertools
import math
import socket
import threading
from dataclasses import asdict
from urllib.request import urlopen

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from interestclock.admission import Counters
from interestclock.errors import ConfigError
from interestclock.metrics.exposure_metrics import auc, calibration
from interestclock.operations.prometheus_page import TelemetryCollector, serve_metrics
from interestclock.operations.recent_quality import Quality
from interestclock.operations.telemetry import StatusNumbers, Telemetry


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def make(**changes: object) -> Telemetry:
    settled = {"tasks": ("finish", "like"), "main_task": "finish", "monotonic_s": Clock()}
    return Telemetry(**(settled | changes))


def learn(telemetry: Telemetry, probability, label, second_of_day, event_ms: int = 1_000) -> None:
    telemetry.learned(
        probability_B=torch.tensor(probability, dtype=torch.float32),
        label_B=torch.tensor(label, dtype=torch.int8),
        second_of_day_B=torch.tensor(second_of_day, dtype=torch.int32),
        event_ms=event_ms,
    )


def page_of(telemetry: Telemetry) -> str:
    registry = CollectorRegistry()
    registry.register(TelemetryCollector(telemetry))
    return generate_latest(registry).decode()


def scraped(telemetry: Telemetry) -> dict[str, float]:
    """Every sample by name and labels, as Prometheus would write it."""
    page = page_of(telemetry)
    return {
        sample.name + "".join(f"{{{name}={value}}}" for name, value in sample.labels.items()): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }


def test_quality_by_hand() -> None:
    telemetry = make()
    learn(telemetry, [0.1, 0.4, 0.4, 0.8], [0, 1, 0, 1], [0, 3_599, 3_600, 7_199])
    numbers = telemetry.line()
    assert numbers.exposures == 4
    assert numbers.auc == 0.875
    assert numbers.calibration == pytest.approx(1.7 / 2)
    assert numbers.hour == 1
    assert numbers.hour_exposures == 2
    assert numbers.hour_auc == 1.0
    assert numbers.hour_calibration == pytest.approx(1.2)


def test_before_anything_there_is_nothing_to_say() -> None:
    numbers = make().line()
    assert (numbers.events, numbers.exposures, numbers.hour, numbers.table_rows) == (0, 0, None, {})
    unknown = (numbers.auc, numbers.hour_auc, numbers.lag_seconds, numbers.events_per_second)
    assert all(math.isnan(each) for each in unknown)


def test_one_class_or_missing_labels_have_no_auc() -> None:
    telemetry = make()
    learn(telemetry, [0.2, 0.3], [-1, -1], [0, 0])
    learn(telemetry, [], [], [])
    assert telemetry.line().exposures == 0
    learn(telemetry, [0.5], [0], [86_399])
    numbers = telemetry.line()
    assert (numbers.exposures, numbers.hour) == (1, 23)
    assert math.isnan(numbers.auc)
    assert math.isnan(numbers.calibration)
    learn(telemetry, [0.5], [1], [0])
    numbers = telemetry.line()
    assert numbers.auc == 0.5
    assert math.isnan(numbers.hour_auc)


@settings(deadline=None)
@given(
    batches=st.lists(st.integers(0, 30), max_size=12),
    window=st.integers(1, 50),
    seed=st.integers(0, 99),
)
def test_quality_is_the_library_s_over_the_newest_labelled(
    batches: list[int], window: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    edges = np.cumsum([0, *batches])
    probability = (rng.integers(0, 6, size=edges[-1]) / 5).astype(np.float32)  # ties
    label, second = rng.integers(-1, 2, size=edges[-1]), rng.integers(0, 3 * 3_600, size=edges[-1])
    telemetry = make(window_exposures=window)
    for start, stop in itertools.pairwise(edges):
        learn(telemetry, probability[start:stop], label[start:stop], second[start:stop])
    newest = np.flatnonzero(label >= 0)[-window:]
    numbers = telemetry.line()
    assert numbers.exposures == len(newest)
    assert numbers.auc == pytest.approx(auc(label[newest], probability[newest]), nan_ok=True)
    assert numbers.calibration == pytest.approx(calibration(label[newest], probability[newest]), nan_ok=True)
    now = newest[second[newest] // 3_600 == numbers.hour]
    assert numbers.hour_exposures == len(now)
    assert numbers.hour_auc == pytest.approx(auc(label[now], probability[now]), nan_ok=True)


def test_a_new_hour_leaves_the_old_one_behind_and_meets_yesterday_s() -> None:
    telemetry = make()
    learn(telemetry, [0.9, 0.1], [0, 1], [10 * 3_600] * 2)  # yesterday, at ten: the wrong way round
    learn(telemetry, [0.5] * 150, [1] * 150, [9 * 3_600 + 3_599] * 150)
    assert telemetry.line().hour == 9
    learn(telemetry, [0.1] * 49, [0] * 49, [10 * 3_600] * 49)
    assert telemetry.line().hour == 9, "51 of the newest 100 are of nine"
    learn(telemetry, [0.8], [1], [10 * 3_600])
    numbers = telemetry.line()
    assert numbers.hour == 10, "as many of either: the later"
    assert numbers.hour_exposures == 52
    assert numbers.hour_auc == pytest.approx((49 / 2 + 49) / (2 * 50))


def test_midnight() -> None:
    telemetry = make()
    learn(telemetry, [0.5], [1], [86_399])
    learn(telemetry, [0.5], [1], [0])
    assert telemetry.line().hour == 0


def test_quality_rests_fifty_times_as_long_as_it_took_but_a_second_at_most() -> None:
    class Steps(Clock):
        """Each look takes a while."""

        step_s = 0.01

        def __call__(self) -> float:
            self.now_s += self.step_s
            return self.now_s

    clock = Steps()
    telemetry = make(monotonic_s=clock)
    learn(telemetry, [0.1, 0.9], [0, 1], [0, 0])
    assert telemetry.line().auc == 1.0
    learn(telemetry, [0.1, 0.9], [1, 0], [0, 0])
    assert telemetry.line().auc == 1.0, "computed a moment ago"
    clock.now_s += 0.5
    assert telemetry.line().auc == 0.5
    clock.step_s = 10.0
    learn(telemetry, [0.1], [1], [0])
    telemetry.line()
    clock.step_s = 0.0
    clock.now_s += 1.0
    learn(telemetry, [0.9], [1], [0])
    assert telemetry.line().exposures == 6


def test_what_is_learned_is_left_as_it_is() -> None:
    """Gradients are not followed, and later changes of a tensor are not seen."""
    telemetry = make()
    probability_B = torch.tensor([0.2, 0.8], requires_grad=True)
    label_B = torch.tensor([0, 1], dtype=torch.int8)
    telemetry.predicted(probability={"finish": probability_B})
    second_of_day_B = torch.zeros(2, dtype=torch.int32)
    telemetry.learned(
        probability_B=probability_B, label_B=label_B, second_of_day_B=second_of_day_B, event_ms=1
    )
    with torch.no_grad():
        probability_B.mul_(-1)
    assert telemetry.line().auc == 1.0


def test_rate_lag_and_how_far_learning_is_behind() -> None:
    clock = Clock()
    telemetry = make(monotonic_s=clock)
    telemetry.progress(events=1_000_000, event_ms=0, wall_ms=5_000)
    assert math.isnan(telemetry.line().lag_seconds), "no exposure was predicted yet"
    for second in range(1, 31):
        clock.now_s += 1
        telemetry.progress(events=1_000_000 + 50 * second, event_ms=60_000, wall_ms=62_500)
        telemetry.line()
    assert telemetry.line().events_per_second == pytest.approx(50), "not what a checkpoint began with"
    assert telemetry.line().lag_seconds == 2.5
    telemetry.progress(events=1_000_500, event_ms=60_000, wall_ms=None)
    assert math.isnan(telemetry.line().lag_seconds), "a replay of long ago"
    assert math.isnan(telemetry.line().behind_seconds)
    learn(telemetry, [0.5], [1], [0], event_ms=45_000)
    assert telemetry.line().behind_seconds == 15.0


def test_a_stream_that_stands_still_or_goes_on_is_seen_within_ten_seconds() -> None:
    clock = Clock()
    telemetry = make(monotonic_s=clock)
    telemetry.progress(events=0, event_ms=1, wall_ms=1)
    clock.now_s += 5
    telemetry.progress(events=500, event_ms=1, wall_ms=1)
    assert telemetry.line().events_per_second == 100
    for _ in range(60):
        clock.now_s += 1
        telemetry.line()
    assert telemetry.line().events_per_second == 0
    clock.now_s += 5
    telemetry.progress(events=600, event_ms=1, wall_ms=1)
    assert 10 <= telemetry.line().events_per_second <= 20


def test_accounts_and_tables() -> None:
    telemetry = make()
    telemetry.counters(
        Counters(received=21, learned=4, waiting=5, duplicates=3, late_exposures=2, late_labels=1,
                 orphan_labels=4, dead_letters=2).counts()
        | {"items_without_attributes": 6, "disagreeing_duplicates": 1}
    )  # fmt: skip
    telemetry.table("user", size=9, admitted=7, admissions=8, expiries=1, evictions=2, refused=3)
    numbers = telemetry.line()
    assert (numbers.waiting, numbers.late, numbers.duplicates) == (5, 3, 3)
    assert (numbers.orphan_labels, numbers.dead_letters) == (4, 2)
    assert numbers.table_rows == {"user": 7}
    page = scraped(telemetry)
    by_outcome = {name: value for name, value in page.items() if name.startswith("interestclock_events_by")}
    assert by_outcome["interestclock_events_by_outcome_total{outcome=learned}"] == 4
    assert sum(by_outcome.values()) + page["interestclock_events_waiting"] == 21, "they add up"
    assert page["interestclock_items_without_attributes_total"] == 6
    assert page["interestclock_disagreeing_duplicates_total"] == 1
    assert page["interestclock_table_ids{feature=user}"] == 9
    assert page["interestclock_table_rows{feature=user}"] == 7
    assert page["interestclock_table_admissions_total{feature=user}"] == 8
    assert page["interestclock_table_expiries_total{feature=user}"] == 1
    assert page["interestclock_table_evictions_total{feature=user}"] == 2
    assert page["interestclock_table_refused_total{feature=user}"] == 3


def test_checkpoints_and_snapshots() -> None:
    telemetry = make()
    telemetry.checkpoint(seconds=2.0, stall_seconds=0.5, bytes_written=70)
    telemetry.checkpoint(seconds=1.0, stall_seconds=0.75, bytes_written=80)
    telemetry.snapshot(kind="full", seconds=3.0, bytes_written=100, rows=50)
    telemetry.snapshot(kind="delta", seconds=0.25, bytes_written=10, rows=5)
    telemetry.snapshot(kind="delta", seconds=0.5, bytes_written=12, rows=6)
    page = scraped(telemetry)
    assert page["interestclock_checkpoint_seconds_count"] == 2
    assert page["interestclock_checkpoint_seconds_sum"] == 3.0
    assert page["interestclock_checkpoint_stall_seconds_total"] == 0.75
    assert page["interestclock_checkpoint_bytes"] == 80
    assert page["interestclock_snapshot_seconds_sum{kind=delta}"] == 0.75
    assert page["interestclock_snapshot_seconds_count{kind=full}"] == 1
    assert page["interestclock_snapshot_bytes{kind=delta}"] == 12
    assert page["interestclock_snapshot_rows{kind=full}"] == 50


def test_the_page_leaves_out_what_is_not_known() -> None:
    page = scraped(make())
    assert page["interestclock_events_total"] == 0
    assert page["interestclock_judged_exposures{window=recent}"] == 0
    assert page["interestclock_checkpoint_seconds_count"] == 0
    absent = ("auc", "calibration", "event_time_lag", "event_timestamp", "current_hour", "checkpoint_bytes")
    assert [name for name in page if name.startswith(tuple(f"interestclock_{each}" for each in absent))] == []


def test_the_page_says_what_the_line_says() -> None:
    clock = Clock()
    telemetry = make(monotonic_s=clock)
    telemetry.progress(events=10, event_ms=90_000, wall_ms=91_500)
    clock.now_s += 2
    telemetry.progress(events=20, event_ms=90_000, wall_ms=91_500)
    learn(telemetry, [0.1, 0.4, 0.4, 0.8], [0, 1, 0, 1], [0, 3_599, 3_600, 7_199], event_ms=60_000)
    telemetry.predicted(probability={"finish": torch.tensor([0.25, 0.5]), "like": torch.tensor([0.125])})
    telemetry.predicted(probability={"finish": torch.tensor([0.25]), "like": torch.tensor([])})
    page = scraped(telemetry)
    assert page["interestclock_events_total"] == 20
    assert page["interestclock_events_per_second"] == 5
    assert page["interestclock_event_timestamp_seconds"] == 90
    assert page["interestclock_event_time_lag_seconds"] == 1.5
    assert page["interestclock_learning_behind_seconds"] == 30
    assert page["interestclock_auc{window=recent}"] == 0.875
    assert page["interestclock_calibration{window=recent}"] == pytest.approx(0.85)
    assert page["interestclock_judged_exposures{window=recent}"] == 4
    assert page["interestclock_current_hour"] == 1
    assert page["interestclock_auc_current_hour"] == 1.0
    assert page["interestclock_calibration_current_hour"] == pytest.approx(1.2)
    assert page["interestclock_judged_exposures_current_hour"] == 2
    assert page["interestclock_predicted_probability_count{task=finish}"] == 3
    assert page["interestclock_predicted_probability_sum{task=finish}"] == 1.0
    assert page["interestclock_predicted_probability_sum{task=like}"] == 0.125


def test_every_metric_is_explained() -> None:
    families = list(TelemetryCollector(make()).collect())
    assert [family.name for family in families if not family.documentation.endswith(".")] == []
    assert all(family.name.startswith("interestclock_") for family in families)


def test_scraped_over_http_while_it_learns() -> None:
    telemetry = make()
    stop = serve_metrics(telemetry, port=0)
    done = threading.Event()

    def read() -> None:
        for _ in range(10):
            with urlopen(f"http://127.0.0.1:{stop.port}/metrics", timeout=10) as answer:
                pages.append(answer.read().decode())
        done.set()

    pages: list[str] = []
    reader = threading.Thread(target=read)
    reader.start()
    while not done.is_set() and reader.is_alive():
        learn(telemetry, [0.2, 0.7], [0, 1], [0, 60])
        telemetry.table("item", size=1, admitted=1, admissions=1, expiries=0, evictions=0, refused=0)
    reader.join()
    assert len(pages) == 10
    with urlopen(f"http://127.0.0.1:{stop.port}/metrics", timeout=10) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain")
        page = answer.read().decode()
    stop()
    assert 'interestclock_auc{window="recent"} 1.0' in page
    assert 'interestclock_table_rows{feature="item"} 1.0' in page
    with pytest.raises(OSError, match="refused"):
        urlopen(f"http://127.0.0.1:{stop.port}/metrics", timeout=10)


def test_a_taken_port_is_a_sentence_and_a_freed_one_serves_again() -> None:
    stop = serve_metrics(make(), port=0)
    with pytest.raises(
        ConfigError, match=rf"served at 127.0.0.1:{stop.port} \(Address already in use\); give"
    ):
        serve_metrics(make(), port=stop.port)
    stop()
    serve_metrics(make(), port=stop.port)()


def test_addresses_and_ports_that_cannot_be() -> None:
    with pytest.raises(ConfigError, match=r"port 65536 cannot be; give one in 1\.\.65535"):
        serve_metrics(make(), port=65_536)
    with pytest.raises(ConfigError, match="port -1 cannot be"):
        serve_metrics(make(), port=-1)
    with pytest.raises(ConfigError, match=r"metrics cannot be served at 192\.0\.2\.1:0"):
        serve_metrics(make(), port=0, addr="192.0.2.1")  # reserved for documents


def test_settings_that_cannot_be() -> None:
    with pytest.raises(ConfigError, match="main task 'click' is none of the tasks; they are finish, like"):
        make(main_task="click")
    with pytest.raises(ConfigError, match="window_exposures is 0; give one or more"):
        make(window_exposures=0)


def test_numbers_are_plain_for_a_log() -> None:
    telemetry = make()
    learn(telemetry, [0.2, 0.7], [0, 1], [0, 60])
    numbers = telemetry.line()
    assert isinstance(numbers, StatusNumbers)
    assert isinstance(numbers, Quality)
    assert {type(value) for value in asdict(numbers).values()} == {int, float, dict}


def test_a_listening_socket_of_another_program_is_taken_too() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ConfigError, match=f"{port} .*give another port, or 0 for any that is free"):
            serve_metrics(make(), port=port)
