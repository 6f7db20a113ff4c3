"""Search and training on a GPU (or, to see that it runs, on the CPU), beside their floors.

    python benchmarks/device.py --device cuda --json build/bench/device.json

*Request*: microseconds for the best 100 of 10,000 behaviours, 64 wide, for each of 500 candidates. Its floor
is what the device needs, at the speeds measured in the same run, for the operations of the product and for
writing the scores and reading them once. *Training*: samples per second of the Long-term Clock's forward and
backward, as in ``training.py``; its floor is the product of the batch's candidates with the catalogue, one
read of every behaviour's item and time, and three passes over what was found.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import torch
from machine import machine
from rich.console import Console
from rich.table import Table

from interestclock.search import Spans, search_request
from training import BATCH, FOUND, ITEMS, LENGTHS, WIDTH, Attention, spans_of

CANDIDATES, BEHAVIOURS, KEPT = 500, 10_000, 100
_FLOAT, _BEHAVIOUR = 4, 8  # bytes


def main() -> None:
    arguments = parse_arguments()
    device = torch.device(arguments.device)
    if device.type == "cuda" and not torch.cuda.is_available():
        raise SystemExit("no CUDA device here; --device cpu shows that the benchmark runs")
    torch.manual_seed(0)
    speeds = measure(device)
    figures = {"speeds": speeds, "request": request(device, speeds), "training": training(device, speeds)}
    show(figures, device)
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(
        json.dumps(figures | {"machine": machine(), "device": name(device)}, indent=1) + "\n"
    )


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, required=True, metavar="FILE", help="where the figures go")
    parser.add_argument("--device", default="cuda", help="cuda or cpu (default cuda)")
    return parser.parse_args()


def name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"


def seconds(step: Callable[[], object], device: torch.device) -> float:
    """Of the median step among a second's worth, at least five; a GPU is waited for."""
    taken: list[float] = []
    while len(taken) < 6 or sum(taken) < 1:
        started = time.perf_counter()
        step()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        taken.append(time.perf_counter() - started)
    return median(taken[1:])


def measure(device: torch.device) -> dict[str, float]:
    """What the device does in a second: operations of a large product, bytes of a large copy."""
    left, right = (torch.randn(2_048, 2_048, device=device) for _ in range(2))
    copied = torch.empty(1 << 26, device=device)
    product_s = seconds(lambda: left @ right, device)
    copy_s = seconds(lambda: copied[1 << 25 :].copy_(copied[: 1 << 25]), device)
    return {"operations": 2 * 2_048**3 / product_s, "bytes": 2 * _FLOAT * (1 << 25) / copy_s}


def request(device: torch.device, speeds: dict[str, float]) -> dict[str, float]:
    query_CZ, key_LZ = (
        torch.randn(CANDIDATES, WIDTH, device=device),
        torch.randn(BEHAVIOURS, WIDTH, device=device),
    )
    time_score_L = torch.randn(BEHAVIOURS, device=device)
    variants: dict[str, Callable[[], object]] = {
        "product_us": lambda: query_CZ @ key_LZ.T,
        "search_us": lambda: search_request(query_CZ, key_LZ, time_score_L, top_k=KEPT),
        "topk_us": lambda: torch.addmm(time_score_L, query_CZ, key_LZ.T).topk(KEPT, dim=1),
    }
    scores = CANDIDATES * BEHAVIOURS
    floor_s = 2 * scores * WIDTH / speeds["operations"] + 2 * _FLOAT * scores / speeds["bytes"]
    return {"floor_us": 1e6 * floor_s} | {
        each: 1e6 * seconds(step, device) for each, step in variants.items()
    }


def training(device: torch.device, speeds: dict[str, float]) -> dict[int, dict[str, float]]:
    attention = Attention(ITEMS).to(device)
    return {length: _training(attention, length, device, speeds) for length in LENGTHS}


def _training(
    attention: Attention, length: int, device: torch.device, speeds: dict[str, float]
) -> dict[str, float]:
    on_cpu, item_B = spans_of(length), torch.randint(0, ITEMS, (BATCH,), device=device)
    parts = {
        each: getattr(on_cpu, each).to(device) for each in ("item_E", "time_E", "start_M", "stop_M", "now_M")
    }
    spans = Spans(**parts)

    def step() -> None:
        attention.zero_grad()
        attention.ours(item_B, spans).square().sum().backward()

    operations = 2 * BATCH * ITEMS * WIDTH
    moved = BATCH * length * _BEHAVIOUR + 3 * BATCH * FOUND.behaviours * WIDTH * _FLOAT
    floor_s = operations / speeds["operations"] + moved / speeds["bytes"]
    return {"floor": BATCH / floor_s, "samples_per_second": BATCH / seconds(step, device)}


def show(figures: dict, device: torch.device) -> None:
    console, speeds = Console(width=110), figures["speeds"]
    console.print(
        f"{name(device)}: {speeds['operations'] / 1e12:.1f} TFLOP/s in a product, "
        f"{speeds['bytes'] / 1e9:.0f} GB/s in a copy"
    )
    table = Table("request", "µs", "of the floor")
    for each, taken in figures["request"].items():
        table.add_row(
            each.removesuffix("_us"), f"{taken:,.0f}", f"{taken / figures['request']['floor_us']:.1f}"
        )
    console.print(table)
    table = Table("behaviours", "samples/s", "floor, samples/s")
    for length, rates in figures["training"].items():
        table.add_row(f"{length:,}", f"{rates['samples_per_second']:,.0f}", f"{rates['floor']:,.0f}")
    console.print(table)


if __name__ == "__main__":
    main()
