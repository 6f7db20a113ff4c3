"""What a score takes: a scorer alone, its floor, where the milliseconds go, batches; the service over HTTP.

    python benchmarks/serving.py --json benchmarks/results/serving.json
    python benchmarks/serving.py --part http --minutes 1

Requests of 500 candidates by users of 10,000 behaviours, and of 50 by users of 1,000, of 20,000 items. The
floor is the products and gathers alone, in the same rounds. Over HTTP it is an open loop: moments are drawn
beforehand (Poisson), and an answer's latency counts from the moment at which its request was to be sent. The
server is one process on one core, the generator another on another, on loopback.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import torch
from machine import machine
from serving_exported import export_into
from serving_floor import floor_of
from serving_load import poisson, saturated
from serving_stages import Stages
from serving_world import RANKERS, SHAPES, Shape, World, world_in

from interestclock.serving import Scorer
from interestclock.store import LmdbStore

Figures = dict[str, float]
Variant = Callable[[int], object]
BATCHES = (1, 2, 4, 8, 16)
SERVER_CORE, GENERATOR_CORE = 0, 1
SENDERS, SATURATED_S, LOW_SHARE, SHARE, APART_S = 8, 10.0, 0.1, 0.4, 0.05


def scorer_part(world: World, rounds: int) -> dict[str, dict[str, Figures]]:
    """Medians of milliseconds; every variant takes its turn in every round."""
    found = {}
    with LmdbStore(world.store) as store:
        scorers = {name: Scorer(store, world.snapshots(name)) for name in RANKERS}
        scorers["exported"] = Scorer(store, world.snapshots("base"))
        export_into(scorers["exported"])
        for shape in SHAPES:
            requests = world.requests(shape, 64)
            floor = floor_of(scorers["clocks"]._ready.ranker, shape)
            parts: dict[str, Variant] = {name: lambda _, f=each: f() for name, each in floor.items()}
            variants: dict[str, Variant] = {
                "floor": lambda turn, those=parts: [each(turn) for each in those.values()]
            }
            for name, scorer in scorers.items():
                variants[name] = lambda turn, s=scorer, r=requests: s.score([r[turn % len(r)]])
            wall, processor = interleaved(variants, rounds)
            found[shape.name] = {
                "wall_ms": wall,
                "processor_ms": processor,
                "floor_ms": interleaved(parts, rounds)[0],
                "stages_ms": stages(scorers["clocks"], requests, rounds),
                "ratio_to_floor": {
                    "wall": wall["clocks"] / wall["floor"],
                    "processor": processor["clocks"] / processor["floor"],
                },
                "requests_together_ms": together(scorers["clocks"], world, shape, rounds),
                "apart_ms": {name: apart(each, requests) for name, each in scorers.items()},
            }
    return found


def interleaved(variants: dict[str, Variant], rounds: int) -> tuple[Figures, Figures]:
    wall: dict[str, list[float]] = {name: [] for name in variants}
    processor: dict[str, list[float]] = {name: [] for name in variants}
    for turn in range(rounds + 3):
        for name, variant in variants.items():
            began, began_processor = time.perf_counter(), time.thread_time()
            variant(turn)
            if turn >= 3:  # the first warm up
                wall[name].append(1_000 * (time.perf_counter() - began))
                processor[name].append(1_000 * (time.thread_time() - began_processor))
    return _medians(wall), _medians(processor)


def stages(scorer: Scorer, requests: list, rounds: int) -> Figures:
    watch = Stages()
    with watch.watched():
        for turn in range(rounds):
            scorer.score([requests[turn % len(requests)]])
    return {name: 1_000 * seconds / rounds for name, seconds in watch.seconds.items()}


def together(scorer: Scorer, world: World, shape: Shape, rounds: int) -> Figures:
    """Milliseconds of a request, by how many are scored together."""
    requests = world.requests(shape, 2 * max(BATCHES))
    counts = [each for each in BATCHES if each * shape.candidates <= 1_000]
    variants = {str(count): lambda turn, n=count: scorer.score(requests[turn % 16 :][:n]) for count in counts}
    wall, _ = interleaved(variants, max(8, rounds // 5))
    return {count: each / int(count) for count, each in wall.items()}


def apart(scorer: Scorer, requests: list) -> float:
    """The median of calls with a pause before each, as a server has them at little load: caches are cold."""
    taken = []
    for request in requests[:40]:
        time.sleep(APART_S)
        began = time.perf_counter()
        scorer.score([request])
        taken.append(1_000 * (time.perf_counter() - began))
    return median(taken)


def http_part(world: World, minutes: float, alone: dict[str, Figures]) -> dict[str, dict[str, object]]:
    """Each shape with each ranker: saturated, at a tenth of that, and at two fifths of it for the minutes."""
    found: dict[str, dict[str, object]] = {}
    for shape in SHAPES:
        for ranker, exported in (("clocks", False), ("base", True)):
            bodies = [
                json.dumps(
                    {
                        "user": each.user,
                        "candidates": list(each.items),
                        "zone": each.zone,
                        "context": {"device": "tv"},
                        "ranker": ranker,
                    }
                ).encode()
                for each in world.requests(shape, 256)
            ]
            with served(world, exported=exported) as url:
                poisson(url, bodies, rate=10, seconds=3)  # what is compiled, and kept, is there
                full = saturated(url, bodies, senders=SENDERS, seconds=SATURATED_S).figures()
                most = full["answers_per_second"]
                low = poisson(url, bodies, rate=LOW_SHARE * most, seconds=max(15.0, 12 * minutes)).figures()
                loaded = poisson(url, bodies, rate=SHARE * most, seconds=60 * minutes, seed=1).figures()
            name = "exported base" if exported else ranker
            figures: dict[str, object] = {"saturated": full, "at 10%": low, "at 40%": loaded}
            if scored := alone.get(shape.name, {}).get("exported" if exported else ranker):
                figures["over the scorer alone, calls apart"] = {
                    "scorer_ms": scored,
                    "http_adds_ms": low["p50_ms"] - scored,
                    "http_adds_share": low["p50_ms"] / scored - 1,
                    "p99_at_40_over_scorer": loaded["p99_ms"] / scored,
                }
            found[f"{shape.name}, {name}"] = figures
            print(f"{shape.name}, {name}: {json.dumps(figures, indent=1)}")
    return found


@contextmanager
def served(world: World, *, exported: bool) -> Iterator[str]:
    """A server on a core of its own; gives its address."""
    command = [
        sys.executable,
        str(Path(__file__).with_name("serving_server.py")),
        "--world",
        str(world.folder),
    ]
    server = subprocess.Popen([*command, *(["--exported"] * exported)], stdout=subprocess.PIPE, text=True)
    os.sched_setaffinity(server.pid, {SERVER_CORE})
    try:
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        if not url:
            raise RuntimeError("the server did not start")
        yield url
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(30)


def _medians(taken: dict[str, list[float]]) -> Figures:
    return {name: median(each) for name, each in taken.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--part", action="append", choices=("scorer", "http"), help="may be given twice")
    parser.add_argument("--minutes", type=float, default=10.0, help="at two fifths of the load (default 10)")
    parser.add_argument("--rounds", type=int, default=100, help="turns of each variant (default 100)")
    parser.add_argument("--world", type=Path, default=Path("build/bench/serving"), metavar="DIR")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    torch.set_num_threads(1)
    parts = options.part or ["scorer", "http"]
    report: dict[str, object] = {"machine": machine("fastapi", "uvicorn"), "minutes": options.minutes}
    options.world.mkdir(parents=True, exist_ok=True)
    world = world_in(options.world)
    alone: dict[str, Figures] = {}
    if len(os.sched_getaffinity(0)) > 1:
        os.sched_setaffinity(0, {SERVER_CORE})
    if "scorer" in parts:
        figures = scorer_part(world, options.rounds)
        print(json.dumps(figures, indent=1))
        report["scorer"], alone = figures, {name: each["apart_ms"] for name, each in figures.items()}
    if "http" in parts:
        os.sched_setaffinity(0, {GENERATOR_CORE})
        report["http"] = http_part(world, options.minutes, alone)
        report["cores"] = {"server": SERVER_CORE, "generator": GENERATOR_CORE}
    if options.json is not None:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
