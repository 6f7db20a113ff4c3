"""Training over long histories: samples per second by their length, ours beside the plain form.

    python benchmarks/training.py --json build/bench/training.json --plot build/bench/training.svg

*Attention* is the Long-term Interest Clock alone, forward, backward and no optimiser, with ids at hand:
batches of 64 users, a catalogue of 20,000 items 64 wide, 4 heads, the best 100. *Plain* is the same
mathematics as one would first write it: embed and project the whole history of every sample, score all of it
for each head, keep the best, attend. *Ranker* is the whole longterm ranker: reads the histories, predicts,
learns, moves its rows; also with a million items in its catalogue.

*Against base*: rankers that search, beside the base ranker; one candidate a request, 4,000 behaviours a user,
batches of 128, one thread. A round steps each of them once, and a ratio is of two steps of one round. *Live*:
the same of live trainers, whose step is a micro-batch: admitted, into the state, predicted, learned.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median, quantiles

import torch
from live_steps import live_stepper
from machine import machine
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

from interestclock.clocks import ClockConfig, LongTermClock, LongTermConfig, RoutineConfig, gap_features
from interestclock.histories import Histories
from interestclock.ranking import FeatureNames, Ranker, RankerConfig
from interestclock.samples import Batch
from interestclock.search import Spans, retrieved_gaps
from interestclock.timeofday import DAY_SECONDS, circular_gap_seconds
from interestclock.training import Learner

# Shapes: B samples, each of a user of its own; L behaviours, N items, I item vector, K kept.

BATCH, WIDTH, ITEMS, MANY_ITEMS = 64, 64, 20_000, 1_000_000
LENGTHS = (100, 1_000, 10_000)
FOUND = LongTermConfig(behaviours=100)
RANKERS = {"base": (), "longterm": (LongTermConfig(),), "routine": (RoutineConfig(),)}
TURNS_BATCH, TURNS_LENGTH, ROUNDS = 128, 4_000, 100


class Attention(nn.Module):
    """Items and a clock over them."""

    def __init__(self, items: int) -> None:
        super().__init__()
        self.item = nn.Embedding(items, WIDTH, sparse=True)
        nn.init.normal_(self.item.weight, std=0.1)
        self.clock = LongTermClock(item_dim=WIDTH, config=FOUND)

    def ours(self, item_B: Tensor, spans: Spans) -> Tensor:
        candidate_BI, request_row_B = self.item(item_B), torch.arange(len(item_B), device=item_B.device)
        retrieved = self.clock.search(
            candidate_BI,
            request_row_B=request_row_B,
            spans=spans,
            items=self.item.num_embeddings,
            vectors=self.item.weight.__getitem__,
        )
        behaviour_BKI = self.item(spans.item_E[retrieved.offset_BK])
        gap_BK = retrieved_gaps(retrieved, spans, request_row_B)
        return self.clock.attend(candidate_BI, behaviour_BKI, gap_BK, retrieved.present_BK)

    def plain(self, item_B: Tensor, spans: Spans) -> Tensor:
        clock, heads, latent = self.clock, FOUND.heads, FOUND.latent_dim
        candidate_BI, behaviour_BLI = self.item(item_B), self.item(spans.item_E.view(len(item_B), -1))
        time_BL = spans.time_E.view(len(item_B), -1).long()
        feature_BLF = gap_features(circular_gap_seconds(time_BL, spans.now_M.unsqueeze(1)))
        query_BQD = clock.query(candidate_BI).unflatten(1, (heads, latent))
        key_BLAD = clock.key(behaviour_BLI).unflatten(2, (heads, latent))
        score_BAL = torch.einsum("bad,blad->bal", query_BQD, key_BLAD) / math.sqrt(latent)
        score_BAL = score_BAL + clock.gap(feature_BLF).transpose(1, 2)
        offset_BK = score_BAL.sum(1).topk(min(FOUND.behaviours, score_BAL.shape[2]), dim=1).indices
        weight_BQK = score_BAL.gather(2, offset_BK.unsqueeze(1).expand(-1, heads, -1)).softmax(2)
        seen_BLJ = torch.cat([behaviour_BLI, feature_BLF], dim=2)
        seen_BKJ = seen_BLJ.gather(1, offset_BK.unsqueeze(2).expand(-1, -1, seen_BLJ.shape[2]))
        heads_BAD = torch.einsum("baj,ajd->bad", weight_BQK @ seen_BKJ, clock.value)
        return clock.mlp(heads_BAD.flatten(1))


def main() -> None:
    arguments = parse_arguments()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    attention = Attention(ITEMS)
    check(attention)
    figures: dict[str, dict[int, float]] = {
        "ours": {length: attend(attention, attention.ours, length) for length in LENGTHS},
        "plain": {length: attend(attention, attention.plain, length) for length in LENGTHS},
        "ranker": {length: rank(length, ITEMS) for length in LENGTHS},
        "ranker, a million items": {length: rank(length, MANY_ITEMS) for length in LENGTHS},
    }
    show(figures)
    ratios, live = against_base(turn_stepper), against_base(live_turn_stepper)
    show_ratios(ratios, of="base's step")
    show_ratios(live, of="a live base's step")
    report = {
        "samples_per_second": figures,
        "batch": BATCH,
        "kept": FOUND.behaviours,
        "against_base": {
            "batch": TURNS_BATCH,
            "behaviours": TURNS_LENGTH,
            "rounds": ROUNDS,
            "times": ratios,
            "times_live": live,
        },
        "machine": machine(),
    }
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps(report, indent=1) + "\n")
    if arguments.plot:
        plot(figures, arguments.plot)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, required=True, metavar="FILE", help="where the figures go")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="where the picture goes, .svg or .png")
    parser.add_argument("--threads", type=int, default=2, help="of PyTorch and of the search (default 2)")
    return parser.parse_args()


def histories_of(length: int, items: int, *, users: int = BATCH) -> Histories:
    """Random behaviours of as many users as a batch has samples; numbers from 1."""
    total = users * length
    return Histories(
        offset_U=torch.arange(users + 1) * length,
        item_E=torch.randint(1, items, (total,), dtype=torch.int32),
        second_of_day_E=torch.randint(0, DAY_SECONDS, (total,), dtype=torch.int32),
        timestamp_ms_E=torch.zeros(total, dtype=torch.int64),
        utc_offset_minutes_E=torch.zeros(total, dtype=torch.int16),
    )


def spans_of(length: int) -> Spans:
    histories = histories_of(length, ITEMS)
    return Spans(
        item_E=histories.item_E,
        time_E=histories.second_of_day_E,
        start_M=histories.offset_U[:-1],
        stop_M=histories.offset_U[1:],
        now_M=torch.randint(0, DAY_SECONDS, (BATCH,)),
    )


def check(attention: Attention) -> None:
    """Both forms say the same."""
    item_B, spans = torch.randint(0, ITEMS, (BATCH,)), spans_of(300)
    with torch.no_grad():
        ours_BO, plain_BO = attention.ours(item_B, spans), attention.plain(item_B, spans)
    torch.testing.assert_close(ours_BO, plain_BO, atol=1e-4, rtol=1e-4)


def attend(attention: Attention, form: Callable[[Tensor, Spans], Tensor], length: int) -> float:
    """Samples per second of forward and backward."""
    spans, item_B = spans_of(length), torch.randint(0, ITEMS, (BATCH,))

    def step() -> None:
        attention.zero_grad()
        form(item_B, spans).square().sum().backward()

    return samples_per_second(step)


def rank(length: int, items: int) -> float:
    """Samples per second of the longterm ranker: predict, then learn."""
    return samples_per_second(stepper(RANKERS["longterm"], length, items))


def stepper(
    clocks: tuple[ClockConfig, ...], length: int, items: int, *, users: int = BATCH
) -> Callable[[], None]:
    """A step of a ranker of such clocks: predict a batch, one sample a user, then learn it."""
    names = FeatureNames(tasks=("finish",))
    ranker = Ranker(names=names, config=RankerConfig(clocks=clocks), seed=0)
    ranker.grow({"user": users, "item": items}, {})
    histories = histories_of(length, items, users=users)
    learner = Learner(ranker, lambda: histories, learning_rate=0.005)
    return partial(_predict_and_learn, learner, batch_of(length, items, histories, users=users))


def turn_stepper(clocks: tuple[ClockConfig, ...]) -> Callable[[], None]:
    return stepper(clocks, TURNS_LENGTH, ITEMS, users=TURNS_BATCH)


def live_turn_stepper(clocks: tuple[ClockConfig, ...]) -> Callable[[], None]:
    return live_stepper(clocks, length=TURNS_LENGTH, items=ITEMS, users=TURNS_BATCH)


def against_base(
    stepper_of: Callable[[tuple[ClockConfig, ...]], Callable[[], None]],
) -> dict[str, dict[str, float]]:
    """How many times base's step each other ranker's takes: the median of the rounds, and their quartiles."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    steps = {name: stepper_of(clocks) for name, clocks in RANKERS.items()}
    for _ in range(3):
        _round(steps)
    rounds = [_round(steps) for _ in range(ROUNDS)]
    torch.set_num_threads(threads)
    return {
        name: _spread([each[name] / each["base"] for each in rounds]) for name in RANKERS if name != "base"
    }


def _round(steps: dict[str, Callable[[], None]]) -> dict[str, float]:
    """Seconds of one step of each."""
    taken = {}
    for name, step in steps.items():
        started = time.perf_counter()
        step()
        taken[name] = time.perf_counter() - started
    return taken


def _spread(ratios: list[float]) -> dict[str, float]:
    lower, middle, upper = quantiles(ratios, n=4)
    return {"lower_quartile": lower, "median": middle, "upper_quartile": upper}


def _predict_and_learn(learner: Learner, batch: Batch) -> None:
    learner.learn(batch, learner.predict(batch))


def batch_of(length: int, items: int, histories: Histories, *, users: int) -> Batch:
    whole_B = torch.arange(users)
    known_B = torch.full((users,), length)
    return Batch(
        user_B=whole_B,
        item_B=torch.randint(1, items, (users,)),
        request_B=whole_B,
        timestamp_ms_B=whole_B,
        second_of_day_B=torch.randint(0, DAY_SECONDS, (users,)),
        day_of_week_B=torch.zeros(users, dtype=torch.int64),
        known_ms_B=whole_B,
        known_behaviours_B=known_B,
        request_row_B=whole_B,
        first_M=whole_B,
        recent_MK=histories.items_between(*histories.newest(whole_B, known_B, most=10), width=10),
        labels={"finish": torch.randint(0, 2, (users,), dtype=torch.int8)},
    )


def samples_per_second(step: Callable[[], None]) -> float:
    """Of the median step among three seconds' worth, at least five."""
    step()
    taken: list[float] = []
    while len(taken) < 5 or sum(taken) < 3:
        started = time.perf_counter()
        step()
        taken.append(time.perf_counter() - started)
    return BATCH / median(taken)


def show(figures: dict[str, dict[int, float]]) -> None:
    title = (
        f"samples per second, batches of {BATCH}, best {FOUND.behaviours}, {torch.get_num_threads()} threads"
    )
    table = Table("behaviours", *figures, "ours / plain", title=title)
    for length in LENGTHS:
        ratio = figures["ours"][length] / figures["plain"][length]
        table.add_row(f"{length:,}", *(f"{by[length]:,.0f}" for by in figures.values()), f"{ratio:.0f}")
    Console(width=110).print(table)


def show_ratios(ratios: dict[str, dict[str, float]], *, of: str) -> None:
    title = f"times {of}, batches of {TURNS_BATCH}, {TURNS_LENGTH:,} behaviours a user, one thread"
    table = Table("ranker", "median", "quartiles", title=title)
    for name, spread in ratios.items():
        quartiles = f"{spread['lower_quartile']:.1f} to {spread['upper_quartile']:.1f}"
        table.add_row(name, f"{spread['median']:.1f}", quartiles)
    Console(width=110).print(table)


def plot(figures: dict[str, dict[int, float]], path: Path) -> None:
    from matplotlib import pyplot  # noqa: PLC0415  only a picture needs it

    figure, axis = pyplot.subplots(figsize=(7, 4.5), layout="constrained")
    for name, by_length in figures.items():
        axis.loglog(list(by_length), list(by_length.values()), marker="o", label=name)
    axis.set(xlabel="behaviours of a sample", ylabel="samples per second")
    axis.grid(visible=True, which="both", alpha=0.2)
    axis.legend(frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)


if __name__ == "__main__":
    main()
