"""How far features that were served are from those that a trainer used, on a simulated stream with disorder.

    python benchmarks/skew.py --lateness-seconds 0 --lateness-seconds 60

A day of a simulated service is admitted, and a trainer writes its first snapshot. On the next day users ask
a ``Scorer`` on the store, for a next page as soon as they are done with the one before. What they were shown
and did goes to an embedded log, each message with a delay of its own, and a few much later; the updater
takes what is there every ``--apply-seconds``. In the end the trainer learns the day, and ``measure_skew``
compares. Time is the simulator's: no figure depends on how fast the machine is.
"""

from __future__ import annotations

import argparse
import heapq
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from machine import machine
from rich.console import Console
from rich.table import Table

from interestclock.admission import AdmissionConfig
from interestclock.clocks import GaussianConfig, LongTermConfig
from interestclock.events import exposure_message, label_message
from interestclock.events.schema import LogSchema
from interestclock.live import LiveConfig, LiveRun
from interestclock.ranking import RankerConfig
from interestclock.relay import AdmittedSource, FolderEntries
from interestclock.serving import RankRequest, SampledRequests, Scorer
from interestclock.simulator import (
    SimulatorSize,
    SimulatorTruth,
    World,
    build_world,
    exposures_by_day,
    item_table,
)
from interestclock.skew import SkewReport, measure_skew
from interestclock.store import LmdbStore
from interestclock.streams import EmbeddedLogSource, EmbeddedLogWriter, embedded_log_ends
from interestclock.updater import FeatureUpdater, UpdaterConfig

GENRE = "genre"
SCHEMA = LogSchema(labels=("finish", "like"), attributes=(GENRE,), clock_attributes=(GENRE,))
RANKER = RankerConfig(clocks=(GaussianConfig(), LongTermConfig()), hidden=(16,))
KEPT_FOR = ("trainer", "skew")  # the second lets nothing go that is to be compared
PLAYED_MS = 180_000
NEXT_PAGE = 0.7  # share of requests that follow the one before at once


@dataclass(frozen=True, kw_only=True)
class Page:
    """What a user asks for, and what comes of it."""

    name: str
    user: str
    at_ms: int
    zone: str
    items: list[int]
    labels: dict[str, list[int]]

    def request(self) -> RankRequest:
        items = [str(each) for each in self.items]
        return RankRequest(
            user=self.user, items=items, at_ms=self.at_ms, zone=self.zone, request_id=self.name
        )


@dataclass(kw_only=True)
class Network:
    """Messages on their way: most come within a second or two, some after minutes."""

    random: np.random.Generator
    late_share: float
    way: list[tuple[int, int, bytes]] = field(default_factory=list)

    def send(self, at_ms: int, payload: bytes) -> None:
        delay_ms = self.random.exponential(500)
        if self.random.random() < self.late_share:
            delay_ms = self.random.uniform(10_000, 120_000)
        heapq.heappush(self.way, (at_ms + int(delay_ms), len(self.way), payload))

    def arrived(self, until_ms: int) -> list[bytes]:
        found = []
        while self.way and self.way[0][0] <= until_ms:
            found.append(heapq.heappop(self.way)[2])
        return found


class Users:
    """Who asks, is shown something a moment later, and is done with it when it was played."""

    def __init__(self, world: World, *, late_share: float) -> None:
        self.random = np.random.default_rng(7)
        self.network = Network(random=self.random, late_share=late_share)
        items = item_table(world)
        self.genres = dict(zip(items["item_id"].to_pylist(), items[GENRE].to_pylist(), strict=True))

    def pages(self, rows: list[dict]) -> list[Page]:
        """A day's requests; of one user, some follow at once when the page before is done with."""
        by_request: dict[int, list[dict]] = {}
        for row in rows:
            by_request.setdefault(row["request_id"], []).append(row)
        done_ms: dict[int, int] = {}
        found = []
        for name, shown in sorted(by_request.items(), key=lambda each: each[1][0]["timestamp_ms"]):
            user, at_ms = shown[0]["user_id"], shown[0]["timestamp_ms"]
            if user in done_ms and self.random.random() < NEXT_PAGE:
                at_ms = done_ms[user] + int(self.random.uniform(300, 3_000))
            done_ms[user] = at_ms + PLAYED_MS
            found.append(
                Page(
                    name=f"r{name}",
                    user=str(user),
                    at_ms=at_ms,
                    zone=shown[0]["zone"],
                    items=[row["item_id"] for row in shown],
                    labels={label: [row[label] for row in shown] for label in SCHEMA.labels},
                )
            )
        return sorted(found, key=lambda each: each.at_ms)

    def answer(self, page: Page) -> None:
        shown_ms, known_ms = page.at_ms + int(self.random.uniform(100, 1_500)), page.at_ms + PLAYED_MS
        for place, item in enumerate(page.items):
            event = f"{page.name}/{item}"
            shown = self.exposure(event, page.user, item, shown_ms, zone=page.zone, request=page.name)
            self.network.send(shown_ms, shown)
            for label, values in page.labels.items():
                said = label_message(label_of=event, label=label, value=values[place], known_ms=known_ms)
                self.network.send(known_ms, said)

    def exposure(
        self, event: str, user: str, item: int, at_ms: int, *, zone: str = "UTC", request: str | None = None
    ) -> bytes:
        return exposure_message(
            event_id=event,
            user_id=user,
            item_id=item,
            timestamp_ms=at_ms,
            request_id=request,
            zone=zone,
            attributes={GENRE: self.genres[item]},
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    parser.add_argument("--lateness-seconds", type=int, action="append", help="may be repeated; 0 and 60")
    parser.add_argument("--apply-seconds", type=float, default=1.0)
    parser.add_argument("--late-share", type=float, default=0.03)
    parser.add_argument("--users", type=int, default=60)
    parser.add_argument("--exposures", type=int, default=4_000, help="in a day")
    given = parser.parse_args()
    figures = {}
    for lateness_s in given.lateness_seconds or [0, 60]:
        with tempfile.TemporaryDirectory() as folder:
            report = measured(Path(folder), lateness_s, given)
        figures[str(lateness_s)] = report.described()
        show(lateness_s, report)
    if given.json:
        settings = {name: each for name, each in vars(given).items() if name != "json"}
        content = {"machine": machine("numpy"), "settings": settings, "lateness_seconds": figures}
        given.json.write_text(json.dumps(content, indent=1) + "\n")


def measured(folder: Path, lateness_s: int, given: argparse.Namespace) -> SkewReport:
    size = SimulatorSize(users=given.users, items=500, days=2, exposures_per_day=given.exposures)
    world = build_world(size=size, truth=SimulatorTruth(), seed=7)
    users = Users(world, late_share=given.late_share)
    first, second = (users.pages(day.to_pylist()) for day in exposures_by_day(world))
    admission = AdmissionConfig(lateness_ms=lateness_s * 1_000)
    with EmbeddedLogWriter(folder / "log") as log:
        for page in first:
            users.answer(page)
        log.append(users.network.arrived(second[0].at_ms))
        source = EmbeddedLogSource(folder / "log", schema=SCHEMA, items=None, group="features")
        config = UpdaterConfig(
            admission=admission, idle_seconds=3_600, checkpoint_messages=1_000_000, poll_messages=200
        )
        with FeatureUpdater(source, folder / "store", config=config, kept_for=KEPT_FOR) as updater:
            day = Day(folder=folder, updater=updater, log=log, users=users, admission=admission)
            updater.run(partial(next, day.steps(second, apply_ms=int(given.apply_seconds * 1_000)), None))
    train(folder, updater.buffer.counters.received, admission)
    return measure_skew(folder / "store", served=[folder / "served"], trained=folder / "trainer" / "requests")


@dataclass(frozen=True, kw_only=True)
class Day:
    """A day's requests between two looks of the updater."""

    folder: Path
    updater: FeatureUpdater
    log: EmbeddedLogWriter
    users: Users
    admission: AdmissionConfig

    def steps(self, day: list[Page], *, apply_ms: int) -> Iterator[None]:
        """One for each time that the updater looks: what came since, and who asked meanwhile."""
        yield from self.applied()
        train(self.folder, self.log.position, self.admission)
        ends = partial(embedded_log_ends, self.folder / "log")
        sampled = SampledRequests(self.folder / "served", share=1.0, log_ends=ends)
        with LmdbStore(self.folder / "store") as store:
            scorer = Scorer(store, self.folder / "trainer" / "snapshots", sampled=sampled)
            looks_ms = day[0].at_ms
            for page in day:
                while looks_ms <= page.at_ms:
                    if self.arrive(looks_ms):
                        yield
                    looks_ms += apply_ms
                self.arrive(page.at_ms)  # in the log, and not looked at yet
                scorer.score([page.request()])
                self.users.answer(page)
        last_ms = day[-1].at_ms + 7_200_000
        self.arrive(last_ms)
        self.log.append([self.users.exposure("end", "nobody", 1, last_ms + 7_200_000)])
        yield from self.applied()
        self.updater.stopping = True

    def applied(self) -> Iterator[None]:
        while self.updater.buffer.counters.received < self.log.position:
            yield

    def arrive(self, until_ms: int) -> bool:
        came = self.users.network.arrived(until_ms)
        if came:
            self.log.append(came)
        return bool(came)


def train(folder: Path, messages: int, admission: AdmissionConfig) -> None:
    source = AdmittedSource(FolderEntries(folder / "store", group="trainer"))
    config = LiveConfig(ranker=RANKER, admission=admission, sample_requests=1.0, snapshot_minutes=30)
    with LiveRun(source, folder / "trainer", config=config, resume=True) as run:
        counters = run.trainer.buffer.counters
        run.run(lambda: setattr(run, "stopping", counters.received >= messages))


def cell(report: SkewReport, feature: str, cause: str) -> str:
    """Share of requests, and by how much in those."""
    count = report.causes[cause].get(feature)
    return (
        "0"
        if count is None
        else f"{report.share(feature, cause):.1%}, by {count.values / count.requests:.1f}"
    )


def show(lateness_s: int, report: SkewReport) -> None:
    title = f"lateness {lateness_s} s: {report.compared:,} requests compared"
    causes = [*report.causes]
    table = Table("feature", "differ", *causes, title=title)
    for feature in (*report.features, "any"):
        table.add_row(
            feature, f"{report.share(feature):.1%}", *(cell(report, feature, cause) for cause in causes)
        )
    Console(width=120).print(table)
    Console().print(
        f"served alone {report.served_alone:,}, trained alone {report.trained_alone:,}, "
        f"not comparable {report.not_comparable:,}"
    )


if __name__ == "__main__":
    main()
