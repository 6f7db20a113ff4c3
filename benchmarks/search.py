"""One request's search: 500 candidates, 10,000 behaviours, 64 wide, the best 100, exact, on one thread.

    python benchmarks/search.py --json build/bench/search.json --plot build/bench/search.svg

Every variant gets the same numbers and takes its turn in every round, so that a busy machine slows all of
them. The floor is the bare matrix product into memory that is there already. faiss has no time term; it is
given none. The plot shows the cost against the behaviours and against the candidates.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import faiss
import torch
from machine import machine
from rich.console import Console
from rich.table import Table
from torch import Tensor

from interestclock.search import search_request

CANDIDATES, BEHAVIOURS, WIDTH, KEPT = 500, 10_000, 64, 100
LENGTHS = (100, 300, 1_000, 3_000, 10_000, 30_000, 100_000)
COUNTS = (1, 10, 50, 200, 500, 2_000)
NAMES = {
    "product_ms": "the matrix product, into memory that is there (the floor)",
    "product_allocating_ms": "the matrix product, into new memory",
    "search_ms": "search_request",
    "topk_ms": "product, time term, torch.topk",
    "faiss_ms": "faiss, exact inner product, no time term",
    "naive_ms": "behaviour by behaviour, a vector for every pair, then torch.topk",
}


@dataclass(frozen=True, kw_only=True)
class Request:
    """Random numbers of one request; ``key_ZL`` is the keys' transpose, contiguous."""

    query_CZ: Tensor
    key_LZ: Tensor
    key_ZL: Tensor
    time_score_L: Tensor
    product_CL: Tensor

    @classmethod
    def draw(cls, candidates: int, length: int) -> Request:
        torch.manual_seed(0)
        key_LZ = torch.randn(length, WIDTH)
        return cls(
            query_CZ=torch.randn(candidates, WIDTH),
            key_LZ=key_LZ,
            key_ZL=key_LZ.T.contiguous(),
            time_score_L=torch.randn(length),
            product_CL=torch.empty(candidates, length),
        )

    @property
    def kept(self) -> int:
        return min(KEPT, len(self.key_LZ))

    def product(self) -> Tensor:
        return torch.mm(self.query_CZ, self.key_ZL, out=self.product_CL)

    def product_allocating(self) -> Tensor:
        return torch.mm(self.query_CZ, self.key_ZL)

    def search(self) -> Tensor:
        return search_request(self.query_CZ, self.key_LZ, self.time_score_L, top_k=KEPT).offset_BK

    def topk(self) -> Tensor:
        return self.product().add_(self.time_score_L).topk(self.kept, dim=1).indices

    def naive(self) -> Tensor:
        pair_CLE = self.query_CZ.unsqueeze(1) * self.key_LZ
        return pair_CLE.sum(dim=2).add_(self.time_score_L).topk(self.kept, dim=1).indices

    def with_faiss(self) -> Callable[[], object]:
        index = faiss.IndexFlatIP(WIDTH)
        index.add(self.key_LZ.numpy())
        return lambda: index.search(self.query_CZ.numpy(), self.kept)


def main() -> None:
    arguments = parse_arguments()
    torch.set_num_threads(1)
    faiss.omp_set_num_threads(1)
    request = Request.draw(CANDIDATES, BEHAVIOURS)
    check(request)
    figures = compare(request, arguments.rounds)
    show(figures)
    by_length = {length: scaled(Request.draw(CANDIDATES, length)) for length in LENGTHS}
    by_count = {count: scaled(Request.draw(count, BEHAVIOURS)) for count in COUNTS}
    report = figures | {"by_behaviours": by_length, "by_candidates": by_count, "machine": machine()}
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps(report, indent=1) + "\n")
    if arguments.plot:
        plot(by_length, by_count, arguments.plot)


def check(request: Request) -> None:
    """Both find the same scores, whatever the last bit of a product in blocks."""
    retrieved = search_request(request.query_CZ, request.key_LZ, request.time_score_L, top_k=KEPT)
    expected_CK = (request.product() + request.time_score_L).topk(request.kept, dim=1).values
    torch.testing.assert_close(retrieved.score_BK, expected_CK, atol=1e-4, rtol=0)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, required=True, metavar="FILE", help="where the figures go")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="where the picture goes, .svg or .png")
    parser.add_argument("--rounds", type=int, default=20, help="turns of each variant (default 20)")
    return parser.parse_args()


def compare(request: Request, rounds: int) -> dict[str, float]:
    """Medians in milliseconds; behaviour by behaviour takes a turn in three rounds only."""
    variants: dict[str, Callable[[], object]] = {
        "product_ms": request.product,
        "product_allocating_ms": request.product_allocating,
        "search_ms": request.search,
        "topk_ms": request.topk,
        "faiss_ms": request.with_faiss(),
    }
    figures = interleaved(variants, rounds) | interleaved({"naive_ms": request.naive}, 3)
    return figures | {"ratio_to_product": figures["search_ms"] / figures["product_ms"]}


def scaled(request: Request) -> dict[str, float]:
    rounds = 5 if request.product_CL.numel() > 10_000_000 else 11
    variants = {"product_ms": request.product, "search_ms": request.search, "topk_ms": request.topk}
    return interleaved(variants, rounds)


def interleaved(variants: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    taken: dict[str, list[float]] = {name: [] for name in variants}
    for turn in range(rounds + 1):
        for name, variant in variants.items():
            started = time.perf_counter()
            variant()
            if turn:  # the first warms up
                taken[name].append(1_000 * (time.perf_counter() - started))
    return {name: median(each) for name, each in taken.items()}


def show(figures: dict[str, float]) -> None:
    title = f"{CANDIDATES} candidates x {BEHAVIOURS:,} behaviours x {WIDTH}, best {KEPT}, one thread"
    table = Table("", "ms", "search is faster by", title=title)
    for name, text in NAMES.items():
        table.add_row(text, f"{figures[name]:.1f}", f"{figures[name] / figures['search_ms']:.2f}")
    Console(width=110).print(table)
    Console().print(f"ratio to the product: {figures['ratio_to_product']:.2f}")


def plot(by_length: dict[int, dict[str, float]], by_count: dict[int, dict[str, float]], path: Path) -> None:
    from matplotlib import pyplot  # noqa: PLC0415  only a picture needs it

    figure, axes = pyplot.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
    sides = (
        (by_length, f"behaviours ({CANDIDATES} candidates)"),
        (by_count, f"candidates ({BEHAVIOURS:,} behaviours)"),
    )
    for axis, (figures, label) in zip(axes, sides, strict=True):
        for name in ("topk_ms", "search_ms", "product_ms"):
            costs = [figures[size][name] for size in figures]
            axis.loglog(list(figures), costs, marker="o", label=NAMES[name].split(" (")[0])
        axis.set(xlabel=label, ylabel="ms, one thread")
        axis.grid(visible=True, which="both", alpha=0.2)
    axes[0].legend(frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


if __name__ == "__main__":
    main()
