"""Choices are ranked as they are predicted, and that changes nothing of a run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from in_memory import CHOICES, HOUR_MS, MemorySource, choices_log
from torch import Tensor

from interestclock.clocks import GaussianConfig, LongTermConfig
from interestclock.ranking import FeatureNames, Ranker, RankerConfig
from interestclock.samples import (
    Batch,
    BatchMaker,
    CandidateConfig,
    PrepareConfig,
    SampleFolder,
    prepare_samples,
)
from interestclock.samples.ranked_choices import RankedChoices, draw_ranked_choices
from interestclock.training import RunPlan, TrainConfig, run_ranker
from interestclock.training.choice_ranks import ChoiceRanks
from interestclock.training.sample_trainer import SampleTrainer

CLOCKS = (GaussianConfig(), LongTermConfig(behaviours=5))
CONFIG = RankerConfig(dim=4, recent=3, hidden=(8,), tower_width=4, clocks=CLOCKS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> SampleFolder:
    source = MemorySource(schema=CHOICES, events=choices_log(11, delay_ms=HOUR_MS))
    return prepare_samples(source, tmp_path_factory.mktemp("log") / "samples", config=PrepareConfig())


@pytest.fixture(scope="module")
def choices(folder: SampleFolder) -> RankedChoices:
    parts = {"validation": (100, 150), "test": (150, 200)}
    return draw_ranked_choices(folder, folder.state(), parts=parts, most=20, config=CandidateConfig())


class Watching:
    """Ranks as batches come, and keeps what was asked."""

    def __init__(self, trainer: SampleTrainer, choices: RankedChoices) -> None:
        self.ranks = ChoiceRanks(choices, label="visit", ask=self.ask)
        self.trainer, self.asked, self.said = trainer, [], []
        self.predictions: dict[int, float] = {}
        self.shown: list[Batch] = []

    def ask(self, batch: Batch) -> dict[str, Tensor]:
        self.asked.append(batch)
        self.said.append(self.trainer.ask(batch)["visit"])
        return {"visit": self.said[-1]}

    def predicted(self, predicted) -> None:
        batch = predicted.batch
        self.ranks.predicted(batch)
        self.shown.append(batch)
        chosen = batch.labels["visit"] == 1
        self.predictions |= dict(
            zip(
                batch.request_B[chosen].tolist(),
                predicted.probabilities["visit"][chosen].tolist(),
                strict=True,
            )
        )

    def learned(self, batch: Batch) -> None: ...


@pytest.fixture(scope="module")
def watched(folder: SampleFolder, choices: RankedChoices) -> Watching:
    state = folder.state()
    trainer = SampleTrainer(
        Ranker(names=FeatureNames.of(folder.schema), config=CONFIG, seed=0),
        histories=state.histories(),
        item_values=folder.item_attributes(state),
        config=TrainConfig(batch_size=16),
    )
    watching = Watching(trainer, choices)
    trainer.run(folder.chunks(BatchMaker(recent=3, clocks=True), state), watching)
    return watching


def test_a_choice_is_asked_with_what_was_learned_when_it_was_predicted(watched: Watching) -> None:
    for asked, said in zip(watched.asked, watched.said, strict=True):
        own = np.flatnonzero(np.diff(asked.request_B.numpy(), prepend=-1))
        for row in own:
            request = int(asked.request_B[row])
            assert torch.sigmoid(said[row]).item() == pytest.approx(watched.predictions[request], abs=1e-6)


def test_candidates_are_asked_with_the_features_of_the_choice(watched: Watching) -> None:
    shown = Batch.joined(watched.shown)
    for asked in watched.asked:
        for row in range(0, len(asked), 97):
            (mine,) = torch.nonzero((shown.request_B == asked.request_B[row]) & (shown.labels["visit"] == 1))[
                0
            ]
            one, other = asked.select(torch.tensor([row])), shown.select(mine[None])
            for name in ("user_B", "timestamp_ms_B", "second_of_day_B", "known_behaviours_B", "recent_MK"):
                assert torch.equal(getattr(one, name), getattr(other, name))
            assert torch.equal(one.clocks["genre"], other.clocks["genre"])


def test_ranks_are_what_a_loop_counts(watched: Watching, choices: RankedChoices) -> None:
    said = {}
    for asked, logits in zip(watched.asked, watched.said, strict=True):
        for request, item, logit in zip(asked.request_B.tolist(), asked.item_B.tolist(), logits, strict=True):
            said.setdefault(request, []).append((item, float(logit)))
    assert sorted(said) == choices.request_N.tolist()
    for place, request in enumerate(choices.request_N.tolist()):
        (own, mine), *others = said[request]
        assert own == choices.item_NC[place, 0]
        others = [logit for item, logit in others if item]
        assert watched.ranks.above_N[place] == sum(logit > mine for logit in others)
        assert watched.ranks.level_N[place] == sum(logit == mine for logit in others)


def test_ranking_changes_nothing_of_a_run(
    folder: SampleFolder, choices: RankedChoices, tmp_path: Path
) -> None:
    def run(out: Path, ranked: Path | None) -> Path:
        for part in ("predictions", "rankers", "ranked"):
            (out / part).mkdir(parents=True)
        plan = RunPlan(
            ranker="both", config=CONFIG, train=TrainConfig(batch_size=16), samples=folder.path, out=out,
            label="visit", ranked=ranked,
        )  # fmt: skip
        run_ranker(plan, lambda _: None)
        return out

    choices.write(tmp_path / "choices.parquet")
    plain, ranked = run(tmp_path / "plain", None), run(tmp_path / "ranked", tmp_path / "choices.parquet")
    name = "predictions/both-seed0.parquet"
    assert pq.read_table(plain / name).equals(pq.read_table(ranked / name))
    table = pq.read_table(ranked / "ranked" / "both-seed0.parquet")
    assert table.num_rows == len(choices.request_N)
    assert list((plain / "ranked").iterdir()) == []


def test_an_order_by_item_number_by_hand() -> None:
    one, zero = torch.ones(2, dtype=torch.int64), torch.zeros(2, dtype=torch.int64)
    batch = Batch(
        user_B=one, item_B=torch.tensor([4, 5]), request_B=one, timestamp_ms_B=one, second_of_day_B=one,
        day_of_week_B=one, known_ms_B=one, known_behaviours_B=zero, request_row_B=zero, first_M=zero[:1],
        recent_MK=zero[:1, None], labels={"visit": torch.tensor([0, 1], dtype=torch.int8)},
    )  # fmt: skip
    few = RankedChoices(
        request_N=np.array([1]),
        user_N=np.array([1]),
        part_N=np.array(["test"]),
        item_NC=np.array([[5, 9, 8, 15, 2, 0]], np.int32),
    )
    ranks = ChoiceRanks(few, label="visit", ask=lambda asked: {"visit": (asked.item_B % 10).float()})
    ranks.predicted(replace(batch, request_B=one + 1))  # another request: nothing is asked
    assert ranks.above_N.tolist() == [-1]
    ranks.predicted(batch)
    assert (ranks.above_N.tolist(), ranks.level_N.tolist()) == ([2], [1])
