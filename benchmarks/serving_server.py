"""The service as ``interestclock serve`` starts it, with both rankers of a world; one may be exported.

    python benchmarks/serving_server.py --world build/bench/serving --exported

It says where it listens, and serves until it is interrupted.
"""

from __future__ import annotations

import argparse
import contextlib
from pathlib import Path

import torch
from serving_exported import export_into
from serving_world import RANKERS, ZONE, World

from interestclock.service import RankingService, ReopenedStore, ServiceConfig, create_app, serve_app
from interestclock.serving import Rankers
from interestclock.store import open_store


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--world", type=Path, default=Path("build/bench/serving"), metavar="DIR")
    parser.add_argument("--exported", action="store_true", help="the ranker without clocks is torch.export's")
    options = parser.parse_args()
    torch.set_num_threads(1)
    world = World(folder=options.world, now_ms=0)
    store = ReopenedStore(lambda: open_store(world.store))
    rankers = Rankers(store, {name: world.snapshots(name) for name in RANKERS}, default_zone=ZONE)
    if options.exported:
        export_into(rankers.scorer("base"))
    service = RankingService(rankers, store, config=ServiceConfig())
    with contextlib.suppress(KeyboardInterrupt):
        serve_app(create_app(service), host="127.0.0.1", port=0, started=lambda url: print(url, flush=True))


if __name__ == "__main__":
    main()
