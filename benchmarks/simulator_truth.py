"""What the simulator's truth amounts to: label rates, the best reachable AUC, what the hour is worth.

python benchmarks/simulator_truth.py --size small --seed 0
"""

from __future__ import annotations

import argparse

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from interestclock.simulator import (
    SimulatorTruth,
    World,
    build_world,
    exposures_by_day,
    finish_utility,
    size_named,
)
from interestclock.simulator.exposures import ACTIONS

Floats = npt.NDArray[np.float64]


def auc(score_N: Floats, label_N: npt.NDArray[np.int8]) -> float:
    """Share of (positive, negative) pairs in the right order; scores are taken to be distinct."""
    rank_N = np.argsort(np.argsort(score_N, kind="stable")) + 1
    positives = int(label_N.sum())
    negatives = len(label_N) - positives
    return float((rank_N[label_N == 1].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def time_blind_finish(world: World, day: int, table: pa.Table) -> Floats:
    """P(finish) of each exposure averaged over the hours at which that user is active."""
    user_N, item_N = (table[name].to_numpy() - 1 for name in ("user_id", "item_id"))
    truth, users = world.truth, world.users
    weight_24 = np.array(truth.hour_activity, np.float64) * (1 - truth.at_moment_share)
    weight_24 /= np.array(truth.hour_activity).sum()
    blind_N, total_N = np.zeros(len(user_N)), np.zeros(len(user_N))
    for hour in range(24):
        second_N = np.full(len(user_N), hour * 3600 + 1800)
        gap_NM = 43_200 - abs(43_200 - abs(users.peak_seconds_UG[user_N] - second_N[:, None]))
        width_NM = users.width_seconds_UG[user_N]
        near_N = (3600 / (np.sqrt(2 * np.pi) * width_NM) * np.exp(-0.5 * (gap_NM / width_NM) ** 2)).mean(1)
        weight_N = weight_24[hour] + truth.at_moment_share * near_N
        utility_N = finish_utility(world, day=day, user_M=user_N, second_M=second_N, item_MC=item_N[:, None])
        blind_N += weight_N / (1 + np.exp(-utility_N[:, 0]))
        total_N += weight_N
    return blind_N / total_N


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", default="small")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    world = build_world(size=size_named(options.size), truth=SimulatorTruth(), seed=options.seed)
    days = list(exposures_by_day(world))
    blind_N = np.concatenate([time_blind_finish(world, day, table) for day, table in enumerate(days)])
    log = pa.concat_tables(days)
    print(f"{log.num_rows} exposures, {len(log['request_id'].unique())} requests")
    for action in ACTIONS:
        label_N, truth_N = log[action].to_numpy(), log[f"true_{action}"].to_numpy()
        rates = f"rate {label_N.mean():.4f} (true {truth_N.mean():.4f})"
        print(f"{action:8s} {rates}  best AUC {auc(truth_N, label_N):.4f}")
    print(f"finish, best AUC without the time of day {auc(blind_N, log['finish'].to_numpy()):.4f}")


if __name__ == "__main__":
    main()
