"""Logs that several tests prepare, prepared once."""

from __future__ import annotations

import pytest
from in_memory import CHOICES, HOUR_MS, REQUESTS, MemorySource, choices_log, requests_log

from interestclock.clock_features import ClockFeatureConfig
from interestclock.samples import PrepareConfig, SampleFolder, prepare_samples

CONFIG = PrepareConfig(clocks=ClockFeatureConfig(window_days=2), rows_per_chunk=100)


@pytest.fixture(scope="session")
def requests_source() -> MemorySource:
    return MemorySource(schema=REQUESTS, events=requests_log(11, requests=150))


@pytest.fixture(scope="session")
def choices_source() -> MemorySource:
    return MemorySource(schema=CHOICES, events=choices_log(11, delay_ms=HOUR_MS))


@pytest.fixture(scope="session")
def prepared_requests(
    requests_source: MemorySource, tmp_path_factory: pytest.TempPathFactory
) -> SampleFolder:
    return prepare_samples(requests_source, tmp_path_factory.mktemp("log") / "samples", config=CONFIG)


@pytest.fixture(scope="session")
def prepared_choices(choices_source: MemorySource, tmp_path_factory: pytest.TempPathFactory) -> SampleFolder:
    return prepare_samples(choices_source, tmp_path_factory.mktemp("log") / "samples", config=CONFIG)
